"""The table of docs/redis.md: what goes wrong with a Redis, what a visitor sees then (it waits, or is
refused at once, and the next one after it is over is counted), and what an operator reads, once."""

import os
import socket
import threading

import pytest

from http_client import Client, ask, visit
from refusals import refused_after_s, wait_counting
from scripted_redis import LOADING, ScriptedRedis
from waiting import eventually

STORE_TIMEOUT_S = 0.5
DOCUMENT = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "redis.md")

#: Name of the row, what a batch is answered, whether visitors wait, the event, and its detail.
ROWS = [
    ("no answer", ScriptedRedis.SILENCE, True, "redis_link_down", "no answer within 500 ms"),
    ("LOADING", LOADING, True, "redis_refused", "LOADING"),
    ("READONLY", b"-READONLY You can't write against a read only replica.\r\n", True,
     "redis_refused", "READONLY"),
    ("BUSY", b"-BUSY Redis is busy running a script.\r\n", True, "redis_refused", "BUSY"),
    ("MASTERDOWN", b"-MASTERDOWN Link with MASTER is down\r\n", True, "redis_refused",
     "MASTERDOWN"),
    ("NOAUTH", b"-NOAUTH Authentication required.\r\n", True, "redis_refused", "NOAUTH"),
    ("OOM", b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", False,
     "redis_refused", "OOM"),
    ("MISCONF", b"-MISCONF Redis is configured to save RDB snapshots\r\n", False,
     "redis_refused", "MISCONF"),
    ("NOREPLICAS", b"-NOREPLICAS Not enough good replicas to write.\r\n", False,
     "redis_refused", "NOREPLICAS"),
    ("NOPERM", b"-NOPERM No permissions to access a key\r\n", False, "redis_refused", "NOPERM"),
    ("WRONGTYPE", b"-WRONGTYPE Operation against a key\r\n", False, "redis_refused", "WRONGTYPE"),
    ("not an integer", b"-ERR value is not an integer or out of range\r\n", False,
     "redis_refused", "ERR value is not an integer"),
    ("another layout", b"-LAYOUT the counter is kept in layout 2, this is 1\r\n", False,
     "redis_refused", "LAYOUT"),
    ("protocol garbage", b"HTTP/1.1 400 Bad Request\r\n\r\n", True, "redis_link_down",
     "an unknown type of value"),
    ("an answer of another kind", b"+OK\r\n", True, "redis_link_down",
     "an answer that is no count"),
    ("too large", b"+" + b"x" * 70000 + b"\r\n", True, "redis_link_down",
     "a reply larger than expected"),
]


def ids(rows):
    return [row[0] for row in rows]


def start(start_footfall, redis):
    return start_footfall("--store-timeout", STORE_TIMEOUT_S, store=redis.url, workers=1)


def assert_one_error(footfall, event, detail):
    footfall.wait_for_log(event)
    (line,) = footfall.errors()
    assert line.event == event and detail in line.fields["detail"], line


@pytest.mark.parametrize(("name", "answer", "waits", "event", "detail"), ROWS, ids=ids(ROWS))
def test_each_row_is_503_until_it_is_over_and_told_once(
    start_footfall, name, answer, waits, event, detail
):
    with ScriptedRedis() as redis:
        footfall = start(start_footfall, redis)
        assert visit(footfall.address)[0] == 1
        redis.answers = answer
        took_s = [refused_after_s(footfall.address) for _ in range(2)]
        if waits:
            # A timer has milliseconds; beyond the time-out is what a busy machine takes.
            assert all(STORE_TIMEOUT_S - 0.1 < s < STORE_TIMEOUT_S + 1.0 for s in took_s), took_s
        else:
            assert min(took_s) < STORE_TIMEOUT_S - 0.1, took_s
        assert_one_error(footfall, event, detail)
        redis.answers = None
        number = wait_counting(footfall.address)
        assert number == redis.count
        assert visit(footfall.address)[0] == number + 1
        if event == "redis_refused":
            footfall.wait_for_log("redis_counts_again")
        assert_one_error(footfall, event, detail)


