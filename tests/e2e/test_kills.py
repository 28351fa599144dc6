"""Processes of footfall are killed while it counts: nobody hangs, no number is given twice, none
that was answered is lost, and what died is replaced."""

import os
import random
import signal
import time
from datetime import datetime

import pytest

from counter_value import count_in
from forms import BALANCED, EACH_BALANCE
from http_client import Client, ConnectionEnded, visit
from lives import YOUNG_S, Lives
from load import HANG_S, SCALE, Load, many
from operators import metrics
from process_family import is_alive
from ring import assert_all_serve, wait_for_workers
from waiting import eventually

pytestmark = BALANCED

KILLS = 50 if SCALE == 1 else 200  # ten times as many in the long form


def seconds_between(earlier, later):
    """Between two lines of the log."""
    first, second = (datetime.fromisoformat(line.time) for line in (earlier, later))
    return (second - first).total_seconds()


class Counters:
    """What must never go backwards, whoever answers: the metrics that are counters."""

    def __init__(self, footfall):
        self.footfall = footfall
        self.before = {}

    def look(self):
        now = {
            sample: value
            for sample, value in metrics(self.footfall).items()
            if sample[0].endswith(("_total", "_count", "_sum", "_bucket"))
        }
        fallen = {s: (v, now.get(s)) for s, v in self.before.items() if now.get(s, -1.0) < v}
        assert not fallen, fallen
        self.before = now


def kill_workers_under_load(footfall, store, kills):
    """Kills that many workers while 8 clients visit, coming anew after every fifth request, so that
    deals are under way, too. Returns what happened to the visits."""
    lives = Lives(footfall)
    counters = Counters(footfall)
    with Load(footfall.address, 8, each_connection=5) as load:
        load.wait_answered(20)
        for _ in range(kills):
            os.kill(lives.next_victim(), signal.SIGKILL)
            time.sleep(random.uniform(0, 0.02))  # not in step with anything
            counters.look()
        load.wait_answered(20)
        record = load.stop()
    record.assert_consistent()
    record.assert_gaps_explained(1, count_in(store))
    assert not record.refused, record.refused[:5]
    return record


@EACH_BALANCE
def test_workers_killed_under_load_lose_and_double_nothing(
    start_footfall, shared_store, balance, record_property
):
    workers = 6
    footfall = start_footfall(store=shared_store, workers=workers)
    kills = many(KILLS)
    record = kill_workers_under_load(footfall, shared_store, kills)
    record_property("visits", len(record.visits))
    # Each kill hits at most the 8 requests that were under way.
    assert len(record.failed) <= 8 * kills
    died = footfall.wait_for_log("worker_died", count=kills, signal=9)
    assert len(footfall.events("worker_died")) == kills, died
    assert_all_serve(footfall, workers, balance)
    assert footfall.stop() == 0


@EACH_BALANCE
def test_the_only_worker_killed_under_load_is_replaced_before_anybody_gives_up(
    start_footfall, shared_store
):
    footfall = start_footfall(store=shared_store, workers=1)
    kill_workers_under_load(footfall, shared_store, many(5))
    wait_for_workers(footfall, 1)


def test_connections_of_a_killed_worker_end_within_a_second_and_no_others(start_footfall, redis):
    footfall = start_footfall(store=redis, workers=2)
    clients = [Client(footfall.address) for _ in range(20)]
    pids = [client.visit()[1] for client in clients]
    victim = pids[0]
    redis.pause()  # so that a request of everybody is under way
    for client in clients[:10]:
        client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    os.kill(victim, signal.SIGKILL)
    killed = time.monotonic()
    theirs = [client for client, pid in zip(clients, pids, strict=True) if pid == victim]
    assert len(theirs) == 10
    for client in theirs:
        with pytest.raises(ConnectionEnded):
            client.read_response(timeout=HANG_S)
    assert time.monotonic() - killed < 1.0
    redis.resume()
    for client, pid in zip(clients[:10], pids, strict=False):
        if pid != victim:
            client.read_response()
    others = [client for client, pid in zip(clients, pids, strict=True) if pid != victim]
    numbers = [client.visit()[0] for client in others]
    assert numbers == sorted(numbers)
    for client in clients:
        client.close()


