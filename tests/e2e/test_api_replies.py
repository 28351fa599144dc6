"""What is around the object: fields for other hosts, callbacks, images; HEAD and OPTIONS."""

import json
import re

import pytest

from api_client import CORS, GREATEST, LEAST, USUAL, new_name
from http_client import Client, request

CALLS = [
    ("GET", "/hit/{}", 200),
    ("POST", "/hit/{}", 200),
    ("GET", "/get/{}", 200),
    ("GET", "/info/{}", 200),
    ("GET", "/create/{}-new", 201),
    ("GET", "/create?key=ab", 400),
    ("GET", "/update/{}?amount=1", 200),
    ("GET", "/update/{}?amount=2", 403),
    ("GET", "/set/{}?value=1", 403),
    ("GET", "/set/{}", 400),
    ("GET", "/get/{}-absent", 404),
    ("GET", "/info/{}-absent", 404),
    ("GET", "/create/{}", 409),
    ("GET", "/hit/x", 400),
    ("GET", "/hit/a/b/c", 404),
    ("PUT", "/hit/{}", 405),
    ("GET", "/delete/{}", 405),
    ("POST", "/reset/{}", 400),
    ("POST", "/reset/{}?token=x", 401),
]
each_call = pytest.mark.parametrize(
    ("method", "path", "status"), CALLS, ids=[f"{m} {p} {s}" for m, p, s in CALLS]
)
VERBS = ["hit", "get", "create", "set", "update", "reset", "delete", "info"]


@pytest.fixture
def name(api):
    name = new_name()
    api.hit(name)
    return name


def more_of(status):
    return {401: {"www-authenticate"}, 405: {"allow"}}.get(status, set())


