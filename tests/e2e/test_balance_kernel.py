"""--balance kernel: workers accept by themselves, from listening sockets that all of them share. None
gets everything, one that stands still delays nobody, and what nobody has accepted stays in the queue
whoever dies or leaves."""

import collections
import contextlib
import os
import signal
import statistics
import time

import pytest

from counter_value import count_in
from http_client import Client, request, visit
from load import HANG_S, Load, many
from process_family import is_alive, state_of
from ring import keep_connections, wait_until_each_serves
from waiting import SANITIZED, eventually

#: Far below anything that waits for a worker that stands still.
AT_ONCE_S = 2.0 if SANITIZED else 1.0


@pytest.fixture(autouse=True)
def kernel_balance(start_footfall):
    start_footfall.options = ("--balance", "kernel")


def stand_still(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    for pid in pids:
        eventually(lambda pid=pid: state_of(pid) == "T", "it stands still")


def go_on(pids):
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def queue(address, count, stack):
    """Clients that have asked and that nobody can answer yet."""
    clients = [stack.enter_context(Client(address)) for _ in range(count)]
    for client in clients:
        client.send(request())
    return clients


def visits_of(clients):
    return [client.read_response(timeout=HANG_S).visit for client in clients]


# ---- who serves


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
def test_of_64_kept_connections_none_of_two_workers_has_more_than_48(start_footfall, at_once):
    footfall = start_footfall(store="memory:", workers=2)
    most = []
    for _ in range(7):
        with contextlib.ExitStack() as stack:
            clients = (stack.enter_context(Client(footfall.address)) for _ in range(64))
            if at_once:
                clients = list(clients)
            share = collections.Counter(client.visit()[1] for client in clients)
            most.append(max(share.values()))
        time.sleep(0.05)  # their ends are known to both
    # Where others want the processors, a worker may be kept from them for a whole round.
    assert statistics.median(most) <= 48, most


def test_each_worker_serves_each_listener(start_footfall, folder):
    listen = ("--listen", "127.0.0.1:0", "--listen", f"unix:{folder}/socket")
    footfall = start_footfall(*listen, store="memory:", workers=3)

    def all_serve(address):
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(Client(address)) for _ in range(48)]
            return {client.visit()[1] for client in clients} == set(footfall.workers())

    for address in footfall.addresses:
        eventually(lambda address=address: all_serve(address), "each serves there")
    assert footfall.stop() == 0
    assert not os.path.exists(f"{folder}/socket")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_single_worker_or_process_has_nobody_to_share_with(start_footfall, store, workers):
    footfall = start_footfall(store=store, workers=workers)
    with Load(footfall.address, 8, many(100), each_connection=1) as load:
        load.finish()
    load.record.assert_counted_right()
    assert footfall.stop() == 0


def test_a_connection_for_each_request_is_counted_right(start_footfall, shared_store):
    footfall = start_footfall(store=shared_store, workers=3)
    with Load(footfall.address, 16, many(100), each_connection=1) as load:
        load.finish()
    load.record.assert_counted_right()
    assert footfall.stop() == 0


# ---- who stands still


@pytest.mark.parametrize("kept", [0, 30], ids=["with none", "with the fewest"])
def test_a_stopped_worker_delays_nobody(start_footfall, kept):
    footfall = start_footfall("--worker-timeout", 0, store="memory:", workers=2)
    wait_until_each_serves(footfall, 2)
    with contextlib.ExitStack() as stack:
        of_worker = collections.defaultdict(list)
        for client, pid in keep_connections(footfall, kept, stack):
            of_worker[pid].append(client)
        stopped, other = footfall.workers()
        for client in of_worker[stopped]:
            client.close()
        stand_still([stopped])
        for _ in range(60):  # some within its last second, when it may still be waited for
            asked = time.monotonic()
            assert visit(footfall.address)[1] == other
            assert time.monotonic() - asked < AT_ONCE_S
            time.sleep(0.03)
        asked = time.monotonic()
        at_once = queue(footfall.address, 64, stack)
        assert {pid for _, pid in visits_of(at_once)} == {other}
        assert time.monotonic() - asked < AT_ONCE_S
        go_on([stopped])
    wait_until_each_serves(footfall, 2)


def test_many_at_once_do_not_wait_for_a_worker_that_has_just_stopped(start_footfall):
    footfall = start_footfall("--worker-timeout", 0, store="memory:", workers=2)
    stopped, other = wait_until_each_serves(footfall, 2)
    with contextlib.ExitStack() as stack:
        stand_still([stopped])
        asked = time.monotonic()
        clients = queue(footfall.address, 300, stack)
        assert {pid for _, pid in visits_of(clients)} == {other}
        assert time.monotonic() - asked < AT_ONCE_S
        go_on([stopped])


