"""Connections are dealt strictly in turn, whatever listener they came to."""

import contextlib
import os
import signal
import time

from http_client import Client, request, visit
from process_family import state_of
from waiting import eventually


def assert_strictly_in_turn(pids, workers):
    assert set(pids) == set(workers)
    for index in range(len(workers), len(pids)):
        assert pids[index] == pids[index - len(workers)], f"connection {index} of {pids}"


def test_thirty_connections_go_to_three_workers_strictly_in_turn(start_footfall, store):
    footfall = start_footfall(store=store, workers=3)
    pids = [visit(footfall.address)[1] for _ in range(30)]
    assert_strictly_in_turn(pids, footfall.workers())


def test_requests_of_one_connection_stay_with_its_worker(start_footfall):
    footfall = start_footfall(store="memory:", workers=3)
    with Client(footfall.address) as first, Client(footfall.address) as second:
        first_pids = [first.visit()[1] for _ in range(5)]
        second_pids = [second.visit()[1] for _ in range(5)]
    assert len(set(first_pids)) == 1
    assert len(set(second_pids)) == 1
    assert first_pids[0] != second_pids[0]


def test_connections_that_send_nothing_take_their_turn_too(start_footfall):
    footfall = start_footfall(store="memory:", workers=3)
    pids = []
    silent = []
    for _ in range(6):
        silent.append(Client(footfall.address))
        pids.append(visit(footfall.address)[1])
    for client in silent:
        client.close()
    # Every second connection is silent: of three workers the visits see each second one.
    assert_strictly_in_turn(pids, footfall.workers())


def test_thirty_connections_at_once_are_dealt_in_the_order_they_came(start_footfall):
    footfall = start_footfall(store="memory:", workers=3)
    clients = []
    for _ in range(30):
        clients.append(Client(footfall.address))
        clients[-1].send(request())
    pids = [client.read_response().pid for client in clients]
    for client in clients:
        client.close()
    assert_strictly_in_turn(pids, footfall.workers())


def test_a_master_that_slept_does_not_take_a_fresh_deal_for_an_old_one(start_footfall):
    """A deal was noted with the time before the sleep; that worker was passed over as stalled."""
    footfall = start_footfall("--worker-timeout", 0, store="memory:", workers=3)
    first, second, third = (visit(footfall.address)[1] for _ in range(3))
    time.sleep(1.5)  # nothing happens for longer than a deal may lie
    os.kill(first, signal.SIGSTOP)  # it takes its deals a little later
    eventually(lambda: state_of(first) == "T", "the worker is stopped")
    with contextlib.ExitStack() as stack:
        delayed = []
        for _ in range(2):
            client = stack.enter_context(Client(footfall.address))
            client.send(request())
            delayed.append(client)
            assert [visit(footfall.address)[1] for _ in range(2)] == [second, third]
        os.kill(first, signal.SIGCONT)
        assert [client.read_response().pid for client in delayed] == [first, first]


def test_a_unix_socket_is_dealt_in_turn(start_footfall, folder):
    path = os.path.join(folder, "socket")
    footfall = start_footfall("--listen", f"unix:{path}", store="memory:", workers=3)
    assert footfall.addresses == [path]
    pids = [visit(path)[1] for _ in range(30)]
    assert_strictly_in_turn(pids, footfall.workers())


def test_several_listeners_share_one_turn(start_footfall, folder):
    path = os.path.join(folder, "socket")
    footfall = start_footfall(
        "--listen", "127.0.0.1:0", "--listen", f"unix:{path}", "--listen", "127.0.0.1:0",
        store="memory:", workers=3,
    )
    addresses = footfall.addresses
    assert len(addresses) == 3 and addresses[1] == path and addresses[0] != addresses[2]
    # The order over the listeners has another period than the workers.
    order = [addresses[index % 3] if index % 2 else addresses[0] for index in range(30)]
    pids = [visit(address)[1] for address in order]
    assert_strictly_in_turn(pids, footfall.workers())