def unwrapped(response, callback):
    """The object that a callback is given."""
    assert response.status == 200
    assert response.headers["content-type"] == "application/javascript; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    match = re.fullmatch(rb"([^(]+)\((\{.*\})\);", response.body)
    assert match and match[1].decode() == callback, response
    return json.loads(match[2])


# ---- CORS


@pytest.mark.parametrize("origin", [[], ["Origin: https://mysite.com"]], ids=["plain", "origin"])
@each_call
def test_every_reply_has_exactly_these_fields(api, name, method, path, status, origin):
    response = api.raw(path.format(name), method, origin)
    assert response.status == status, response
    path_fields = {"x-path"} if "{}" in path else set()
    assert set(response.headers) == USUAL | more_of(status) | path_fields
    assert CORS.items() <= response.headers.items()
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "application/json"
    if status >= 400:
        assert json.loads(response.body)["error"]


def test_no_reply_takes_credentials(api, name):
    response = api.raw(f"/get/{name}", fields=["Origin: https://a.org", "Cookie: a=b"])
    assert "access-control-allow-credentials" not in response.headers
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("verb", VERBS)
def test_a_preflight_is_204_and_does_nothing(api, name, verb):
    response = api.raw(
        f"/{verb}/{name}?value=5&amount=1", "OPTIONS",
        ["Origin: https://mysite.com", "Access-Control-Request-Method: POST",
         "Access-Control-Request-Headers: authorization"],
    )  # fmt: skip
    assert response.status == 204 and response.body == b""
    assert set(response.headers) == {"date", "cache-control", "allow", "x-path", *CORS} | {
        "access-control-allow-methods", "access-control-allow-headers", "access-control-max-age",
    }
    assert CORS.items() <= response.headers.items()
    methods = {word.strip() for word in response.headers["access-control-allow-methods"].split(",")}
    assert {"GET", "POST", "HEAD", "OPTIONS"} <= methods
    allowed = {w.strip().lower() for w in response.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "content-type"} <= allowed
    assert response.headers["access-control-max-age"] == str(12 * 3600)
    assert api.value(name) == 1


def test_a_preflight_of_what_does_not_exist_makes_nothing(api):
    name = new_name()
    for verb in VERBS:
        assert api.raw(f"/{verb}/{name}", "OPTIONS").status == 204
    assert api.value(name) is None


# ---- HEAD


@pytest.mark.parametrize("target", ["/badge/space/one.svg", "/badge/space/one.svg?count=no",
                                    "/footfall.js"])
def test_head_of_a_picture_or_script_names_the_type_that_get_has(api, target):
    # A checker of links that asks so was told of JSON.
    head, whole = api.raw(target, "HEAD"), api.raw(target)
    assert head.status == whole.status == 200
    for field in ("content-type", "cache-control", "etag"):
        assert head.headers.get(field) == whole.headers.get(field)


@pytest.mark.parametrize("query", ["", "?callback=f", "?img", "?value=5&amount=1"])
@pytest.mark.parametrize("verb", ["hit", "get", "create", "set", "update", "info"])
def test_head_never_counts_nor_changes(api, name, verb, query):
    absent = new_name()
    for one in (name, absent):
        response = api.raw(f"/{verb}/{one}{query}", "HEAD")
        assert response.status == 200 and response.body == b""
        assert CORS.items() <= response.headers.items()
        assert "content-length" not in response.headers
    assert api.value(name) == 1
    assert api.value(absent) is None


def test_head_leaves_the_connection_in_step(api, name):
    with api.connect() as client:
        for target in (f"/hit/{name}", "/hit/x", f"/reset/{name}", f"/get/{name}?img"):
            client.ask("HEAD", target)
        assert client.ask("GET", f"/hit/{name}").body == b'{"value":2}'


# ---- JSONP


@each_call
def test_a_callback_is_given_the_object_and_its_status(api, name, method, path, status):
    target = path.format(name) + ("&" if "?" in path else "?") + "callback=my.call_$1"
    members = unwrapped(api.raw(target, method), "my.call_$1")
    assert members.pop("code") == status
    assert members
    if status >= 400:
        assert members["error"]


@pytest.mark.parametrize(
    "callback",
    ["", "1a", ".a", "a(b)", "a%28", "a;b", "%3Cscript%3E", "a%0Ab", "a%00", "a+b", "a%20b",
     "a[0]", "a-b", "a%22", "a%27", "a%C3%A9", "a%2F%2F", "a%", "a%2528", "alert(1)//",
     "c" * 129, "%63" * 129],
)  # fmt: skip
def test_a_hostile_callback_is_400_and_nothing_is_counted(api, name, callback):
    for target in (f"/hit/{name}?callback={callback}", f"/update/{name}?amount=1&callback={callback}"):
        response = api.raw(target)
        assert response.status == 400
        assert response.headers["content-type"] == "application/json"
        assert list(json.loads(response.body)) == ["error"]
    absent = new_name()
    assert api.raw(f"/create/{absent}?callback={callback}").status == 400
    assert api.value(name) == 1 and api.value(absent) is None


def test_the_longest_callback_is_taken(api, name):
    callback = "c" * 128
    assert unwrapped(api.raw(f"/hit/{name}?callback={callback}"), callback)["value"] == 2


def test_the_longest_reply_of_all_comes_whole(api):
    name = f"{'n' * 64}/{new_name().partition('/')[2].ljust(64, 'k')}"
    namespace, key = name.split("/")
    api.create_listed(
        name, value=LEAST, update_lowerbound=LEAST, update_upperbound=GREATEST, enable_reset=1
    )
    callback = "c" * 128
    info = unwrapped(api.raw(f"/info/{name}?callback={callback}"), callback)
    assert (info["namespace"], info["key"]) == (namespace, key)
    assert info["value"] == info["update_lowerbound"] == info["adjusted"] == LEAST
    assert info["update_upperbound"] == GREATEST and info["code"] == 200


# ---- images


@pytest.mark.parametrize("query", ["img", "img=1", "img&callback=f"])
@each_call
def test_an_image_comes_whatever_happens(api, name, method, path, status, query):
    response = api.raw(path.format(name) + ("&" if "?" in path else "?") + query, method)
    assert response.status == status
    assert response.headers["content-type"] == "image/gif"
    assert response.body.startswith(b"GIF89a\x01\x00\x01\x00") and response.body[-1:] == b";"
    assert len(response.body) == 43
    assert CORS.items() <= response.headers.items()


def test_an_image_of_a_hit_counts_once(api, name):
    api.raw(f"/hit/{name}?img")
    assert api.value(name) == 2
    api.raw(f"/get/{name}?img")
    assert api.value(name) == 2


# ---- one connection


def test_pipelined_calls_are_answered_in_order(api):
    name = new_name()
    targets = [f"/get/{name}", f"/hit/{name}", f"/get/{name}", f"/hit/{name}", "/hit/x",
               f"/update/{name}?amount=1", f"/set/{name}?value=9", f"/get/{name}", f"/hit/{name}",
               "/nothing", f"/info/{name}", f"/get/{name}"]  # fmt: skip
    with api.connect() as client:
        for _ in range(3):
            client.send(b"".join(f"GET {t} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for t in targets))
            answers = client.read_responses(len(targets))
            values = [json.loads(answer.body).get("value") for answer in answers]
            first = 1 if values[0] is None else values[0] + 1
            assert values == [
                None if first == 1 else first - 1, first, first, first + 1, None, first + 2,
                first + 2, first + 2, first + 3, None, first + 3, first + 3,
            ]  # fmt: skip
            statuses = [answer.status for answer in answers]
            assert statuses[1:] == [200, 200, 200, 400, 200, 403, 200, 200, 404, 200, 200]
            assert statuses[0] == (404 if first == 1 else 200)


def test_an_owners_calls_in_a_pipeline_do_not_overtake_others(api):
    name = new_name()
    key = api.create(name, 5)
    requests = [("POST", f"/reset/{name}?token={key}"), ("GET", f"/hit/{new_name()}"),
                ("POST", f"/set/{name}?token={key}&value=7"), ("GET", f"/hit/{new_name()}")]  # fmt: skip
    with api.connect() as client:
        client.send(b"".join(f"{m} {t} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for m, t in requests))
        bodies = [answer.body for answer in client.read_responses(4)]
    assert bodies[0] == b'{"value":0}' and bodies[1] == bodies[3] == b'{"value":1}'
    assert json.loads(bodies[2])["value"] == 7


@pytest.mark.parametrize(
    "sent, status",
    [
        (b"GET /get/one/two HTTP/1.1\r\n\r\n", 400),
        (b"GET /get/" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (request("GET", "/get/one/two", [f"X: {'x' * 9000}"]), 431),
        (request("POST", "/hit/one/two", ["Content-Length: 65537"]), 413),
        (request("POST", "/hit/one/two", ["Transfer-Encoding: gzip, chunked"]), 501),
        (request("POST", "/hit/one/two", ["Expect: tea", "Content-Length: 5"]), 417),
        (request("GET", "/gett/one/two"), 404),
        (request("POST", "/hit/one/two", ["Content-Length: 5"]), 408),
        (b"GET /get/one/two HTTP/1.1\r\n", 408),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_what_is_refused_before_it_is_known_as_a_call_may_be_read_by_pages_of_other_hosts(
    start_footfall, sent, status
):
    """A page's script saw a network error and not what was wrong."""
    footfall = start_footfall(
        "--header-timeout", 0.3, "--body-timeout", 0.3, store="memory:", workers=0,
    )
    with Client(footfall.address) as client:
        client.send(sent)
        response = client.read_response()
    assert response.status == status and response.error
    assert CORS.items() <= response.headers.items()


def test_what_operators_are_answered_is_for_no_page(start_footfall):
    footfall = start_footfall("--admin", "127.0.0.1:0", store="memory:", workers=0)
    at = footfall.wait_for_log("admin_ready").fields["at"]
    address = ("127.0.0.1", int(at.rpartition(":")[2]))
    for sent in (b"no request\r\n\r\n", request("GET", "/none")):
        with Client(address) as client:
            client.send(sent)
            assert not CORS.keys() & client.read_response().headers.keys()
