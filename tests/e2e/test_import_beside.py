"""`footfall import` and `footfall export` beside servers that count, and beside what goes wrong."""

import json
import os
import pty
import re
import select
import subprocess
import time

import pytest

from api_client import Api
from counter_value import LmdbTransaction
from load import Load, many
from moving_numbers import end_of
from waiting import PATIENCE_S, eventually, scaled

COMMANDS = pytest.mark.parametrize("command", ["import", "export"])


# ---- beside a server that counts


@pytest.mark.parametrize("target", ["/", "/hit/blog/home"])
def test_nothing_is_lost_or_twice_while_numbers_are_added(
    target, mover, shared_store, start_footfall
):
    footfall = start_footfall(store=shared_store, workers=2)
    name = "default counter" if target == "/" else "blog home"
    lines = [f"{name} 1000000", *(f"shop other{i} 1" for i in range(20))] * 20
    with Load(footfall.address, clients=8, targets=(target,)) as load:
        load.wait_answered(many(100))
        mover.take_all(shared_store, lines, "--add")
        load.wait_answered(many(100))
        record = load.stop()
    record.assert_possible()
    record.assert_none_hung()
    record.assert_unique()
    record.assert_growing_on_each_connection()
    record.assert_linearizable()
    assert not record.refused
    found = mover.counters(shared_store)[name.replace(" ", "/")]
    assert found["value"] == max(record.numbers) == 20_000_000 + len(record.answered)
    assert found["adjusted"] == 20_000_000


def test_a_number_that_is_set_while_hits_go_on_is_one_step(mover, shared_store, start_footfall):
    footfall = start_footfall(store=shared_store, workers=2)
    with Load(footfall.address, clients=8, targets=("/hit/blog/home",)) as load:
        load.wait_answered(many(100))
        mover.take_all(shared_store, ["blog home 1000000000"])
        load.wait_answered(many(100))
        record = load.stop()
    record.assert_unique()
    record.assert_linearizable()
    numbers = sorted(record.numbers)
    before = [number for number in numbers if number < 1_000_000_000]
    after = numbers[len(before):]
    assert before == list(range(1, len(before) + 1))
    assert after == list(range(1_000_000_001, 1_000_000_001 + len(after)))
    found = mover.counters(shared_store)["blog/home"]
    assert found["value"] == after[-1]
    assert found["adjusted"] == 1_000_000_000 - len(before)  # what is no hit of these


def test_an_import_that_is_killed_leaves_the_server_counting(mover, shared_store, start_footfall):
    footfall = start_footfall(store=shared_store, workers=2)
    api = Api(footfall.address)
    lines = [f"blog key{i:06} 1" for i in range(scaled(20_000))]
    firsts = [f"first{number}" for number in range(3)]
    for first in firsts:  # of its own, or what an earlier one has taken would be seen
        path = mover.write([f"blog {first} 1", *lines])
        process = mover.start("import", path, "--store", shared_store.url,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda name=f"blog/{first}": api.value(name), "it begins")
        process.kill()
        process.wait(PATIENCE_S)
        assert api.hit("blog/mine") >= 1
    mover.take_all(shared_store, lines)
    values = mover.values(shared_store)
    assert values.pop("blog/mine") == 3
    assert set(values.values()) == {1} and len(values) == len(lines) + len(firsts)


