"""The table of requests and replies: what is counted, what is not, and with which fields."""

import datetime
import email.utils
import re
import time

import pytest

from api_client import CORS
from http_client import Client, ask, chunked, counts_exactly, request

ALLOW = "GET, HEAD, POST, OPTIONS"
ERROR_FIELDS = {"date", "content-type", "cache-control", "content-length", *CORS}


def assert_error(response, status, more_fields=()):
    assert response.status == status, response
    assert response.error
    assert response.headers["content-type"] == "application/json"
    assert set(response.headers) == ERROR_FIELDS | set(more_fields)


def all_that_comes(client):
    client.shut_write()
    return client.read_to_end()


# ---- GET and POST


def test_get_counts_one_visit_and_says_so_in_json(server):
    with counts_exactly(server.address, 1):
        response = ask(server.address)
    assert response.status == 200
    assert re.fullmatch(rb'\{"counter":\d+,"pid":\d+\}', response.body)
    assert response.headers == {
        "date": response.headers["date"],
        "content-type": "application/json",
        "cache-control": "no-store",
        "content-length": str(len(response.body)),
    }


def test_the_pid_is_the_one_of_the_worker(server):
    assert [ask(server.address).pid] == server.workers()


@pytest.mark.parametrize("target", ["/?", "/?a=b", "/?x=%20&y=/z?", "/?" + "q" * 1000])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_query_does_not_matter(method, target, server):
    with counts_exactly(server.address, 1):
        assert ask(server.address, method, target).visit


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "PUT"])
@pytest.mark.parametrize(
    "sent",
    [
        ("Content-Length: 5", b"hello"),
        ("Content-Length: 0", b""),
        ("Content-Length: 0005", b"hello"),
        ("Transfer-Encoding: chunked", chunked(b"hello", b" " * 300)),
        ("Transfer-Encoding: chunked", chunked(b"hello", trailers=("Checksum: 1", "Other: 2"))),
        ("Transfer-Encoding: chunked", chunked()),
        ("transfer-encoding:CHUNKED", chunked(b"hello", extension=';a=b; c="d;\\"e"')),
        ("Content-Length: 48", b"GET / HTTP/1.1\r\nHost: inside.example\r\n\r\n01234567"),
    ],
    ids=["length", "empty", "zeros", "chunked", "trailers", "no_chunk", "extension", "request"],
)
def test_a_body_is_read_and_ignored(method, sent, server):
    field, body = sent
    counted = method in ("GET", "POST")
    with counts_exactly(server.address, 3 if counted else 1), Client(server.address) as client:
        for _ in range(2):
            client.send(request(method, fields=[field]) + body)
            status = client.read_response(method).status
            assert status == {"OPTIONS": 204, "PUT": 405}.get(method, 200)
        assert client.ask().visit  # the connection is still in step


def test_a_hit_is_counted_only_after_its_last_byte(server):
    whole = request("POST", fields=["Transfer-Encoding: chunked"]) + chunked(
        b"abc", trailers=("A: b",)
    )
    with Client(server.address) as client:
        client.send(whole[:-1])
        with counts_exactly(server.address, 0):
            pass
        client.send(whole[-1:])
        assert client.read_response().visit


# ---- what does not count


def test_head_has_the_fields_of_get_without_a_body_and_does_not_count(server):
    with counts_exactly(server.address, 0):
        with Client(server.address) as client:
            client.send(request("HEAD"))
            head, _, rest = all_that_comes(client).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert rest == b""
    assert b"Content-Type: application/json" in head
    assert b"Cache-Control: no-store" in head
    assert b"Date: " in head
    # The length of a number that nobody is given is not known (RFC 9110 9.3.2).
    assert b"Content-Length" not in head


def test_head_leaves_the_connection_in_step(server):
    with counts_exactly(server.address, 1), Client(server.address) as client:
        client.send(request("HEAD") + request("HEAD", "/nothing") + request("GET"))
        raw = all_that_comes(client)
    first, second, third = re.split(rb"(?<=\r\n\r\n)(?=HTTP)", raw)
    assert first.startswith(b"HTTP/1.1 200 ") and first.endswith(b"\r\n\r\n")
    assert second.startswith(b"HTTP/1.1 404 ") and second.endswith(b"\r\n\r\n")
    assert third.startswith(b"HTTP/1.1 200 ") and b'{"counter":' in third


