"""Redis is away, comes back, refuses, stands still, or the link to it is cut: visits are refused
with 503 in time, no number is given twice, and it counts again by itself."""

import random
import time

import pytest

from http_client import Client, ask, request, visit
from load import HANG_S, Load, many
from redis_process import RedisError
from refusals import assert_refused, refused_after_s, wait_counting
from tcp_proxy import TcpProxy
from waiting import eventually

#: Of the tests that wait for it.
STORE_TIMEOUT_S = 0.5
TIMEOUT = ("--store-timeout", STORE_TIMEOUT_S)

BOTH_FORMS = pytest.mark.parametrize("workers", [2, 0], ids=["master", "single"])


def assert_refused_in_time(address):
    took_s = refused_after_s(address)
    # The clock of timers has milliseconds; beyond the time-out is what a busy machine takes.
    assert took_s < STORE_TIMEOUT_S + 1.0, took_s
    return took_s


def assert_one_error_of_each_worker(footfall, event, count=1):
    """Both workers have said what is wrong `count` times; repeating it would help nobody."""
    eventually(lambda: len(footfall.errors()) >= 2 * count, "both workers have said so")
    errors = footfall.errors()
    assert [line.event for line in errors] == [event] * 2 * count, errors
    assert sorted(line.fields["slot"] for line in errors) == ["0"] * count + ["1"] * count, errors


# ---- away




def test_redis_killed_and_restarted_under_load_loses_and_doubles_nothing(
    start_footfall, start_redis
):
    redis = start_redis(appendonly="yes", appendfsync="always")
    footfall = start_footfall(*TIMEOUT, store=redis, workers=2)
    with Load(footfall.address, 8) as load:
        for _ in range(many(3)):
            load.wait_answered(50)
            time.sleep(random.uniform(0, 0.05))
            redis.kill()
            load.wait_refused(1)
            redis.start()
        load.wait_answered(50)
        record = load.stop()
    record.assert_consistent()
    assert not record.failed, record.failed[:5]
    assert all(refused.status == 503 and refused.retry_after for refused in record.refused)
    record.assert_gaps_explained(1, int(redis.command("GET", "counter")))



@BOTH_FORMS
def test_a_redis_that_stands_still_is_503_after_the_store_timeout_and_then_goes_on(
    start_footfall, redis, workers
):
    footfall = start_footfall(*TIMEOUT, store=redis, workers=workers)
    with Load(footfall.address, 8) as load:
        load.wait_answered(50)
        redis.pause()
        load.wait_refused(16)
        redis.resume()
        load.wait_answered(50)
        record = load.stop()
    record.assert_consistent()
    assert not record.failed, record.failed[:5]
    for refused in record.refused:
        assert refused.status == 503 and refused.retry_after
        assert refused.took_s < STORE_TIMEOUT_S + 1.0
    record.assert_gaps_explained(1, count_of(redis))


def count_of(redis):
    return int(redis.command("GET", "counter"))


def test_after_idling_a_visit_still_has_its_whole_store_timeout(start_footfall, shared_store):
    """A time-out counted from when the loop last woke up is over before the store is asked."""
    footfall = start_footfall("--store-timeout", 0.3, store=shared_store, workers=1)
    with Client(footfall.address) as client:
        for number in range(1, 9):
            time.sleep(0.41)  # in no step with what wakes it up
            assert client.visit()[0] == number


# ---- the link


def test_redis_paused_for_longer_than_visitors_wait_gives_no_number_twice(start_footfall, redis):
    """It goes on with what it had read on links that were given up long ago."""
    footfall = start_footfall(*TIMEOUT, store=redis, workers=2)
    with Load(footfall.address, 8) as load:
        load.wait_answered(50)
        redis.pause()
        time.sleep(5)
        redis.resume()
        load.wait_answered(50)
        record = load.stop()
    time.sleep(2 * STORE_TIMEOUT_S)
    record.assert_consistent()
    assert not record.failed, record.failed[:5]
    record.assert_gaps_explained(1, count_of(redis))


def test_redis_restarted_empty_begins_anew_and_it_is_said(start_footfall, redis):
    footfall = start_footfall("--store-timeout", 5, store=redis, workers=1)
    assert [visit(footfall.address)[0] for _ in range(3)] == [1, 2, 3]
    redis.kill()
    redis.start()
    assert [visit(footfall.address)[0] for _ in range(5)] == [1, 2, 3, 4, 5]
    line = footfall.wait_for_log("counter_went_back")
    assert line.level == "error"
    assert (line.fields["before"], line.fields["number"]) == ("3", "1")
    assert len(footfall.events("counter_went_back")) == 1


