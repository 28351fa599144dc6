"""Other programs count on the same key of the same Redis, by INCR, and all of them are one counter.

The other one here is the third stage of the story written for Node, with npm's package `redis`
(peers/). Its modules are installed once, below build-tests/; where they cannot be, or where there
is no Node, these tests are skipped.
"""

import fcntl
import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from http_client import visit
from load import Load, many
from process_family import MARK, children_of, kill_family
from waiting import PATIENCE_S, eventually

PEERS = Path(__file__).resolve().parent / "peers"
INSTALLED = Path(__file__).resolve().parents[2] / "build-tests" / "node"

#: Without a registry npm would try for minutes.
INSTALL_S = 120
NPM_CI = (
    "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--engine-strict",
    "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000",
    "--fetch-timeout=20000",
)

_PORT = re.compile(r"^serving on port (\d+)$", re.MULTILINE)


def install_modules():
    """The folder of the modules, as package-lock.json pins them, installed if they are not yet.

    Whoever comes while another installs them waits. Skips the test where they cannot be had.
    """
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    try:
        INSTALLED.mkdir(parents=True, exist_ok=True)
        with open(INSTALLED / "in-use", "w") as in_use:
            fcntl.flock(in_use, fcntl.LOCK_EX)
            return _install_modules()
    except OSError as error:
        pytest.skip(f"the modules cannot be installed: {error}")


def _install_modules():
    wanted = (PEERS / "package-lock.json").read_bytes()
    stamp = INSTALLED / "installed-lock.json"
    if not stamp.exists() or stamp.read_bytes() != wanted:
        stamp.unlink(missing_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PEERS / name, INSTALLED)
        try:
            done = subprocess.run(
                NPM_CI,
                cwd=INSTALLED,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=INSTALL_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm has not installed the modules within {INSTALL_S} s")
        if done.returncode != 0:
            reason = "; ".join(done.stderr.splitlines()[:3])
            pytest.skip(f"npm cannot install the modules: {reason}")
        stamp.write_bytes(wanted)
    return INSTALLED / "node_modules"


class NodeCounter:
    """The cluster of Node, counting in `redis`. A context manager; `address` is where it serves."""

    def __init__(self, redis, folder):
        modules = install_modules()
        self.output_path = Path(folder, "node.txt")
        self.mark = secrets.token_hex(8)
        with open(self.output_path, "wb") as output:
            self.process = subprocess.Popen(
                ["node", PEERS / "counter.js", redis.url],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, MARK: self.mark, "NODE_PATH": str(modules)},
            )

    def __enter__(self):
        try:
            port = eventually(self._port, "Node serves")
            self.address = ("127.0.0.1", port)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def _port(self):
        output = self.output_path.read_text()
        assert self.process.poll() is None, f"Node has ended:\n{output}"
        found = _PORT.search(output)
        return int(found[1]) if found else None

    def workers(self):
        return children_of(self.process.pid)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        kill_family(self.mark)
        self.process.wait(PATIENCE_S)


@pytest.fixture
def node(redis, folder):
    with NodeCounter(redis, folder) as counter:
        yield counter


def test_footfall_and_a_cluster_of_node_are_one_counter(start_footfall, redis, node):
    footfall = start_footfall(store=redis, workers=2)
    with Load(footfall.address, 4) as ours, Load(node.address, 4) as theirs:
        for _ in range(many(10)):
            ours.wait_answered(50)
            theirs.wait_answered(50)
        record = ours.stop() + theirs.stop()
    record.assert_counted_right()
    assert redis.command("GET", "counter") == str(len(record.answered))
    assert {one.pid for one in record.answered} == {*footfall.workers(), *node.workers()}
    of_ours, of_theirs = ours.record.numbers, theirs.record.numbers
    assert min(of_ours) < max(of_theirs) and min(of_theirs) < max(of_ours), "not at the same time"


def test_each_goes_on_from_the_others_number(start_footfall, redis, node):
    footfall = start_footfall(store=redis, workers=2)
    for number in range(1, 21, 2):
        assert visit(node.address)[0] == number
        assert visit(footfall.address)[0] == number + 1
    assert redis.command("TYPE", "counter") == "string"
    assert redis.command("GET", "counter") == "20"


def test_a_footfall_killed_under_load_disturbs_no_cluster_of_node(start_footfall, redis, node):
    footfall = start_footfall(store=redis, workers=2)
    with Load(footfall.address, 4, ends_when_refused=True) as ours, Load(node.address, 4) as theirs:
        ours.wait_answered(50)
        theirs.wait_answered(50)
        footfall.kill()
        theirs.wait_answered(50)
        record = ours.stop() + theirs.stop()
    record.assert_consistent()
    theirs.record.assert_all_answered()
    record.assert_gaps_explained(1, int(redis.command("GET", "counter")))
