"""How many connections visitors may have, in all and of one address: one too many is told so at
once, and whoever goes makes room, a killed worker too."""

import contextlib
import os
import signal

from forms import BALANCED, EACH_BALANCE, EACH_FORM
from http_client import Client, ConnectionEnded, request, visit
from operators import reached, status
from ring import wait_for_workers
from waiting import eventually

pytestmark = BALANCED


def visitors(footfall, count, source=None, address=None):
    """So many connections that have been answered, and are kept."""
    clients = []
    for _ in range(count):
        clients.append(Client(address or footfall.address, source=source))
        assert clients[-1].visit()
    return clients


def is_let_in(address, source=None):
    """The client, or None after an orderly refusal."""
    client = Client(address, source=source)
    try:
        client.send(request())
        response = client.read_response()
    except (BrokenPipeError, ConnectionError, ConnectionEnded):
        client.close()
        return None  # it was refused before it had asked
    if response.status == 200:
        return client
    assert response.status == 503 and response.closes and response.error
    assert response.headers["retry-after"] == "1"
    client.assert_closed()
    client.close()
    return None


@EACH_FORM
def test_one_connection_too_many_gets_503_and_whoever_goes_makes_room(start_footfall, workers):
    footfall = start_footfall(
        "--max-connections", 10, "--log-level", "debug", store="memory:", workers=workers
    )
    clients = visitors(footfall, 5) + visitors(footfall, 5, source="127.0.0.2")
    for number in range(20):
        assert is_let_in(footfall.address, source=f"127.0.0.{10 + number}") is None
    assert reached(footfall, "connections") == 20
    assert sum(worker["limits"]["connections"] for worker in status(footfall)["workers"]) == 20
    assert sum(worker["connections"] for worker in status(footfall)["workers"]) == 10
    lines = footfall.events("limit_reached", limit="connections")
    assert 1 <= len(lines) <= max(1, workers) and lines[0].fields["client"] == "127.0.0.10"
    for client in clients:
        assert client.visit()
    clients.pop().close()
    clients.append(eventually(lambda: is_let_in(footfall.address, "127.0.0.3"), "there is room again"))
    assert is_let_in(footfall.address) is None
    for client in clients:
        assert client.visit()
        client.close()
    assert footfall.stop() == 0


@EACH_FORM
def test_one_address_has_so_many_connections_and_others_have_theirs(
    start_footfall, folder, workers
):
    path = f"{folder}/visitors.sock"
    footfall = start_footfall(
        "--max-connections-per-address", 5, "--listen", "127.0.0.1:0", "--listen", f"unix:{path}",
        store="memory:", workers=workers,
    )
    clients = visitors(footfall, 5)
    for _ in range(10):
        assert is_let_in(footfall.address) is None
    clients += visitors(footfall, 5, source="127.0.0.2")
    assert is_let_in(footfall.address, source="127.0.0.2") is None
    clients += visitors(footfall, 12, address=path)  # a balancer's, which has no address
    assert reached(footfall, "address") == 11 and reached(footfall, "connections") == 0
    for client in clients:
        assert client.visit()
        client.close()


@EACH_FORM
def test_by_default_one_address_never_takes_every_connection(start_footfall, workers):
    footfall = start_footfall(
        store="memory:", workers=workers, prefix=("prlimit", "--nofile=120:120")
    )
    clients = []
    while True:  # each worker has room for less than 120
        assert len(clients) < 120 * max(1, workers)
        client = is_let_in(footfall.address)
        if client is None:
            break
        clients.append(client)
    assert len(clients) >= 16
    for _ in range(5):
        assert is_let_in(footfall.address) is None
    others = visitors(footfall, len(clients) // 2, source="127.0.0.2")
    for client in clients + others:
        assert client.visit()
        client.close()


@EACH_FORM
def test_without_a_limit_an_address_has_all_there_is(start_footfall, workers):
    footfall = start_footfall(
        "--max-connections", 8, "--max-connections-per-address", 0,
        store="memory:", workers=workers,
    )
    for client in visitors(footfall, 8):
        client.close()


@EACH_BALANCE
def test_a_killed_worker_takes_its_counts_with_it(start_footfall):
    footfall = start_footfall(
        "--max-connections", 30, "--max-connections-per-address", 12, store="memory:", workers=3
    )
    for deaths in (3, 6, 9):
        clients = []
        for source in ("127.0.0.1", "127.0.0.2"):
            eventually(
                lambda source=source: _fill(footfall, clients, source), "12 of each are let in"
            )
        for pid in footfall.workers():
            os.kill(pid, signal.SIGKILL)
        footfall.wait_for_log("worker_died", count=deaths)
        eventually(lambda: visit_or_none(footfall), "visitors are served again")
        wait_for_workers(footfall, 3)
        for client in clients:
            client.close()
    assert not footfall.errors()


def _fill(footfall, clients, source):
    """Lets in as many as fit; True when those are 12."""
    while True:
        client = is_let_in(footfall.address, source)
        if client is None:
            break
        client.comes_from = source
        clients.append(client)
    return sum(client.comes_from == source for client in clients) == 12


def visit_or_none(footfall):
    try:
        return visit(footfall.address)
    except (AssertionError, OSError):
        return None


@EACH_FORM
def test_a_trusted_proxy_may_have_more_than_an_address(start_footfall, workers):
    footfall = start_footfall(
        "--max-connections-per-address", 2, "--trusted-proxy", "127.0.0.2",
        store="memory:", workers=workers,
    )
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            client = stack.enter_context(Client(footfall.address, source="127.0.0.2"))
            assert client.visit()
        for expected in (200, 200, 503):
            client = stack.enter_context(Client(footfall.address, source="127.0.0.3"))
            assert client.ask().status == expected
    assert footfall.stop() == 0
