"""Promises 1 and 2 of the contract, with nothing in the way: every visit has its number, none is
given twice or left out, they grow on each connection and in time."""

import subprocess

import pytest

from load import SCALE, Load, many
from waiting import PATIENCE_S

CLIENTS = 8
REQUESTS = 500

#: Every store as it counts for all: memory: only does so in one process.
ONE_COUNTER = pytest.mark.parametrize("store", ["lmdb", "redis", "memory"], indirect=True)


def fewer(store, count):
    """LMDB waits for the disk with every commit, which may take milliseconds."""
    return count // 4 if store.name == "lmdb" else count


def start(start_footfall, store):
    return start_footfall(store=store, workers=0 if store.name == "memory" else 2)


def count_under_load(address, requests=REQUESTS, **more):
    with Load(address, CLIENTS, many(requests), **more) as load:
        load.finish()
    return load.record


@ONE_COUNTER
def test_8_clients_with_500_requests_each_are_counted_exactly(start_footfall, store):
    footfall = start(start_footfall, store)
    record = count_under_load(footfall.address)
    assert len(record.visits) == CLIENTS * many(REQUESTS)
    record.assert_counted_right()
    assert len({visit.pid for visit in record.answered}) == max(1, len(footfall.workers()))


@ONE_COUNTER
def test_a_connection_for_each_request_is_counted_exactly(start_footfall, store):
    footfall = start(start_footfall, store)
    record = count_under_load(
        footfall.address, requests=fewer(store, REQUESTS), each_connection=1
    )
    record.assert_counted_right()


@ONE_COUNTER
def test_pipelined_requests_are_counted_exactly_and_in_order(start_footfall, store):
    footfall = start(start_footfall, store)
    record = count_under_load(footfall.address, requests=2000, pipelined=16)
    record.assert_counted_right()


def test_memory_counts_exactly_in_each_worker(start_footfall):
    footfall = start_footfall(store="memory:", workers=2)
    record = count_under_load(footfall.address)
    record.assert_all_answered()
    records = record.of_each_process()
    assert len(records) == 2
    for record_of_worker in records:
        record_of_worker.assert_counted_right()


def test_two_footfalls_on_one_store_count_together(start_footfall, shared_store):
    footfalls = [start_footfall(store=shared_store, workers=2) for _ in range(2)]
    requests = many(fewer(shared_store, REQUESTS))
    with (
        Load(footfalls[0].address, 4, requests) as first,
        Load(footfalls[1].address, 4, requests) as second,
    ):
        first.finish()
        second.finish()
    (first.record + second.record).assert_counted_right()


def test_redis_cli_counts_on_the_same_number_at_the_same_time(start_footfall, redis):
    footfall = start_footfall(store=redis, workers=2)
    command = ["redis-cli", "-p", str(redis.port), "-r", str(many(4000)), "INCR", "counter"]
    patience_s = PATIENCE_S * max(1, SCALE)
    with Load(footfall.address, CLIENTS) as load:
        load.wait_answered(20)
        cli = subprocess.run(command, capture_output=True, check=True, timeout=patience_s)
        load.wait_answered(20)
        record = load.stop()
    theirs = [int(line) for line in cli.stdout.split()]
    assert len(theirs) == many(4000)
    record.assert_all_answered()
    record.assert_consistent()
    assert theirs == sorted(theirs)
    assert sorted(record.numbers + theirs) == list(range(1, len(record.numbers + theirs) + 1))
    # They really counted at the same time, not one behind the other.
    assert any(theirs[0] < number < theirs[-1] for number in record.numbers)
