"""footfall.js in a real browser: what a page shows, and what it asks a counter for.

The counter here is an imitation that can be slow, wrong or away; page and counter have different
origins. Every page forbids all but what docs/snippet.md says has to be allowed.
"""

import collections
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api_client import Api
from browser import Browser
from waiting import PATIENCE_S, eventually

SOURCE = Path(__file__).resolve().parents[2] / "src" / "visits" / "footfall.js"
TAG = '<script src="{counter}footfall.js"{attributes} async></script>'
SPAN = "<span data-footfall>many</span>"


def as_served():
    """What the build makes of the source."""
    lines = (line.strip() for line in SOURCE.read_text("ascii").splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))


class Site:
    """A server of its own thread. A context manager; `url` ends in a slash."""

    def __init__(self, host="127.0.0.1"):
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                site.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://{host}:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Counter(Site):
    """Imitates the counting API, and notes in `asked` what it was asked for, such as "hit/a/b"."""

    def __init__(self):
        super().__init__()
        self.below = "/"  # the path that it is served below
        self.numbers = collections.Counter()
        self.asked = []
        self.answered = []  # the same when the answer has been sent
        self.wrong = None  # a status and a body to answer with
        self.is_away = False  # ends connections without an answer
        self.goes_on = threading.Event()  # answers wait for this
        self.goes_on.set()

    def answer(self, request):
        path = request.path.split("?")[0]
        if path == f"{self.below}footfall.js":
            self.send(request, 200, as_served(), "text/javascript")
            return
        self.asked.append(path.removeprefix(self.below))
        self.goes_on.wait(PATIENCE_S)
        if self.is_away:
            request.close_connection = True
        elif self.wrong:
            self.send(request, *self.wrong)
        else:
            self.send(request, *self.counted(*path.removeprefix(self.below).split("/", 1)))
        self.answered.append(path.removeprefix(self.below))

    def counted(self, verb, counter):
        if verb == "hit":
            self.numbers[counter] += 1
        elif counter not in self.numbers:
            return 404, '{"value":null,"error":"Key not found"}'
        return 200, json.dumps({"value": self.numbers[counter]})

    def send(self, request, status, body, media_type="application/json"):
        try:
            request.send_response(status)
            request.send_header("Content-Type", media_type)
            request.send_header("Access-Control-Allow-Origin", "*")
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body.encode())
        except ConnectionError:
            pass  # it was too slow for the page


class Pages(Site):
    """Serves the same page at every path, in pieces: each but the first when `goes_on` is set."""

    def __init__(self, counter, host="127.0.0.1"):
        super().__init__(host)
        self.counter = counter
        self.pieces = [""]
        self.goes_on = threading.Event()

    def hold(self, *pieces):
        self.pieces = pieces

    def answer(self, request):
        origin = self.counter.url.rstrip("/")
        request.send_response(200)
        request.send_header("Content-Type", "text/html; charset=utf-8")
        request.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; script-src {origin}; connect-src {origin}; img-src {origin}",
        )
        request.end_headers()
        request.wfile.write(b"<!doctype html><title>page</title>")
        for place, piece in enumerate(self.pieces):
            if place > 0:
                self.goes_on.wait(PATIENCE_S)
            request.wfile.write(piece.encode())
            request.wfile.flush()


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture
def counter():
    with Counter() as counter:
        yield counter
        counter.goes_on.set()


@pytest.fixture
def pages(counter):
    with Pages(counter) as pages:
        yield pages
        pages.goes_on.set()


def tag(counter, attributes=""):
    return TAG.format(counter=counter.url + counter.below[1:], attributes=attributes)


def test_a_page_is_counted_once_and_shows_its_number_wherever_it_wants(browser, counter, pages):
    counter.numbers["127.0.0.1/blogpost"] = 1233
    pages.hold(tag(counter) + SPAN + "<p><b data-footfall></b> <i data-footfall data-plain>?</i></p>")
    browser.open(pages.url + "blog/post/?from=feed#end")
    browser.wait_texts("1,234", "1,234", "1234")
    assert counter.asked == ["hit/127.0.0.1/blogpost"]
    assert browser.troubles() == []


class Served:
    """A footfall as pages have it."""

    def __init__(self, footfall):
        self.url = f"http://127.0.0.1:{footfall.port}/"
        self.below = "/"


def test_ten_pages_and_two_badges_of_a_real_one(browser, start_footfall, folder):
    footfall = start_footfall(store=f"lmdb:{folder}/data", workers=2)
    counter, api = Served(footfall), Api(footfall.address)
    badges = ("badge/my-project/readme.svg", "badge/127.0.0.1/page-0.svg?count=no&label=readers")
    images = "".join(f'<img src="{counter.url}{badge}">' for badge in badges)
    with Pages(counter) as pages:
        for visits in (1, 2):
            for number in range(10):
                pages.hold(tag(counter) + SPAN + images)
                browser.open(f"{pages.url}page-{number}")
                browser.wait_texts(str(visits))
                browser.wait_for("[...document.images].every(one => one.naturalWidth > 60)")
                assert browser.troubles() == []
    assert [api.value(f"127.0.0.1/page-{number}") for number in range(10)] == [2] * 10
    assert api.value("my-project/readme") == 20


