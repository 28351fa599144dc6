"""Other programs count on the same key of the same Redis, by INCR, and all of them are one counter.

The other one here is the third stage of the story written for Node, with npm's package `redis`
(peers/). Its modules are installed once, below build-tests/; where they cannot be, or where there
is no Node, these tests are skipped.
"""

import os
import re
import secrets
import subprocess
from pathlib import Path

import pytest

from http_client import visit
from load import Load, many
from node_modules import install_modules
from process_family import MARK, children_of, kill_family
from waiting import PATIENCE_S, eventually

PEERS = Path(__file__).resolve().parent / "peers"

_PORT = re.compile(r"^serving on port (\d+)$", re.MULTILINE)


class NodeCounter:
    """The cluster of Node, counting in `redis`. A context manager; `address` is where it serves."""

    def __init__(self, redis, folder):
        modules = install_modules(PEERS, "node")
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
