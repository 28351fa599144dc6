"""Which path names which counter: encodings, bounds, segments, and words for the calling page."""

import pytest

from api_client import new_name
from http_client import request

PAGE = "https://mysite.com/example/page"


def used(answer):
    return answer.headers.get("x-path")


# ---- segments


@pytest.mark.parametrize("path", ["/hit/space/key/", "/hit/key1/", "/get/space/key/"])
def test_a_trailing_slash_is_404(api, path):
    answer = api.call(path)
    assert answer.status == 404 and answer["error"]
    assert api.value("space/key") is None and api.value("key1") is None


@pytest.mark.parametrize(
    "path",
    ["/hit", "/hit/", "/get", "/get/", "/set", "/info/", "/hit/a/b/c", "/hit/space/key/shield",
     "/get/space/key/x/y", "/hit//space/key", "/hit/space//key", "/hit/../get/space/key"],
)  # fmt: skip
def test_more_or_fewer_segments_are_404(api, path):
    answer = api.call(path)
    assert answer.status == 404 and answer["error"], answer
    assert used(answer) is None


@pytest.mark.parametrize("path", ["//hit/space/key", "/Hit/space/key", "/HIT/space/key",
                                  "/%68it/space/key", "/./hit/space/key", "/v1/hit/space/key"])  # fmt: skip
def test_a_path_that_is_no_calls_is_404(api, path):
    assert api.raw(path).status == 404
    assert api.value("space/key") is None


def test_case_matters(api):
    name = new_name()
    upper = name.upper()
    assert [api.hit(name), api.hit(name), api.hit(upper)] == [1, 2, 1]


def test_get_a_shield_is_the_key_shield(api):
    namespace = new_name().replace("/", "-")
    assert used(api.call(f"/hit/{namespace}/shield")) == f"{namespace}/shield"
    assert used(api.call(f"/hit/{namespace}/page.svg")) == f"{namespace}/page.svg"


# ---- characters and lengths


@pytest.mark.parametrize("part", ["abc", "a" * 64, "a.b-c_D", "...", "---", "000"])
def test_each_part_may_be_such(api, part):
    name = new_name().partition("/")[2]
    assert used(api.call(f"/hit/{part}/{name}")) == f"{part}/{name}"
    assert used(api.call(f"/hit/{name}/{part}")) == f"{name}/{part}"


@pytest.mark.parametrize(
    "part",
    ["a", "ab", "a" * 65, "ab%20", "a+b", "a%2Fb", "a%252Fb", "a%00b", "abc%", "abc%4", "abc%zz",
     "a:b", "a~b", "a@b", "a$b", "a%C3%A9", "..", "%2e%2e", "a%0d%0ab", "a%5Cb", "a%3Fb", "ab*"],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["hit", "get"])
def test_each_part_may_not_be_such(api, verb, part):
    answer = api.call(f"/{verb}/{part}/key")
    assert answer.status == 400 and answer["error"].startswith("Invalid namespace: ")
    for path in (f"/{verb}/space/{part}", f"/{verb}/{part}"):
        answer = api.call(path)
        assert answer.status == 400 and answer["error"].startswith("Invalid key: ")
        assert used(answer) is None


def test_a_name_is_decoded_once(api):
    name = new_name()
    encoded = "".join(f"%{ord(c):02x}" if c != "/" else c for c in name)
    assert api.hit(name) == 1
    answer = api.call(f"/hit/{encoded}")
    assert answer["value"] == 2 and used(answer) == name
    assert api.call(f"/hit/{encoded.replace('%', '%25')}").status == 400


def test_the_longest_names_are_two_counters_where_they_differ_at_the_end(api):
    key = new_name().partition("/")[2].ljust(63, "k")
    namespace = "n" * 64
    assert api.hit(f"{namespace}/{key}1") == 1
    assert api.hit(f"{namespace}/{key}2") == 1
    assert api.hit(f"{namespace}/{key}1") == 2
    info = api.call(f"/info/{namespace}/{key}1")
    assert (info["namespace"], info["key"]) == (namespace, f"{key}1")


