"""Listeners with ,proxy: each connection begins with a PROXY header, which says whose it is."""

import contextlib
import os

import pytest

from forms import BALANCED, EACH_FORM
from http_client import Client, ConnectionEnded, counts_exactly, request, visit
from operators import metrics
from proxy_protocol import (
    LOCAL, SIGNATURE, TLVS, UNKNOWN, Refusals, binary_header, text_header, tlv,
)
from waiting import PATIENCE_S, SANITIZED, eventually

pytestmark = BALANCED

HEADERS = {
    "text": (text_header("192.0.2.1"), "192.0.2.1"),
    "text_v6": (text_header("2001:db8::1"), "2001:db8::1"),
    "binary": (binary_header("192.0.2.1"), "192.0.2.1"),
    "binary_v6": (binary_header("2001:db8::1"), "2001:db8::1"),
    "binary_tlvs": (binary_header("192.0.2.1", tlvs=TLVS), "192.0.2.1"),
    "binary_longest": (binary_header("192.0.2.1", tlvs=tlv(4, b"x" * 4065)), "192.0.2.1"),
}
#: Nobody is named: the client is whoever has connected.
NAMELESS = {
    "unknown": UNKNOWN,
    "unknown_more": b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n",
    "unspec": binary_header(),
    "local": binary_header(command=LOCAL),
    "local_with_more": binary_header("192.0.2.1", command=LOCAL, tlvs=TLVS),
}
SHORT = ("text", "binary_tlvs", "unknown", "local")