@pytest.mark.parametrize("target", ["/", "/?a=b", "*", "http://example.org", "http://example.org/"])
def test_options_is_204_with_allow_and_does_not_count(target, server):
    with counts_exactly(server.address, 0):
        response = ask(server.address, "OPTIONS", target)
    assert response.status == 204
    assert response.headers == {
        "date": response.headers["date"],
        "cache-control": "no-store",
        "allow": ALLOW,
    }
    assert response.body == b""


@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "get", "GETX", "X" * 300, "M-SEARCH"]
)
def test_another_method_on_a_known_path_is_405_with_allow(method, server):
    with counts_exactly(server.address, 0), Client(server.address) as client:
        response = client.ask(method)
        assert_error(response, 405, ["allow"])
        assert response.headers["allow"] == ALLOW
        assert client.ask("OPTIONS").status == 204  # and the connection stays


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS", "FOO"])
@pytest.mark.parametrize(
    "target",
    ["/favicon.ico", "/robots.txt", "/index.html", "//", "/.", "/..", "/%2f", "/a?/", "/a/b"],
)
def test_an_unknown_path_is_404_whatever_the_method(method, target, server):
    with counts_exactly(server.address, 0), Client(server.address) as client:
        assert_error(client.ask(method, target), 404)
        assert client.ask("OPTIONS").status == 204


def test_connect_is_no_path_that_we_know(server):
    with counts_exactly(server.address, 0):
        assert ask(server.address, "CONNECT", "example.org:443").status == 404


# ---- forms of the target


@pytest.mark.parametrize(
    "target",
    [
        "http://example.org/",
        "http://example.org",
        "http://example.org?a=b",
        "HTTP://EXAMPLE.ORG:80/?a=b",
        "https://[::1]:8443/",
        "http://other.example:9/",
    ],
)
def test_the_absolute_form_is_served_by_its_path(target, server):
    with counts_exactly(server.address, 1):
        assert ask(server.address, "GET", target, host="example.org").visit


def test_the_absolute_form_of_an_unknown_path_is_404(server):
    with counts_exactly(server.address, 0):
        assert_error(ask(server.address, "GET", "http://example.org/nothing"), 404)


# ---- versions and persistence


def test_http_1_1_keeps_the_connection(server):
    with counts_exactly(server.address, 5), Client(server.address) as client:
        for _ in range(5):
            response = client.ask()
            assert response.visit
            assert "connection" not in response.headers


@pytest.mark.parametrize("value", ["close", "Close", "keep-alive, close", "x-other,close"])
def test_connection_close_is_answered_and_done(value, server):
    with counts_exactly(server.address, 1), Client(server.address) as client:
        response = client.ask(fields=[f"Connection: {value}"])
        assert response.visit
        assert response.closes
        client.assert_closed(timeout=3)


@pytest.mark.parametrize("host", [None, "example.org"])
def test_http_1_0_is_answered_and_closed(host, server):
    with counts_exactly(server.address, 1), Client(server.address) as client:
        response = client.ask(version="HTTP/1.0", host=host)
        assert response.visit
        assert response.closes
        client.assert_closed(timeout=3)


def test_http_1_0_with_keep_alive_stays_and_is_told_so(server):
    with counts_exactly(server.address, 2), Client(server.address) as client:
        for _ in range(2):
            response = client.ask(version="HTTP/1.0", host=None, fields=["Connection: Keep-Alive"])
            assert response.visit
            assert response.headers["connection"] == "keep-alive"
        response = client.ask("PUT", version="HTTP/1.0", host=None)
        assert response.status == 405
        assert response.closes
        client.assert_closed(timeout=3)


@pytest.mark.parametrize("minor", range(1, 10))
def test_a_higher_minor_version_is_spoken_to_as_1_1(minor, server):
    with counts_exactly(server.address, 2), Client(server.address) as client:
        for _ in range(2):
            assert client.ask(version=f"HTTP/1.{minor}").visit


def test_up_to_two_empty_lines_before_a_request_are_overlooked(server):
    with counts_exactly(server.address, 2), Client(server.address) as client:
        client.send(b"\r\n\r\n" + request())
        assert client.read_response().visit
        client.send(b"\r\n" + request())
        assert client.read_response().visit


# ---- Expect


