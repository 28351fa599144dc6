"""npm's client of CountAPI, countapi-js as it was published, against footfall: only the address
that it has built in is led here, by a module that Node loads before it (tests/countapi)."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from api_client import UUID, new_name
from node_modules import install_modules
from waiting import PATIENCE_S

PACKAGE = Path(__file__).resolve().parents[1] / "countapi"
PAGE = "https://mysite.example/some/page?a=b"


@pytest.fixture(scope="module")
def modules():
    return install_modules(PACKAGE, "countapi")


@pytest.fixture
def calls(api, modules):
    """calls(page, [name, …], …): how each ended, as ("resolved" or "rejected", what)."""

    def run(page, *wanted):
        done = subprocess.run(
            ["node", "--require", PACKAGE / "rewrite.js", PACKAGE / "run.js"],
            env={
                **os.environ,
                "NODE_PATH": str(modules),
                "FOOTFALL_ADDRESS": "{}:{}".format(*api.address),
                "CALLING_PAGE": page or "",
            },
            input=json.dumps(wanted),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [next(iter(outcome.items())) for outcome in json.loads(done.stdout)]

    return run


def resolved(status, path, **more):
    return ("resolved", {"status": status, "path": path, **more})


def test_hit_get_and_info(api, calls):
    name = new_name()
    space, key = name.split("/")
    outcomes = calls(
        None, ["get", space, key], ["hit", space, key], ["hit", space, key], ["get", space, key],
        ["hit", key], ["get", key], ["info", space, key], ["info", space, key + "x"],
    )  # fmt: skip
    info, no_info = outcomes.pop(6), outcomes.pop()
    assert outcomes == [
        resolved(404, name, value=None, error="Key not found"),
        resolved(200, name, value=1),
        resolved(200, name, value=2),
        resolved(200, name, value=2),
        resolved(200, f"default/{key}", value=1),
        resolved(200, f"default/{key}", value=1),
    ]
    expected = {
        "status": 200, "namespace": space, "key": key, "value": 2, "enable_reset": False,
        "update_lowerbound": 0, "update_upperbound": 1, "ttl": -1,
    }  # fmt: skip
    assert expected.items() <= info[1].items() and info[1]["created"] > 1.6e12
    assert no_info[1]["status"] == 404 and no_info[1]["value"] is None


def test_create_set_and_update(api, calls):
    name, fixed = new_name(), new_name()
    space, key = name.split("/")
    outcomes = calls(
        None,
        ["create", {"namespace": space, "key": key, "value": 42, "enable_reset": 1,
                    "update_lowerbound": -5, "update_upperbound": 5}],
        ["set", space, key, 69], ["update", space, key, 5], ["update", space, key, -5],
        ["update", space, key, 6],
        ["create", {"namespace": space, "key": fixed.split("/")[1], "value": 1234}],
        ["set", *fixed.split("/"), 1],
        ["set", space, "absent", 1], ["update", space, "absent", 1],
    )  # fmt: skip
    made = outcomes.pop(0)
    assert {"status": 200, "path": name, "namespace": space, "key": key, "value": 42}.items() <= (
        made[1].items()
    )
    forbidden = outcomes.pop(3)[1]
    assert (forbidden["status"], forbidden["value"]) == (403, 69)
    assert outcomes[:3] == [
        resolved(200, name, old_value=42, value=69),
        resolved(200, name, value=74),
        resolved(200, name, value=69),
    ]
    assert outcomes[3][1]["status"] == 200
    unset, absent, no_update = (outcome[1] for outcome in outcomes[4:])
    assert (unset["status"], unset["old_value"], unset["value"]) == (403, 1234, 1234)
    assert (absent["status"], absent["old_value"], absent["value"]) == (404, None, None)
    assert (no_update["status"], no_update["value"]) == (404, None)


def test_what_its_own_tests_expect_of_create(api, calls):
    """The bounds' texts, the default name, and that what is there is rejected."""
    space, key = new_name().split("/")
    outcomes = calls(
        None, ["create"], ["create", {"namespace": space, "key": key}],
        ["create", {"namespace": space, "key": key}],
        ["create", {"key": "a b"}], ["create", {"update_upperbound": -1}],
        ["create", {"update_lowerbound": 1}],
    )  # fmt: skip
    drawn = outcomes[0][1]
    assert drawn["namespace"] == "default" and UUID.fullmatch(drawn["key"]) and drawn["value"] == 0
    assert drawn["path"] == f"default/{drawn['key']}"
    assert outcomes[1][1]["value"] == 0
    assert outcomes[2:] == [
        ("rejected", "Response from server: 409"),
        ("rejected", "Malformed Namespace/Key"),
        ("rejected", "update_upperbound must be positive"),
        ("rejected", "update_lowerbound must be negative"),
    ]


def test_visits_and_event_are_counters_of_the_calling_page(api, calls):
    before = api.value("mysite.example/somepage") or 0
    outcomes = calls(PAGE, ["visits"], ["visits"], ["visits", "other"], ["event", "click"])
    assert outcomes[:2] == [
        resolved(200, "mysite.example/somepage", value=before + 1),
        resolved(200, "mysite.example/somepage", value=before + 2),
    ]
    assert outcomes[2][1]["path"] == "mysite.example/other"
    assert outcomes[3][1]["path"] == "mysite.example/click"


def test_without_a_page_visits_are_rejected_with_a_sentence(api, calls):
    kind, what = calls(None, ["visits"])[0]
    assert kind == "rejected" and what and "Response from server" not in what