def test_a_script_that_is_included_twice_counts_once(browser, counter, pages):
    pages.hold(tag(counter) + SPAN + tag(counter).replace(".js", ".js?v=2"))
    browser.open(pages.url + "page")
    browser.wait_texts("1")
    browser.open(pages.url + "page")
    browser.wait_texts("2")
    assert counter.asked == ["hit/127.0.0.1/page"] * 2


def test_the_first_of_two_scripts_decides_what_is_counted(browser, counter, pages):
    pages.hold((tag(counter) + tag(counter, " data-key=other") + SPAN).replace(" async", ""))
    browser.open(pages.url + "page")
    browser.wait_texts("1")
    assert counter.asked == ["hit/127.0.0.1/page"]


def test_what_comes_later_in_the_page_is_filled_too(browser, counter, pages):
    pages.hold(tag(counter) + SPAN + " " * 2000, SPAN)
    opening = threading.Thread(target=lambda: (
        eventually(lambda: counter.asked, "the page is counted before it is whole"),
        pages.goes_on.set(),
    ))
    opening.start()
    browser.open(pages.url + "page")
    opening.join()
    browser.wait_texts("1", "1")
    assert len(counter.asked) == 1


@pytest.mark.parametrize("wrong", [
    (500, '{"value":7}'),
    (404, '{"value":null}'),
    (400, '{"error":"Invalid key"}'),
    (200, '{"value":"7"}'),
    (200, '{"value":null}'),
    (200, '{}'),
    (200, 'null'),
    (200, '7'),
    (200, '<html>sign in to this network</html>'),
    (200, ''),
], ids=lambda wrong: f"{wrong[0]} {wrong[1][:14]}")
def test_a_bad_answer_leaves_what_the_page_says(browser, counter, pages, wrong):
    counter.wrong = wrong
    pages.hold(tag(counter) + SPAN)
    browser.open(pages.url + "page")
    eventually(lambda: counter.asked, "it asks")
    browser.evaluate("new Promise(done => setTimeout(done, 50))")
    assert browser.texts() == ["many"]
    assert not [trouble for trouble in browser.troubles() if "Failed to load" not in trouble]


def test_a_counter_that_is_away_leaves_what_the_page_says(browser, counter, pages):
    counter.is_away = True
    pages.hold(tag(counter) + SPAN)
    browser.open(pages.url + "page")
    eventually(lambda: counter.asked, "it asks")
    eventually(browser.troubles, "the browser says that the request failed")
    assert browser.texts() == ["many"]
    assert all("Failed to load" in trouble for trouble in browser.troubles())


def test_an_answer_after_ten_seconds_is_too_late(browser, counter, pages):
    for seconds, expected in ((9, "1"), (10, "many")):
        for what in (counter.numbers, counter.asked, counter.answered):
            what.clear()
        counter.goes_on.clear()
        pages.hold(tag(counter) + SPAN)
        browser.open(pages.url + "page", clock=True)
        eventually(lambda: counter.asked, "it asks")
        browser.forward(seconds)
        assert browser.texts() == ["many"]
        counter.goes_on.set()
        eventually(lambda: counter.numbers, "it is counted all the same")
        if expected == "1":
            browser.wait_texts(expected)
        else:
            eventually(lambda: counter.answered, "the answer is sent")
            browser.evaluate(f"fetch('{counter.url}footfall.js').then(script => script.text())")
            assert browser.texts() == [expected]


def test_other_counters_are_read_once_each_and_not_counted(browser, counter, pages):
    counter.numbers.update({"shop/orders": 41, "total": 7})
    other = '<b data-footfall="{}">?</b>'
    names = ("shop/orders", "total", "shop/orders", "shop/absent", "127.0.0.1/page", "constructor")
    pages.hold(tag(counter) + "".join(map(other.format, names)) + SPAN)
    browser.open(pages.url + "page")
    browser.wait_texts("41", "7", "41", "?", "1", "?", "1")
    assert sorted(counter.asked) == [
        "get/constructor", "get/shop/absent", "get/shop/orders", "get/total", "hit/127.0.0.1/page"
    ]
    assert counter.numbers["shop/orders"] == 41


@pytest.mark.parametrize("name", [
    "..", ".", "../hit/shop/orders", "shop/..", "shop/../../x", "a b/c", "a", "/", "//evil.example/x",
    "shop/orders/more", "shop/orders?callback=x", "%2e%2e", "\ud83d\ude00", "shop\\orders",
])
def test_what_is_no_name_is_not_asked_for(browser, counter, pages, name):
    name = name.encode("utf-16", "surrogatepass").decode("utf-16")
    pages.hold(tag(counter) + f'<b data-footfall="{name}">?</b>' + SPAN)
    browser.open(pages.url + "page")
    browser.wait_texts("?", "1")
    assert counter.asked == ["hit/127.0.0.1/page"]


