"""Workers that get no more memory: who cannot be served is sent away, counting goes on."""

import os
import resource
import time

import pytest

from counter_value import count_in
from forms import BALANCED, EACH_FORM
from http_client import visit
from load import HANG_S, Load
from process_family import processor_s
from slow_clients import Crowd
from waiting import SANITIZED, eventually

pytestmark = [
    BALANCED,
    pytest.mark.skipif(SANITIZED, reason="the sanitizers need address space of their own"),
]

#: What each worker may still get, and visitors of each kind who take more than that together.
MORE_BYTES = 1 << 20
SLOW = 1500


def allow_no_more_memory(pids):
    """setrlimit(2): not more address space than now and a little."""
    for pid in pids:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            size = int(file.read().split()[0]) * resource.getpagesize()
        _, hard = resource.prlimit(pid, resource.RLIMIT_AS)
        resource.prlimit(pid, resource.RLIMIT_AS, (size + MORE_BYTES, hard))


def descriptors_of(pids):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


@EACH_FORM
@pytest.mark.parametrize("kinds", [("head", "body"), ("reader",)], ids="+".join)
def test_without_memory_some_are_sent_away_and_the_others_are_counted_right(
    start_footfall, workers, shared_store, kinds
):
    footfall = start_footfall(
        "--header-timeout", 60, "--body-timeout", 60, store=shared_store, workers=workers
    )
    visit(footfall.address)
    descriptors = descriptors_of(footfall.family())
    counting = footfall.workers() if workers else [footfall.pid]
    with Load(footfall.address, 8) as load:
        load.wait_each_answered(5)
        allow_no_more_memory(counting)
        with Crowd(footfall.address, dict.fromkeys(kinds, SLOW)) as crowd:
            eventually(lambda: sum(client.ended is not None for client in crowd.clients) > 50,
                       "visitors are sent away", HANG_S)
            load.wait_each_answered(20)
        with Load(footfall.address, 1) as late:
            late.wait_answered(5)
            record = load.stop() + late.stop()
    record.assert_none_hung()
    record.assert_consistent()
    if "reader" in kinds:  # which are counted, too
        assert max(record.numbers) <= count_in(shared_store)
    else:
        record.assert_gaps_explained(2, count_in(shared_store))
    eventually(lambda: descriptors_of(footfall.family()) <= descriptors, "all are gone")
    before = processor_s(footfall.family())
    time.sleep(1.0)
    assert processor_s(footfall.family()) - before < 0.3
    assert not footfall.events("worker_died") and len(footfall.log_lines()) < 100
    assert footfall.stop() == 0