def test_a_worker_killed_as_silent_has_delayed_only_its_own(start_footfall):
    footfall = start_footfall("--worker-timeout", 2, store="memory:", workers=2)
    with contextlib.ExitStack() as stack:
        kept = keep_connections(footfall, 32, stack)
        stopped, other = footfall.workers()
        stand_still([stopped])
        for client, pid in kept:
            if pid == other:
                assert client.visit()[1] == other
        footfall.wait_for_log("worker_silent", pid=stopped)
        footfall.wait_for_log("worker_died", pid=stopped, signal=9)
    wait_until_each_serves(footfall, 2)


# ---- who dies or leaves


def test_workers_killed_under_a_connection_for_each_request_lose_and_double_nothing(
    start_footfall, shared_store
):
    footfall = start_footfall(store=shared_store, workers=4)
    kills = many(12)
    with Load(footfall.address, 16, each_connection=1) as load:
        for _ in range(kills):
            load.wait_answered(20)
            os.kill(eventually(footfall.workers, "there is a worker")[0], signal.SIGKILL)
        load.wait_answered(20)
        record = load.stop()
    record.assert_consistent()
    # Refusals are no loss: killed one right after the other they may leave LMDB's lock to nobody
    # for as long as the store's time-out, whoever balances.
    record.assert_gaps_explained(1, count_in(shared_store))
    assert len(record.failed) <= 16 * kills
    wait_until_each_serves(footfall, 4)
    assert footfall.stop() == 0


def test_what_a_killed_worker_had_not_accepted_is_served_by_others(start_footfall, shared_store):
    footfall = start_footfall(store=shared_store, workers=2)
    killed, other = footfall.workers()
    with contextlib.ExitStack() as stack:
        stand_still([killed, other])
        clients = queue(footfall.address, 40, stack)
        os.kill(killed, signal.SIGKILL)
        go_on([other])
        visits = visits_of(clients)
    assert sorted(number for number, _ in visits) == list(range(1, 41))
    assert {pid for _, pid in visits} <= {other, *footfall.workers()}


def test_a_worker_asked_to_leave_leaves_the_queue_to_others(start_footfall, shared_store):
    footfall = start_footfall(store=shared_store, workers=2)
    leaving, other = footfall.workers()
    with contextlib.ExitStack() as stack:
        stand_still([leaving, other])
        clients = queue(footfall.address, 40, stack)
        os.kill(leaving, signal.SIGTERM)
        go_on([leaving])
        # The other stands still: its successor is who serves.
        visits = visits_of(clients)
        eventually(lambda: not is_alive(leaving), "it has left")
        go_on([other])
    assert sorted(number for number, _ in visits) == list(range(1, 41))
    assert {pid for _, pid in visits} <= {leaving, *footfall.workers()} - {other}
    footfall.wait_for_log("worker_left", pid=leaving)
    assert not footfall.events("worker_died")
    wait_until_each_serves(footfall, 2)


def test_what_is_queued_at_a_stop_is_served_before_it(start_footfall, shared_store):
    footfall = start_footfall(store=shared_store, workers=2)
    workers = footfall.workers()
    with contextlib.ExitStack() as stack:
        stand_still(workers)
        clients = queue(footfall.address, 100, stack)
        footfall.send_signal(signal.SIGTERM)
        footfall.wait_for_log("stopping")
        go_on(workers)
        visits = visits_of(clients)
    assert sorted(number for number, _ in visits) == list(range(1, 101))
    assert footfall.wait() == 0
    with pytest.raises(ConnectionRefusedError):
        Client(footfall.address)


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_when_the_master_was_killed_the_queue_is_served_and_the_address_is_free(
    start_footfall, folder, kind
):
    store = f"lmdb:{folder}/data"
    listen = "127.0.0.1:0" if kind == "tcp" else f"unix:{folder}/socket"
    footfall = start_footfall("--listen", listen, store=store, workers=2)
    address = footfall.address
    if kind == "tcp":
        listen = f"127.0.0.1:{footfall.port}"
    workers = footfall.workers()
    with contextlib.ExitStack() as stack:
        stand_still(workers)
        clients = queue(address, 40, stack)
        os.kill(footfall.pid, signal.SIGKILL)
        go_on(workers)
        successor = start_footfall("--listen", listen, store=store, workers=2)
        visits = visits_of(clients)
    assert {pid for _, pid in visits} <= set(workers)
    assert sorted(number for number, _ in visits) == list(range(1, 41))
    assert visit(address)[0] == 41
    eventually(lambda: not footfall.family(), "the old workers have left")
    assert successor.stop() == 0
