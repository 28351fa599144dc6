"""Many requests on one connection: in order, cut anywhere, behind each other, and held back."""

import os
import socket

import pytest

from http_client import Client, chunked, counts_exactly, request, visit
from waiting import scaled

CHUNKED = "Transfer-Encoding: chunked"
#: A GET and a chunked POST with everything that can be cut: extension, trailers, empty lines.
GET = request("GET", "/?a=b", ["Accept: */*"])
POST = request("POST", fields=[CHUNKED]) + chunked(
    b"hello", b"x" * 17, extension=';name="quoted \\" text"', trailers=("One: 1", "Two:")
)


@pytest.fixture(params=["one process", "two workers"])
def footfall(request, start_footfall, store):
    return start_footfall(store=store, workers={"one process": 0, "two workers": 2}[request.param])


@pytest.fixture(scope="module")
def unix_server(start_footfall_for_module):
    path = os.path.join(start_footfall_for_module.folder, "socket")
    return start_footfall_for_module("--listen", f"unix:{path}", store="memory:", workers=1)


# ---- order


@pytest.mark.parametrize("count", [1, 16, 64, 65, 200])
def test_requests_in_one_write_are_answered_in_order(count, footfall):
    with Client(footfall.address) as client:
        for first in (1, count + 1):
            client.send(request() * count)
            numbers = [response.number for response in client.read_responses(count)]
            assert numbers == list(range(first, first + count))


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_requests_in_many_small_writes_are_answered_in_order(size, footfall):
    count = 16 if size < 100 else 200
    data = (request() + POST) * (count // 2)
    with Client(footfall.address) as client:
        for start in range(0, len(data), size):
            client.send(data[start : start + size])
        numbers = [response.number for response in client.read_responses(count)]
        assert numbers == list(range(1, count + 1))


def test_answers_that_need_the_store_and_others_keep_their_order(footfall):
    round_of_requests = [
        ("GET", request(), 200),
        ("GET", request(target="/nothing"), 404),
        ("HEAD", request("HEAD", "/nothing"), 404),
        ("POST", POST, 200),
        ("PUT", request("PUT", body=b"abc"), 405),
        ("OPTIONS", request("OPTIONS"), 204),
        ("GET", GET, 200),
        ("GET", request(fields=["Connection: keep-alive"]), 200),
    ]
    with Client(footfall.address) as client:
        client.send(b"".join(sent for _, sent, _ in round_of_requests) * 10)
        number = 0
        for _ in range(10):
            for method, _, status in round_of_requests:
                response = client.read_response(method)
                assert response.status == status
                if status == 200:
                    number += 1
                    assert response.number == number


def test_many_connections_at_once_each_get_their_answers_in_order(footfall, store):
    count = scaled(50)
    clients = [Client(footfall.address) for _ in range(8)]
    for client in clients:
        client.send(request() * count)
    everyone = []
    for client in clients:
        numbers = [response.number for response in client.read_responses(count)]
        assert numbers == sorted(numbers)
        everyone += numbers
        client.close()
    if store.shared or not footfall.workers():
        assert sorted(everyone) == list(range(1, 8 * count + 1))


# ---- a bad one behind good ones


def test_good_requests_are_answered_before_the_bad_one_behind_them(footfall):
    with Client(footfall.address) as client:
        client.send(request() * 3 + b"GET / HTTP/1.1\r\n\r\n" + request() * 3)
        assert [response.number for response in client.read_responses(3)] == [1, 2, 3]
        response = client.read_response()
        assert response.status == 400 and response.closes and response.error
        client.assert_closed(timeout=3)


def test_nothing_is_counted_behind_the_bad_one(start_footfall, shared_store):
    footfall = start_footfall(store=shared_store, workers=2)
    with counts_exactly(footfall.address, 3), Client(footfall.address) as client:
        client.send(request() * 3 + b"GET / HTTP/1.1\r\n\r\n" + request() * 3)
        assert [response.status for response in client.read_responses(4)] == [200] * 3 + [400]
        client.assert_closed(timeout=3)


def test_a_request_behind_connection_close_is_not_counted(server):
    with counts_exactly(server.address, 2), Client(server.address) as client:
        client.send(request() + request(fields=["Connection: close"]) + request() * 10)
        first, last = client.read_responses(2)
        assert first.visit and not first.closes
        assert last.visit and last.closes
        client.assert_closed(timeout=3)


def test_a_bad_body_behind_a_good_head_is_answered_once(server):
    with counts_exactly(server.address, 1), Client(server.address) as client:
        client.send(request() + request("POST", fields=[CHUNKED]) + b"3\r\nabcd")
        assert client.read_response().visit
        assert client.read_response().status == 400
        client.assert_closed(timeout=3)


# ---- half-closed


def test_a_client_that_shuts_its_write_side_gets_its_answers(footfall):
    with Client(footfall.address) as client:
        client.send(request() * 5)
        client.shut_write()
        assert [response.number for response in client.read_responses(5)] == [1, 2, 3, 4, 5]
        client.assert_closed(timeout=3)


def test_more_than_64_requests_and_a_shut_write_side(footfall):
    with Client(footfall.address) as client:
        client.send(request() * 200)
        client.shut_write()
        numbers = [response.number for response in client.read_responses(200)]
        assert numbers == list(range(1, 201))
        client.assert_closed(timeout=3)


def test_a_half_closed_client_is_waited_for_by_a_slow_store(start_footfall, redis):
    footfall = start_footfall("--store-timeout", "60", store=redis, workers=1)
    assert visit(footfall.address)[0] == 1
    redis.pause()
    with Client(footfall.address) as client:
        client.send(request() * 3)
        client.shut_write()
        assert client.is_silent(0.3)
        redis.resume()
        assert [response.number for response in client.read_responses(3)] == [2, 3, 4]
        client.assert_closed(timeout=3)


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"G", GET[:-1], POST[:-1], POST[:60]])
def test_what_a_client_breaks_off_is_not_counted(sent, server):
    with counts_exactly(server.address, 1), Client(server.address) as client:
        client.send(request() + sent)
        client.shut_write()
        assert client.read_response().visit
        rest = client.read_to_end(timeout=3)
        assert b" 200 " not in rest