def test_expect_100_continue_is_told_to_go_on(server):
    with counts_exactly(server.address, 1), Client(server.address) as client:
        client.send(request("POST", fields=["Expect: 100-continue", "Content-Length: 5"]))
        assert client.read_interim() == 100
        client.send(b"hello")
        response = client.read_response()
        assert response.visit and response.interim == []


def test_expect_100_continue_with_a_chunked_body(server):
    with counts_exactly(server.address, 1), Client(server.address) as client:
        client.send(request("POST", fields=["expect: 100-Continue", "Transfer-Encoding: chunked"]))
        assert client.read_interim() == 100
        client.send(chunked(b"hello"))
        assert client.read_response().visit


def test_who_sends_the_body_at_once_gets_a_final_answer(server):
    with counts_exactly(server.address, 2), Client(server.address) as client:
        for _ in range(2):
            client.send(request("POST", fields=["Expect: 100-continue"], body=b"hello"))
            response = client.read_response()
            assert response.visit and response.interim in ([], [100])


def test_expect_without_a_body_gets_no_100(server):
    with counts_exactly(server.address, 1), Client(server.address) as client:
        response = client.ask(fields=["Expect: 100-continue"])
        assert response.visit and response.interim == []


def test_expect_in_http_1_0_is_ignored(server):
    with counts_exactly(server.address, 1), Client(server.address) as client:
        client.send(
            request("POST", fields=["Expect: 100-continue"], body=b"hello", version="HTTP/1.0")
        )
        response = client.read_response()
        assert response.visit and response.interim == []


def test_a_100_waits_for_its_turn_in_the_pipeline(server):
    with counts_exactly(server.address, 2), Client(server.address) as client:
        client.send(
            request() + request("POST", fields=["Expect: 100-continue", "Content-Length: 2"])
        )
        response = client.read_response()
        assert response.visit and response.interim == []
        assert client.read_interim() == 100
        client.send(b"ok")
        assert client.read_response().visit


def test_a_body_that_is_too_large_is_refused_without_a_100(server):
    with counts_exactly(server.address, 0), Client(server.address) as client:
        client.send(request("POST", fields=["Expect: 100-continue", "Content-Length: 65537"]))
        response = client.read_response()
        assert_error(response, 413, ["connection"])
        assert response.interim == []
        client.assert_closed(timeout=3)


@pytest.mark.parametrize("value", ["100-continued", "x", "100-continue, x", "a=b"])
def test_another_expectation_is_417(value, server):
    with counts_exactly(server.address, 0), Client(server.address) as client:
        response = client.ask("POST", fields=[f"Expect: {value}"], body=b"hello")
        assert_error(response, 417, ["connection"])
        client.assert_closed(timeout=3)


# ---- Date


def test_the_date_is_now_in_the_one_form_that_rfc_9110_wants(server):
    before = time.time()
    date = ask(server.address).headers["date"]
    after = time.time()
    assert re.fullmatch(
        r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d "
        r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT",
        date,
    )
    moment = email.utils.parsedate_to_datetime(date)
    assert moment.strftime("%a") == date[:3]
    assert int(before) - 1 <= moment.timestamp() <= after
    assert moment.tzinfo == datetime.timezone.utc


def test_the_date_moves_on_with_the_second(server):
    with Client(server.address) as client:
        first = email.utils.parsedate_to_datetime(client.ask("OPTIONS").headers["date"])
        time.sleep(1.1)
        second = email.utils.parsedate_to_datetime(client.ask("OPTIONS").headers["date"])
    assert second > first


# ---- what is malformed

