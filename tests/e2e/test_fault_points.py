"""A worker is killed or stopped at exactly the places where that could do harm.

FOOTFALL_FAULT=point:nth:kill|stop is heard by test builds only; the default build has none of it.
"""

import os
import signal
import time

import pytest

from counter_value import count_in
from footfall_process import binary, default_binary
from http_client import visit
from load import HANG_S, SCALE, Load
from process_family import state_of
from ring import assert_strictly_in_turn, wait_for_workers
from waiting import eventually

#: Each point with the store that reaches it.
POINTS = {
    "deal-received": "redis",
    "taken-stored": "redis",
    "before-receive": "redis",
    "after-receive": "redis",
    "lmdb-locked": "lmdb",
    "before-commit": "lmdb",
    "after-commit": "lmdb",
    "before-reply": "lmdb",
    "batch-sent": "redis",
    "answer-received": "redis",
}
#: Here the worker holds the lock that every commit needs.
HOLDS_LOCK = {"lmdb-locked", "before-commit"}

EACH_POINT = pytest.mark.parametrize(
    ("point", "store"), list(POINTS.items()), indirect=["store"], ids=list(POINTS)
)


def start_with_fault(start_footfall, store, point, nth, action, *options):
    return start_footfall(
        *options, store=store, workers=2, env={"FOOTFALL_FAULT": f"{point}:{nth}:{action}"}
    )


def visitors(footfall, point, **more):
    """Four clients, three requests a connection. Before *taken* one with one a connection, or the
    worker would have taken others, whose end is nobody's fault."""
    if point == "deal-received":
        return Load(footfall.address, 1, each_connection=1, **more)
    return Load(footfall.address, 4, each_connection=3, **more)


def wait_stopped(footfall):
    """Waits until one worker has stopped itself; (its pid, the other's)."""

    def stopped():
        workers = footfall.workers()
        states = [state_of(pid) for pid in workers]
        return workers if "T" in states else None

    workers = eventually(stopped, "a worker has stopped itself")
    return sorted(workers, key=lambda pid: state_of(pid) != "T")


@EACH_POINT
@pytest.mark.parametrize("nth", [1, 20] if SCALE <= 1 else range(1, 21))
def test_a_worker_is_killed_at(start_footfall, store, point, nth):
    footfall = start_with_fault(start_footfall, store, point, nth, "kill")
    with visitors(footfall, point) as load:
        died = footfall.wait_for_log("worker_died", signal=9)
        load.wait_answered(30)
        record = load.stop()
    record.assert_consistent()
    record.assert_gaps_explained(1, count_in(store))
    assert not record.refused, record.refused[:5]
    if point == "deal-received":
        # Not taken yet: the other worker has it, and its client has noticed nothing.
        assert int(died.fields["dealt_again"]) >= 1
        record.assert_all_answered()
    else:
        assert 1 <= len(record.failed) <= 4
        slow = [visit for visit in record.failed if visit.took_s >= 1.0]
        assert not slow, f"their connections should have ended within a second: {slow}"
    assert_strictly_in_turn(footfall, wait_for_workers(footfall, 2))
    assert len(footfall.events("worker_died")) == 1


@EACH_POINT
def test_a_worker_that_stops_is_killed_and_replaced_at(start_footfall, store, point):
    timeout_s = 2
    options = ("--worker-timeout", timeout_s, "--store-timeout", 0.5)
    footfall = start_with_fault(start_footfall, store, point, 20, "stop", *options)
    with visitors(footfall, point, hang_s=timeout_s + HANG_S) as load:
        stopped, _ = wait_stopped(footfall)
        footfall.wait_for_log("worker_silent", pid=stopped)
        died = footfall.wait_for_log("worker_died", pid=stopped, signal=9)
        load.wait_answered(30)
        record = load.stop()
    record.assert_consistent()
    record.assert_gaps_explained(1, count_in(store))
    if point == "deal-received":
        assert int(died.fields["dealt_again"]) >= 1
        record.assert_all_answered()
    else:
        assert 1 <= len(record.failed) <= 4
    if point in HOLDS_LOCK:
        assert record.refused, "the others must not wait longer than --store-timeout"
    else:
        assert not record.refused, record.refused[:5]
    for refused in record.refused:
        assert refused.status == 503 and refused.retry_after
    assert_strictly_in_turn(footfall, wait_for_workers(footfall, 2))
    assert len(footfall.events("worker_died")) == 1


