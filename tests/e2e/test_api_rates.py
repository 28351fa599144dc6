"""How often a client may call, over all workers of a host, and how it is told."""

import threading
import time

import pytest

from api_client import Api
from http_client import Client, request, visit
from operators import metrics, reached
from waiting import eventually

TRUSTED = ("--trusted-proxy", "127.0.0.0/8")


def from_client(address):
    return [f"X-Forwarded-For: {address}"]


def settings(rate):
    return f"store = memory:\n[defaults]\nrate = {rate}\n"


@pytest.fixture
def start_api(start_footfall, write_settings):
    def start(*words, workers=2, rate="10/30s", more=""):
        path = write_settings(settings(rate) + more)
        footfall = start_footfall("--config", path, *words, workers=workers)
        footfall.wait_ready()
        api = Api(footfall.address)
        api.footfall = footfall
        return api

    return start


def begin_of_second():
    """Windows are counted in whole seconds: right behind one's begin there is time."""
    time.sleep(1.05 - time.monotonic() % 1)


def test_the_fields_say_what_is_left(start_api):
    api = start_api(*TRUSTED)
    for left in range(9, -1, -1):
        answer = api.call("/hit/space/key", fields=from_client("192.0.2.1"))
        assert answer.status == 200
        assert answer.headers["ratelimit-policy"] == '"client";q=10;w=30'
        remaining, reset = answer.headers["ratelimit"].removeprefix('"client";r=').split(";t=")
        assert int(remaining) == left and 25 <= int(reset) <= 30
        assert "retry-after" not in answer.headers
    refused = api.call("/hit/space/key", fields=from_client("192.0.2.1"))
    assert refused.status == 429 and refused.object == {
        "error": "Too many requests; wait a moment."
    }
    assert 25 <= int(refused.headers["retry-after"]) <= 30
    assert refused.headers["access-control-allow-origin"] == "*"
    assert api.call("/get/space/key", fields=from_client("192.0.2.2")).status == 200
    assert reached(api.footfall, "rate") == 1
    api.footfall.wait_for_log("limit_reached", limit="rate")
    calls = {labels: value for (name, labels), value in metrics(api.footfall).items()
             if name == "footfall_api_calls_total" and value > 0}
    assert sum(calls.values()) == 12
    assert {label for labels in calls for label in ("hit", "get", "create", "other")
            if f'call="{label}"' in labels} == {"hit", "get"}


