"""What an operator of Redis gives and sees: rights, the client's name, what may be lost, keys."""

import re
import socket
from pathlib import Path

import pytest

from http_client import ask, visit
from load import Load
from waiting import eventually

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "redis.md"
SECRET = "open-sesame-4711"


def acl_words():
    """The ACL SETUSER line of the document, with a password of ours."""
    line, _ = re.findall(r"^127.0.0.1:6379> (ACL SETUSER .*)$", DOCUMENT.read_text(), re.MULTILINE)
    return line.replace("PASSWORD", SECRET).split()


def start_as_user(start_footfall, redis):
    return start_footfall(store=redis.url_with(f"footfall:{SECRET}"), workers=1)


# ---- rights


def test_the_rights_of_the_document_are_enough(start_footfall, redis):
    redis.command(*acl_words())
    footfall = start_as_user(start_footfall, redis)
    assert visit(footfall.address)[0] == 1
    redis.command("SCRIPT", "FLUSH")
    assert visit(footfall.address)[0] == 2
    line = footfall.wait_for_log("redis_link_up")
    assert "a crash of it loses every count" in line.fields["detail"]  # so CONFIG GET was answered
    assert not footfall.errors() and not footfall.events("redis_plain")
    assert redis.command("ACL", "LOG") == []


@pytest.mark.parametrize("right", ["+evalsha", "+eval"])
def test_without_scripts_it_counts_plainly_and_says_so_once(start_footfall, redis, right):
    redis.command(*[word for word in acl_words() if word != right])
    footfall = start_as_user(start_footfall, redis)
    assert [visit(footfall.address)[0] for _ in range(3)] == [1, 2, 3]
    footfall.wait_for_log("redis_plain")
    (line,) = footfall.events("redis_plain")
    assert line.level == "warn" and "NOPERM" in line.fields["detail"]
    assert redis.counters() == redis.command("KEYS", "*") == ["counter"]


@pytest.mark.parametrize("right", ["+set", "+get", "+incrby", "~{counter}:footfall:*"])
def test_without_another_right_nothing_is_counted_and_it_is_said_once(
    start_footfall, redis, right
):
    redis.command(*[word for word in acl_words() if word != right])
    footfall = start_as_user(start_footfall, redis)
    for _ in range(3):
        assert ask(footfall.address).status == 503
    footfall.wait_for_log("redis_refused")
    (line,) = footfall.errors()
    assert line.event == "redis_refused", line
    # Redis 7 tells keys by NOPERM, and commands inside of a script by a sentence.
    assert "NOPERM" in line.fields["detail"] or "can't run this" in line.fields["detail"], line
    assert redis.command("GET", "counter") in (None, "0")
    redis.command(*acl_words())
    assert visit(footfall.address)[0] == 1


def test_without_config_and_info_what_may_be_lost_is_unknown(start_footfall, redis):
    redis.command(*[word for word in acl_words() if not word.startswith(("+config", "+info"))])
    footfall = start_as_user(start_footfall, redis)
    assert visit(footfall.address)[0] == 1
    line = footfall.wait_for_log("redis_link_up")
    assert "what a crash of it may lose it does not tell this user" in line.fields["detail"]
    assert not footfall.events("redis_may_forget")


def test_plain_is_to_be_had_on_purpose(start_footfall, redis):
    footfall = start_footfall(store=redis.url + "?mode=plain", workers=2)
    with Load(footfall.address, 4, 20) as load:
        load.finish()
    load.record.assert_counted_right()
    assert redis.command("KEYS", "*") == ["counter"]
    assert not footfall.events("redis_plain")


def test_whoever_may_count_and_nothing_else_counts_plainly(start_footfall, redis):
    redis.command("ACL", "SETUSER", "footfall", "on", f">{SECRET}", "resetkeys", "~counter",
                  "-@all", "+incrby", "+ping")
    url = redis.url_with(f"footfall:{SECRET}") + "?mode=plain"
    footfall = start_footfall(store=url, workers=1)
    assert [visit(footfall.address)[0] for _ in range(3)] == [1, 2, 3]
    assert not footfall.errors()


# ---- what is seen in Redis


def test_clients_are_named_by_host_and_process(start_footfall, redis):
    footfall = start_footfall(store=redis, workers=2)
    wanted = {f"footfall:{socket.gethostname()}:{pid}" for pid in footfall.workers()}

    def named():
        clients = redis.command("CLIENT", "LIST")
        return set(re.findall(r"name=(footfall:\S+)", clients)) == wanted

    eventually(named, "each worker's link has its name")


