"""A store that cannot count now: visits wait for a while, then get 503, and no number is wrong."""

import contextlib
import os
import resource
import time

import pytest

from http_client import Client, ask, request, visit
from lmdb_tools import set_lmdb_counter
from operators import status
from waiting import eventually

COUNTER_MAX = 2**63 - 1


def assert_refused(response, retry_after=True):
    assert response.status == 503, response
    assert response.error
    assert response.headers["content-type"] == "application/json"
    assert ("retry-after" in response.headers) == retry_after
    if retry_after:
        assert int(response.headers["retry-after"]) >= 1


def count_again(footfall, number):
    """Visits until one is counted, which must be with `number`."""
    response = eventually(
        lambda: next((r for r in [ask(footfall.address)] if r.status == 200), None),
        "a visit is counted again",
    )
    assert response.number == number


# ---- away and back


@pytest.mark.parametrize("workers", [0, 2])
def test_it_starts_without_redis_and_counts_when_redis_comes(workers, start_footfall, redis):
    redis.stop()
    footfall = start_footfall("--store-timeout", "0.5", store=redis, workers=workers)
    began = time.monotonic()
    with Client(footfall.address) as client:
        assert_refused(client.ask())
        assert time.monotonic() - began >= 0.4
        assert client.ask("OPTIONS").status == 204  # the connection stays, and serves the rest
        assert client.ask("GET", "/nothing").status == 404
    redis.start()
    count_again(footfall, 1)
    assert footfall.exit_status() is None


def test_a_visit_waits_for_a_redis_that_comes_back_in_time(start_footfall, redis):
    footfall = start_footfall("--store-timeout", "60", store=redis, workers=1)
    assert visit(footfall.address)[0] == 1
    redis.pause()
    with Client(footfall.address) as client:
        client.send(request())
        assert client.is_silent(0.5)
        redis.resume()
        assert client.read_response().number == 2


def test_a_visit_waits_for_a_redis_that_is_started_again(start_footfall, start_redis):
    redis = start_redis(appendonly="yes", appendfsync="always")
    footfall = start_footfall("--store-timeout", "60", store=redis, workers=1)
    assert visit(footfall.address)[0] == 1
    redis.stop()
    with Client(footfall.address) as client:
        client.send(request())
        assert client.is_silent(0.5)
        redis.start()
        assert client.read_response().number == 2
    footfall.wait_for_log("redis_link_down")
    footfall.wait_for_log("redis_link_up", count=2)


def test_a_redis_that_stays_silent_is_503_within_the_store_timeout(start_footfall, redis):
    footfall = start_footfall("--store-timeout", "0.7", store=redis, workers=1)
    assert visit(footfall.address)[0] == 1
    redis.pause()
    began = time.monotonic()
    with Client(footfall.address) as client:
        client.send(request() * 3)
        for response in client.read_responses(3):
            assert_refused(response)
    assert time.monotonic() - began >= 0.6
    redis.resume()
    # A refused visit is at worst a gap.
    response = eventually(
        lambda: next((r for r in [ask(footfall.address)] if r.status == 200), None),
        "a visit is counted again",
    )
    assert 2 <= response.number <= 5


def test_an_impatient_store_timeout_of_a_redis_that_is_away_floods_no_log(start_footfall, redis):
    redis.stop()
    footfall = start_footfall("--store-timeout", "0.05", store=redis, workers=1)
    refused = 0
    end = time.monotonic() + 2
    while time.monotonic() < end:
        assert_refused(ask(footfall.address))
        refused += 1
    assert refused > 5
    assert len(footfall.errors()) <= 5, footfall.log_text()
    assert len(footfall.log_lines()) <= 10, footfall.log_text()


# ---- refused by Redis


@pytest.mark.parametrize("value", ["abc", "", "1.5", " 1", "9" * 30])
def test_a_key_that_is_no_number_is_503_until_it_is_mended(value, start_footfall, redis):
    footfall = start_footfall("--store-timeout", "5", store=redis, workers=1)
    redis.command("SET", "counter", value)
    for _ in range(3):
        assert_refused(ask(footfall.address))
    assert redis.command("GET", "counter") == value
    footfall.wait_for_log("redis_refused")
    assert len(footfall.errors()) == 1, footfall.log_text()  # once is told, not each time
    redis.command("SET", "counter", "7")
    count_again(footfall, 8)