def test_the_same_key_in_two_namespaces_is_two_counters(api):
    key = new_name().partition("/")[2]
    assert api.hit(f"one/{key}") == 1
    assert api.hit(f"two/{key}") == 1
    assert api.hit(f"one/{key}") == 2


# ---- words


@pytest.mark.parametrize(
    ("words", "fields", "name"),
    [
        (":HOST:/:PATHNAME:", [f"Referer: {PAGE}"], "mysite.com/examplepage"),
        ("%3AHOST%3A/%3APATHNAME%3A", [f"Referer: {PAGE}"], "mysite.com/examplepage"),
        ("%3aHOST%3a/:PATH:", [f"Referer: {PAGE}"], "mysite.com/examplepage"),
        (":HOST:/key", ["Origin: https://other.org:8443", f"Referer: {PAGE}"], "other.org/key"),
        (":HOST:/key", ["Origin: null", f"Referer: {PAGE}"], "mysite.com/key"),
        (":HOST:/key", ["Origin: http://a"], "..a/key"),
        (":HOST:/key", ["Origin: http://ab:80"], ".ab/key"),
        (":PATHNAME:", ["Referer: https://mysite.com/"], "default/..."),
        (":PATHNAME:", ["Referer: https://mysite.com/a?b=/c#/d"], "default/..a"),
        (":HOST:", ["Origin: https://mysite.com"], "default/mysite.com"),
    ],
)
def test_words_stand_for_the_calling_page(api, words, fields, name):
    before = api.value(name) or 0
    answer = api.call(f"/hit/{words}", fields=fields)
    assert answer.status == 200 and used(answer) == name
    assert answer["value"] == before + 1 == api.value(name)
    assert used(api.call(f"/get/{words}", fields=fields)) == name


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        (":HOST:/key", []),
        (":HOST:/key", ["Origin: null"]),
        (":HOST:/key", ["Origin: file://"]),
        (":HOST:/key", ["Origin: http://[::1]:80"]),
        (":HOST:/key", ["Origin: http://user:secret@mysite.com"]),
        (":HOST:/key", ["Origin: http://" + "a" * 65]),
        (":HOST:/key", ["Origin: http://a%20b"]),
        (":PATHNAME:", ["Origin: https://mysite.com"]),
        (":PATH:", ["Referer: /example"]),
        (":PATHNAME:", ["Referer: https://mysite.com/" + "a" * 65]),
        (":PATHNAME:", ["Referer: https://mysite.com/caf%C3%A9"]),
        (":PATHNAME:", ["Referer: https://mysite.com/~me"]),
    ],
)
def test_without_a_page_that_has_a_name_a_word_is_400(api, words, fields):
    answer = api.call(f"/hit/{words}", fields=fields)
    assert answer.status == 400 and answer["error"]
    assert used(answer) is None


def test_the_words_of_a_page_with_64_characters_are_taken(api):
    host, path = "h" * 64, "p" * 64
    answer = api.call("/hit/:HOST:/:PATH:", fields=[f"Referer: http://{host}:1/{path[:9]}/{path[9:]}/"])
    assert used(answer) == f"{host}/{path}"


def test_words_of_other_cases_and_in_the_middle_are_none(api):
    for word in (":host:", ":Path:", "a:HOST:", ":HOST:a", ":URL:", "%253AHOST%253A"):
        answer = api.call(f"/hit/space/{word}", fields=[f"Referer: {PAGE}"])
        assert answer.status == 400 and answer["error"].startswith("Invalid key: ")


# ---- the form of the target


def test_a_target_with_a_host_names_the_same_counter(api):
    name = new_name()
    assert api.hit(name) == 1
    with api.connect() as client:
        client.send(request("GET", f"http://example.org/hit/{name}?a"))
        assert client.read_response().body == b'{"value":2}'
