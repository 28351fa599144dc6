"""The workers that connections go to: a ring where they are dealt, or all at once."""

import contextlib

from http_client import Client, visit
from waiting import eventually


def wait_for_workers(footfall, count):
    """Waits until `count` workers serve; their pids."""

    def all_serve():
        workers = footfall.workers()
        return len(workers) == count and {visit(footfall.address)[1] for _ in range(count)} == set(
            workers
        )

    eventually(all_serve, f"{count} workers serve")
    return footfall.workers()


def assert_strictly_in_turn(footfall, workers):
    pids = [visit(footfall.address)[1] for _ in range(3 * len(workers))]
    assert set(pids) == set(workers)
    assert pids == pids[: len(workers)] * 3, pids


def keep_connections(footfall, count, stack):
    """Opens that many in a row and has an answer on each: [(client, pid of its worker)]. The stack
    closes them."""
    clients = [stack.enter_context(Client(footfall.address)) for _ in range(count)]
    return [(client, client.visit()[1]) for client in clients]


def wait_until_each_serves(footfall, count):
    """Waits until `count` workers serve that accept by themselves; their pids."""

    def all_serve():
        workers = footfall.workers()
        with contextlib.ExitStack() as stack:
            kept = keep_connections(footfall, 8 * count, stack)
            return len(workers) == count and {pid for _, pid in kept} == set(workers)

    eventually(all_serve, f"each of {count} workers serves")
    return footfall.workers()


def assert_all_serve(footfall, count, balance):
    """In the way of that balance."""
    if balance == "kernel":
        wait_until_each_serves(footfall, count)
    else:
        assert_strictly_in_turn(footfall, wait_for_workers(footfall, count))