@EACH_POINT
def test_a_worker_that_stops_and_goes_on_has_cost_only_time_at(start_footfall, store, point):
    options = ("--store-timeout", 10)
    footfall = start_with_fault(start_footfall, store, point, 20, "stop", *options)
    with Load(footfall.address, 4, each_connection=3, hang_s=2 * HANG_S) as load:
        stopped, _ = wait_stopped(footfall)
        time.sleep(0.4)
        os.kill(stopped, signal.SIGCONT)
        load.wait_answered(30)
        record = load.stop()
    record.assert_counted_right()
    assert count_in(store) == len(record.numbers)
    assert not footfall.events("worker_died")
    assert_strictly_in_turn(footfall, wait_for_workers(footfall, 2))


@pytest.mark.parametrize("store", ["lmdb"], indirect=True)
@pytest.mark.parametrize("point", sorted(HOLDS_LOCK))
@pytest.mark.parametrize("ending", ["killed", "continued"])
def test_visits_behind_a_worker_stopped_inside_a_commit_are_refused_until_it_is(
    start_footfall, store, point, ending
):
    options = ("--store-timeout", 0.5)
    if ending == "killed":
        options += ("--worker-timeout", 3)
    footfall = start_with_fault(start_footfall, store, point, 2, "stop", *options)
    assert visit(footfall.address)[0] == 1
    with Load(footfall.address, 1, 1, hang_s=3 * HANG_S) as unlucky:
        stopped, _ = wait_stopped(footfall)
        with Load(footfall.address, 6, hang_s=3 * HANG_S) as load:
            load.wait_refused(6)
            assert state_of(stopped) == "T"
            for refused in load.record.refused:
                assert refused.status == 503 and refused.retry_after
                assert 0.49 <= refused.took_s < HANG_S
            assert load.answered == 0
            if ending == "continued":
                os.kill(stopped, signal.SIGCONT)
            else:
                footfall.wait_for_log("worker_silent", pid=stopped)
            load.wait_answered(30)
            record = load.stop()
        unlucky.finish()
    both = record + unlucky.record
    both.assert_none_hung()
    both.assert_unique()
    record.assert_consistent()
    last = count_in(store)
    both.assert_gaps_explained(2, last)
    assert visit(footfall.address)[0] == last + 1
    died = [line.fields["pid"] for line in footfall.events("worker_died")]
    assert died == ([str(stopped)] if ending == "killed" else [])


def test_a_fault_that_cannot_be_read_is_refused(run_footfall):
    for wrong in ("", "deal-received", "deal-received:0:kill", "deal-received:1:end", "no:1:kill"):
        outcome = run_footfall("--store", "memory:", env={"FOOTFALL_FAULT": wrong})
        assert outcome.exit_status == 2, f"{wrong!r}: {outcome}"
        assert "FOOTFALL_FAULT" in outcome.log


@pytest.fixture
def plain():
    program = default_binary()
    if program is None:
        pytest.skip("FOOTFALL_DEFAULT_BINARY names no build without fault points")
    return program


def test_the_default_build_ignores_faults(start_footfall, plain):
    for point in ("deal-received", "taken-stored", "before-receive", "after-receive"):
        footfall = start_footfall(
            store="memory:", workers=2, program=plain, env={"FOOTFALL_FAULT": f"{point}:1:kill"}
        )
        for _ in range(4):
            visit(footfall.address)
        assert footfall.stop() == 0
        assert not footfall.events("worker_died")


def test_the_default_build_holds_no_fault_point(plain):
    names = ["fault_point_reached", *POINTS]
    with open(plain, "rb") as file:
        content = file.read()
    assert not [name for name in names if name.encode() in content]
    with open(binary(), "rb") as file:
        content = file.read()
    # A test that looks for the wrong names would prove nothing.
    assert not [name for name in names if name.encode() not in content]