def test_a_counter_that_is_set_lower_is_told_once_for_each_time(start_footfall, redis):
    footfall = start_footfall(store=redis, workers=1)
    redis.command("SET", "counter", 100)
    assert visit(footfall.address)[0] == 101
    redis.command("SET", "counter", 100)
    assert visit(footfall.address)[0] == 101
    assert visit(footfall.address)[0] == 102
    redis.command("SET", "counter", 50)
    assert visit(footfall.address)[0] == 51
    footfall.wait_for_log("counter_went_back", count=2)
    lines = footfall.events("counter_went_back")
    told = [(line.fields["before"], line.fields["number"]) for line in lines]
    assert told == [("101", "101"), ("102", "51")]


def test_links_killed_by_redis_under_load_refuse_nobody(start_footfall, redis):
    footfall = start_footfall("--store-timeout", 5, store=redis, workers=2)
    with Load(footfall.address, 8) as load:
        for _ in range(many(10)):
            load.wait_answered(20)
            redis.command("CLIENT", "KILL", "TYPE", "normal")
        load.wait_answered(20)
        record = load.stop()
    record.assert_counted_right()
    assert count_of(redis) == len(record.answered)


def test_scripts_flushed_under_load_refuse_nobody(start_footfall, redis):
    footfall = start_footfall("--store-timeout", 5, store=redis, workers=2)
    with Load(footfall.address, 8) as load:
        for _ in range(many(10)):
            load.wait_answered(20)
            redis.command("SCRIPT", "FLUSH")
        load.wait_answered(20)
        record = load.stop()
    record.assert_counted_right()
    assert count_of(redis) == len(record.answered)
    assert not footfall.errors()


def test_a_redis_whose_memory_is_full_is_503_until_there_is_room(start_footfall, redis):
    footfall = start_footfall(*TIMEOUT, store=redis, workers=2)
    with Load(footfall.address, 8) as load:
        load.wait_answered(50)
        redis.command("CONFIG", "SET", "maxmemory", "1")
        load.wait_refused(16)
        redis.command("CONFIG", "SET", "maxmemory", "0")
        load.wait_answered(50)
        record = load.stop()
    record.assert_consistent()
    assert not record.failed, record.failed[:5]
    # Refused is not counted: no number is missing.
    record.assert_exact()
    assert count_of(redis) == len(record.answered)
    assert {line.fields["detail"].split()[0] for line in footfall.errors()} == {"OOM"}


def test_a_key_turned_into_a_list_and_back_under_load_goes_on(start_footfall, redis):
    footfall = start_footfall(*TIMEOUT, store=redis, workers=2)
    with Load(footfall.address, 8) as load:
        load.wait_answered(50)
        redis.command("RENAME", "counter", "aside")
        redis.command("RPUSH", "list", "x")
        # Visits between the two renames begin at 1 again; they are deleted with their key.
        redis.command("RENAME", "list", "counter")
        load.wait_refused(16)
        redis.command("RENAME", "aside", "counter")
        load.wait_answered(50)
        record = load.stop()
    assert not record.failed, record.failed[:5]
    record.assert_none_hung()
    assert any("WRONGTYPE" in line.fields["detail"] for line in footfall.events("redis_refused"))


def test_a_redis_that_becomes_a_replica_is_asked_again_until_it_is_none(start_footfall, redis):
    footfall = start_footfall(*TIMEOUT, store=redis, workers=1)
    assert visit(footfall.address)[0] == 1
    redis.command("REPLICAOF", "127.0.0.1", "1")
    for _ in range(3):
        assert_refused_in_time(footfall.address)
    footfall.wait_for_log("redis_refused")
    (line,) = footfall.errors()
    assert line.event == "redis_refused" and "READONLY" in line.fields["detail"]
    redis.command("REPLICAOF", "NO", "ONE")
    assert wait_counting(footfall.address) == 2


def is_busy(redis):
    try:
        redis.command("PING")
    except RedisError as error:
        return str(error).startswith("BUSY")
    return False


def test_a_redis_busy_with_a_script_is_503_until_it_is_done(start_footfall, redis):
    redis.command("CONFIG", "SET", "lua-time-limit", "100")
    footfall = start_footfall(*TIMEOUT, store=redis, workers=1)
    assert visit(footfall.address)[0] == 1
    redis.send("EVAL", "while true do end", 0)
    eventually(lambda: is_busy(redis), "Redis runs the script")
    for _ in range(2):
        assert_refused_in_time(footfall.address)
    footfall.wait_for_log("redis_refused")
    redis.command("SCRIPT", "KILL")
    assert wait_counting(footfall.address) >= 2
    footfall.wait_for_log("redis_counts_again")
    (line,) = footfall.errors()  # though each new link was refused as well
    assert line.fields["detail"].startswith("BUSY"), line