def test_a_key_of_another_type_is_503_until_it_is_mended(start_footfall, redis):
    footfall = start_footfall("--store-timeout", "5", store=redis, workers=1)
    redis.command("RPUSH", "counter", "x")
    for _ in range(3):
        assert_refused(ask(footfall.address))
    assert "WRONGTYPE" in footfall.wait_for_log("redis_refused").fields["detail"]
    assert redis.command("LRANGE", "counter", 0, -1) == ["x"]
    redis.command("DEL", "counter")
    count_again(footfall, 1)


def test_without_the_password_that_redis_wants_it_is_503(start_footfall, start_redis):
    redis = start_redis(requirepass="s3cret")
    footfall = start_footfall("--store-timeout", "0.5", store=redis.url, workers=1)
    assert_refused(ask(footfall.address))
    assert "NOAUTH" in footfall.wait_for_log("redis_link_down").fields["detail"]
    assert footfall.exit_status() is None


def test_with_a_wrong_password_it_is_503_and_the_password_is_not_told(start_footfall, start_redis):
    redis = start_redis(requirepass="s3cret")
    url = redis.url_with(":wr0ng-secret")
    footfall = start_footfall(
        "--store-timeout", "0.5", "--log-level", "debug", store=url, workers=1
    )
    assert_refused(ask(footfall.address))
    assert "WRONGPASS" in footfall.wait_for_log("redis_link_down").fields["detail"]
    assert "wr0ng-secret" not in footfall.log_text()


def test_when_the_password_becomes_right_it_counts(start_footfall, start_redis):
    redis = start_redis(requirepass="s3cret")
    url = redis.url_with(":new-one")
    footfall = start_footfall("--store-timeout", "0.5", store=url, workers=1)
    assert_refused(ask(footfall.address))
    redis.command("CONFIG", "SET", "requirepass", "new-one")
    redis.options["requirepass"] = "new-one"
    count_again(footfall, 1)


# ---- ways to Redis


def test_the_right_password_counts(start_footfall, start_redis):
    redis = start_redis(requirepass="s3cret")
    footfall = start_footfall(store=redis.url_with(":s3cret"), workers=2)
    assert [visit(footfall.address)[0] for _ in range(3)] == [1, 2, 3]
    assert redis.command("GET", "counter") == "3"


def test_a_password_with_every_kind_of_byte_is_percent_encoded(start_footfall, start_redis):
    redis = start_redis(requirepass="a:b/c@d?e#f%g h")
    footfall = start_footfall(
        store=redis.url_with(":a%3Ab%2Fc%40d%3Fe%23f%25g%20h"), workers=1
    )
    assert visit(footfall.address)[0] == 1
    assert redis.command("GET", "counter") == "1"


def test_a_user_with_a_password_counts(start_footfall, redis):
    redis.command("ACL", "SETUSER", "anna", "on", ">pw", "~counter*", "~{counter}*", "+@all")
    footfall = start_footfall(store=redis.url_with("anna:pw"), workers=1)
    assert visit(footfall.address)[0] == 1
    assert redis.command("GET", "counter") == "1"


def test_the_database_of_the_url_is_the_one(start_footfall, redis):
    footfall = start_footfall(store=redis.url_with(path="/5"), workers=1)
    assert visit(footfall.address)[0] == 1
    assert redis.command("GET", "counter", db=5) == "1"
    assert redis.command("GET", "counter") is None


@pytest.mark.parametrize("parameters, database", [("", 0), ("?db=3", 3)])
def test_a_unix_socket_leads_to_redis_too(parameters, database, start_footfall, redis):
    footfall = start_footfall(store=redis.unix_url + parameters, workers=2)
    assert [visit(footfall.address)[0] for _ in range(3)] == [1, 2, 3]
    assert redis.command("GET", "counter", db=database) == "3"


def test_a_name_is_looked_up(start_footfall, redis):
    footfall = start_footfall(store=f"redis://localhost:{redis.port}", workers=1)
    count_again(footfall, 1)


def test_the_key_is_exactly_as_named(start_footfall, redis):
    key = "My:Counter/1[*]~" + "k" * 200
    footfall = start_footfall("--key", key, store=redis, workers=1)
    assert visit(footfall.address)[0] == 1
    assert redis.command("GET", key) == "1"
    assert redis.counters() == [key]


# ---- the end of the numbers


