"""Whose a visit is behind HAProxy and nginx: by a PROXY header, and by the fields of examples/."""

import os

import pytest

from balancers import HAProxy, Nginx, TcpHAProxy, own_host, own_port
from http_client import Client, request, visit
from operators import metrics
from proxy_protocol import Refusals
from waiting import eventually

CHECKS = {"connect": "", "request": "option httpchk OPTIONS /"}


def visit_from(host, address, fields=()):
    """The number of a visit that comes from this loop-back address."""
    with Client(address, source=host) as client:
        client.send(request(fields=fields))
        return client.read_response().number


@pytest.fixture
def end_later():
    balancers = []
    yield balancers.append
    for balancer in balancers:
        balancer.end()


@pytest.mark.skipif(HAProxy.program is None, reason="haproxy is not installed")
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("sends", ["send-proxy", "send-proxy-v2",
                                   "send-proxy-v2 proxy-v2-options crc32c,unique-id"])
def test_haproxy_names_visitors_in_a_header(sends, check, start_footfall, folder, end_later):
    footfall = start_footfall(
        "--listen", "127.0.0.1:0,proxy", "--listen", "127.0.0.1:0", "--log-level", "debug",
        store="memory:", workers=1,
    )
    refusals = Refusals(footfall, metrics)
    balancer = TcpHAProxy(folder, footfall.address, sends, CHECKS[check])
    end_later(balancer)
    eventually(lambda: balancer.states() == {"one": "UP"}, "HAProxy finds it well")
    for number in range(1, 4):
        host = own_host()
        assert visit_from(host, balancer.address) == number
        footfall.wait_for_log("client_named", by="PROXY", peer="127.0.0.1", client=host)
    checks = len(footfall.events("client_named"))
    eventually(lambda: _connections(footfall) > checks + 10, "it is checked more often")
    assert balancer.states() == {"one": "UP"}
    assert refusals() == {}  # no check is one
    assert visit(footfall.addresses[1])[0] == 4  # nor counts


def _connections(footfall):
    return sum(
        value for (name, _), value in metrics(footfall).items()
        if name == "footfall_connections_total"
    )


@pytest.mark.parametrize("kind", [HAProxy, Nginx])
def test_the_examples_name_visitors_in_a_field(kind, start_footfall, folder, redis, end_later):
    if kind.program is None:
        pytest.skip(f"{kind.__name__.lower()} is not installed")
    hosts, port = [own_host(), own_host()], own_port()
    footfalls = [
        start_footfall(
            "--listen", f"{host}:{port}", "--admin", f"{host}:{port + 1}", "--log-level", "debug",
            "--trusted-proxy", "127.0.0.1", store=redis.url, workers=1,
        )
        for host in hosts
    ]
    for footfall in footfalls:
        footfall.wait_for_log("redis_link_up")
    os.mkdir(f"{folder}/balancer")
    balancer = kind(f"{folder}/balancer", hosts, port, port + 1)
    end_later(balancer)
    forged = ["X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.7"]
    for number, fields in enumerate(([], forged[:1], forged[1:], forged), 1):
        host = own_host()
        assert visit_from(host, balancer.address, fields) == number
        eventually(
            lambda: any(
                footfall.events("client_named", by="X-Forwarded-For", client=host)
                for footfall in footfalls
            ),
            "it is named",
        )
    for footfall in footfalls:
        assert "6.6.6." not in footfall.log_text()
