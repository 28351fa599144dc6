"""Descriptors are short: more clients than can be had, and limits that only ordinary users meet.
Nobody is lost, and waiting costs no processor time."""

import os
import signal
import time

import pytest

from forms import BALANCED, EACH_FORM, EACH_FORM_ONCE
from http_client import Client, request, visit
from load import HANG_S, Load, many
from ordinary_user import ordinary_user
from process_family import processor_s, state_of
from ring import wait_for_workers
from waiting import eventually

pytestmark = BALANCED


@pytest.fixture(autouse=True)
def visitors_are_counted_by_no_address(start_footfall, balance):
    """All of them come from one here, and stand for many: none of them is refused."""
    start_footfall.options += ("--max-connections-per-address", 0)


def limited_to(descriptors):
    return ("prlimit", f"--nofile={descriptors}:{descriptors}")


def take_answers(clients, timeout=HANG_S):
    """Reads the answer of every client that has one, and closes it, which lets others in; until
    all were served. Their visits."""
    visits = []
    waiting = list(clients)

    def all_served():
        for client in list(waiting):
            if not client.is_silent(0.001):
                visits.append(client.read_response().visit)
                client.close()
                waiting.remove(client)
        return not waiting

    eventually(all_served, "everybody is served", timeout)
    return visits


@EACH_FORM
# 80: a worker gets no more than it has room for. 24: it is out of them before that.
@pytest.mark.parametrize("descriptors", [80, 24])
def test_more_clients_than_descriptors_wait_without_spinning_and_are_served_in_the_end(
    start_footfall, workers, descriptors
):
    footfall = start_footfall(
        store="memory:", workers=workers, prefix=limited_to(descriptors)
    )
    clients = [Client(footfall.address) for _ in range(200)]
    for client in clients:
        client.send(request())
    first_wave = [client for client in clients if not client.is_silent(0.01)]
    assert 0 < len(first_wave) < descriptors * max(1, workers)
    # They keep their connections, and nobody else can be let in.
    before = processor_s(footfall.family())
    time.sleep(2.0)
    used_s = processor_s(footfall.family()) - before
    assert used_s < 0.3, f"{used_s} s of processor time in 2 s of waiting"
    assert len([client for client in clients if not client.is_silent(0.001)]) < len(clients)
    visits = take_answers(clients, timeout=3 * HANG_S)
    for pid in {pid for _, pid in visits}:
        numbers = sorted(number for number, visited in visits if visited == pid)
        assert numbers == list(range(1, len(numbers) + 1))
    assert not footfall.errors() and not footfall.events("worker_died")
    assert visit(footfall.address)
    assert footfall.stop() == 0


@EACH_FORM
def test_a_load_beyond_the_descriptors_hangs_nobody(start_footfall, shared_store, workers):
    footfall = start_footfall(store=shared_store, workers=workers, prefix=limited_to(32))
    with Load(footfall.address, 100, many(5), each_connection=1, hang_s=3 * HANG_S) as load:
        load.finish()
    load.record.assert_counted_right()
    assert not footfall.errors()


@EACH_FORM_ONCE
@pytest.mark.parametrize(("descriptors", "listeners"), [
    (32, 1), pytest.param(32, 12, marks=pytest.mark.once), pytest.param(20, 1, marks=pytest.mark.once),
])
def test_visitors_leave_descriptors_for_the_link_to_the_store(
    start_footfall, redis, workers, descriptors, listeners
):
    more = ("--listen", "127.0.0.1:0") * (listeners - 1)
    footfall = start_footfall(
        *more, store=redis.url, workers=workers, prefix=limited_to(descriptors)
    )
    clients = [Client(footfall.address) for _ in range(100)]
    for client in clients:
        client.send(request())
    # Some keep their connections, the others wait for one: whatever descriptor is free is wanted.
    served = [client for client in clients if not client.is_silent(0.2)]
    assert served
    for client in served:
        assert client.read_response().visit
    redis.command("CLIENT", "KILL", "TYPE", "normal")
    for client in served:
        client.send(request())
    for client in served:
        assert client.read_response().visit, "the link to the store does not come back"
    assert not any("Too many" in error.fields["detail"] for error in footfall.errors())


