"""A counter as a picture, and the script for pages, as they are served."""

from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from api_client import new_name

SVG = "{http://www.w3.org/2000/svg}"


def texts_of(response):
    assert response.status == 200 and response.headers["content-type"] == "image/svg+xml"
    return [text.text for text in ElementTree.fromstring(response.body).iter(f"{SVG}text")]


def test_a_badge_counts_and_shows(api):
    name = new_name()
    assert texts_of(api.raw(f"/badge/{name}.svg")) == ["visitors", "1"]
    response = api.raw(f"/badge/{name}.svg")
    assert texts_of(response) == ["visitors", "2"]
    assert response.headers["cache-control"] == "max-age=0, no-cache, no-store, must-revalidate"
    assert response.headers["x-path"] == name
    assert response.headers["access-control-allow-origin"] == "*"
    assert api.value(name) == 2


def test_one_that_does_not_count_shows_0_and_makes_nothing(api):
    name = new_name()
    assert texts_of(api.raw(f"/badge/{name}.svg?count=no")) == ["visitors", "0"]
    assert api.value(name) is None
    api.create(name, 1234567)
    assert texts_of(api.raw(f"/badge/{name}.svg?count=no&format=short")) == ["visitors", "1.2M"]
    assert api.value(name) == 1234567


@pytest.mark.parametrize("label", [
    "hits", "<script>alert(1)</script>", "a&b\"c'd", "\u202eabc", "\x00\x01\x7f", "é" * 300,
    "\U0001f600" * 250, "مرحبا", "]]>", "%", "&#0;", " ", "",
])
def test_any_label_makes_a_picture(api, label):
    name = new_name()
    texts = texts_of(api.raw(f"/badge/{name}.svg?label={quote(label)}&style=flat-square"))
    assert texts[-1] == "1" and len(texts) <= 2
    assert len(texts) == 1 or len(texts[0]) <= 200


def test_a_label_that_fills_the_request_line_or_is_badly_encoded(api):
    name = new_name()
    for label in ("x" * 8000, "%C3%A9" * 1300, "%zz", "%", "a%2", "%ff%fe"):
        texts = texts_of(api.raw(f"/badge/{name}.svg?count=no&label={label}"))
        assert texts[-1] == "0"
    assert api.raw(f"/badge/{name}.svg?label={'x' * 9000}").status == 414


@pytest.mark.parametrize("query", ["color=red", "color=%23f0a", "color=nothing&style=unknown",
                                   "color=" + "x" * 100, "label_color=blue&format=long"])
def test_what_is_not_known_is_as_usual(api, query):
    assert texts_of(api.raw(f"/badge/{new_name()}.svg?{query}"))[-1] == "1"


def test_other_paths_are_nothing(api):
    for path in ("/badge/space/key", "/badge/space/key.png", "/badge/.svg", "/badge/a/b/c.svg",
                 "/badge/space/.svg"):
        assert api.raw(path).status in (400, 404), path
    name = new_name()
    assert api.raw(f"/badge/{name}.svg", "POST").status == 405
    assert api.raw(f"/badge/{name}.svg", "HEAD").status == 200
    assert api.value(name) is None


def test_the_script_is_small_and_known_again(api):
    response = api.raw("/footfall.js")
    assert response.status == 200
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=3600"
    assert 500 < len(response.body) < 1536 and b"data-footfall" in response.body
    tag = response.headers["etag"]
    for known in (tag, f'"other", {tag}', "*"):
        again = api.raw("/footfall.js", fields=[f"If-None-Match: {known}"])
        assert again.status == 304 and again.body == b"" and again.headers["etag"] == tag
    assert api.raw("/footfall.js", fields=['If-None-Match: "other"']).status == 200
    assert api.raw("/footfall.js/x").status == 404
