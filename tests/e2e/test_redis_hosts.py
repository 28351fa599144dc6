"""Two hosts, a footfall on each, and their one Redis on a third: what cut cables, dropped packets
and forgotten connections do to the count. The hosts are network namespaces.

A visit that waits for a dead path is not lost: TCP gives the path up after half the store timeout,
the link is made anew and the batch is sent again, and it counts once.
"""

import contextlib
import time

import pytest

from http_client import Client, request, visit
from load import Load, many
from network_namespaces import NamespacesRefused, Network, RedisInTheMiddle
from waiting import PATIENCE_S, SANITIZED, eventually, scaled

#: How long a host is cut off where it is to notice.
OUTAGE_S = scaled(10, 0.3)

#: Within so long after that it counts again.
BACK_S = 5.0

#: Of the tests that nobody is to notice: a part of it is to be outlasted, on a busy machine too.
LONG_TIMEOUT_S = 12.0 if SANITIZED else 6.0

#: Keepalive looks after an idle link: 10 s without a word, and then its questions.
IDLE_S = 30.0


@pytest.fixture
def network():
    with contextlib.ExitStack() as stack:
        try:
            network = stack.enter_context(Network("left", "right"))
        except NamespacesRefused as reason:
            pytest.skip(f"no network namespaces: {reason}")
        yield network


class Site:
    """A footfall on a host of its own. It serves the test by a unix socket."""

    def __init__(self, network, name, start_footfall, folder, redis, timeout_s):
        self.network = network
        self.host = network[name]
        self.timeout_s = timeout_s
        self.footfall = start_footfall(
            "--listen", f"unix:{folder}/{name}.sock", "--store-timeout", timeout_s,
            store=redis, workers=2, prefix=self.host.prefix,
        )
        self.address = self.footfall.address
        self.wait_links_up(1)

    def wait_links_up(self, times, timeout=PATIENCE_S):
        """Waits until the link of each worker has come up so many times."""
        for slot in ("0", "1"):
            self.footfall.wait_for_log("redis_link_up", times, timeout, slot=slot)

    def wait_links_down(self, timeout=PATIENCE_S):
        """Waits until the link of each worker has gone down."""
        for slot in ("0", "1"):
            self.footfall.wait_for_log("redis_link_down", 1, timeout, slot=slot)


@pytest.fixture
def redis(network, folder):
    """Hides the fixture of all tests: this one runs in the middle of the network."""
    server = RedisInTheMiddle(network, folder)
    yield server
    server.end()


@pytest.fixture
def start_site(network, redis, start_footfall, folder):
    """start_site("left", timeout_s=2): a Site."""
    return lambda name, timeout_s: Site(network, name, start_footfall, folder, redis, timeout_s)


def count_of(redis):
    return int(redis.command("GET", "counter") or 0)


def wait_every_worker_answers(load, workers, timeout):
    """Waits until each of these workers has answered with a number from now on."""
    seen = len(load.visits)
    missing = set(workers)

    def all_have():
        nonlocal seen
        new = load.visits[seen:]
        seen += len(new)
        missing.difference_update(one.pid for one in new)
        return not missing

    eventually(all_have, f"workers {workers} count again", timeout)


# ---- a host is cut off


@pytest.mark.once
@pytest.mark.parametrize("cut", ["cable_pulled", "interface_down"])
def test_a_host_that_is_cut_off_refuses_in_time_and_its_neighbour_does_not_notice(
    start_site, redis, cut
):
    left, right = start_site("left", 1), start_site("right", 1)
    with Load(left.address, 4) as on_left, Load(right.address, 4) as on_right:
        on_left.wait_answered(50)
        on_right.wait_answered(50)
        with getattr(left.host, cut)():
            end = time.monotonic() + OUTAGE_S
            on_left.wait_refused(4)
            while time.monotonic() < end:
                on_right.wait_answered(20)
                time.sleep(0.1)
        wait_every_worker_answers(on_left, left.footfall.workers(), BACK_S)
        on_left.wait_answered(50)
        on_right.wait_answered(50)
        record = on_left.stop() + on_right.stop()
    on_right.record.assert_all_answered()
    assert not record.failed, record.failed[:5]
    for refused in on_left.record.refused:
        assert refused.status == 503 and refused.retry_after, refused
        assert refused.took_s < left.timeout_s + 1.0, refused
    record.assert_consistent()
    record.assert_gaps_explained(1, count_of(redis))