@EACH_FORM
def test_a_stop_while_descriptors_are_short_serves_whoever_is_queued(start_footfall, workers):
    footfall = start_footfall(
        "--drain-timeout", 60, store="memory:", workers=workers, prefix=limited_to(32)
    )
    os.kill(footfall.pid, signal.SIGSTOP)
    eventually(lambda: state_of(footfall.pid) == "T", "it stands still")
    clients = [Client(footfall.address) for _ in range(100)]
    for client in clients:
        client.send(request())
    footfall.send_signal(signal.SIGTERM)
    footfall.send_signal(signal.SIGCONT)
    assert len(take_answers(clients, timeout=3 * HANG_S)) == len(clients)
    assert footfall.wait() == 0
    assert not footfall.events("drain_timed_out")


def test_a_worker_is_replaced_though_connections_have_all_the_masters_descriptors(start_footfall):
    footfall = start_footfall(store="memory:", workers=2, prefix=limited_to(200))
    killed, stopped = footfall.workers()
    for pid in (killed, stopped):
        os.kill(pid, signal.SIGSTOP)
        eventually(lambda pid=pid: state_of(pid) == "T", "it stands still")
    clients = [Client(footfall.address) for _ in range(300)]
    for client in clients:
        client.send(request())
    time.sleep(0.2)  # the master accepts as many as it can
    os.kill(killed, signal.SIGKILL)
    successor = eventually(
        lambda: [pid for pid in footfall.workers() if pid not in (killed, stopped)],
        "the killed one has a successor while the other still stands",
        timeout=HANG_S,
    )
    assert state_of(stopped) == "T"
    os.kill(stopped, signal.SIGCONT)
    visits = take_answers(clients)
    assert {pid for _, pid in visits} == {stopped, *successor}
    assert len(footfall.events("worker_died")) == 1


def test_the_kernels_limit_of_descriptors_on_their_way_loses_nobody(start_footfall, folder):
    """As an ordinary user: the kernel lets RLIMIT_NOFILE of them be on their way, over all
    processes of that user, and says ETOOMANYREFS beyond (unix(7)). Root never sees that."""
    options, home = ordinary_user(folder)
    footfalls = [
        start_footfall(
            store=f"lmdb:{home}/data", workers=2, prefix=limited_to(100), folder=home, **options
        )
        for _ in range(4)
    ]
    workers = [pid for footfall in footfalls for pid in footfall.workers()]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
        eventually(lambda pid=pid: state_of(pid) == "T", "it stands still")
    clients = [Client(footfall.address) for footfall in footfalls for _ in range(70)]
    for client in clients:
        client.send(request())
    time.sleep(0.2)  # each master would have up to 70 of them on their way, 280 together
    for pid in workers:
        os.kill(pid, signal.SIGCONT)
    visits = take_answers(clients)
    assert sorted(number for number, _ in visits) == list(range(1, len(clients) + 1))
    assert {pid for _, pid in visits} == set(workers)
    for footfall in footfalls:
        assert not footfall.errors() and not footfall.events("worker_died")


@pytest.mark.parametrize("kind", ["lmdb", "redis"])
def test_an_ordinary_user_counts_survives_kills_and_stops(start_footfall, folder, redis, kind):
    options, home = ordinary_user(folder)
    store = redis.url if kind == "redis" else f"lmdb:{home}/data"
    footfall = start_footfall(store=store, workers=2, folder=home, **options)
    with Load(footfall.address, 8) as load:
        load.wait_answered(20)
        os.kill(footfall.workers()[0], signal.SIGKILL)
        footfall.wait_for_log("worker_died")
        wait_for_workers(footfall, 2)
        load.wait_answered(20)
        os.kill(footfall.workers()[0], signal.SIGTERM)
        footfall.wait_for_log("worker_left")
        load.wait_answered(20)
        record = load.stop()
    record.assert_consistent()
    assert len(record.failed) <= 8 and not record.refused
    assert footfall.stop() == 0
    footfall = start_footfall(store=store, workers=0, folder=home, **options)
    assert visit(footfall.address)[0] > max(record.numbers)
    assert footfall.stop() == 0
