"""Many counters counted by one request."""

import json
import os

import pytest

from api_client import Api, new_name
from http_client import Client, request
from operators import start_with

TOKEN = "token-of-the-namespace"
SERVERS = "token-of-the-server"


@pytest.fixture(params=["lmdb", "memory", "redis"])
def batch_api(request, start_footfall, write_settings, folder, start_redis):
    stores = {"lmdb": lambda: f"lmdb:{folder}/data", "memory": lambda: "memory:",
              "redis": lambda: start_redis().url}
    paths = []
    for name, token in (("namespace", TOKEN), ("server", SERVERS)):
        paths.append(os.path.join(folder, name))
        with open(paths[-1], "w", encoding="ascii") as file:
            file.write(token)
    text = (
        f"listen = 127.0.0.1:0\nstore = {stores[request.param]()}\n"
        f"workers = {0 if request.param == 'memory' else 2}\n"
        f"[namespace space]\ntoken_file = {paths[0]}\n"
    )
    footfall = start_with(
        start_footfall, write_settings(text), "--admin-token-file", paths[1]
    ).wait_ready()
    return Api(footfall.address)


def line(name, count=None):
    namespace, key = name.split("/")
    return {"ns": namespace, "key": key, **({} if count is None else {"n": count})}


def lines_of(*objects):
    return "".join(json.dumps(each) + "\n" for each in objects).encode()


def send(api, body, token=SERVERS, fields=()):
    return api.raw("/batch", "POST", [f"Authorization: Bearer {token}", *fields], body=body)


def answers_to(response):
    assert response.status == 200
    assert response.headers["content-type"] == "application/x-ndjson"
    assert response.headers["access-control-allow-origin"] == "*"
    return [json.loads(each) for each in response.body.splitlines()]


def test_each_line_has_its_number(batch_api):
    one, other = new_name(), new_name()
    body = lines_of(line(one), line(other, 10), line(one, 5), line(one))
    assert answers_to(send(batch_api, body)) == [
        {"value": 1}, {"value": 10}, {"value": 6}, {"value": 7},
    ]
    assert batch_api.value(one) == 7 and batch_api.value(other) == 10


def test_an_array_is_the_same(batch_api):
    name = new_name()
    body = b"\r\n " + json.dumps([line(name), line(name, 2)]).encode()
    assert answers_to(send(batch_api, body)) == [{"value": 1}, {"value": 3}]
    assert answers_to(send(batch_api, b"[]")) == answers_to(send(batch_api, b"")) == []


def test_a_bad_line_stops_no_other(batch_api):
    name = new_name()
    body = lines_of(line(name)) + b'nonsense\n\n{"key":"ab"}\n{"ns":"space"}\n' + lines_of(
        line(name, 0), line(name, -1), line(name, 1.5), line(name, 2**31), line(name, "2"),
        {"ns": 3, "key": "key"}, ["a"], line(name, 2**31 - 1),
    )
    answers = answers_to(send(batch_api, body))
    assert answers[0] == {"value": 1} and answers[-1] == {"value": 2**31}
    assert len(answers) == 12 and all(list(each) == ["error"] for each in answers[1:-1])
    assert batch_api.value(name) == 2**31


def test_a_hit_beyond_the_end_is_refused_and_the_others_count(batch_api):
    name = new_name()
    batch_api.create(name, 2**63 - 4)
    body = lines_of(line(name, 2), line(name, 5), line(name), line(name))
    assert answers_to(send(batch_api, body)) == [
        {"value": 2**63 - 2}, {"error": "The number would be out of range."},
        {"value": 2**63 - 1}, {"error": "The number would be out of range."},
    ]


def test_tokens(batch_api):
    mine, others = new_name(), "other/key"
    body = lines_of(line(mine), line(others))
    assert answers_to(send(batch_api, body, TOKEN)) == [
        {"value": 1}, {"error": "token is invalid"},
    ]
    refused = send(batch_api, body, "another-token")
    assert refused.status == 401 and refused.headers["www-authenticate"] == "Bearer"
    assert batch_api.raw("/batch", "POST", body=body).status == 400
    assert batch_api.raw("/batch").status == 405
    assert batch_api.value(mine) == 1 and batch_api.value(others) is None


def test_what_is_too_much_counts_nothing(batch_api):
    name = new_name()
    small = json.dumps(line(name)).encode() + b"\n"
    assert len(answers_to(send(batch_api, small * 1000))) == 1000
    assert send(batch_api, b"{}\n" * 4097).status == 400
    assert send(batch_api, b"x" * 65537).status == 413
    assert send(batch_api, b"[{]").status == 400
    assert batch_api.value(name) == 1000


def test_chunks_and_single_bytes_make_no_difference(batch_api):
    name = new_name()
    body = lines_of(line(name, 3), line(name, 4))
    head = request("POST", "/batch", [
        f"Authorization: Bearer {SERVERS}", "Transfer-Encoding: chunked",
    ])
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]))
    message = head + chunks + b"0\r\n\r\n"
    with Client(batch_api.address) as client:
        for index in range(len(message)):
            client.send(message[index:index + 1])
        assert answers_to(client.read_response()) == [{"value": 3}, {"value": 7}]
        client.send(message * 2)
        assert answers_to(client.read_response()) == [{"value": 10}, {"value": 14}]
        assert answers_to(client.read_response()) == [{"value": 17}, {"value": 21}]