def test_at_its_end_a_counter_is_503_without_retry_after_and_told_once(start_footfall):
    with ScriptedRedis() as redis:
        footfall = start(start_footfall, redis)
        redis.answers = b"-ERR increment or decrement would overflow\r\n"
        for _ in range(2):
            response = ask(footfall.address)
            assert response.status == 503 and "retry-after" not in response.headers
        assert_one_error(footfall, "redis_refused", "would overflow")


def test_a_refused_connection_is_503_until_somebody_listens(start_footfall):
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
    footfall = start_footfall("--store-timeout", STORE_TIMEOUT_S, workers=1,
                              store=f"redis://127.0.0.1:{port}")
    assert refused_after_s(footfall.address) > STORE_TIMEOUT_S - 0.1
    assert refused_after_s(footfall.address) > STORE_TIMEOUT_S - 0.1
    assert_one_error(footfall, "redis_link_down", "Connection refused")


def test_answers_are_read_whatever_pieces_they_come_in(start_footfall):
    with ScriptedRedis() as redis:
        redis.piece = 1
        redis.count = 10**17
        footfall = start(start_footfall, redis)
        assert [visit(footfall.address)[0] for _ in range(5)] == [10**17 + n for n in range(1, 6)]
        assert not footfall.errors()


def test_slow_answers_in_time_are_waited_for_and_those_too_late_are_never_given_out(start_footfall):
    with ScriptedRedis() as redis:
        footfall = start(start_footfall, redis)
        redis.delay_s = STORE_TIMEOUT_S / 2
        assert visit(footfall.address)[0] == 1
        redis.delay_s = 2 * STORE_TIMEOUT_S
        refused_after_s(footfall.address)
        redis.delay_s = 0
        number = wait_counting(footfall.address)
        assert number == redis.count > 1  # a gap
        # The batch given up was not sent again, and no place of the sequence was used twice.
        sequences = [sequence for _, sequence, _ in redis.batches]
        assert sequences == sorted(set(sequences))
        assert_one_error(footfall, "redis_link_down", "no answer within 500 ms")


def test_a_lost_answer_is_asked_for_again_byte_for_byte(start_footfall):
    with ScriptedRedis() as redis:
        footfall = start_footfall("--store-timeout", 5, store=redis.url, workers=1)
        assert visit(footfall.address)[0] == 1
        redis.answers = b"?\r\n"  # breaks the link, again and again

        def broken_twice():
            return len(redis.batches) >= 4

        visitor_number = []
        visitor = threading.Thread(
            target=lambda: visitor_number.append(visit(footfall.address)[0])
        )
        visitor.start()
        eventually(broken_twice, "the batch was sent several times")
        redis.answers = None
        visitor.join(10)
        assert visitor_number == [2]
        assert len(set(redis.batches[1:])) == 1
        # Two changes: it fell, and it was back for good once it had counted.
        assert_one_error(footfall, "redis_link_down", "an unknown type of value")


def test_a_value_longer_than_any_number_concerns_its_own_counter_alone(
    start_footfall, redis, folder
):
    """100 KB in one key ended the worker's link at each look, for the visits of all counters."""
    token = os.path.join(folder, "token")
    with open(token, "w", encoding="ascii") as file:
        file.write("token-of-the-server")
    redis.command("SET", "footfall:some/long", "1" * 100_000)
    redis.command("ZADD", "footfall:1:counters", 0, "some/long")
    footfall = start_footfall("--admin-token-file", token, store=redis, workers=1)
    assert visit(footfall.address)[0] == 1
    asked = ["/get/some/long", "/info/some/long", "/hit/some/long",
             "/set/some/long?value=1&token=token-of-the-server"]
    with Client(footfall.address) as client:
        for number in range(2, 12):
            assert client.ask("GET", asked[number % len(asked)]).status == 503
            assert client.visit()[0] == number
        listed = client.ask("GET", "/list/some?token=token-of-the-server")
        assert listed.body == b'{"counters":[],"next":null}'
    assert not footfall.events("redis_link_down")
    assert footfall.events("redis_refused")


def test_every_row_stands_in_the_document():
    with open(DOCUMENT, encoding="utf-8") as document:
        text = document.read()
    for name in ids(ROWS):
        assert f"\n| {name} " in text, f"docs/redis.md has no row for {name}"
