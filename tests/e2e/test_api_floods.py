"""A flood of clients, keys or namespaces: memory stays where it is, and everybody else goes on.

In the long form a million of each.
"""

import os
from collections import Counter

import pytest

from api_client import Api
from conftest import make_store
from http_client import Client, request, visit
from load import SCALE, many
from waiting import SANITIZED, eventually

DEPTH = 64  # footfall reads no more at a time
KEPT = 1000
#: What a worker may take more: buffers of a connection, of the link, and of the allocator.
SLACK_BYTES = (64 if SANITIZED else 16) << 20

FLOOD = many(30_000) if SCALE <= 1 else 1_000_000

pytestmark = [pytest.mark.once, pytest.mark.timeout(300 * max(1, SCALE))]


def resident_bytes(footfall):
    pages = 0
    for pid in footfall.workers() or [footfall.pid]:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            pages += int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def flood(address, count, request_of):
    """Sends request_of(0), request_of(1) …; how many of the answers had which status."""
    statuses = Counter()
    with Client(address) as client:
        for first in range(0, count, DEPTH):
            last = min(first + DEPTH, count)
            client.send(b"".join(request_of(number) for number in range(first, last)))
            statuses.update(answer.status for answer in client.read_responses(last - first))
    return statuses


def test_a_flood_of_clients_is_limited_and_known_ones_go_on(start_footfall, write_settings):
    path = write_settings(f"store = memory:\n[defaults]\nrate = {DEPTH}/3600s\n")
    footfall = start_footfall(
        "--config", path, "--trusted-proxy", "127.0.0.0/8", "--max-rate-clients", KEPT, workers=2
    )
    footfall.wait_ready()

    def request_of(number):
        network = f"2001:db8:{number >> 16:x}:{number & 0xffff:x}::1"
        return request(target="/hit/space/key", fields=[f"X-Forwarded-For: {network}"])

    assert flood(footfall.address, DEPTH, request_of) == {200: DEPTH}
    before = resident_bytes(footfall)
    statuses = flood(footfall.address, FLOOD, request_of)
    assert set(statuses) == {200, 429}
    assert KEPT <= statuses[200] <= 8 * KEPT
    assert resident_bytes(footfall) < before + SLACK_BYTES
    assert flood(footfall.address, DEPTH, request_of) == {200: DEPTH}
    assert visit(footfall.address)


@pytest.fixture(params=[("memory", 0), ("lmdb", 2), ("redis", 2)], ids=["memory", "lmdb", "redis"])
def limited(request, start_footfall, write_settings, folder):
    """(footfall, by how many the limits may be passed)"""
    name, workers = request.param
    store = make_store(name, folder, request)
    path = write_settings(
        f"store = {store.url}\n[defaults]\nrate = off\nkeys_max = {KEPT}\n"
        f"[namespace other]\nkeys_max = 0\n"
    )
    footfall = start_footfall("--config", path, "--max-counters", 2 * KEPT, workers=workers)
    footfall.wait_ready()
    return footfall, DEPTH if name == "redis" else 0


@pytest.mark.parametrize("target", ["/hit/flood/key-{}", "/create/flood/key-{}", "/hit/flood-{}/key"])
def test_a_flood_of_keys_or_namespaces_ends_at_the_limit(limited, target):
    footfall, passed = limited
    kept = KEPT if "flood/" in target else 2 * KEPT - 1
    api = Api(footfall.address)
    assert api.hit("other/known") == 1
    assert flood(footfall.address, DEPTH, lambda _: request(target="/hit/other/known")) == {
        200: DEPTH
    }
    before = resident_bytes(footfall)
    statuses = flood(footfall.address, FLOOD, lambda number: request(target=target.format(number)))
    made = statuses[201 if "create" in target else 200]
    assert made + statuses[507] == FLOOD
    assert kept <= made <= kept + passed
    assert resident_bytes(footfall) < before + SLACK_BYTES
    assert api.hit("other/known") == DEPTH + 2
    first = target.format(0).replace("create", "hit")
    assert api.call(first).status == 200
    assert api.call(target.format("new")).status == 507
    if kept == KEPT:
        assert api.hit("other/new") == 1
    eventually(lambda: api.call("/stats")["total_keys"] >= made + 1, "all are numbered")
    assert visit(footfall.address)
