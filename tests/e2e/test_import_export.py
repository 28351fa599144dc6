"""footfall import and footfall export: what goes in comes out, whatever else happens meanwhile."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

from api_client import GREATEST, LEAST, Api
from counter_value import LmdbTransaction
from lmdb_tools import put, set_layout, set_lmdb_counter
from load import Load, many
from moving_numbers import NEW_STORE, Mover, end_of
from scripted_redis import ScriptedRedis
from waiting import PATIENCE_S, eventually, scaled

COMMANDS = pytest.mark.parametrize("command", ["import", "export"])


@pytest.fixture
def mover(folder, run_footfall):
    return Mover(folder, run_footfall)


def words_of(command, mover):
    """A right call, but for its store."""
    return [command, mover.write(["blog home 5"])] if command == "import" else [command]


# ---- what goes in comes out


def fill(api):
    """Counters of each kind, by calls; the key of the owner of blog/owned."""
    for _ in range(3):
        api.raw("/")
    api.hit("blog/home")
    api.hit("default/home")
    api.create_listed("blog/open", value=LEAST, enable_reset=1, update_lowerbound=-7,
                      update_upperbound=GREATEST)
    key = api.create("blog/owned", 12)
    api.hit("blog/owned")
    api.call("/update/blog/owned", "POST", bearer=key, value=1000)
    return key


def test_from_lmdb_to_redis_and_back_nothing_is_lost(mover, start_footfall, redis):
    first = start_footfall(store="lmdb:first", workers=2)
    key = fill(Api(first.address))
    lines = mover.give_all("lmdb:first")
    assert lines.count("\n") == 5
    mover.take_all(redis.url, lines.encode())
    assert mover.give_all(redis.url) == lines
    mover.take_all("lmdb:second", mover.give_all(redis.url).encode())
    assert mover.give_all("lmdb:second") == lines

    for store in redis.url, "lmdb:second":
        moved = start_footfall(store=store, workers=2)
        api = Api(moved.address)
        with api.connect() as client:
            assert client.visit()[0] == 4
        assert api.hit("blog/home") == 2
        assert api.call("/update/blog/owned", "POST", bearer=key, value=1)["value"] == 1014
        assert api.call("/update/blog/owned", "POST", bearer=key[::-1], value=1).status == 401
        assert api.call("/update/blog/open", amount=-8).status == 403
        assert api.call("/update/blog/open", amount=GREATEST)["value"] == -1
        assert api.call("/set/blog/open", value=5)["value"] == 5
        assert api.call("/set/blog/home", value=5).status == 403
        info = api.call("/info/blog/owned")
        assert (info["adjusted"], info["is_genuine"]) == (1013, False)


def test_a_line_has_all_that_is_known(mover, start_footfall):
    api = Api(start_footfall(store="lmdb:data", workers=0).address)
    before = int(time.time() * 1000)
    fill(api)
    found = mover.counters("lmdb:data")
    assert list(found) == ["blog/home", "blog/open", "blog/owned", "default/counter", "default/home"]
    front, home, owned = found["default/counter"], found["blog/home"], found["blog/owned"]
    assert front == {
        "namespace": "default", "key": "counter", "value": 3, "created": None, "counted": None,
        "adjusted": 0, "bounds": [0, 1], "enable_reset": False, "owner_hash": None,
    }
    assert before <= home["created"] == home["counted"] <= time.time() * 1000
    assert (owned["value"], owned["adjusted"]) == (1013, 1012)
    assert re.fullmatch("[0-9a-f]{64}", owned["owner_hash"])
    assert found["blog/open"]["bounds"] == [-7, GREATEST]
    assert found["blog/open"]["enable_reset"] is True and found["blog/open"]["value"] == LEAST
    assert found["blog/open"]["counted"] is None


def test_what_is_imported_is_counted_on_and_told_by_the_calls(mover, shared_store, start_footfall):
    api = Api(start_footfall(store=shared_store, workers=2).address)
    mover.take_all(shared_store, ["blog home 41", '{"namespace":"blog","key":"old","value":7,'
                                  '"created":1234567890123,"bounds":[-1,1]}'])
    assert api.hit("blog/home") == 42
    info = api.call("/info/blog/old")
    assert (info["value"], info["created"], info["adjusted"]) == (7, 1234567890123, 7)
    assert (info["update_lowerbound"], info["update_upperbound"]) == (-1, 1)


def test_counters_of_an_import_count_among_those_of_their_namespace(mover):
    mover.take_all("lmdb:data", ["blog home 1", "blog next 1", "blog home 2", "shop home 1",
                                 "default counter 5"])
    dump = subprocess.run(
        ["mdb_dump", "-p", "-s", "namespaces", os.path.join(mover.folder, "data")],
        capture_output=True, text=True, check=True, timeout=PATIENCE_S,
    ).stdout
    zeros = r"\00" * 7
    for name, keys in ("/", 3), ("blog", 2), ("shop", 1):
        assert f" {name}\n \\0{keys}{zeros}\n" in dump
    assert "default" not in dump


# ---- set and add


def test_set_again_changes_nothing_more(mover, shared_store):
    lines = ["blog home 41", f"blog next {LEAST}", "default counter 7"]
    mover.take_all(shared_store, lines)
    first = mover.give_all(shared_store)
    for options in (), ("--set",):
        mover.take_all(shared_store, lines, *options)
        assert mover.give_all(shared_store) == first


def test_add_adds_to_what_is_there_and_makes_what_is_not(mover, shared_store, start_footfall):
    api = Api(start_footfall(store=shared_store, workers=0).address)
    key = api.create("blog/owned", 5)
    api.hit("blog/owned")
    line = '{"namespace":"blog","key":"KEY","value":10,"created":5,"adjusted":3,"owner_hash":null}'
    for _ in range(2):
        mover.take_all(
            shared_store, [line.replace("KEY", "owned"), line.replace("KEY", "made")], "--add"
        )
    found = mover.counters(shared_store)
    assert (found["blog/owned"]["value"], found["blog/owned"]["adjusted"]) == (26, 25)
    assert (found["blog/made"]["value"], found["blog/made"]["adjusted"]) == (20, 13)
    assert found["blog/made"]["created"] == 5 != found["blog/owned"]["created"]
    assert api.call("/set/blog/owned", "POST", bearer=key, value=1)["value"] == 1


def test_lines_of_one_counter_are_taken_in_their_order(mover, shared_store):
    count = many(500)
    lines = [f"blog {name} {i}" for i in range(count) for name in ("one", "two", "one")]
    mover.take_all(shared_store, lines)
    assert mover.values(shared_store) == {"blog/one": count - 1, "blog/two": count - 1}
    mover.take_all(shared_store, lines, "--add")
    total = sum(range(count)) + count - 1
    assert mover.values(shared_store) == {"blog/one": total + sum(range(count)), "blog/two": total}


def test_a_sum_beyond_64_bits_is_refused_by_its_line(mover, shared_store):
    mover.take_all(shared_store, [f"blog home {GREATEST}", f"blog next {LEAST}"])
    outcome = mover.take(shared_store, ["blog home 1", "blog home -1", "blog next -1"], "--add")
    assert outcome.exit_status == 1 and outcome.output == "lines taken: 1, refused: 2\n"
    assert sorted(outcome.log.splitlines()) == [
        f"lines.txt:{line}: the sum would pass the end of 64 bits" for line in (1, 3)
    ]
    assert mover.values(shared_store) == {"blog/home": GREATEST - 1, "blog/next": LEAST}


# ---- lines that are wrong


def test_a_bad_line_is_told_with_its_place_and_stops_no_other(mover, shared_store):
    outcome = mover.take(shared_store, (
        b"\xef\xbb\xbfblog home 1\r\n"
        b"# a comment\r\n\r\n"
        b"blog home\n"
        b"blog x 1\n"
        b'{"namespace":"blog","key":"next","value":2.5}\n'
        b"blog next 9223372036854775808\n"
        + b"x" * 70000 + b"\n"
        b'{"namespace":"blog","key":"next","value":2,"bounds":[1,2]}\n'
        b"blog n\xffxt 1\n"
        b"{nothing}\n"
        b"\tblog  next\t3"
    ))
    assert outcome.exit_status == 1
    assert outcome.output == "lines taken: 2, refused: 8\n"
    places = re.findall(r"^lines\.txt:(\d+): .+", outcome.log, re.MULTILINE)
    assert places == ["4", "5", "6", "7", "8", "9", "10", "11"], outcome
    assert "lines.txt:8: it is longer than 65536 bytes\n" in outcome.log
    assert mover.values(shared_store) == {"blog/home": 1, "blog/next": 3}


def test_fields_that_are_not_known_are_told_once_and_not_without_end(mover):
    line = '{"namespace":"blog","key":"home","value":1,"expires":5,"tags":[]}'
    outcome = mover.take("lmdb:data", [line, line, line])
    assert outcome.exit_status == 0
    assert outcome.log == (
        'lines.txt:1: warning: "expires" is no field that is known: it is left out\n'
        'lines.txt:1: warning: "tags" is no field that is known: it is left out\n'
    )
    outcome = mover.take(
        "lmdb:data",
        [line.replace("expires", f"field{i}").replace("tags", f"other{i}") for i in range(100)],
    )
    assert outcome.exit_status == 0 and outcome.output == "lines taken: 100, refused: 0\n"
    assert len(outcome.log.splitlines()) == 33
    assert outcome.log.splitlines()[-1].startswith("lines.txt:17: warning: there are more")


def test_lines_may_come_by_standard_input(mover, shared_store):
    process = mover.start("import", "-", "--store", shared_store.url, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b"blog home 5\nblog next\n")
    process.stdin.flush()
    # What has come is taken while more is waited for.
    eventually(lambda: "blog/home" in mover.names(shared_store), "the first line is taken")
    output, log = process.communicate(b"blog next 6", timeout=PATIENCE_S)
    assert (process.returncode, output) == (1, b"lines taken: 2, refused: 1\n")
    assert NEW_STORE.sub("", log.decode()).startswith("-:2: it takes NAMESPACE KEY VALUE")
    assert mover.values(shared_store) == {"blog/home": 5, "blog/next": 6}


def test_asked_to_stop_it_ends_what_is_under_way_and_says_how_far_it_came(mover):
    process = mover.start("import", "-", "--store", "lmdb:data", stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b"blog home 5\nblog next 6\nblog ha")
    process.stdin.flush()
    eventually(lambda: "blog/next" in mover.names("lmdb:data"), "the lines are taken")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 1
    assert process.stdout.read() == b"lines taken: 2, refused: 0\n"
    assert process.stderr.read() == (
        b"footfall: import: lmdb:data is a new store\n"
        b"-:2: asked to stop; no line behind this one was taken\n"
    )
    for stream in process.stdin, process.stdout, process.stderr:
        try:
            stream.close()
        except BrokenPipeError:
            pass


# ---- the front counter


def test_the_front_counter_goes_by_its_key(mover, shared_store, start_footfall):
    footfall = start_footfall("--key", 'visits:"all"', store=shared_store, workers=2)
    mover.take_all(shared_store, ['default visits:"all" 41'], "--key", 'visits:"all"')
    with Api(footfall.address).connect() as client:
        assert client.visit()[0] == 42
    lines = mover.give_all(shared_store, "--key", 'visits:"all"')
    line = json.loads(lines)
    assert (line["namespace"], line["key"], line["value"]) == ("default", 'visits:"all"', 42)
    mover.take_all(shared_store, lines.encode(), "--key", 'visits:"all"')
    assert mover.give_all(shared_store, "--key", 'visits:"all"') == lines


def test_a_front_counter_of_two_parts_is_that_counter(mover, shared_store, start_footfall):
    start_footfall("--key", "blog/home", store=shared_store, workers=0)
    mover.take_all(shared_store, ["blog home 41", "blog next 3"], "--key", "blog/home")
    mover.take_all(shared_store, ["default blog/home 1"], "--key", "blog/home", "--add")
    assert mover.values(shared_store, "--key", "blog/home") == {"blog/home": 42, "blog/next": 3}
    if shared_store.redis is not None:
        assert shared_store.redis.command("GET", "blog/home") == "42"


def test_what_is_no_name_of_a_counter_is_told_and_left_out(mover):
    mover.take_all("lmdb:data", ["blog home 5"])
    set_lmdb_counter(os.path.join(mover.folder, "data"), "former", 7)
    outcome = mover.give("lmdb:data")
    assert outcome.exit_status == 1 and outcome.output.count("\n") == 1  # there is one more
    assert outcome.log == (
        'footfall: export: "former": left out, it is no name of a counter (another --key?)\n'
    )
    assert mover.values("lmdb:data", "--key", "former") == {"blog/home": 5, "default/former": 7}


def test_what_cannot_be_read_is_told_and_the_rest_is_written(mover, shared_store):
    mover.take_all(shared_store, ["blog home 5", "blog next 6"])
    if shared_store.redis is not None:
        shared_store.redis.command("LPUSH", "footfall:blog/list", "x")
    else:
        put(os.path.join(mover.folder, "data"), "counters", b"blog/list", b"x")
    outcome = mover.give(shared_store)
    assert outcome.exit_status == 1
    assert [json.loads(line)["key"] for line in outcome.output.splitlines()] == ["home", "next"]
    assert outcome.log.startswith('footfall: export: "blog/list": it '), outcome
    outcome = mover.take(shared_store, ["blog list 1", "blog home 8"])
    assert outcome.exit_status == 1 and outcome.output == "lines taken: 1, refused: 1\n"
    assert outcome.log.startswith("lines.txt:1: the store refuses it: "), outcome


# ---- which store


@COMMANDS
def test_memory_is_refused(command, mover, write_settings):
    path = write_settings("store = memory:\n")
    for options, env in (
        (("--store", "memory:"), None), ((), {"FOOTFALL_STORE": "memory:"}),
        (("--config", path), None),
    ):
        outcome = mover.run(*words_of(command, mover), *options, env=env)
        assert outcome.exit_status == 2 and outcome.output == ""
        assert outcome.log.startswith(f"footfall: {command}: memory: is each worker's own"), outcome


def test_the_store_is_named_as_for_a_server(mover, write_settings):
    path = write_settings("store = lmdb:data\nkey = visits\nworkers = 1\n")
    lines = mover.write(["default visits 3"])
    for options, env in (
        (("--config", path), None),
        ((f"--config={path}",), None),
        ((), {"FOOTFALL_CONFIG": path}),
        (("--key", "visits"), {"FOOTFALL_STORE": "lmdb:data"}),
        (("--store=lmdb:data", "--key=visits"), None),
    ):
        outcome = mover.run("import", *options, lines, "--add", env=env)
        assert outcome.exit_status == 0, outcome
        assert mover.run("export", *options, env=env).exit_status == 0
    assert mover.values("lmdb:data", "--key", "visits") == {"default/visits": 15}


@pytest.mark.parametrize("words", [
    ["import"], ["import", "one", "two"], ["import", "one", "--put"], ["export", "file"],
    ["import", "lines.txt", "--store"], ["export", "--store", "nothing"], ["export", "-"],
    ["import", "lines.txt", "--config", "none.ini"],
], ids=" ".join)
def test_a_wrong_call_is_told_and_does_nothing(words, mover):
    mover.write(["blog home 5"])
    outcome = mover.run(*words)
    assert outcome.exit_status == 2 and outcome.output == ""
    assert outcome.log.startswith(f"footfall: {words[0]}: "), outcome
    assert not os.path.exists(os.path.join(mover.folder, "footfall-data"))


@COMMANDS
def test_help_says_what_a_command_takes(command, mover):
    outcome = mover.run(command, "--help")
    assert outcome.exit_status == 0 and outcome.log == ""
    assert outcome.output.startswith(f"  footfall {command} ")


def test_a_file_that_is_not_there_is_told(mover):
    for path, problem in ("none.txt", "No such file or directory"), (".", "Is a directory"):
        outcome = mover.run("import", path, "--store", "lmdb:data")
        assert outcome.exit_status == 1 and problem in outcome.log, outcome


def test_export_makes_no_folder_and_import_does(mover):
    path = os.path.join(mover.folder, "data")
    for _ in range(2):
        outcome = mover.give("lmdb:data")
        assert outcome.exit_status == 1 and outcome.output == ""
        assert "No such file or directory" in outcome.log
    os.mkdir(path)
    assert mover.give("lmdb:data").exit_status == 1
    assert os.listdir(path) == []
    os.rmdir(path)
    mover.take_all("lmdb:data", ["blog home 5"])
    assert sorted(os.listdir(path)) == ["data.mdb", "lock.mdb"]
    assert mover.values("lmdb:data") == {"blog/home": 5}


@COMMANDS
def test_a_layout_that_is_not_known_is_refused(command, mover):
    mover.take_all("lmdb:data", ["blog home 5"])
    set_layout(os.path.join(mover.folder, "data"), "9")
    outcome = mover.run(*words_of(command, mover), "--store", "lmdb:data")
    assert outcome.exit_status == 1 and outcome.output == ""
    assert "holds a layout that this version does not know" in outcome.log


@COMMANDS
def test_a_redis_that_is_away_is_told_in_time(command, mover, redis):
    mover.take_all(redis.url, ["blog home 5"])
    words = [*words_of(command, mover), "--store", redis.url, "--store-timeout", "0.5"]
    redis.pause()
    outcome = mover.run(*words)
    assert outcome.exit_status == 1 and outcome.output == "", outcome
    assert f"footfall: {command}: the store does not serve: " in outcome.log
    redis.resume()
    redis.stop()
    outcome = mover.run(*words)
    assert outcome.exit_status == 1 and "Connection refused" in outcome.log, outcome


@COMMANDS
def test_a_redis_that_lets_nobody_in_is_told(command, mover, start_redis):
    redis = start_redis(requirepass="secret")
    words = [*words_of(command, mover), "--store-timeout", "0.5"]
    outcome = mover.run(*words, "--store", redis.url)
    assert outcome.exit_status == 1 and "NOAUTH" in outcome.log, outcome
    outcome = mover.run(*words, "--store", redis.url_with(":secret"))
    assert outcome.exit_status == 0, outcome


@pytest.mark.parametrize("answer", [
    b"*0\r\n", b"*1\r\n*0\r\n", b"*2\r\n$30\r\n" + b"1" * 30 + b"\r\n*0\r\n", b"+OK\r\n", b":0\r\n",
], ids=["nothing", "no cursor", "a cursor too long", "a word", "a number"])
def test_an_answer_to_scan_that_cannot_be_read_ends_an_export(answer, mover):
    with ScriptedRedis() as server:
        server.names = answer
        outcome = mover.give(server.url)
    assert outcome.exit_status == 1 and outcome.output == ""
    assert "an answer to SCAN that cannot be read" in outcome.log, outcome


def test_an_import_waits_for_a_store_whose_first_answer_takes_long(mover):
    mover.take_all("lmdb:data", ["blog home 1"])
    path = mover.write(["blog home 5"])
    with LmdbTransaction(os.path.join(mover.folder, "data"), writes=True):
        process = mover.start("import", path, "--store", "lmdb:data", stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        time.sleep(0.5)
        assert process.poll() is None, process.communicate()
    output, log = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, output, log) == (0, b"lines taken: 1, refused: 0\n", b"")
    assert mover.values("lmdb:data") == {"blog/home": 5}


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
    count = many(20_000)
    lines = mover.write([f"blog key{i % 1000:04} 1" for i in range(count)])
    process = mover.start("import", lines, "--add", "--store", redis.url, "--store-timeout", "1",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(2):
        eventually(lambda: redis.command("GET", "footfall:blog/key0000"), "it begins")
        redis.pause()
        assert process.poll() is None  # or there is nothing under way
        time.sleep(1.5)  # beyond the time-out: the link is given up, and all of it sent again
        redis.resume()
        time.sleep(0.2)
    output, log = process.communicate(timeout=PATIENCE_S * 3)
    assert (process.returncode, output) == (0, f"lines taken: {count}, refused: 0\n".encode()), log
    values = mover.values(redis.url)
    assert sum(values.values()) == count and len(values) == min(count, 1000)


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