def test_what_a_killed_worker_had_not_taken_is_served_by_the_other(start_footfall, shared_store):
    footfall = start_footfall(store=shared_store, workers=2)
    stopped, other = footfall.workers()
    os.kill(stopped, signal.SIGSTOP)
    clients = [Client(footfall.address) for _ in range(20)]
    for client in clients:
        client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    # Every second one was dealt to the stopped worker, which has taken none of them.
    served = [client for client in clients if not client.is_silent(0.2)]
    assert len(served) == 10
    os.kill(stopped, signal.SIGKILL)
    visits = [client.read_response(timeout=HANG_S).visit for client in clients]
    # The successor may be there in time for some.
    assert {pid for _, pid in visits} <= {other, *footfall.workers()}
    assert sorted(number for number, _ in visits) == list(range(1, 21))
    assert footfall.wait_for_log("worker_died", pid=stopped).fields["dealt_again"] == "10"
    for client in clients:
        client.close()


@EACH_BALANCE
def test_a_term_to_single_workers_under_load_cuts_no_request(start_footfall, store, balance):
    footfall = start_footfall(store=store, workers=3)
    lives = Lives(footfall)
    asked = []
    with Load(footfall.address, 8) as load:
        load.wait_answered(20)
        for _ in range(many(6, 0.5)):
            worker = lives.next_victim()
            asked.append(worker)
            os.kill(worker, signal.SIGTERM)
            eventually(lambda pid=worker: not is_alive(pid), "it has drained and left")
        load.wait_answered(20)
        record = load.stop().without_idle_ends(0.9)  # the contract's second
    record.assert_all_answered()
    if store.shared:
        record.assert_counted_right()
    else:
        for record_of_worker in record.of_each_process():
            record_of_worker.assert_counted_right()
    assert not footfall.events("worker_died")
    footfall.wait_for_log("worker_left", count=len(asked))
    left = [int(line.fields["pid"]) for line in footfall.events("worker_left")]
    assert sorted(left) == sorted(asked)
    assert_all_serve(footfall, 3, balance)


def test_the_successors_of_workers_that_die_young_wait_longer_each_time(start_footfall):
    footfall = start_footfall(store="memory:", workers=2)
    (long_lived, victim) = footfall.workers()
    deaths = 5
    for death in range(deaths):
        os.kill(victim, signal.SIGKILL)
        footfall.wait_for_log("worker_died", count=death + 1)
        # The other goes on meanwhile, alone.
        assert visit(footfall.address)[1] == long_lived
        (victim,) = eventually(
            lambda: [pid for pid in footfall.workers() if pid != long_lived], "there is a successor"
        )
    lines = footfall.events("worker_died")
    assert len(lines) == deaths
    for index, (line, next_line) in enumerate(zip(lines, lines[1:], strict=False)):
        waited_s = seconds_between(line, next_line) - int(next_line.fields["lived_ms"]) / 1000
        wanted_s = 0.1 * 2**index
        assert int(line.fields["lived_ms"]) < 1000 * YOUNG_S, "this machine is too slow to tell"
        assert wanted_s - 0.01 < waited_s < wanted_s + 0.8, (index, waited_s)