def test_a_link_cut_again_and_again_under_load_doubles_nothing(start_footfall, redis):
    with TcpProxy(("127.0.0.1", redis.port)) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}"
        footfall = start_footfall(*TIMEOUT, store=url, workers=2)
        with Load(footfall.address, 8) as load:
            for _ in range(many(10)):
                load.wait_answered(20)
                time.sleep(random.uniform(0, 0.02))
                proxy.cut()
            load.wait_answered(20)
            record = load.stop()
    record.assert_consistent()
    assert not record.failed, record.failed[:5]
    record.assert_gaps_explained(1, count_of(redis))


def test_a_visit_whose_answer_is_lost_is_answered_and_counts_once(start_footfall, redis):
    with TcpProxy(("127.0.0.1", redis.port)) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}"
        footfall = start_footfall("--store-timeout", 5, store=url, workers=1)
        assert visit(footfall.address)[0] == 1
        proxy.swallows_answers = True
        with Client(footfall.address) as client:
            client.send(request())
            eventually(lambda: proxy.swallowed, "Redis has answered")
            proxy.swallows_answers = False
            proxy.cut()
            assert client.read_response(timeout=HANG_S).number == 2
            assert count_of(redis) == 2
            assert client.visit()[0] == 3
        line = footfall.wait_for_log("redis_link_up", count=2)
        assert line.fields["reconnects"] == "1", line


def test_a_link_that_is_silent_is_given_up_and_made_anew(start_footfall, redis):
    with TcpProxy(("127.0.0.1", redis.port)) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}"
        footfall = start_footfall(*TIMEOUT, store=url, workers=1)
        assert visit(footfall.address)[0] == 1
        proxy.passes = False  # a firewall that forgot the connection, say
        for _ in range(2):
            assert_refused_in_time(footfall.address)
        connections = proxy.connections
        proxy.passes = True
        assert wait_counting(footfall.address) >= 2
        assert proxy.connections > connections


# ---- refusals

SECRET = "open-sesame-4711"


def test_a_redis_that_wants_a_password_is_503_until_it_wants_none(start_footfall, start_redis):
    redis = start_redis(requirepass=SECRET)
    footfall = start_footfall(*TIMEOUT, store=redis.url, workers=2)
    for _ in range(3):
        assert_refused_in_time(footfall.address)
    assert_one_error_of_each_worker(footfall, "redis_link_down")
    assert all("NOAUTH" in line.fields["detail"] for line in footfall.errors())
    redis.command("CONFIG", "SET", "requirepass", "")
    assert wait_counting(footfall.address) == 1
    assert_one_error_of_each_worker(footfall, "redis_link_down")


def test_a_wrong_password_is_503_until_it_is_right_and_never_logged(start_footfall, start_redis):
    redis = start_redis(requirepass="another")
    url = redis.url_with(f"visitor:{SECRET}")
    footfall = start_footfall(*TIMEOUT, "--log-level", "debug", store=url, workers=2)
    for _ in range(3):
        assert_refused_in_time(footfall.address)
    assert_one_error_of_each_worker(footfall, "redis_link_down")
    assert all("WRONGPASS" in line.fields["detail"] for line in footfall.errors())
    redis.command("ACL", "SETUSER", "visitor", "on", f">{SECRET}", "~*", "+@all")
    assert wait_counting(footfall.address) == 1
    assert footfall.stop() == 0
    assert SECRET not in footfall.log_text()


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (("RPUSH", "counter", "x"), "WRONGTYPE"),
        (("SET", "counter", "1.5"), "ERR value is not an integer"),
    ],
    ids=["a list", "a fraction"],
)
def test_a_key_that_holds_no_count_is_503_until_it_is_gone(start_footfall, redis, spoil, kind):
    redis.command(*spoil)
    footfall = start_footfall(*TIMEOUT, store=redis, workers=2)
    with Client(footfall.address) as first, Client(footfall.address) as second:
        for client in (first, second) * 2:
            assert_refused(client.ask())
        assert_one_error_of_each_worker(footfall, "redis_refused")
        assert all(line.fields["detail"].startswith(kind) for line in footfall.errors())
        redis.command("DEL", "counter")
        assert [client.visit()[0] for client in (first, second)] == [1, 2]
        redis.command("DEL", "counter")
        redis.command(*spoil)
        for client in (first, second):
            assert_refused(client.ask())
        assert_one_error_of_each_worker(footfall, "redis_refused", count=2)


def test_a_redis_that_may_not_write_is_503_until_it_may(start_footfall, start_redis):
    redis = start_redis()
    footfall = start_footfall(*TIMEOUT, store=redis, workers=1)
    assert visit(footfall.address)[0] == 1
    redis.command("CONFIG", "SET", "min-replicas-to-write", "1")
    assert_refused(ask(footfall.address))
    assert_refused(ask(footfall.address))
    redis.command("CONFIG", "SET", "min-replicas-to-write", "0")
    assert visit(footfall.address)[0] == 2
    footfall.stop()
    (line,) = footfall.errors()
    assert line.event == "redis_refused" and line.fields["detail"].startswith("NOREPLICAS")