@pytest.mark.parametrize("cut", ["cable_pulled", "interface_down"])
def test_an_outage_shorter_than_half_the_store_timeout_is_not_noticed(start_site, redis, cut):
    left, right = start_site("left", LONG_TIMEOUT_S), start_site("right", LONG_TIMEOUT_S)
    hang_s = LONG_TIMEOUT_S + 5.0
    with Load(left.address, 4, hang_s=hang_s) as on_left, Load(right.address, 4) as on_right:
        for _ in range(many(2)):
            on_left.wait_answered(50)
            on_right.wait_answered(50)
            with getattr(left.host, cut)():
                time.sleep(1)
            # Each link has recovered, or the next outage would be a part of the same one to it.
            on_left.wait_each_answered(5)
        record = on_left.stop() + on_right.stop()
    record.assert_counted_right()
    assert count_of(redis) == len(record.answered)


# ---- a path that has gone, which nobody was told


@pytest.mark.parametrize("loss", ["path_silent", "answers_lost"])
def test_a_visit_sent_into_a_dead_path_is_sent_again_and_counts_once(start_site, redis, loss):
    left = start_site("left", LONG_TIMEOUT_S)
    assert [visit(left.address)[0] for _ in range(2)] == [1, 2]
    with Client(left.address) as client:
        with getattr(left.host, loss)():
            client.send(request())
            if loss == "answers_lost":
                eventually(lambda: count_of(redis) == 3, "Redis has counted the visit")
            left.footfall.wait_for_log("redis_link_down", timeout=LONG_TIMEOUT_S)
            assert count_of(redis) == (3 if loss == "answers_lost" else 2)
        response = client.read_response()
        assert response.status == 200, response
        assert response.number == 3
        assert count_of(redis) == 3
    assert [visit(left.address)[0] for _ in range(2)] == [4, 5]


def forget_links_of(site):
    """Redis' host forgets its links with this one, which learns nothing of that."""
    site.network.wait_silent(site.host)  # else a late acknowledgement finds out
    with site.host.cable_pulled():
        try:
            assert site.network.forget_connections_of(site.host) >= 2
        except NamespacesRefused as reason:
            pytest.skip(str(reason))
    assert not site.footfall.events("redis_link_down")


def test_a_link_that_redis_has_forgotten_is_made_anew_by_the_next_visit(start_site, redis):
    left = start_site("left", LONG_TIMEOUT_S)
    assert [visit(left.address)[0] for _ in range(2)] == [1, 2]
    forget_links_of(left)
    assert [visit(left.address)[0] for _ in range(2)] == [3, 4]  # the one worker, and the other
    left.wait_links_down()
    assert [visit(left.address)[0] for _ in range(2)] == [5, 6]
    assert count_of(redis) == 6


@pytest.mark.once
def test_an_idle_link_that_is_dead_is_noticed_without_a_visit(start_site, redis):
    left, right = start_site("left", 2), start_site("right", 2)
    assert [visit(site.address)[0] for site in (left, right) * 2] == [1, 2, 3, 4]
    forget_links_of(left)
    with right.host.path_silent():
        left.wait_links_down(IDLE_S)
        right.wait_links_down(IDLE_S)
    left.wait_links_up(2)
    right.wait_links_up(2)
    assert [visit(site.address)[0] for site in (left, right) * 2] == [5, 6, 7, 8]
    assert count_of(redis) == 8