#: What a connection is closed for, and the reason that is counted.
WRONG = {
    "request": (request(), "absent"),
    "two_empty_lines": (b"\r\n\r\n" + request(), "absent"),
    "tls": (b"\x16\x03\x01\x02\x00", "absent"),
    "lower_case": (text_header("192.0.2.1").lower() + request(), "absent"),
    "twice_a_space": (b"PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + request(), "malformed"),
    "port": (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n" + request(), "malformed"),
    "wrong_family": (b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n" + request(), "malformed"),
    "bare_lf": (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n" + request(), "malformed"),
    "line_too_long": (b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n" + request(), "too_long"),
    "version": (SIGNATURE + b"\x31\x11\0\x0c" + b"\0" * 12 + request(), "malformed"),
    "command": (SIGNATURE + b"\x22\x11\0\x0c" + b"\0" * 12 + request(), "malformed"),
    "family": (SIGNATURE + b"\x21\x41\0\x0c" + b"\0" * 12 + request(), "malformed"),
    "length_short": (SIGNATURE + b"\x21\x11\0\x0b" + b"\0" * 12 + request(), "malformed"),
    "length_long": (SIGNATURE + b"\x21\x11\x0f\xf1" + b"\0" * 4081 + request(), "too_long"),
}


class Site:
    """A footfall with a plain listener and two proxied ones."""

    def __init__(self, footfall, path):
        self.footfall = footfall
        self.plain, self.proxied = footfall.addresses[:2]
        self.proxied_path = path

    def refusals(self):
        return Refusals(self.footfall, metrics)

    def client_named(self, client):
        return self.footfall.wait_for_log("client_named", by="PROXY", client=client)


def start(start_footfall, *options, workers=1, store="memory:"):
    path = os.path.join(start_footfall.folder, f"proxied{len(start_footfall.started)}")
    footfall = start_footfall(
        "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0,proxy", "--listen", f"unix:{path},proxy",
        "--log-level", "debug", *options, store=store, workers=workers,
    )
    return Site(footfall, path)


@pytest.fixture(scope="module")
def site(start_footfall_for_module):
    return start(start_footfall_for_module)


def assert_closed_unanswered(client):
    """An end or a reset, and not one byte."""
    with contextlib.suppress(ConnectionEnded):
        assert client.read_to_end() == b""
    assert client._received == b""


# ---- right ones


@EACH_FORM
def test_the_client_is_whom_the_header_names(workers, start_footfall, shared_store):
    site = start(start_footfall, workers=workers, store=shared_store)
    assert site.footfall.listeners == [
        f"http://127.0.0.1:{site.plain[1]}", f"http://127.0.0.1:{site.proxied[1]}",
        f"unix:{site.proxied_path}",
    ]
    number = 0
    for header, client_address in HEADERS.values():
        for address in (site.proxied, site.proxied_path):
            with Client(address) as client:
                client.send(header + request())
                number += 1
                assert client.read_response().number == number
                assert client.visit()[0] == number + 1  # the header is before the first one only
                number += 1
        site.client_named(client_address)
    line = site.footfall.events("client_named", by="PROXY", client="192.0.2.1")[0]
    assert line.fields["peer"] == "127.0.0.1"
    assert visit(site.plain)[0] == number + 1


@pytest.mark.parametrize("name", NAMELESS)
def test_a_header_that_names_nobody_leaves_the_peer(name, site):
    before = len(site.footfall.events("client_named"))
    with counts_exactly(site.plain, 2), Client(site.proxied) as client:
        client.send(NAMELESS[name] + request() * 2)
        assert [response.status for response in client.read_responses(2)] == [200, 200]
    assert len(site.footfall.events("client_named")) == before


@pytest.mark.parametrize("name", SHORT)
def test_header_and_request_may_be_cut_anywhere(name, site):
    stream = {**{n: h for n, (h, _) in HEADERS.items()}, **NAMELESS}[name] + request()
    refusals = site.refusals()
    cuts = range(1, len(stream), 5 if SANITIZED else 1)
    with counts_exactly(site.plain, len(cuts)):
        for cut in cuts:
            with Client(site.proxied_path) as client:
                client.send_and_see_it_read(stream[:cut])
                client.send(stream[cut:])
                assert client.read_response().visit
    assert refusals() == {}


@pytest.mark.parametrize("name", ["text", "binary_tlvs"])
def test_header_and_request_may_come_byte_by_byte(name, site):
    header = HEADERS[name][0]
    with counts_exactly(site.plain, 3), Client(site.proxied_path) as client:
        for byte in header + request():
            client.send_and_see_it_read(bytes([byte]))
        assert client.read_response().visit
        client.send(request() * 2)
        assert [response.status for response in client.read_responses(2)] == [200, 200]


def test_a_long_pipeline_may_follow_at_once(site):
    with counts_exactly(site.plain, 100), Client(site.proxied) as client:
        client.send(HEADERS["binary"][0] + request() * 100)
        numbers = [response.number for response in client.read_responses(100)]
        assert numbers == list(range(numbers[0], numbers[0] + 100))


def test_a_bad_request_behind_the_header_is_answered_as_ever(site):
    with counts_exactly(site.plain, 0), Client(site.proxied) as client:
        client.send(HEADERS["text"][0] + b"GET / HTTP/1.1\r\n\r\n")
        response = client.read_response()
        assert response.status == 400 and response.closes
        client.assert_closed(timeout=3)
    with counts_exactly(site.plain, 0), Client(site.proxied) as client:
        client.send(HEADERS["text"][0] * 2 + request())
        assert client.read_response().status == 400  # the second is a request, and none


# ---- wrong ones


@pytest.mark.parametrize("name", WRONG)
def test_without_a_right_header_it_is_closed_unanswered(name, site):
    sent, reason = WRONG[name]
    refusals = site.refusals()
    with counts_exactly(site.plain, 0), Client(site.proxied) as client:
        with contextlib.suppress(ConnectionError):
            client.send(sent)
        assert_closed_unanswered(client)
    assert refusals() == {reason: 1}
    line = site.footfall.wait_for_log("proxy_header_refused", reason=reason)
    assert line.level == "debug" and line.fields["peer"] == "127.0.0.1"


@pytest.mark.parametrize("header", [text_header("192.0.2.1"), UNKNOWN, binary_header("192.0.2.1")])
def test_a_header_where_none_is_asked_for_is_a_malformed_request(header, site):
    refusals = site.refusals()
    with counts_exactly(site.plain, 0), Client(site.plain) as client:
        client.send(header + request())
        response = client.read_response()
        assert response.status == 400 and response.closes
    assert refusals() == {}


@pytest.mark.parametrize("end", ["shut", "reset"])
@pytest.mark.parametrize("name", ["text", "binary"])
def test_one_that_is_cut_by_the_end_is_refused(name, end, site):
    header = HEADERS[name][0]
    refusals = site.refusals()
    cuts = [1, 5, len(header) // 2, len(header) - 1]
    for cut in cuts:
        with Client(site.proxied_path if end == "shut" else site.proxied) as client:
            if end == "shut":
                client.send(header[:cut])
                client.shut_write()
                assert_closed_unanswered(client)
            else:
                client.send(header[:cut])
                client.reset()
    if end == "shut":
        eventually(lambda: refusals() == {"cut": len(cuts)}, "each is counted as cut")
    else:  # what a reset overtakes was never here
        assert set(refusals()) <= {"cut"}


@EACH_FORM
def test_one_that_is_late_is_refused(workers, start_footfall):
    site = start(start_footfall, "--header-timeout", 0.5, "--idle-timeout", 60, workers=workers)
    refusals = site.refusals()
    for beginning in (b"", b"P", HEADERS["text"][0][:-1], HEADERS["binary"][0][:14]):
        with Client(site.proxied) as client:
            client.send(beginning)
            assert_closed_unanswered(client)
    assert refusals() == {"late": 4}
    with Client(site.proxied) as client:  # dripping buys no time
        with contextlib.suppress(ConnectionError):
            client.send(b"PROXY UNKNOWN ")
            for _ in range(90):
                if not client.is_silent(0.1):
                    break
                client.send(b"x")
        assert client._received == b""
    assert refusals() == {"late": 5}


# ---- no trouble


def test_who_connects_and_closes_again_is_refused_nothing(site):
    refusals = site.refusals()
    for address in (site.proxied, site.proxied_path):
        Client(address).close()
        with Client(address) as client:
            client.shut_write()
            assert_closed_unanswered(client)
        with Client(address) as client:
            client.send(binary_header(command=LOCAL))
            client.shut_write()
            assert_closed_unanswered(client)
        with Client(address) as client:
            client.send(binary_header(command=LOCAL))
            client.reset()
    with Client(site.proxied) as client:
        client.reset()
    assert visit(site.plain)
    assert refusals() == {}


@EACH_FORM
def test_a_stop_waits_for_no_header_that_has_not_begun(workers, start_footfall):
    site = start(
        start_footfall, "--header-timeout", 0, "--drain-timeout", 3 * PATIENCE_S, workers=workers
    )
    with Client(site.proxied) as silent, Client(site.proxied) as served:
        served.send(HEADERS["text"][0] + request())
        assert served.read_response().visit
        site.footfall.send_signal(15)
        assert_closed_unanswered(silent)
        served.assert_closed()
        assert site.footfall.wait() == 0


def test_a_header_that_begins_in_a_stop_has_its_time(start_footfall):
    site = start(
        start_footfall, "--drain-timeout", 3 * PATIENCE_S, "--header-timeout", PATIENCE_S,
        workers=0,
    )
    with Client(site.proxied_path) as client:
        site.footfall.send_signal(15)
        site.footfall.wait_for_log("stopping")
        with contextlib.suppress(ConnectionEnded, OSError):  # it may be closed before its first byte
            client.send(HEADERS["text"][0][:1])
            client.is_silent(1.5)
            client.send(HEADERS["text"][0][1:] + request())
            assert client.read_response().closes
    assert site.footfall.wait() == 0
    assert site.footfall.events("proxy_header_refused") == []


def test_a_stop_lets_a_header_and_its_visit_come(start_footfall):
    # One process: when it has said so it drains, which a worker learns a little later.
    site = start(start_footfall, "--drain-timeout", 3 * PATIENCE_S, workers=0)
    with Client(site.proxied_path) as client:
        client.send_and_see_it_read(HEADERS["text"][0][:-1])
        site.footfall.send_signal(15)
        site.footfall.wait_for_log("stopping")
        client.send(HEADERS["text"][0][-1:] + request())
        response = client.read_response()
        assert response.visit and response.closes
        client.assert_closed()
    assert site.footfall.wait() == 0
