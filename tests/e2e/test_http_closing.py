"""How connections end: patience with the slow, and a close that does not eat the last answer."""

import contextlib
import time

import pytest

from http_client import Client, ConnectionEnded, ask, chunked, counts_exactly, request, visit
from waiting import SANITIZED

CHUNKED = "Transfer-Encoding: chunked"
TIMEOUT_S = 0.4
#: Long enough that a client on a busy machine has sent its request by then.
IDLE_S = 2.0 if SANITIZED else 1.0
#: A timer may be early by the clock's grain; the clock of the loop is read once a turn.
GRAIN_S = 0.05


@pytest.fixture(scope="module")
def hurried(start_footfall_for_module):
    """Heads and bodies must be there soon; idle connections may stay."""
    return start_footfall_for_module(
        "--header-timeout", TIMEOUT_S, "--body-timeout", TIMEOUT_S, "--idle-timeout", 0,
        store="memory:", workers=1,
    )


@pytest.fixture(scope="module")
def idle_closing(start_footfall_for_module):
    return start_footfall_for_module("--idle-timeout", IDLE_S, store="memory:", workers=1)


@pytest.fixture(scope="module")
def patient(start_footfall_for_module):
    return start_footfall_for_module(
        "--header-timeout", 0, "--body-timeout", 0, "--idle-timeout", 0, store="memory:", workers=1
    )


# ---- time-outs

UNFINISHED = {
    "one_byte": b"G",
    "empty_line": b"\r\n",
    "request_line": request()[:10],
    "fields": request()[:-2],
    "length_body": request("POST", fields=["Content-Length: 5"]) + b"hell",
    "no_body_yet": request("POST", fields=["Content-Length: 5"]),
    "chunk_line": request("POST", fields=[CHUNKED]) + b"5",
    "chunk": request("POST", fields=[CHUNKED]) + b"5\r\nhel",
    "trailers": request("POST", fields=[CHUNKED]) + chunked(b"hello", trailers=("A: b",))[:-2],
}


@pytest.mark.parametrize("name", UNFINISHED)
def test_an_unfinished_request_gets_408_and_is_not_counted(name, hurried):
    with counts_exactly(hurried.address, 1), Client(hurried.address) as client:
        began = time.monotonic()
        client.send(request() + UNFINISHED[name])
        assert client.read_response().visit
        response = client.read_response()
        assert time.monotonic() - began >= TIMEOUT_S - GRAIN_S
        assert response.status == 408 and response.closes and response.error
        client.assert_closed(timeout=3)


@pytest.mark.parametrize(
    "begin",
    [b"GET /?", request("POST", fields=["Content-Length: 60000"])],
    ids=["request_line", "body"],
)
def test_dripping_bytes_do_not_buy_time(begin, hurried):
    with counts_exactly(hurried.address, 0), Client(hurried.address) as client:
        client.send(begin)
        for _ in range(200):
            if not client.is_silent(0.05):
                break
            client.send(b"x")
        assert client.read_response().status == 408


def test_a_body_has_a_time_of_its_own_after_the_head(start_footfall):
    footfall = start_footfall(
        "--header-timeout", TIMEOUT_S, "--body-timeout", 60, store="memory:", workers=1
    )
    with Client(footfall.address) as client:
        client.send(request("POST", fields=["Content-Length: 5"]))
        assert client.is_silent(3 * TIMEOUT_S)
        client.send(b"hello")
        assert client.read_response().visit


def test_the_first_byte_starts_the_time_of_the_head(hurried):
    with Client(hurried.address) as client:
        assert client.is_silent(2 * TIMEOUT_S)  # idle, and that may be
        assert client.ask().visit
        assert client.is_silent(2 * TIMEOUT_S)
        assert client.ask().visit


def test_an_idle_connection_is_closed_without_a_word(idle_closing):
    with Client(idle_closing.address) as client:
        began = time.monotonic()
        client.assert_closed()
        assert time.monotonic() - began >= IDLE_S - GRAIN_S


def test_a_server_that_slept_gives_a_new_connection_its_whole_time(idle_closing):
    """A clock read before the sleep made the time-out begin in the past."""
    for pause in (0.3, 0.4, 0.45):
        time.sleep(pause)
        with Client(idle_closing.address) as client:
            began = time.monotonic()
            client.assert_closed()
            assert time.monotonic() - began >= IDLE_S - GRAIN_S


def test_an_idle_connection_is_closed_after_its_last_answer(idle_closing):
    with Client(idle_closing.address) as client:
        assert client.ask().visit
        began = time.monotonic()
        client.assert_closed()
        assert time.monotonic() - began >= IDLE_S - GRAIN_S


def test_half_a_head_is_waited_for_by_the_header_timeout_and_not_by_the_idle_one(idle_closing):
    with Client(idle_closing.address) as client:
        client.send(request()[:-2])
        assert client.is_silent(1.5 * IDLE_S)
        client.send(b"\r\n")
        assert client.read_response().visit


def test_zero_means_never(patient):
    with Client(patient.address) as silent, Client(patient.address) as head:
        with Client(patient.address) as body:
            head.send(UNFINISHED["fields"])
            body.send(UNFINISHED["length_body"])
            assert silent.is_silent(1)
            assert head.is_silent(0.1) and body.is_silent(0.1)
            head.send(b"\r\n")
            body.send(b"o")
            assert silent.ask().visit
            assert head.read_response().visit
            assert body.read_response().visit


