"""The log: one line an event, in text or JSON, as much of it as was asked for."""

import datetime
import json
import os
import re
import signal
import time

import pytest

from http_client import ask, visit
from waiting import eventually

FORMATS = pytest.mark.parametrize("log_format", ["text", "json"])


def assert_well_formed(footfall, log_format):
    for line in footfall.log_lines():
        assert line.event, f"not a line of the log: {line}"
        assert line.raw.startswith("{") == (log_format == "json")
        moment = datetime.datetime.strptime(line.time, "%Y-%m-%dT%H:%M:%S.%fZ")
        moment = moment.replace(tzinfo=datetime.timezone.utc).timestamp()
        assert abs(moment - time.time()) < 600
        assert re.fullmatch(r"[a-z0-9_]+", line.event)


@FORMATS
@pytest.mark.parametrize("workers", [0, 2])
def test_a_life_from_start_to_stop_is_told_in_lines(log_format, workers, start_footfall, folder):
    footfall = start_footfall(
        "--log-format", log_format, store=f"lmdb:{folder}/data", workers=workers
    )
    assert visit(footfall.address)[0] == 1
    assert footfall.stop() == 0
    assert_well_formed(footfall, log_format)
    events = [line.event for line in footfall.log_lines()]
    assert events == [
        "starting", "loop_chosen", "ready", "admin_ready", "stopping"
    ] + ["worker_left"] * workers
    (starting,) = footfall.events("starting", pid=footfall.pid, workers=workers, key="counter")
    assert starting.fields["store"] == f"lmdb:{folder}/data"
    assert footfall.output_text() == ""


@FORMATS
def test_the_ready_line_holds_what_scripts_wait_for(log_format, start_footfall, folder):
    path = os.path.join(folder, "socket")
    footfall = start_footfall(
        "--log-format", log_format, "--listen", "127.0.0.1:0", "--listen", f"unix:{path}",
        store="memory:", workers=2,
    )
    first, second = footfall.events("ready")
    assert f"listening on http://127.0.0.1:{footfall.port}" in first.raw
    assert f"listening on unix:{path}" in second.raw


def test_who_reads_the_ready_line_is_served_at_once(start_footfall):
    for _ in range(5):
        footfall = start_footfall(store="memory:", workers=2)
        assert visit(footfall.address)[0] == 1
        assert footfall.stop() == 0


@pytest.mark.parametrize(
    "level, levels",
    [
        ("error", {"error"}),
        ("warn", {"error", "warn"}),
        ("info", {"error", "warn", "info"}),
        ("debug", {"error", "warn", "info", "debug"}),
    ],
)
def test_a_level_hides_what_is_below_it_but_for_the_ready_line(
    level, levels, start_footfall, redis
):
    redis.stop()
    footfall = start_footfall(
        "--log-level", level, "--store-timeout", "0.2", store=redis, workers=1
    )
    assert ask(footfall.address).status == 503  # an error: redis_link_down
    assert ask(footfall.address, "GET", "bad").status == 400  # debug: request_refused
    footfall.send_signal(signal.SIGTTOU)  # a warning: scale_refused
    footfall.wait_for_log("redis_link_down")
    if "warn" in levels:
        footfall.wait_for_log("scale_refused")
    assert footfall.stop() == 0  # info: stopping
    assert {line.level for line in footfall.log_lines() if line.event != "ready"} == levels
    assert len(footfall.events("ready")) == 1
    assert_well_formed(footfall, "text")


@FORMATS
def test_a_refused_request_is_named_at_debug(log_format, start_footfall):
    footfall = start_footfall(
        "--log-level", "debug", "--log-format", log_format, store="memory:", workers=1
    )
    assert ask(footfall.address, "GET", "/\x01{}").status == 400
    line = footfall.wait_for_log("request_refused", status=400)
    assert re.fullmatch(r"[a-z0-9_]+", line.fields["fault"])
    assert_well_formed(footfall, log_format)


@FORMATS
@pytest.mark.parametrize("name", ["two\nlines", 'a "quote" and \\', "a=b c", "\x1b[31mred", "t\tb"])
def test_a_value_with_odd_bytes_stays_one_line(log_format, name, start_footfall, folder):
    footfall = start_footfall(
        "--log-format", log_format, store=f"lmdb:{folder}/{name}", workers=1
    )
    assert_well_formed(footfall, log_format)
    assert footfall.events("starting")[0].fields["store"] == f"lmdb:{folder}/{name}"


