"""Request cases of llhttp, gunicorn and lighttpd, judged by the runner that comes with them.

The cases lie beside the checkout and not in it; without them these tests are skipped aloud.
"""

import base64
import json
import os
import re
import subprocess
import sys

import pytest

from http_client import Client, ConnectionEnded, visit
from waiting import SANITIZED

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORPUS = os.path.join(os.path.dirname(ROOT), "shared", "http-corpus")
RUNNER = os.path.join(CORPUS, "run_corpus.py")
SUITES = ["llhttp", "gunicorn", "lighttpd"]

#: Cases that may fail: id, and what in RFC 9112 lets us differ. None does today.
MAY_FAIL = {}

MODES = {
    "whole": [],
    "in_single_bytes": ["--split"],
    # A cut behind each of the first bytes, and some further on.
    "cut_in_two": ["--split2", "--split-max", "4"],
}

pytestmark = pytest.mark.skipif(
    not os.path.exists(RUNNER), reason="the folder shared/http-corpus is not beside the checkout"
)


@pytest.fixture(scope="module")
def footfall(start_footfall_for_module):
    return start_footfall_for_module(store="memory:", workers=2)


def cases_of(suite):
    with open(os.path.join(CORPUS, f"{suite}.json"), encoding="utf-8") as file:
        return json.load(file)["cases"]


def holds_several_requests(case):
    return len(case["expect"].get("requests", [])) > 1


def run(footfall, suite, folder, *more):
    """Verdicts of the runner: {id: (verdict, sentence)}."""
    results = os.path.join(folder, "results.json")
    host, port = footfall.address
    done = subprocess.run(
        [sys.executable, RUNNER, "--target", f"{host}:{port}", "--as-ok", "404,405",
         "--suite", os.path.join(CORPUS, f"{suite}.json"), "--json", results, *more],
        capture_output=True, text=True, timeout=240, check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    with open(results, encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    return {
        case["id"]: (case["verdict"], "{verdict} {id}: {why}, {got}".format_map(case))
        for case in cases
    }


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("mode", MODES)
def test_every_case_is_judged_well(mode, suite, footfall, folder):
    wanted = [case["id"] for case in cases_of(suite)]
    if mode == "in_single_bytes":
        # Between single bytes the runner takes a 404 for a refusal and sends no more; requests
        # that follow each other have the test below.
        wanted = [case["id"] for case in cases_of(suite) if not holds_several_requests(case)]
    only = ["--only", "^(" + "|".join(map(re.escape, wanted)) + ")$"]
    speed = ["--jobs", "96", "--idle", "0.15", "--timeout", "2"]
    verdicts = run(footfall, suite, folder, *MODES[mode], *only, *speed)
    assert sorted(verdicts) == sorted(wanted)
    failed = [name for name, (verdict, _) in verdicts.items() if verdict in ("fail", "error")]
    if failed and len(failed) < 20:
        # Asked again with patience, so that a busy machine is not taken for a fault.
        only = ["--only", "^(" + "|".join(map(re.escape, failed)) + ")$"]
        patience = ["--jobs", "4", "--idle", "2", "--timeout", "10"]
        verdicts.update(run(footfall, suite, folder, *MODES[mode], *only, *patience))
    sentences = [
        sentence
        for name, (verdict, sentence) in verdicts.items()
        if verdict in ("fail", "error") and name not in MAY_FAIL
    ]
    assert not sentences, "\n".join(sentences)
    assert visit(footfall.address)


@pytest.mark.parametrize("suite", SUITES)
def test_requests_behind_each_other_in_single_bytes(suite, footfall):
    for case in cases_of(suite):
        if not holds_several_requests(case) or case.get("skip") or "warn" in case["expect"]:
            continue
        sent = case["request"]
        if isinstance(sent, str):
            sent = [{"b64": sent}]
        data = b"".join(base64.b64decode(piece["b64"]) for piece in sent)
        step = 1 if len(data) < 2000 and not SANITIZED else 7
        with Client(footfall.address) as client:
            try:
                for start in range(0, len(data), step):
                    client.send(data[start : start + step])
                for expected in case["expect"]["requests"]:
                    response = client.read_response(expected["method"])
                    assert response.status in (200, 204, 404, 405), (case["id"], response)
            except ConnectionEnded as ended:
                raise AssertionError(f"{case['id']}: {ended}") from None


def test_the_list_of_what_may_fail_names_cases_that_exist():
    known = {case["id"] for suite in SUITES for case in cases_of(suite)}
    assert set(MAY_FAIL) <= known
