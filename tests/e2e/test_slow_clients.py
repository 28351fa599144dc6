"""Thousands of visitors who are slow on purpose: they are sent away, nobody else notices, and
nothing is left of them."""

import contextlib
import os
import time

import pytest

from forms import BALANCED, EACH_FORM, EACH_FORM_ONCE
from http_client import Client, request, visit
from load import Load
from operators import metrics, reached, total
from process_family import processor_s
from slow_clients import SOURCES, Crowd, SlowClient, need_descriptors
from waiting import PATIENCE_S, SANITIZED, eventually, scaled

pytestmark = BALANCED

SLOW = scaled(2000)  # of each kind
IDLE = scaled(15000)

#: The least rate is looked at in windows of ten seconds, and the first only begins to measure.
RATE_S = 20.0

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

#: What the answers that a reader has not taken may leave in the heap, for the next to use.
UNANSWERED_BYTES = 65536


def descriptors_of(pids):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


def memory_of(pids):
    """Resident bytes."""
    pages = 0
    for pid in pids:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            pages += int(file.read().split()[1])
    return pages * PAGE_BYTES


class Leavings:
    """What a footfall has before and after: nothing may be left of visitors who are gone."""

    def __init__(self, footfall):
        assert visit(footfall.address)
        metrics(footfall)
        self.pids = footfall.family()
        self.descriptors = eventually(self._settled, "no visitor is left")
        self.memory = memory_of(self.pids)

    def _settled(self):
        """The number of descriptors, once it stays the same for a moment."""
        before = descriptors_of(self.pids)
        time.sleep(0.2)
        return before if descriptors_of(self.pids) == before else 0

    def assert_nothing_left(self, memory_bytes):
        eventually(
            lambda: descriptors_of(self.pids) <= self.descriptors, "all descriptors are closed"
        )
        time.sleep(1.2)  # a crowd that has gone is noticed within a second
        grown = memory_of(self.pids) - self.memory
        assert SANITIZED or grown < memory_bytes, f"{grown} bytes more than before"


@EACH_FORM_ONCE
def test_thousands_of_slow_clients_of_each_kind_are_sent_away_and_disturb_nobody(
    start_footfall, workers
):
    footfall = start_footfall(
        "--header-timeout", 6, "--body-timeout", 6, "--idle-timeout", 6,
        store="memory:", workers=workers,
    )
    kinds = {"idle": SLOW, "head": SLOW, "body": SLOW, "reader": SLOW}
    need_descriptors(sum(kinds.values()))
    leavings = Leavings(footfall)
    with Load(footfall.address, 64, hang_s=PATIENCE_S) as load:
        with Crowd(footfall.address, kinds) as crowd:
            load.wait_each_answered(1)
            crowd.wait_all_ended(timeout=RATE_S + 5 * PATIENCE_S)
            load.wait_each_answered(1)
            assert {client.ended for client in crowd.of("reader")} == {"reset"}
            for kind in ("head", "body"):
                for client in crowd.of(kind):
                    assert client.received.startswith(b"HTTP/1.1 408 "), client.received
                    assert client.ended == "end"
            assert {client.received for client in crowd.of("idle")} == {b""}
        record = load.stop()
    assert not record.failed and not record.refused, record.failed[:3]
    assert reached(footfall, "header_timeout") == SLOW
    assert reached(footfall, "body_timeout") == SLOW
    assert reached(footfall, "slow_reader") == SLOW
    assert reached(footfall, "idle") >= SLOW  # the good ones may have been idle, too
    lines = footfall.events("limit_reached")
    assert len(lines) < 40, "one line of each limit in ten seconds, from each worker"
    leavings.assert_nothing_left(SLOW * UNANSWERED_BYTES + (16 << 20))
    assert not footfall.events("worker_died") and not footfall.errors()
    assert footfall.stop() == 0


@EACH_FORM
def test_thousands_of_idle_connections_cost_no_time_and_little_memory(start_footfall, workers):
    need_descriptors(IDLE)
    footfall = start_footfall("--idle-timeout", 0, store="memory:", workers=workers)
    leavings = Leavings(footfall)
    with Crowd(footfall.address, {"idle": IDLE}):
        eventually(
            lambda: total(metrics(footfall), "footfall_connections") == IDLE, "all are there"
        )
        assert SANITIZED or memory_of(leavings.pids) - leavings.memory < IDLE * 2048
        before = processor_s(leavings.pids)
        time.sleep(2.0)
        used_s = processor_s(leavings.pids) - before
        assert used_s < 0.5, f"{used_s} s of processor time in 2 s of nothing"
        with Load(footfall.address, 64, 20) as load:
            load.finish()
        assert not load.record.failed and not load.record.refused
    eventually(lambda: total(metrics(footfall), "footfall_connections") == 0, "all are gone")
    leavings.assert_nothing_left(16 << 20)
    assert footfall.stop() == 0


@pytest.mark.once
@EACH_FORM
def test_who_keeps_up_the_least_rate_may_take_long_and_who_does_not_is_sent_away(
    start_footfall, workers
):
    footfall = start_footfall(
        "--body-timeout", 0, "--idle-timeout", 2, "--min-rate", 100,
        store="memory:", workers=workers,
    )
    reader, slow_reader = (
        SlowClient("reader", footfall.address, source) for source in SOURCES[:2]
    )
    with Client(footfall.address) as sender, Client(footfall.address) as slow_sender:
        for client in (sender, slow_sender):
            client.send(request("POST", fields=["Content-Length: 50000"]))
        sent = 0
        end = time.monotonic() + RATE_S + 8
        while time.monotonic() < end:
            sender.send(b"x" * 300)
            sent += 300
            with contextlib.suppress(OSError):  # how it ended is seen below
                slow_sender.socket.send(b"x" * 5)
            reader.send(request() * 10)  # more than it takes
            reader.look(512)
            assert reader.ended is None
            time.sleep(0.25)
        assert len(reader.received) > 5000
        response = slow_sender.read_response()
        assert response.status == 408 and response.closes
        sender.send(b"x" * (50000 - sent))
        assert sender.read_response().visit
    eventually(lambda: reached(footfall, "slow_reader") == 1, "the slow reader is gone", RATE_S)
    assert reached(footfall, "slow_sender") == 1
    assert reached(footfall, "idle") == reached(footfall, "body_timeout") == 0
    while slow_reader.ended is None:
        slow_reader.look()
    assert slow_reader.ended == "reset"
    reader.socket.close()
    slow_reader.socket.close()
    assert footfall.stop() == 0
