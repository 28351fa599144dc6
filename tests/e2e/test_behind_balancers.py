"""Two footfalls on one Redis behind HAProxy and behind nginx, by the files in examples/: what dies
behind them costs visitors next to nothing, and no number is told twice."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from balancers import HAProxy, Nginx, own_host, own_port
from http_client import ask, visit
from load import Load, many
from operators import metrics, total
from tcp_proxy import TcpProxy
from waiting import PATIENCE_S, eventually

CLIENTS = 8


class Site:
    """Two footfalls and a balancer in front of them."""

    def __init__(self, kind, folder, start_footfall):
        self.kind = kind
        self.folder = os.path.join(folder, "balancer")
        os.mkdir(self.folder)
        self.start_footfall = start_footfall
        self.hosts = [own_host(), own_host()]
        self.port = own_port()
        self.admin_port = self.port + 1
        self.urls = [None, None]
        self.footfalls = [None, None]
        self.balancer = None

    def start(self, first_url, second_url=None, changes=None):
        self.urls = [first_url, second_url or first_url]
        for which in range(2):
            self.start_one(which)
            self.footfalls[which].wait_for_log("redis_link_up", count=2)
        self.balancer = self.kind(
            self.folder, self.hosts, self.port, self.admin_port, changes
        )
        return self

    def start_one(self, which):
        """The first (0) or the second (1), at its own address, whether or not there was one."""
        host = self.hosts[which]
        self.footfalls[which] = self.start_footfall(
            "--listen", f"{host}:{self.port}", "--admin", f"{host}:{self.admin_port}",
            store=self.urls[which], workers=2, own_group=True,
        )

    def kill_everything(self, which):
        """Master and workers at one instant, so that what was under way is one visit of a client."""
        os.killpg(self.footfalls[which].pid, signal.SIGKILL)
        self.footfalls[which].wait()

    @property
    def address(self):
        return self.balancer.address

    def wait_state(self, which, state):
        """HAProxy's view; nginx has none to show."""
        if isinstance(self.balancer, HAProxy):
            name = ("one", "two")[which]
            eventually(
                lambda: self.balancer.states()[name] == state, f"{name} is {state} for HAProxy"
            )

    def wait_served_by(self, load, which):
        """Visitors come to this footfall."""
        pids = set(self.footfalls[which].workers())

        def comes():
            load.wait_answered(1)
            return any(seen.pid in pids for seen in load.visits[-100:])

        eventually(comes, f"{self.footfalls[which]} gets visitors")


@pytest.fixture(params=[HAProxy, Nginx], ids=["haproxy", "nginx"])
def site(request, folder, start_footfall):
    if request.param.program is None:
        pytest.skip(f"{request.param.__name__.lower()} is not installed")
    site = Site(request.param, folder, start_footfall)
    yield site
    if site.balancer is not None:
        site.balancer.end()


def assert_next_to_nothing_lost(record, redis, deaths=1, lost_most=0):
    """No number twice, and numbers are missing for what was under way at a death at most; `lost_most`
    visits got none."""
    record.assert_consistent()
    lost = record.failed + record.refused
    assert len(lost) <= lost_most, lost
    last = int(redis.command("GET", "counter"))
    assert max(record.numbers) <= last
    missing = last - len(record.answered)
    print(f"{len(record.visits)} visits, {len(lost)} of them lost, {missing} numbers missing")
    assert 0 <= missing <= deaths * CLIENTS, "more numbers are missing than were under way"


@pytest.mark.parametrize("each_connection", [None, 1], ids=["kept", "new"])
def test_every_visit_is_counted_and_both_footfalls_count(site, redis, each_connection):
    site.start(redis.url)
    load = Load(site.address, CLIENTS, many(60), each_connection=each_connection)
    with load:
        load.finish()
    record = load.record
    record.assert_counted_right()
    assert int(redis.command("GET", "counter")) == len(record.answered) == CLIENTS * many(60)
    for footfall in site.footfalls:
        served = [seen for seen in record.answered if seen.pid in footfall.workers()]
        assert len(served) > len(record.answered) / 4, "the balancer does not share them out"
        # The balancer keeps its connections, also where visitors do not.
        samples = metrics(footfall, address=(footfall.address[0], site.admin_port))
        connections = total(samples, "footfall_connections_total")
        print(f"{connections:g} connections of the balancer to {footfall}")
        assert connections <= 4 * CLIENTS