@EACH_BALANCE
def test_the_successor_of_a_worker_that_lived_a_second_comes_at_once(start_footfall):
    footfall = start_footfall(store="memory:", workers=1)
    for _ in range(2):  # twice: a long life also ends what earlier ones were held against it
        (young,) = wait_for_workers(footfall, 1)
        os.kill(young, signal.SIGKILL)
        wait_for_workers(footfall, 1)
    time.sleep(YOUNG_S + 0.1)
    for _ in range(2):
        victim = Lives(footfall).next_victim()
        killed = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        assert visit(footfall.address)[1] != victim
        # Held against it, two young deaths would be 200 ms and more.
        took_s = time.monotonic() - killed
        line = footfall.wait_for_log("worker_died", pid=victim)
        assert int(line.fields["lived_ms"]) >= 1000 * YOUNG_S
        assert took_s < 0.4, took_s


def test_a_worker_timeout_shorter_than_its_beats_kills_no_worker_that_lives(start_footfall):
    footfall = start_footfall("--worker-timeout", 0.45, store="memory:", workers=2)
    workers = footfall.workers()
    time.sleep(2.0)
    assert footfall.workers() == workers
    assert not footfall.events("worker_silent")


@EACH_BALANCE
def test_after_kill_9_of_the_master_the_port_is_free_at_once_and_numbers_go_on(
    start_footfall, shared_store
):
    footfall = start_footfall(store=shared_store, workers=2)
    address = footfall.address
    port = address[1]
    generations = [footfall]
    with Load(address, 8) as load:
        for _ in range(many(3, 0.5)):
            load.wait_answered(50)
            os.kill(footfall.pid, signal.SIGKILL)
            same_port = ("--listen", f"127.0.0.1:{port}")
            footfall = start_footfall(*same_port, store=shared_store, workers=2)
            generations.append(footfall)
        load.wait_answered(50)
        record = load.stop()
    record.assert_consistent()
    record.assert_gaps_explained(1, count_in(shared_store))
    # Workers answered what they had: only what was still the master's, or in no queue yet, is lost.
    assert not [visit for visit in record.failed if visit.place > 0], record.failed[:5]
    assert not record.refused, record.refused[:5]
    for old in generations[:-1]:
        eventually(lambda old=old: not old.family(), "the old workers have left")
        assert not old.events("drain_timed_out")
    assert footfall.stop() == 0


@EACH_BALANCE
def test_workers_whose_master_was_killed_end_idle_connections_and_leave(start_footfall):
    footfall = start_footfall(store="memory:", workers=2)
    with Client(footfall.address) as idle, Client(footfall.address) as busy:
        idle.visit()
        busy.send(b"GET / HTTP/1.1\r\n")
        time.sleep(0.1)
        os.kill(footfall.pid, signal.SIGKILL)
        idle.assert_closed(timeout=HANG_S)
        busy.send(b"Host: localhost\r\n\r\n")
        response = busy.read_response()
        assert response.status == 200 and response.closes
        busy.assert_closed()
    eventually(lambda: not footfall.family(), "the workers have left")


@EACH_BALANCE
def test_after_kill_9_of_everything_numbers_go_on(start_footfall, shared_store):
    last = 0
    for _ in range(many(4, 0.5)):
        footfall = start_footfall(store=shared_store, workers=2)
        with Load(footfall.address, 8, ends_when_refused=True) as load:
            load.wait_answered(50)
            footfall.kill()
            record = load.stop()
        record.assert_consistent()
        record.assert_gaps_explained(last + 1, count_in(shared_store))
        last = count_in(shared_store)
    footfall = start_footfall(store=shared_store, workers=2)
    assert visit(footfall.address)[0] == last + 1


def test_a_killed_single_process_has_lost_nothing_that_it_answered(start_footfall, shared_store):
    last = 0
    for _ in range(many(3, 0.5)):
        footfall = start_footfall(store=shared_store, workers=0)
        with Load(footfall.address, 8, ends_when_refused=True) as load:
            load.wait_answered(50)
            os.kill(footfall.pid, signal.SIGKILL)
            record = load.stop()
        footfall.wait()
        record.assert_consistent()
        record.assert_gaps_explained(last + 1, count_in(shared_store))
        last = count_in(shared_store)