def test_a_page_may_be_read_without_counting_it(browser, counter, pages):
    counter.numbers["127.0.0.1/page"] = 5
    pages.hold(tag(counter, " data-count=no") + SPAN)
    browser.open(pages.url + "page")
    browser.wait_texts("5")
    assert counter.asked == ["get/127.0.0.1/page"]


def test_a_page_may_name_its_counter(browser, counter, pages):
    pages.hold(tag(counter, " data-ns=my-blog data-key=start data-plain") + SPAN)
    counter.numbers["my-blog/start"] = 999999
    browser.open(pages.url + "page")
    browser.wait_texts("1000000")
    assert counter.asked == ["hit/my-blog/start"]


@pytest.mark.parametrize("number, shown", [
    ("0", "0"), ("-1234", "-1,234"), ("9007199254740993", "9,007,199,254,740,992"),
    ("9223372036854775807", "9,223,372,036,854,775,808"),
    ("-9223372036854775808", "-9,223,372,036,854,775,808"),
])
def test_any_number_is_shown(browser, counter, pages, number, shown):
    counter.wrong = (200, '{"value":%s}' % number)
    pages.hold(tag(counter) + SPAN)
    browser.open(pages.url + "page")
    eventually(lambda: browser.texts() != ["many"], "it is shown")
    # How the last digits of what a double cannot hold are shown is the browser's matter.
    assert browser.texts()[0][:20] == shown[:20]
    assert browser.troubles() == []


@pytest.mark.parametrize("path, key", [
    ("", "..."), ("a", "..a"), ("ab/", ".ab"), ("example/page", "examplepage"),
    ("a_b-c.html", "a_b-c.html"), ("x" * 64, "x" * 64), ("..." , "..."),
])
def test_a_page_has_the_name_that_the_server_would_give_it(browser, counter, pages, path, key):
    pages.hold(tag(counter) + SPAN)
    browser.open(pages.url + path)
    browser.wait_texts("1")
    assert counter.asked == ["hit/127.0.0.1/" + key]


def test_pages_that_the_server_has_no_name_for_have_different_ones(browser, counter, pages):
    paths = ["ü", "ö", "ü/x", "%FC", "%", "50%/off", "訪問", "訪問者", "a b", "a+b", "a b c", "x" * 65,
             "x" * 66, "x" * 64 + "y", "y" * 400]
    pages.hold(tag(counter) + SPAN)
    for path in paths:
        browser.open(pages.url + path)
        browser.wait_texts("1")
    keys = [asked.removeprefix("hit/127.0.0.1/") for asked in counter.asked]
    assert len(set(keys)) == len(paths)
    assert all(len(key) <= 64 for key in keys)
    assert keys[0].startswith("-") and keys[8].startswith("a-b-") and keys[11].startswith("xxxx")
    browser.open(pages.url + "%c3%bc")  # as some links have it, and with the slash of others
    browser.wait_texts("2")
    browser.open(pages.url + urllib.parse.quote("ü") + "/")
    browser.wait_texts("3")


def test_a_host_is_named_without_its_port(browser, counter):
    with Pages(counter, "localhost") as pages:
        pages.hold(tag(counter) + SPAN)
        browser.open(pages.url + "page")
        browser.wait_texts("1")
    assert counter.asked == ["hit/localhost/page"]


def test_a_counter_may_be_served_below_a_path(browser, counter, pages):
    counter.below = "/tools/count/"
    pages.hold(tag(counter) + SPAN)
    browser.open(pages.url + "page")
    browser.wait_texts("1")
    assert counter.asked == ["hit/127.0.0.1/page"]


def test_a_page_made_ready_in_advance_is_counted_when_it_is_seen(browser, counter, pages):
    pages.hold(tag(counter) + SPAN)
    browser.open(pages.url + "page", init="""
        window.isEarly = true;
        Object.defineProperty(document, 'prerendering', {get: () => window.isEarly});
    """)
    browser.evaluate("new Promise(done => setTimeout(done, 50))")
    assert counter.asked == []
    browser.evaluate("isEarly = false; document.dispatchEvent(new Event('prerenderingchange'))")
    browser.wait_texts("1")
    assert counter.asked == ["hit/127.0.0.1/page"]


def test_without_anything_to_fill_the_page_is_still_counted(browser, counter, pages):
    pages.hold(tag(counter))
    browser.open(pages.url + "page")
    eventually(lambda: counter.numbers, "it is counted")
    assert counter.asked == ["hit/127.0.0.1/page"]
    assert browser.troubles() == []


def test_the_script_is_small():
    assert len(as_served()) <= 1536