@pytest.mark.parametrize("what", ["master", "everything"])
def test_a_killed_footfall_costs_no_visit_and_comes_back(site, redis, what):
    site.start(redis.url)
    with Load(site.address, CLIENTS) as load:
        for which in range(2):
            site.wait_served_by(load, which)
            load.wait_each_answered(20)
            dead = site.footfalls[which]
            if what == "master":
                os.kill(dead.pid, signal.SIGKILL)
            else:
                site.kill_everything(which)
            load.wait_each_answered(20)
            site.wait_state(which, "DOWN")
            dead.wait_family_gone()
            load.wait_each_answered(20)
            site.start_one(which)
            site.wait_served_by(load, which)
            site.wait_state(which, "UP")
            load.wait_each_answered(20)
        record = load.stop()
    assert_next_to_nothing_lost(record, redis, deaths=2)


@pytest.mark.parametrize("site", [HAProxy], ids=["haproxy"], indirect=True)
def test_without_a_second_try_a_few_visits_fail(site, redis):
    once = {"retry-on conn-failure empty-response": "retry-on conn-failure"}
    site.start(redis.url, changes=once)
    with Load(site.address, CLIENTS) as load:
        site.wait_served_by(load, 0)
        load.wait_each_answered(20)
        site.kill_everything(0)
        load.wait_each_answered(20)
        record = load.stop()
    # What was under way, and once more what went out on a connection before its end was noticed.
    assert_next_to_nothing_lost(record, redis, lost_most=2 * CLIENTS)
    record.assert_gaps_explained(1, int(redis.command("GET", "counter")))


def test_a_footfall_that_cannot_reach_redis_gets_no_visitors(site, redis):
    with TcpProxy(("127.0.0.1", redis.port)) as way:
        site.start(redis.url, f"redis://127.0.0.1:{way.port}")
        with Load(site.address, CLIENTS) as load:
            site.wait_served_by(load, 1)
            way.passes = False
            way.cut()
            load.wait_each_answered(50)
            site.wait_state(1, "DOWN")
            if isinstance(site.balancer, HAProxy):
                assert site.balancer.states() == {"one": "UP", "two": "DOWN"}
            way.passes = True
            site.wait_state(1, "UP")
            site.wait_served_by(load, 1)
            record = load.stop()
    # HAProxy passes a 503 on, but only what had been sent before it noticed gets one.
    lost_most = CLIENTS if isinstance(site.balancer, HAProxy) else 0
    assert_next_to_nothing_lost(record, redis, lost_most=lost_most)


def test_the_lines_for_tls_are_right(site, redis, folder):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", key, "-out", certificate],
        capture_output=True, timeout=PATIENCE_S, check=True,
    )
    host, port = own_host(), own_port()
    site.start(redis.url, changes=site.kind.tls_changes(f"{host}:{port}", certificate, key, folder))
    said = subprocess.run(
        ["curl", "--silent", "--show-error", "--cacert", certificate, "--noproxy", "*",
         "--connect-to", f"localhost:443:{host}:{port}", "--write-out", "%{http_version}",
         "https://localhost/", "https://localhost/"],
        capture_output=True, text=True, timeout=PATIENCE_S, check=True,
    ).stdout
    assert re.fullmatch(r'\{"counter":1,"pid":\d+\}2\{"counter":2,"pid":\d+\}2', said), said


def test_without_redis_visitors_are_refused_and_then_counted_on(site, start_redis):
    redis = start_redis(appendonly="yes", appendfsync="always")
    site.start(redis.url)
    assert [visit(site.address)[0] for _ in range(3)] == [1, 2, 3]
    redis.stop()
    site.wait_state(0, "DOWN")
    site.wait_state(1, "DOWN")
    refused = ask(site.address)
    assert refused.status in (502, 503), refused.status
    redis.start()
    eventually(lambda: ask(site.address).status == 200, "it counts again")
    number = visit(site.address)[0]
    assert 5 <= number <= int(redis.command("GET", "counter"))


def test_an_operators_day_under_load_costs_no_visit(site, redis, run_footfall):
    """Reload, upgrade, scale, and one that is killed and comes back."""
    site.start(redis.url)

    def do(which, *words):
        place = f"{site.hosts[which]}:{site.admin_port}"
        outcome = run_footfall(*words, "--admin", place, timeout=60)
        assert (outcome.exit_status, outcome.log) == (0, ""), outcome

    with Load(site.address, CLIENTS) as load:
        load.wait_answered(20)
        do(0, "reload")
        load.wait_answered(20)
        do(1, "upgrade")
        load.wait_answered(20)
        do(0, "scale", "3")
        load.wait_answered(20)
        site.wait_state(1, "UP")
        site.kill_everything(0)
        load.wait_answered(20)
        site.start_one(0)
        site.wait_state(0, "UP")
        site.wait_served_by(load, 0)
        do(0, "scale", "1")
        load.wait_answered(20)
        record = load.stop()
    assert_next_to_nothing_lost(record, redis)
    do(1, "stop")