def test_an_entry_stands_beside_the_counter_and_expires(start_footfall, redis):
    footfall = start_footfall("--store-timeout", 7, store=redis, workers=1)
    assert [visit(footfall.address)[0] for _ in range(3)] == [1, 2, 3]
    (entry,) = [key for key in redis.command("KEYS", "*") if key != "counter"]
    (pid,) = footfall.workers()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    start = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    assert re.fullmatch(
        rf"\{{counter\}}:footfall:1:{boot}-{pid}-{start:x}-[0-9a-f]{{16}}", entry
    )
    assert redis.command("GET", entry) == "0000000000000003 3"
    assert 60_000 < redis.command("PTTL", entry) <= 70_000  # ten times the store timeout
    assert redis.command("GET", "counter") == "3"
    assert redis.command("INCR", "counter") == 4
    assert visit(footfall.address)[0] == 5


def change_layout(redis, mode):
    redis.command("SET", "{counter}:footfall:layout", "2")
    if mode == "plain":
        redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    else:
        redis.command("DEL", *[key for key in redis.command("KEYS", "*") if ":footfall:1:" in key])


@pytest.mark.parametrize("mode", ["script", "plain"])
def test_another_layout_is_503_and_one_error_until_it_is_gone(start_footfall, redis, mode):
    store = redis.url + ("?mode=plain" if mode == "plain" else "")
    footfall = start_footfall(store=store, workers=1)
    assert visit(footfall.address)[0] == 1
    change_layout(redis, mode)
    for _ in range(3):
        assert ask(footfall.address).status == 503
    footfall.wait_for_log("redis_refused")
    (line,) = [line for line in footfall.errors() if line.event != "redis_link_down"]
    assert line.event == "redis_refused"
    assert line.fields["detail"] == "LAYOUT the counter is kept in layout 2, this is 1"
    redis.command("DEL", "{counter}:footfall:layout")
    assert visit(footfall.address)[0] == 2


# ---- what may be lost


@pytest.mark.parametrize(
    ("settings", "risk", "warning"),
    [
        ({"appendonly": "yes", "appendfsync": "always"}, "a crash of it loses nothing", None),
        ({"appendonly": "yes", "appendfsync": "everysec"},
         "a crash of it may lose the last second or two", None),
        ({"appendonly": "yes", "appendfsync": "no"},
         "a crash of it may lose what the kernel has not written, half a minute or so", None),
        ({"save": "3600 1"}, "a crash of it may lose all since the last snapshot", None),
        ({}, "a crash of it loses every count",
         "counts are not written to disk (appendonly no, no save)"),
        ({"appendonly": "yes", "maxmemory": "100mb", "maxmemory_policy": "allkeys-lru"},
         "a crash of it may lose the last second or two",
         "counts may be evicted (maxmemory-policy allkeys-lru)"),
        ({"appendonly": "yes", "maxmemory": "100mb", "maxmemory_policy": "noeviction"},
         "a crash of it may lose the last second or two", None),
    ],
)
def test_what_redis_may_forget_is_told_at_the_start(
    start_footfall, start_redis, settings, risk, warning
):
    redis = start_redis(**settings)
    footfall = start_footfall(store=redis, workers=1)
    line = footfall.wait_for_log("redis_link_up")
    assert line.fields["detail"] == f"127.0.0.1:{redis.port}: {risk}"
    assert visit(footfall.address)[0] == 1
    if warning:
        footfall.wait_for_log("redis_may_forget")
    warnings = footfall.events("redis_may_forget")
    assert [line.fields["detail"] for line in warnings] == ([warning] if warning else [])
    assert all(line.level == "warn" for line in warnings)


def test_a_redis_that_may_forget_since_it_came_back_is_named(start_footfall, start_redis):
    redis = start_redis(appendonly="yes")
    footfall = start_footfall(store=redis, workers=1)
    assert visit(footfall.address)[0] == 1
    for _ in range(2):
        redis.command("CONFIG", "SET", "maxmemory", "100mb")
        redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
        redis.command("CLIENT", "KILL", "TYPE", "normal")
        number = visit(footfall.address)[0]
        line = footfall.wait_for_log("redis_may_forget")
        assert "allkeys-random" in line.fields["detail"]
    assert number == 3
    assert len(footfall.events("redis_may_forget")) == 1
