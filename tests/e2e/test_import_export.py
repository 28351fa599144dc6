"""footfall import and footfall export: what goes in comes out, whatever else happens meanwhile."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

from api_client import GREATEST, LEAST, Api
from counter_value import LmdbTransaction
from lmdb_tools import put, set_layout, set_lmdb_counter
from load import many
from moving_numbers import NEW_STORE
from scripted_redis import ScriptedRedis
from waiting import PATIENCE_S, eventually

COMMANDS = pytest.mark.parametrize("command", ["import", "export"])


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
