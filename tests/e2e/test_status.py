"""footfall status and footfall stop: a running footfall for people, or why there is none."""

import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from footfall_process import binary, environment
from http_client import visit
from operators import socket_of


def ask_status(run_footfall, footfall, *words):
    return run_footfall("status", *words, env={"RUNTIME_DIRECTORY": footfall.runtime})


@pytest.fixture
def binary_run(folder):
    def run(*words, env):
        return subprocess.Popen(
            [binary(), *words], cwd=folder, env=environment(env),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    return run


def test_it_shows_who_runs_and_what_was_counted(start_footfall, run_footfall, redis):
    footfall = start_footfall(store=redis, workers=2)
    for _ in range(6):
        visit(footfall.address)
    outcome = ask_status(run_footfall, footfall)
    assert outcome.exit_status == 0 and outcome.log == "", outcome
    lines = outcome.output.splitlines()
    assert re.fullmatch(rf"footfall \S+, pid {footfall.pid}, serving for \d+ s", lines[0])
    assert lines[1] == f"listening on http://127.0.0.1:{footfall.port}"
    assert lines[2] == f"store redis://127.0.0.1:{redis.port}/0, key counter"
    rows = [line.split() for line in lines if re.match(r" +\d+ +\d+ ", line)]
    assert [int(row[1]) for row in rows] == footfall.workers()
    assert all(row[2] == "serving" and row[-1] == "up" for row in rows)
    assert re.search(r"^hits 6, 0/s; batches 6, 0/s; hits per batch 1.0; ", outcome.output, re.M)
    assert "warning: slot 0: counts are not written to disk" in outcome.output


def test_a_store_that_is_away_is_a_warning_that_holds(start_footfall, run_footfall, redis):
    footfall = start_footfall(store=redis, workers=1)
    visit(footfall.address)
    redis.kill()
    footfall.wait_for_log("redis_link_down")
    outcome = ask_status(run_footfall, footfall)
    assert re.search(r"^warning: slot 0: the store is away: ", outcome.output, re.M), outcome


def test_json_is_the_page_itself(start_footfall, run_footfall):
    footfall = start_footfall(store="memory:", workers=1)
    outcome = ask_status(run_footfall, footfall, "--json")
    assert json.loads(outcome.output)["pid"] == footfall.pid


def test_its_place_may_be_named(start_footfall, run_footfall):
    footfall = start_footfall("--admin", "127.0.0.1:0", store="memory:", workers=1)
    place = footfall.wait_for_log("admin_ready").fields["at"].removeprefix("http://")
    for words in (("--admin", place), (f"--admin={place}",)):
        assert f"pid {footfall.pid}," in run_footfall("status", *words).output
    assert f"pid {footfall.pid}," in run_footfall("status", env={"FOOTFALL_ADMIN": place}).output


def test_of_several_one_is_to_be_named(start_footfall, run_footfall):
    first = start_footfall(store="memory:", workers=0)
    second = start_footfall(store="memory:", workers=0)
    outcome = ask_status(run_footfall, first)
    assert outcome.exit_status == 1 and outcome.output == ""
    assert all(f"unix:{socket_of(each)}" in outcome.log for each in (first, second)), outcome
    named = ask_status(run_footfall, first, "--admin", f"unix:{socket_of(second)}")
    assert f"pid {second.pid}," in named.output


def test_a_socket_of_visitors_beside_it_is_none_to_ask(start_footfall, run_footfall, folder):
    footfall = start_footfall(
        "--listen", "127.0.0.1:0", "--listen", f"unix:{folder}/.run/visitors.sock",
        store="memory:", workers=0,
    )
    assert f"pid {footfall.pid}," in ask_status(run_footfall, footfall).output


def test_where_none_runs_it_says_so(run_footfall, folder):
    outcome = run_footfall("status")
    assert outcome.exit_status == 1 and "no footfall has a socket in" in outcome.log, outcome
    place = f"unix:{folder}/not-there.sock"
    outcome = run_footfall("status", "--admin", place)
    assert outcome.exit_status == 1 and "no footfall answers" in outcome.log, outcome


def test_of_one_that_was_killed_the_pid_file_tells(start_footfall, run_footfall):
    footfall = start_footfall(store="memory:", workers=0)
    socket_of(footfall)
    footfall.kill()
    outcome = ask_status(run_footfall, footfall)
    assert outcome.exit_status == 1
    assert f"it is not running: process {footfall.pid} of " in outcome.log, outcome


def test_one_that_stands_still_is_told_in_time(start_footfall, run_footfall):
    footfall = start_footfall(store="memory:", workers=0)
    socket_of(footfall)
    os.kill(footfall.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        outcome = ask_status(run_footfall, footfall)
        assert time.monotonic() - began < 20
    finally:
        os.kill(footfall.pid, signal.SIGCONT)
    assert outcome.exit_status == 1
    assert f"process {footfall.pid} runs, but no worker answers: no answer in time" in outcome.log


def test_one_whose_queue_is_full_is_told_in_time(folder, run_footfall):
    path = os.path.join(folder, "1.sock")
    waiting = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(0)
        try:
            while True:
                client = socket.socket(socket.AF_UNIX)
                waiting.append(client)
                client.setblocking(False)
                client.connect(path)
        except BlockingIOError:
            pass
        began = time.monotonic()
        outcome = run_footfall("status", "--admin", f"unix:{path}")
        assert time.monotonic() - began < 20
        for client in waiting:
            client.close()
    assert outcome.exit_status == 1 and "no answer in time" in outcome.log, outcome


def test_one_that_has_ended_unnoticed_by_its_parent_is_not_running(folder, run_footfall):
    with subprocess.Popen(["true"]) as parentless:
        os.waitid(os.P_PID, parentless.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
        with open(os.path.join(folder, "1.pid"), "w", encoding="ascii") as file:
            file.write(f"{parentless.pid}\n")
        outcome = run_footfall("status", "--admin", f"unix:{folder}/1.sock")
    assert outcome.exit_status == 1
    assert f"it is not running: process {parentless.pid} of " in outcome.log, outcome


def test_what_answers_there_may_be_no_footfall(run_footfall, start_footfall):
    visitors = start_footfall(store="memory:", workers=1)
    outcome = run_footfall("status", "--admin", f"127.0.0.1:{visitors.port}")
    assert outcome.exit_status == 1 and "no admin side of footfall" in outcome.log, outcome
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        outcome = run_footfall("status", "--admin", f"127.0.0.1:{port}")
        assert outcome.exit_status == 1 and "no answer in time" in outcome.log, outcome


@pytest.mark.parametrize("word", ["x", "--nothing", "--admin", "--admin=nowhere"])
def test_a_wrong_word_is_refused(run_footfall, word):
    outcome = run_footfall("status", word)
    assert outcome.exit_status == 2 and "it takes --admin" in outcome.log, outcome


def test_watching_goes_on_until_nobody_reads(start_footfall, binary_run):
    footfall = start_footfall(store="memory:", workers=1)
    socket_of(footfall)
    with binary_run("status", "--watch", env={"RUNTIME_DIRECTORY": footfall.runtime}) as watching:
        pages = 0
        while pages < 2:
            pages += watching.stdout.readline().startswith(b"footfall ")
        assert footfall.stop() == 0
        assert watching.wait(30) == 1
        assert b"footfall: status: " in watching.stderr.read()


def test_stop_ends_it_and_waits_until_it_has_ended(start_footfall, run_footfall):
    footfall = start_footfall(store="memory:", workers=2)
    assert visit(footfall.address)[0] == 1
    outcome = run_footfall("stop", env={"RUNTIME_DIRECTORY": footfall.runtime})
    assert outcome.exit_status == 0 and outcome.log == "", outcome
    assert footfall.wait() == 0
    assert footfall.events("stopping", signal=signal.SIGTERM.value)
    again = run_footfall("stop", env={"RUNTIME_DIRECTORY": footfall.runtime})
    assert again.exit_status == 1 and "footfall: stop: no footfall has" in again.log, again


def test_stop_takes_a_place_and_nothing_else(start_footfall, run_footfall):
    first = start_footfall(store="memory:", workers=0)
    second = start_footfall(store="memory:", workers=0)
    assert run_footfall("stop", "now").exit_status == 2
    assert ask_stop_of(run_footfall, second).exit_status == 0
    assert second.wait() == 0
    assert visit(first.address)[0] == 1


def ask_stop_of(run_footfall, footfall):
    return run_footfall("stop", "--admin", f"unix:{socket_of(footfall)}")


def test_help_names_it(run_footfall):
    assert "footfall status|reload" in run_footfall("--help").output