HOST = b"Host: example.org\r\n"
MALFORMED = {
    # the request line
    "no_host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two_hosts": (400, b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n"),
    "empty_host": (400, b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    "host_with_path": (400, b"GET / HTTP/1.1\r\nHost: example.org/a\r\n\r\n"),
    "no_target": (400, b"GET\r\n" + HOST + b"\r\n"),
    "no_version": (400, b"GET /\r\n" + HOST + b"\r\n"),
    "two_spaces": (400, b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "tab": (400, b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    "space_behind": (400, b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n"),
    "space_before": (400, b" GET / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "relative_target": (400, b"GET index HTTP/1.1\r\n" + HOST + b"\r\n"),
    "fragment": (400, b"GET /#a HTTP/1.1\r\n" + HOST + b"\r\n"),
    "asterisk_for_get": (400, b"GET * HTTP/1.1\r\n" + HOST + b"\r\n"),
    "byte_beyond_ascii_in_target": (400, b"GET /\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "nul_in_target": (400, b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "connect_without_port": (400, b"CONNECT example.org HTTP/1.1\r\n" + HOST + b"\r\n"),
    "lower_case_version": (400, b"GET / http/1.1\r\n" + HOST + b"\r\n"),
    "version_of_three": (400, b"GET / HTTP/1.10\r\n" + HOST + b"\r\n"),
    "http_2": (505, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    "http_0": (505, b"GET / HTTP/0.9\r\n" + HOST + b"\r\n"),
    "http_2_preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "tls_hello": (400, bytes.fromhex("160301020001000100fc0303")),
    "bare_lf": (400, b"GET / HTTP/1.1\n" + HOST + b"\r\n"),
    "bare_cr": (400, b"GET / HTTP/1.1\r" + HOST + b"\r\n"),
    # fields
    "space_before_colon": (400, b"GET / HTTP/1.1\r\n" + HOST + b"A : b\r\n\r\n"),
    "folded": (400, b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n"),
    "space_before_first_field": (400, b"GET / HTTP/1.1\r\n " + HOST + b"\r\n"),
    "no_colon": (400, b"GET / HTTP/1.1\r\n" + HOST + b"A b\r\n\r\n"),
    "no_name": (400, b"GET / HTTP/1.1\r\n" + HOST + b": b\r\n\r\n"),
    "name_no_token": (400, b"GET / HTTP/1.1\r\n" + HOST + b"A(b): c\r\n\r\n"),
    "nul_in_value": (400, b"GET / HTTP/1.1\r\n" + HOST + b"A: b\0c\r\n\r\n"),
    "cr_in_value": (400, b"GET / HTTP/1.1\r\n" + HOST + b"A: b\rc\r\n\r\n"),
    "lf_ends_field": (400, b"GET / HTTP/1.1\r\n" + HOST + b"A: b\n\r\n"),
    # framing
    "two_lengths": (
        400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "length_list": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 1\r\n\r\na"),
    "length_signed": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n\r\na"),
    "length_negative": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n"),
    "length_hexadecimal": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0x1\r\n\r\na"),
    "length_empty": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length:\r\n\r\n"),
    "length_and_coding": (
        400, b"POST / HTTP/1.1\r\n" + HOST
        + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "length_beyond_64_bits": (
        413, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 18446744073709551617\r\n\r\na"),
    "coding_unknown": (
        501, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "coding_not_chunked": (
        400, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n"),
    "chunked_not_last": (
        400, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, gzip\r\n\r\n"),
    "chunked_twice": (
        400, b"POST / HTTP/1.1\r\n" + HOST
        + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunked_in_http_1_0": (
        400, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    # chunks and trailers
    "chunk_size_no_number": (
        400, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n"),
    "chunk_size_empty": (
        400, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n\r\n"),
    "chunk_size_0x": (
        400, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n"),
    "chunk_size_beyond_64_bits": (
        413, b"POST / HTTP/1.1\r\n" + HOST
        + b"Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\n"),
    "chunk_longer_than_said": (
        400, b"POST / HTTP/1.1\r\n" + HOST
        + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"),
    "chunk_line_with_lf": (
        400, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\n\r\n"),
    "trailer_no_colon": (
        400, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nabc\r\n\r\n"),
    "trailer_space_before_colon": (
        400, b"POST / HTTP/1.1\r\n" + HOST
        + b"Transfer-Encoding: chunked\r\n\r\n0\r\na : b\r\n\r\n"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_refused_closed_and_never_counted(name, server):
    status, sent = MALFORMED[name]
    with counts_exactly(server.address, 0), Client(server.address) as client:
        client.send(sent)
        response = client.read_response()
        assert_error(response, status, ["connection"])
        assert response.closes
        client.assert_closed(timeout=3)


@pytest.mark.parametrize("name", MALFORMED)
def test_nothing_behind_what_is_malformed_is_read(name, server):
    status, sent = MALFORMED[name]
    with counts_exactly(server.address, 1), Client(server.address) as client:
        client.send(request() + sent + request() * 3)
        assert client.read_response().visit
        response = client.read_response()
        assert response.status == status and response.closes
        client.assert_closed(timeout=3)