def test_a_client_has_exactly_its_calls_however_many_workers_serve_it(start_api):
    api = start_api(*TRUSTED, workers=4, rate="200/60s")
    statuses = []

    def call(count):
        with Client(api.address) as client:
            for _ in range(count):
                client.send(request("GET", "/hit/space/key", from_client("192.0.2.9")))
                statuses.append(client.read_response().status)

    threads = [threading.Thread(target=call, args=(40,)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(200) == 200 and statuses.count(429) == 280


def test_a_window_ends(start_api):
    api = start_api(*TRUSTED, rate="2/2s")
    begin_of_second()
    assert [api.call("/hit/space/key", fields=from_client("::1:2")).status for _ in range(3)] == [
        200, 200, 429,
    ]
    time.sleep(2.1)
    assert api.call("/hit/space/key", fields=from_client("::1:2")).status == 200


def test_the_front_counter_the_script_and_preflights_are_not_limited(start_api):
    api = start_api(*TRUSTED, rate="1/60s")
    fields = from_client("192.0.2.3")
    assert api.call("/hit/space/key", fields=fields).status == 200
    assert api.call("/hit/space/key", fields=fields).status == 429
    for _ in range(5):
        assert visit(api.address)
        assert api.raw("/footfall.js", fields=fields).status == 200
        assert api.raw("/hit/space/key", "OPTIONS", fields).status == 204


def test_a_namespace_has_a_rate_of_its_own(start_api):
    api = start_api(*TRUSTED, rate="1/60s", more="[namespace big]\nrate = off\n[namespace two]\n"
                                                 "rate = 2/60s\n")
    fields = from_client("192.0.2.4")
    statuses = {
        space: [api.call(f"/hit/{space}/key", fields=fields).status for _ in range(4)]
        for space in ("one", "other", "two", "big")
    }
    assert statuses == {
        "one": [200, 429, 429, 429],
        "other": [429] * 4,  # shares that of the defaults
        "two": [200, 200, 429, 429],
        "big": [200] * 4,
    }


@pytest.mark.parametrize("workers", [2, 0])
def test_without_a_trusted_proxy_loopback_is_not_limited(start_api, workers):
    api = start_api(workers=workers, rate="1/60s")
    for _ in range(4):
        answer = api.call("/hit/space/key")
        assert answer.status == 200 and "ratelimit" not in answer.headers


def test_a_64_of_ipv6_is_one_client(start_api):
    api = start_api(*TRUSTED, rate="1/60s")
    statuses = [
        api.call("/hit/space/key", fields=from_client(address)).status
        for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    ]
    assert statuses == [200, 429, 200]


def test_more_clients_than_there_is_room_for_are_refused_and_known_ones_go_on(start_api):
    api = start_api(*TRUSTED, "--max-rate-clients", 64, rate="1000/60s")
    known = from_client("192.0.2.5")
    assert api.call("/hit/space/key", fields=known).status == 200
    with Client(api.address) as client:
        statuses = []
        for number in range(600):
            fields = from_client(f"198.51.{number // 200}.{number % 200}")
            client.send(request("GET", "/hit/space/key", fields))
            statuses.append(client.read_response().status)
    assert statuses[:63] == [200] * 63  # that many for certain, and three to six times in all
    assert 150 <= statuses.count(200) <= 385 and statuses.count(429) == 600 - statuses.count(200)
    assert statuses[-50:].count(429) > 30
    assert api.call("/hit/space/key", fields=known).status == 200
    assert visit(api.address)


# ---- wrong tokens


def test_who_guesses_tokens_is_slowed_down(start_api):
    api = start_api(*TRUSTED, workers=0, rate="off")
    fields = from_client("192.0.2.6")
    key = api.create("space/key")
    statuses = [
        api.call("/reset/space/key", "POST", fields, bearer=f"wrong-{number}").status
        for number in range(30)
    ]
    assert statuses == [401] * 20 + [429] * 10
    assert reached(api.footfall, "wrong_tokens") == 10
    refused = api.call("/reset/space/key", "POST", fields, bearer=key)
    assert refused.status == 429 and 1 <= int(refused.headers["retry-after"]) <= 60
    assert api.call("/hit/space/key", fields=fields)["value"] == 1  # who needs none is served
    other = from_client("192.0.2.7")
    assert api.call("/reset/space/key", "POST", other, bearer=key).status == 200


def test_guesses_that_come_at_once_are_judged_no_further(start_api):
    api = start_api(rate="off", workers=0)
    key = api.create("space/key", 5)
    guesses = [f"guess-{number}" for number in range(59)] + [key]
    with Client(api.address) as client:
        client.send(b"".join(request("POST", f"/reset/space/key?token={g}") for g in guesses))
        statuses = [client.read_response().status for _ in guesses]
    assert statuses == [401] * 20 + [429] * 40
    assert api.value("space/key") == 5


def test_who_does_not_wait_for_the_answers_guesses_no_more(start_api):
    api = start_api(*TRUSTED, rate="off", workers=0)
    key = api.create("space/key", 5)
    fields = from_client("192.0.2.8")
    for _ in range(3):
        with Client(api.address) as client:
            client.send(b"".join(
                request("POST", f"/reset/space/key?token=guess-{number}", fields)
                for number in range(30)
            ))
            eventually(lambda: not client.is_silent(0.01), "they are judged")
            client.reset()
    assert api.call("/reset/space/key", "POST", fields, bearer=key).status == 429
    assert api.value("space/key") == 5


def test_right_tokens_are_not_limited(start_api):
    api = start_api(rate="off", workers=0)
    key = api.create("space/key")
    with Client(api.address) as client:
        for _ in range(50):
            client.send(request("POST", f"/update/space/key?value=1&token={key}"))
            assert client.read_response().status == 200
            client.send(request("POST", f"/reset/space/none?token={key}"))
            assert client.read_response().status == 404
    assert api.value("space/key") == 50


def test_ten_thousand_wrong_tokens_open_nothing(start_api):
    api = start_api(workers=0, rate="off")
    api.create("space/key")
    with Client(api.address) as client:
        statuses = set()
        for batch in range(200):
            path = "/delete/space/key?token=guess-{}"
            client.send(b"".join(
                request("POST", path.format(50 * batch + number)) for number in range(50)
            ))
            statuses |= {client.read_response().status for _ in range(50)}
    assert statuses == {401, 429}
    assert api.value("space/key") == 0