def assert_ends_at_the_maximum(footfall):
    assert visit(footfall.address)[0] == COUNTER_MAX - 1
    assert visit(footfall.address)[0] == COUNTER_MAX
    for _ in range(3):
        assert_refused(ask(footfall.address), retry_after=False)
    with Client(footfall.address) as client:
        client.send(request() * 5)
        for response in client.read_responses(5):
            assert_refused(response, retry_after=False)


def test_redis_stops_at_the_greatest_number(start_footfall, redis):
    redis.command("SET", "counter", str(COUNTER_MAX - 2))
    footfall = start_footfall(store=redis, workers=1)
    assert_ends_at_the_maximum(footfall)
    assert redis.command("GET", "counter") == str(COUNTER_MAX)


def test_lmdb_stops_at_the_greatest_number(start_footfall, folder):
    footfall = start_footfall(store=f"lmdb:{folder}/data", workers=1)
    assert visit(footfall.address)[0] == 1
    assert footfall.stop() == 0
    set_lmdb_counter(f"{folder}/data", "counter", COUNTER_MAX - 2)
    footfall = start_footfall(store=f"lmdb:{folder}/data", workers=1)
    assert_ends_at_the_maximum(footfall)


def twenty_at_once(footfall):
    with Client(footfall.address) as client:
        client.send(request() * 20)
        responses = client.read_responses(20)
    for response in responses:
        if response.status != 200:
            assert_refused(response, retry_after=False)
    return responses


def test_visits_that_come_together_get_the_numbers_that_are_left(start_footfall, folder):
    url = f"lmdb:{folder}/data"
    footfall = start_footfall(store=url, workers=1)
    assert visit(footfall.address)[0] == 1
    assert footfall.stop() == 0
    set_lmdb_counter(f"{folder}/data", "counter", COUNTER_MAX - 10)
    footfall = start_footfall(store=url, workers=1)
    responses = twenty_at_once(footfall)
    assert [response.status for response in responses] == [200] * 10 + [503] * 10
    numbers = [response.number for response in responses[:10]]
    assert numbers == list(range(COUNTER_MAX - 9, COUNTER_MAX + 1))


def test_visits_that_come_together_at_the_end_of_redis_get_no_wrong_number(start_footfall, redis):
    """Redis refuses an addition as a whole, so some that would have fitted may be refused too."""
    redis.command("SET", "counter", str(COUNTER_MAX - 10))
    footfall = start_footfall(store=redis, workers=1)
    responses = twenty_at_once(footfall)
    numbers = [response.number for response in responses if response.status == 200]
    assert numbers == list(range(COUNTER_MAX - 9, COUNTER_MAX - 9 + len(numbers)))
    assert len(numbers) <= 10
    assert redis.command("GET", "counter") == str(COUNTER_MAX - 10 + len(numbers))


# ---- the limit of waiting hits


@pytest.fixture
def many_descriptors():
    """For a client with as many connections as it takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip(f"this user may have {hard} descriptors only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_65536_visits_wait_and_one_more_is_refused_at_once(
    start_footfall, redis, folder, many_descriptors
):
    """Each connection may have 64 unanswered, so it takes 1,024 of them."""
    connections, each = 1024, 64
    address = os.path.join(folder, "socket")  # a unix socket tells what was read
    footfall = start_footfall(
        "--listen", f"unix:{address}", "--store-timeout", 300, store=redis, workers=1
    )
    assert visit(address)[0] == 1
    redis.pause()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(address)) for _ in range(connections)]
        beyond = stack.enter_context(Client(address))
        for client in clients:
            client.send_and_see_it_read(request() * (each - 1))
        for client in clients[:-1]:
            client.send_and_see_it_read(request())
        assert beyond.ask("OPTIONS").status == 204  # what was read has been looked at, too
        clients[-1].send_and_see_it_read(request())  # the last that may wait
        refusal = beyond.ask()
        assert_refused(refusal)
        assert refusal.headers["retry-after"] == "1"
        assert clients[-1].is_silent(0.1)
        assert status(footfall)["workers"][0]["limits"]["pending_hits"] == 1
        assert len(footfall.events("limit_reached", limit="pending_hits")) == 1
        redis.resume()
        numbers = [r.number for client in clients for r in client.read_responses(each)]
        assert sorted(numbers) == list(range(2, 2 + connections * each))
        assert beyond.ask().number == 2 + connections * each
    assert len(footfall.workers()) == 1