def test_what_is_added_counts_once_although_redis_stands_still(mover, redis):
    process = mover.start("import", "-", "--add", "--store", redis.url, "--store-timeout", "1",
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def give(count):
        process.stdin.write(b"".join(b"blog key%03d 1\n" % number for number in range(count)))
        process.stdin.flush()

    give(900)
    eventually(lambda: redis.command("GET", "footfall:blog/key899"), "it has begun")
    for _ in range(2):
        redis.pause()
        give(900)
        time.sleep(1.5)  # beyond the time-out: the link is given up, and all of it sent again
        assert process.poll() is None
        redis.resume()
        give(900)
    output, log = process.communicate(timeout=PATIENCE_S * 3)
    assert (process.returncode, output) == (0, b"lines taken: 4500, refused: 0\n"), log
    assert set(mover.values(redis.url).values()) == {5}


def test_a_store_that_refuses_all_is_not_asked_for_ever(mover, start_redis):
    redis = start_redis(maxmemory=1, maxmemory_policy="noeviction")
    outcome = mover.take(redis.url, [f"blog key{i:06} 1" for i in range(5000)])
    assert outcome.exit_status == 1
    taken, refused = map(int, re.fullmatch(r"lines taken: (\d+), refused: (\d+)\n",
                                           outcome.output).groups())
    assert taken == 0 and 100 <= refused < 5000
    lines = outcome.log.splitlines()
    assert len(lines) == 101 and "OOM" in lines[0]
    assert lines[-1].endswith("the store refuses too many; no line behind this one was taken")


def test_a_plain_redis_is_read_and_not_written(mover, redis):
    mover.take_all(redis.url, ["blog home 5", "default counter 6"])
    plain = redis.url + "?mode=plain"
    assert mover.give_all(plain) == mover.give_all(redis.url)
    outcome = mover.take(plain, [f"blog home{i} 1" for i in range(2000)])
    assert outcome.exit_status == 1 and len(outcome.log.splitlines()) == 2, outcome
    assert "without scripts: no counter can be set in it" in outcome.log
    assert mover.values(redis.url) == {"blog/home": 5, "default/counter": 6}


def test_a_user_of_redis_needs_scan_for_an_export(mover, redis):
    mover.take_all(redis.url, ["blog home 5"])
    rights = ("~counter", "~{counter}:footfall:*", "~footfall:*", "~{footfall:*", "-@all",
              *"+evalsha +eval +incrby +get +set +ping +exists +del +hset +hmget".split())
    redis.command("ACL", "SETUSER", "mover", "on", ">secret", *rights)
    url = redis.url_with("mover:secret")
    mover.take_all(url, ["blog next 6", "default counter 7"])
    outcome = mover.give(url)
    assert outcome.exit_status == 1 and outcome.output == ""
    assert re.search("footfall: export: .*NOPERM .*scan", outcome.log), outcome
    redis.command("ACL", "SETUSER", "mover", "+scan")
    assert mover.values(url) == {"blog/home": 5, "blog/next": 6, "default/counter": 7}


def test_the_longest_names_are_found_however_many_keys_there_are(mover, redis):
    lines = [f"{'n' * 60}{i % 7:04} {'k' * 60}{i:04} {i}" for i in range(2000)]
    mover.take_all(redis.url, lines)
    redis.command("EVAL", "for i = 1, 20000 do redis.call('SET', 'other:' .. i .. '/x', i) end", 0)
    found = mover.counters(redis.url)
    assert len(found) == 2000
    assert {int(name[-4:]): line["value"] for name, line in found.items()} == {
        i: i for i in range(2000)
    }


@pytest.mark.once
def test_what_is_uncertain_when_redis_is_gone_is_named_line_by_line(mover, redis):
    """Of 1,024 lines under way a hundred were named, and all were counted as refused."""
    count = 200_000
    lines = [f"blog key{number} {number}" for number in range(1, count + 1)]
    process = mover.start("import", "--add", mover.write(lines), "--store", redis.url,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    eventually(lambda: redis.command("DBSIZE") > 2000, "it is under way")
    redis.kill()
    output, log = process.communicate(timeout=PATIENCE_S + 60)
    sums = re.fullmatch(
        r"lines taken: (\d+), refused: 0, not taken: (\d+), not answered: (\d+)\n",
        output.decode(),
    )
    assert process.returncode == 1 and sums, (output, log)
    taken, not_taken, unanswered = map(int, sums.groups())
    named = set()
    for ranges in re.findall(r": lines ([-0-9, ]+)$", log.decode(), re.MULTILINE):
        for part in ranges.split(", "):
            first, _, last = part.partition("-")
            named |= set(range(int(first), int(last or first) + 1))
    assert len(named) == not_taken + unanswered > 0
    (read,) = re.findall(r":(\d+): the store does not answer", log.decode())
    assert taken + len(named) == int(read) < count


# ---- the reader of an export


def many_lines(mover, store, count):
    mover.take_all(store, [f"blog key{i:06} {i}" for i in range(count)])


def readers_of(folder):
    """Processes that are in a transaction of an LMDB folder."""
    shown = subprocess.run(
        ["mdb_stat", "-r", folder], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    ).stdout
    assert shown.startswith("Reader Table Status\n")
    return [int(pid) for pid in re.findall(r"^ *(\d+) +[0-9a-f]+ +\d+$", shown, re.MULTILINE)]


def test_a_reader_that_stands_still_holds_nothing_of_lmdb(mover, start_footfall):
    count = 5000
    many_lines(mover, "lmdb:data", count)
    footfall = start_footfall(store="lmdb:data", workers=1)
    process = mover.start("export", "--store", "lmdb:data", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    assert select.select([process.stdout], [], [], PATIENCE_S)[0]
    time.sleep(0.05)
    assert process.poll() is None  # far more than a pipe takes
    path = os.path.join(mover.folder, "data")
    assert readers_of(path) == []
    with LmdbTransaction(path, writes=False):
        assert readers_of(path) == [os.getpid()]  # that is how one would be seen
    api = Api(footfall.address)
    api.hit("blog/key000001")  # it is not seen by what has been read already
    output, log = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0 and log == b""
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["value"] for line in lines] == list(range(count))


def test_a_reader_that_is_gone_is_an_error(mover, shared_store):
    many_lines(mover, shared_store, 3000)
    process = mover.start("export", "--store", shared_store.url, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    process.stdout.close()
    process.stdout = None
    assert end_of(process) == (1, "footfall: export: standard output: Broken pipe\n")


def test_a_full_disk_is_an_error(mover):
    many_lines(mover, "lmdb:data", 10)
    for command in ("export",), ("import", "lines.txt"):
        with open("/dev/full", "wb") as full:
            process = mover.start(*command, "--store", "lmdb:data", stdout=full,
                                  stderr=subprocess.PIPE)
            status, log = end_of(process)
        assert status == 1 and "No space left on device" in log, log


def test_the_temporary_file_is_where_tmpdir_says(mover, mounting):
    many_lines(mover, "lmdb:data", 3000)
    outcome = mover.give("lmdb:data", env={"TMPDIR": "/nowhere"})
    assert outcome.exit_status == 1 and outcome.output == ""
    assert "the temporary file in /nowhere: No such file or directory; TMPDIR" in outcome.log
    small = ("sh", "-c", 'mount -t tmpfs -o size=64k tmpfs /mnt && exec "$@"', "sh")
    outcome = mover.give("lmdb:data", env={"TMPDIR": "/mnt"}, prefix=(*mounting, *small))
    assert outcome.exit_status == 1 and outcome.output == ""
    assert "the temporary file in /mnt: No space left on device; TMPDIR" in outcome.log
    assert mover.give_all("lmdb:data", env={"TMPDIR": ""}).count("\n") == 3000


# ---- how far it is


def read_terminal(ours):
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            return shown.decode()
        if not piece:
            return shown.decode()
        shown += piece


@COMMANDS
def test_on_a_terminal_it_shows_how_far_it_is(command, mover, shared_store):
    many_lines(mover, shared_store, 2000)
    words = {"import": ["import", "lines.txt"], "export": ["export"]}[command]
    ours, theirs = pty.openpty()
    process = mover.start(*words, "--store", shared_store.url, stdout=subprocess.DEVNULL,
                          stderr=theirs)
    os.close(theirs)
    shown = read_terminal(ours)
    os.close(ours)
    assert process.wait(PATIENCE_S) == 0
    things = "lines" if command == "import" else "counters"
    assert re.search(rf"\r\[[#.]{{40}}\] +\d+ %  \d+ {things}\x1b\[K", shown), repr(shown)
    assert shown.endswith("\r\x1b[K") and "\n" not in shown


@pytest.mark.once
def test_a_hundred_thousand_counters(mover, shared_store):
    count = scaled(100_000)
    lines = [f"site-{i % 50}.example page-{i * 7919 % count:09} {i}" for i in range(count)]
    began = time.monotonic()
    mover.take_all(shared_store, lines, timeout=PATIENCE_S * 6)
    taken = time.monotonic()
    output = mover.give_all(shared_store, timeout=PATIENCE_S * 6)
    print(f"{shared_store.name}: {count} in {taken - began:.1f} s, "
          f"out {time.monotonic() - taken:.1f} s")
    assert output.count("\n") == count
    first = json.loads(output[: output.index("\n")])
    assert first["namespace"] == "site-0.example"