def test_a_request_that_waits_for_the_store_is_not_idle(start_footfall, redis):
    footfall = start_footfall(
        "--idle-timeout", IDLE_S, "--header-timeout", IDLE_S, "--store-timeout", 60,
        store=redis, workers=1,
    )
    assert visit(footfall.address)[0] == 1
    redis.pause()
    with Client(footfall.address) as client:
        client.send(request())
        assert client.is_silent(2 * IDLE_S)
        redis.resume()
        assert client.read_response().number == 2


def test_an_answer_that_comes_later_than_the_idle_timeout_is_not_cut(start_footfall, redis):
    """An answer that was ready at the moment when an old timer expired was thrown away."""
    footfall = start_footfall(
        "--idle-timeout", 0.3, "--store-timeout", 60, store=redis, workers=1
    )
    with Client(footfall.address) as client:
        assert client.ask().number == 1
    redis.pause()
    with contextlib.ExitStack() as stack:
        clients = []
        began = time.monotonic()
        for index in range(900):  # in each millisecond one of their timers expires
            time.sleep(max(0, began + index / 900 - time.monotonic()))
            clients.append(stack.enter_context(Client(footfall.address)))
            clients[-1].send(request())
        time.sleep(0.5)
        redis.resume()
        numbers = [client.read_response().number for client in clients]
    assert sorted(numbers) == list(range(2, 902))


def test_the_idle_time_begins_after_the_answer(start_footfall, redis):
    footfall = start_footfall(
        "--idle-timeout", IDLE_S, "--store-timeout", 60, store=redis, workers=1
    )
    with Client(footfall.address) as client:
        assert client.ask().number == 1
        redis.pause()
        client.send(request())
        assert client.is_silent(IDLE_S + 0.8)  # nearly until it looks at the connection again
        redis.resume()
        assert client.read_response().number == 2
        answered = time.monotonic()
        client.assert_closed()
        assert time.monotonic() - answered >= IDLE_S - GRAIN_S


# ---- lingering


EARLY_REFUSALS = {
    "length": (413, request("POST", fields=["Content-Length: 4000000"])),
    "chunked": (413, request("POST", fields=[CHUNKED]) + b"f00000\r\n"),
    "malformed": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "expectation": (417, request("POST", fields=["Expect: x", "Content-Length: 60000"])),
    "http_1_0": (413, request("POST", fields=["Content-Length: 4000000"], version="HTTP/1.0")),
}


@pytest.mark.parametrize("name", EARLY_REFUSALS)
def test_a_client_that_sends_a_large_body_first_still_reads_the_refusal(name, server):
    status, head = EARLY_REFUSALS[name]
    with counts_exactly(server.address, 0), Client(server.address) as client:
        client.send(head)
        for _ in range(40):
            client.send(b"b" * 100000)
        response = client.read_response()
        assert response.status == status and response.closes
        client.assert_closed(timeout=3)


@pytest.mark.parametrize("fields", [[], ["Connection: close"]], ids=["1.0", "close"])
def test_requests_behind_the_last_answer_do_not_reset_it_away(fields, server):
    version = "HTTP/1.1" if fields else "HTTP/1.0"
    with counts_exactly(server.address, 1), Client(server.address) as client:
        client.send(request(fields=fields, version=version))
        for _ in range(20):
            client.send(request() * 1000)
        assert client.read_response().visit
        client.assert_closed(timeout=3)


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/1.1\r\n\r\n", request(fields=["Connection: close"]), request(version="HTTP/1.0")],
    ids=["refused", "close", "1.0"],
)
def test_the_close_is_complete_within_three_seconds(sent, server):
    with Client(server.address) as client:
        client.send(sent)
        client.read_response()
        answered = time.monotonic()
        client.assert_closed(timeout=1)  # the write side is shut at once
        # Only a reset tells that the server has closed the rest: it answers what comes then.
        with pytest.raises(ConnectionError):
            while time.monotonic() - answered < 10:
                client.send(b"x")
                time.sleep(0.02)
        assert time.monotonic() - answered < 3


def test_a_client_that_closes_ends_the_lingering(server):
    for _ in range(3):
        with Client(server.address) as client:
            client.send(b"GET / HTTP/1.1\r\n\r\n")
            client.read_response()
            client.assert_closed(timeout=1)
    assert visit(server.address)


def test_a_408_lingers_too(hurried):
    with Client(hurried.address) as client:
        client.send(b"GET / HT")
        assert not client.is_silent(10)
        for _ in range(10):
            client.send(b"x" * 10000)
        assert client.read_response().status == 408
        client.assert_closed(timeout=3)


def test_refusals_of_one_client_do_not_trouble_another(server):
    with Client(server.address) as good:
        number = good.ask().number
        for _ in range(20):
            assert ask(server.address, "GET", "bad").status == 400
            number += 1
            assert good.ask().number == number


def test_a_client_that_wakes_up_when_its_idle_connection_is_closed_loses_no_number(idle_closing):
    """Whatever the moment, it is an answer, or a close with nothing counted."""
    answered = 0
    before = visit(idle_closing.address)[0]
    clients = [Client(idle_closing.address) for _ in range(30)]
    began = time.monotonic()
    for index, client in enumerate(clients):
        time.sleep(max(0, began + IDLE_S - 0.03 + index * 0.002 - time.monotonic()))
        try:
            client.send(request())
        except ConnectionError:
            pass
    for client in clients:
        with client:
            try:
                assert client.read_response().visit
                answered += 1
            except ConnectionEnded:
                pass
    assert visit(idle_closing.address)[0] == before + answered + 1