@FORMATS
def test_a_very_long_value_is_cut_and_stays_one_line(log_format, start_footfall, folder):
    long = "/".join(["d" * 200] * 10)
    os.makedirs(f"{folder}/{long}")
    footfall = start_footfall(
        "--log-format", log_format, store=f"lmdb:{folder}/{long}/data", workers=1
    )
    assert_well_formed(footfall, log_format)
    assert len(footfall.events("starting")) == 1
    assert len(footfall.events("starting")[0].raw) < 1500


@FORMATS
def test_an_error_at_the_start_has_its_form_too(log_format, run_footfall, folder):
    outcome = run_footfall(
        "--log-format", log_format, "--listen", "127.0.0.1:0", "--workers", "2",
        "--store", f"lmdb:{folder}/none/data",
    )
    assert outcome.exit_status == 1
    (error,) = outcome.errors()
    assert error.event == "start_failed"
    assert f"{folder}/none/data" in error.fields["reason"]
    if log_format == "json":
        for line in outcome.log.splitlines():
            assert set(json.loads(line)) >= {"time", "level", "event"}


@FORMATS
def test_a_dead_worker_is_one_event(log_format, start_footfall):
    footfall = start_footfall("--log-format", log_format, store="memory:", workers=2)
    victim = footfall.workers()[0]
    os.kill(victim, signal.SIGKILL)
    line = footfall.wait_for_log("worker_died", pid=victim)
    assert line.level == "warn"
    assert line.fields["signal"] == "9"
    eventually(lambda: len(footfall.workers()) == 2, "there are two workers again")
    assert footfall.stop() == 0
    assert len(footfall.events("worker_died")) == 1
    assert_well_formed(footfall, log_format)


OF_THE_MASTER = ["HUP", "USR1", "USR2", "WINCH", "TTIN", "TTOU"]


@pytest.mark.parametrize("name", OF_THE_MASTER)
def test_a_worker_ignores_what_only_the_master_acts_on(name, start_footfall):
    footfall = start_footfall(store="memory:", workers=1)
    (worker,) = footfall.workers()
    os.kill(worker, getattr(signal, f"SIG{name}"))
    assert visit(footfall.address) == (1, worker)
    assert footfall.workers() == [worker]


@pytest.mark.parametrize("name", ["TERM", "INT", "QUIT"])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_stop_that_was_asked_for_is_status_0(name, workers, start_footfall):
    footfall = start_footfall(store="memory:", workers=workers)
    assert visit(footfall.address)[0] == 1
    number = getattr(signal, f"SIG{name}")
    assert footfall.stop(number) == 0
    assert footfall.events("stopping", signal=int(number))
    assert not footfall.errors()


#: Says in the environment that standard error is the journal's, or that standard output is.
JOURNAL = "export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/{}); exec \"$@\""


@FORMATS
@pytest.mark.parametrize("workers", [0, 2])
def test_the_journal_is_told_how_much_each_line_matters(log_format, workers, start_footfall):
    footfall = start_footfall(
        "--log-format", log_format, store="memory:", workers=workers,
        env={"RUNTIME_DIRECTORY": "/nowhere/at/all"},  # a warning: no_admin
        prefix=("bash", "-c", JOURNAL.format(2), "bash"),
    )
    footfall.wait_for_log("no_admin")
    assert footfall.stop() == 0
    priorities = {"error": 3, "warn": 4, "info": 6, "debug": 7}
    for line in footfall.log_lines():
        assert line.event and line.priority == priorities[line.level], line
        assert (line.time is None) == (log_format == "text")
    assert {line.priority for line in footfall.log_lines()} == {4, 6}


def test_a_journal_that_has_another_stream_is_told_nothing(start_footfall):
    footfall = start_footfall(
        store="memory:", workers=0, prefix=("bash", "-c", JOURNAL.format(1), "bash")
    )
    assert footfall.stop() == 0
    assert all(line.time and line.priority is None for line in footfall.log_lines())


def test_a_log_that_nobody_can_take_stops_nobody(start_footfall, folder):
    """Standard error is closed: it serves all the same, and no other descriptor is written to."""
    path = os.path.join(folder, "socket")
    footfall = start_footfall(
        "--listen", f"unix:{path}", store=f"lmdb:{folder}/data", workers=1, ready=False,
        prefix=("sh", "-c", 'exec "$@" 2>&-', "sh"),
    )
    eventually(lambda: os.path.exists(path), "its socket is there")
    assert eventually(lambda: answered(path), "it serves") == 1
    assert footfall.exit_status() is None
    assert footfall.stop() == 0


def answered(path):
    try:
        return visit(path)[0]
    except OSError:
        return None
