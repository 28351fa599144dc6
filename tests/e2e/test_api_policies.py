"""What the settings file lets visitors do, namespace by namespace."""

import json
import os

import pytest

from api_client import Api
from http_client import visit
from operators import start_with

FILE = """\
store = {store}
listen = 127.0.0.1:0
workers = {workers}
[defaults]
keys_max = 3
[namespace blog]
hit = origin example.com https://www.example.org
keys_max = 100
[namespace closed]
hit = token
create = token
token_file = {token_file}
[namespace made]
create = token
"""

TOKEN = "token-of-the-namespace"
SERVERS = "token-of-the-server"


@pytest.fixture
def token_files(folder):
    paths = []
    for name, token in (("namespace", TOKEN), ("server", SERVERS)):
        paths.append(os.path.join(folder, name))
        with open(paths[-1], "w", encoding="ascii") as file:
            file.write(f"{token}\nnothing else is read\n")
    return paths


@pytest.fixture(params=[2, 0], ids=["master", "single"])
def server(request, start_footfall, write_settings, folder, token_files):
    text = FILE.format(
        store=f"lmdb:{folder}/data", workers=request.param, token_file=token_files[0]
    )
    footfall = start_with(
        start_footfall, write_settings(text), "--admin-token-file", token_files[1]
    )
    footfall.wait_ready()
    return footfall


def status(api, path, **more):
    return api.call(path, **more).status


@pytest.mark.parametrize(("fields", "wanted"), [
    (["Origin: https://example.com"], 200),
    (["Origin: http://EXAMPLE.com:8080"], 200),  # a host: with any scheme and port
    (["Referer: https://example.com/page?x"], 200),
    (["Origin: https://www.example.org"], 200),
    (["Origin: http://www.example.org"], 403),  # a whole origin: exactly that one
    (["Origin: https://www.example.org:444"], 403),
    (["Origin: https://example.com.evil.net"], 403),
    (["Origin: https://evil.net", "Referer: https://example.com/"], 403),
    (["Origin: null"], 403),
    ([], 403),
])
def test_where_pages_count_others_do_not(server, fields, wanted):
    api = Api(server.address)
    assert status(api, "/hit/blog/page", fields=fields) == wanted
    assert api.raw("/badge/blog/page.svg?count=no").status == 200  # who only looks may
    assert api.raw("/badge/blog/page.svg", fields=fields).status == wanted
    assert status(api, "/get/blog/page") == (200 if wanted == 200 else 404)


def test_nothing_else_counts_in_place_of_a_hit(server):
    api = Api(server.address)
    page = ["Origin: https://example.com"]
    assert api.call("/hit/blog/page", fields=page)["value"] == 1
    for amount in (1, 0):
        answer = api.call("/update/blog/page", amount=amount)
        assert answer.status == (403 if amount else 200)
    assert api.call("/update/blog/page", fields=page, amount=1)["value"] == 2
    assert api.call("/hit/closed/key", bearer=TOKEN)["value"] == 1
    assert status(api, "/update/closed/key", amount=1) == 401
    assert api.call("/update/closed/key", bearer=TOKEN, amount=1)["value"] == 2


def test_a_token_opens_what_is_closed(server):
    api = Api(server.address)
    for path in ("/hit/closed/key", "/create/closed/key", "/create/made/key"):
        assert status(api, path) == 401
        assert status(api, path, bearer="another-token") == 401
    assert status(api, "/get/closed/key") == 404  # nothing was counted or made
    assert api.call("/hit/closed/key", bearer=TOKEN)["value"] == 1
    assert api.call("/hit/closed/key", token=TOKEN)["value"] == 2
    assert api.call("/hit/closed/key", bearer=SERVERS)["value"] == 3
    assert status(api, "/create/closed/other", bearer=TOKEN) == 201
    assert status(api, "/create/made/key", bearer=TOKEN) == 401  # it has none of its own
    assert status(api, "/create/made/key", bearer=SERVERS) == 201
    assert status(api, "/hit/made/key") == 200
    assert status(api, "/hit/made/new") == 200


def test_the_servers_token_owns_every_counter(server):
    api = Api(server.address)
    assert status(api, "/hit/made/key") == 200
    assert status(api, "/reset/made/key", method="POST", bearer=TOKEN) == 401
    assert api.call("/set/made/key", method="POST", bearer=SERVERS, value=5).object == {
        "old_value": 1, "value": 5,
    }
    assert api.call("/update/made/key", method="POST", bearer=SERVERS, value=-7)["value"] == -2
    assert status(api, "/delete/made/key", method="POST", bearer=SERVERS) == 200
    assert status(api, "/get/made/key") == 404


def test_a_full_namespace_takes_no_more_and_goes_on_with_what_it_has(server):
    api = Api(server.address)
    for key in ("one", "two", "three"):
        assert status(api, f"/hit/full/{key}") == 200
    for path in ("/hit/full/four", "/create/full/four", "/badge/full/four.svg"):
        assert api.raw(path).status == 507
    assert api.call("/hit/full/one")["value"] == 2
    assert api.call("/hit/other/one")["value"] == 1
    assert status(api, "/delete/full/two", method="POST", bearer=SERVERS) == 200
    assert status(api, "/hit/full/four") == 200
    assert status(api, "/hit/full/five") == 507
    assert visit(server.address)


def test_all_namespaces_together_have_a_bound(start_footfall, folder):
    footfall = start_footfall("--max-counters", 5, store=f"lmdb:{folder}/data", workers=2)
    api = Api(footfall.address)
    assert visit(footfall.address) and status(api, "/get/counter") == 200  # the front one is none
    statuses = [status(api, f"/hit/space{number}/key") for number in range(8)]
    assert statuses == [200] * 5 + [507] * 3
    assert api.call("/hit/space0/key")["value"] == 2


def test_a_reload_brings_other_policies(server, operator, write_settings, folder, token_files):
    api = Api(server.address)
    assert status(api, "/hit/blog/page") == 403
    workers = len(server.workers()) if server.workers() else 0
    text = FILE.format(store=f"lmdb:{folder}/data", workers=workers, token_file=token_files[0])
    write_settings(text.replace("hit = origin example.com https://www.example.org", "hit = open"))
    operator(server).reload()
    assert status(api, "/hit/blog/page") == 200


def test_no_token_is_in_log_status_or_answers(server, run_footfall):
    api = Api(server.address)
    key = api.create("made2/key")
    texts = [
        repr(api.call("/reset/made2/key", method="POST", bearer=bearer))
        for bearer in (TOKEN, SERVERS, key)
    ]
    texts.append(run_footfall("status", "--json", env={"RUNTIME_DIRECTORY": server.runtime}).output)
    json.loads(texts[-1])
    texts.append(server.log_text())
    for text in texts:
        for secret in (TOKEN, SERVERS, key):
            assert secret not in text
