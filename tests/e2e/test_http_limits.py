"""Each limit of the contract at its value, and one past."""

import pytest

from http_client import Client, chunked, counts_exactly, request

REQUEST_LINE_MAX = FIELD_LINE_MAX = 8192
HEAD_MAX = 32768
FIELDS_MAX = 100
BODY_MAX = 65536
CHUNK_LINE_MAX = 256
CHUNKED = "Transfer-Encoding: chunked"


def request_line_of(length):
    target = "/?" + "x" * (length - len("GET /? HTTP/1.1"))
    sent = request(target=target)
    assert sent.index(b"\r\n") == length
    return sent


def field_line_of(length):
    return "A: " + "x" * (length - 3)


def head_of(length):
    """A head of that many bytes in fields that are each within their limit."""
    bare = len(request())
    fields = []
    left = length - bare
    while left > 0:
        take = min(left, 8000)
        if 0 < left - take < 10:
            take -= 10
        fields.append(field_line_of(take - 2))
        left -= take
    sent = request(fields=fields)
    assert len(sent) == length and sent.endswith(b"\r\n\r\n")
    return sent


def fields_of(count):
    """That many fields, Host among them."""
    return request(fields=[f"F{index}: x" for index in range(count - 1)])


def trailers_of(lines, fields=()):
    return request("POST", fields=[CHUNKED, *fields]) + chunked(b"abc", trailers=lines)


def trailer_bytes_of(length):
    """Trailers that are that many bytes, the empty line behind them too."""
    lines = []
    left = length - 2
    while left > 0:
        take = min(left, 8000)
        if 0 < left - take < 10:
            take -= 10
        lines.append(field_line_of(take - 2))
        left -= take
    assert sum(len(line) + 2 for line in lines) + 2 == length
    return trailers_of(lines)


def chunk_line_of(length):
    """The size of a chunk and an extension, without the CRLF."""
    line = b"3;" + b"e" * (length - 2)
    return request("POST", fields=[CHUNKED]) + line + b"\r\nabc\r\n0\r\n\r\n"


def last_chunk_line_of(length):
    line = b"0" * length
    return request("POST", fields=[CHUNKED]) + b"3\r\nabc\r\n" + line + b"\r\n\r\n"


def body_of(length):
    return request("POST", body=b"b" * length)


def chunked_body_of(length):
    pieces = [b"c" * 10000] * (length // 10000) + [b"c" * (length % 10000)]
    return request("POST", fields=[CHUNKED]) + chunked(*pieces)


LIMITS = {
    "request_line": (request_line_of, REQUEST_LINE_MAX, 414),
    "field_line": (lambda n: request(fields=[field_line_of(n)]), FIELD_LINE_MAX, 431),
    "field_name": (lambda n: request(fields=["A" * (n - 3) + ": x"]), FIELD_LINE_MAX, 431),
    "head": (head_of, HEAD_MAX, 431),
    "fields": (fields_of, FIELDS_MAX, 431),
    "trailer_line": (lambda n: trailers_of([field_line_of(n)]), FIELD_LINE_MAX, 431),
    "trailers_and_fields": (
        lambda n: trailers_of([f"T{i}: x" for i in range(n - 52)], [f"F{i}: x" for i in range(50)]),
        FIELDS_MAX, 431),
    "trailer_bytes": (trailer_bytes_of, HEAD_MAX, 431),
    "body": (body_of, BODY_MAX, 413),
    "chunked_body": (chunked_body_of, BODY_MAX, 413),
    "chunk_line": (chunk_line_of, CHUNK_LINE_MAX, 400),
    "last_chunk_line": (last_chunk_line_of, CHUNK_LINE_MAX, 400),
    "empty_lines": (lambda n: b"\r\n" * n + request(), 2, 400),
}


@pytest.mark.parametrize("name", LIMITS)
def test_at_its_value_it_is_counted(name, server):
    make, limit, _ = LIMITS[name]
    with counts_exactly(server.address, 3), Client(server.address) as client:
        client.send(make(limit))
        assert client.read_response().visit
        client.send(make(limit) + request())  # with another behind, and no seam between them
        assert [response.status for response in client.read_responses(2)] == [200, 200]


@pytest.mark.parametrize("name", LIMITS)
def test_one_past_it_is_refused_closed_and_not_counted(name, server):
    make, limit, status = LIMITS[name]
    with counts_exactly(server.address, 0), Client(server.address) as client:
        client.send(make(limit + 1) + request())
        response = client.read_response()
        assert response.status == status and response.closes and response.error
        client.assert_closed(timeout=3)


@pytest.mark.parametrize("name", LIMITS)
def test_far_past_it_the_refusal_still_arrives(name, server):
    make, limit, status = LIMITS[name]
    with counts_exactly(server.address, 0), Client(server.address) as client:
        client.send(make(limit * 10))
        response = client.read_response()
        assert response.status == status
        client.assert_closed(timeout=3)


def test_a_line_without_an_end_is_refused_as_soon_as_it_is_too_long(server):
    with counts_exactly(server.address, 0), Client(server.address) as client:
        client.send(b"GET /" + b"x" * (REQUEST_LINE_MAX + 10))
        assert client.read_response().status == 414
        client.assert_closed(timeout=3)
    with counts_exactly(server.address, 0), Client(server.address) as client:
        client.send(request()[:-2] + b"A: " + b"x" * FIELD_LINE_MAX)
        assert client.read_response().status == 431
        client.assert_closed(timeout=3)


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(server):
    with counts_exactly(server.address, 0), Client(server.address) as client:
        client.send(request("POST", fields=[f"Content-Length: {BODY_MAX + 1}"]))
        assert client.read_response().status == 413
        client.assert_closed(timeout=3)
    with counts_exactly(server.address, 0), Client(server.address) as client:
        client.send(request("POST", fields=[CHUNKED]) + b"10001\r\n")
        assert client.read_response().status == 413
        client.assert_closed(timeout=3)