def test_a_client_that_resets_leaves_the_server_well(server):
    for sent in (b"", b"GET", GET, GET * 100, POST[:50]):
        client = Client(server.address)
        client.send(sent)
        client.reset()
    assert visit(server.address)


# ---- cut at every byte


@pytest.mark.parametrize("whole", [GET, POST, GET + POST + GET], ids=["get", "post", "three"])
def test_a_request_cut_at_any_byte_is_read_as_if_it_came_whole(whole, unix_server):
    requests = 3 if whole == GET + POST + GET else 1
    cuts = range(1, len(whole))
    with counts_exactly(unix_server.address, requests * len(cuts)):
        with Client(unix_server.address) as client:
            for cut in cuts:
                client.send_and_see_it_read(whole[:cut])
                client.send(whole[cut:])
                for response in client.read_responses(requests):
                    assert response.visit


@pytest.mark.parametrize("whole", [GET, POST], ids=["get", "post"])
def test_a_request_in_single_bytes_is_read_as_if_it_came_whole(whole, unix_server):
    with counts_exactly(unix_server.address, 2), Client(unix_server.address) as client:
        for _ in range(2):
            for index in range(len(whole)):
                client.send_and_see_it_read(whole[index : index + 1])
            assert client.read_response().visit


@pytest.mark.parametrize("whole", [GET, POST], ids=["get", "post"])
def test_a_request_cut_on_a_connection_of_its_own(whole, unix_server):
    for cut in range(1, len(whole), 1 if len(whole) < 100 else 3):
        with Client(unix_server.address) as client:
            client.send_and_see_it_read(whole[:cut])
            client.send(whole[cut:])
            assert client.read_response().visit


# ---- held back


def test_with_64_requests_unanswered_reading_pauses(start_footfall, redis):
    footfall = start_footfall("--store-timeout", "120", store=redis, workers=1)
    assert visit(footfall.address)[0] == 1
    redis.pause()
    one = request(fields=["Padding: " + "p" * 2000])
    with Client(footfall.address) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
        sent = 0
        client.socket.settimeout(0.5)  # the kernel takes so much and no more, while nobody reads
        try:
            while sent < 64 << 20:
                sent += client.socket.send((one * 40)[sent % len(one) :])
        except TimeoutError:
            pass
        client.socket.settimeout(client.timeout)
        assert sent < 64 << 20, "it reads on and on without answering"
        redis.resume()
        if sent % len(one):
            rest = one[sent % len(one) :]
            client.send(rest)
            sent += len(rest)
        count = sent // len(one)
        assert count > 64
        numbers = [response.number for response in client.read_responses(count)]
        assert numbers == list(range(2, count + 2))
    assert visit(footfall.address)[0] == count + 2


def test_64_requests_are_read_and_wait_together(start_footfall, redis):
    footfall = start_footfall("--store-timeout", "120", store=redis, workers=1)
    assert visit(footfall.address)[0] == 1
    redis.pause()
    with Client(footfall.address) as client:
        client.send(request() * 64)
        assert client.is_silent(0.3)
        redis.resume()
        numbers = [response.number for response in client.read_responses(64)]
    assert numbers == list(range(2, 66))


def test_a_client_that_does_not_read_its_answers_stops_being_read(server):
    with Client(server.address) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.socket.settimeout(0.5)
        sent = 0
        one = request()
        try:
            while sent < 256 << 20:
                sent += client.socket.send((one * 1000)[sent % len(one) :])
        except TimeoutError:
            pass
        assert sent < 256 << 20, "answers for a client that reads none are kept without a limit"
        client.reset()
    assert visit(server.address)  # and nobody else suffers
