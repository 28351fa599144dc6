"""What a hit costs, by counting: allocations and system calls. Neither depends on the machine's
speed, so a test can hold them to a bound."""

import mmap
import os
import re
import shutil
import struct
import subprocess
import time

import pytest

from footfall_process import binary
from process_family import children_of
from waiting import PATIENCE_S

CONNECTIONS = 64
WARM_S = 1
COUNTED_S = 2
COUNTED_VISITS = 10_000

#: System calls for each visit, at most, with one request at a time on each connection. Where two
#: workers share two cores with the load, a worker often wakes up for a single visit.
CALLS_MAX = {
    ("io_uring", 0): 1.0,
    ("io_uring", 2): 2.0,
    ("epoll", 0): 3.2,
    ("epoll", 2): 4.0,
}
#: The same with sixteen in each send.
CALLS_PIPELINED_MAX = {"io_uring": 0.15, "epoll": 0.3}
PIPELINE = """
local sixteen
init = function() sixteen = string.rep(wrk.format(), 16) end
request = function() return sixteen end
"""

sanitized = pytest.mark.skipif(
    "FOOTFALL_SANITIZED" in os.environ, reason="a sanitizer allocates and calls as it likes"
)
pytestmark = sanitized


class Wrk:
    """A load for `seconds`; pipelined: sixteen requests in each send."""

    def __init__(self, footfall, folder, seconds, pipelined=False, connections=CONNECTIONS):
        words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
        if pipelined:
            script = os.path.join(folder, "pipeline.lua")
            with open(script, "w", encoding="ascii") as file:
                file.write(PIPELINE)
            words += ["-s", script]
        host, port = footfall.address
        self._process = subprocess.Popen(
            [*words, f"http://{host}:{port}/"], stdout=subprocess.PIPE, text=True
        )
        self._seconds = seconds

    def finish(self):
        """Waits for its end; returns how many visits were answered, all of them with 200."""
        try:
            output, _ = self._process.communicate(timeout=self._seconds + PATIENCE_S)
        finally:
            self._process.kill()
        assert "Non-2xx" not in output and "Socket errors" not in output, output
        return int(re.search(r"(\d+) requests in", output).group(1))


# ---- allocations


class Allocations:
    """The table that tests/preload/count_allocations.c fills in."""

    ROWS = 255

    def __init__(self, folder):
        self.path = os.path.join(folder, "allocations")
        with open(self.path, "w+b") as file:
            file.truncate(24 + 24 * self.ROWS)
            self._table = mmap.mmap(file.fileno(), 0)

    def environment(self):
        library = os.path.join(
            os.path.dirname(binary()), "tests", "preload", "libcount_allocations.so"
        )
        return {"LD_PRELOAD": library, "FOOTFALL_TEST_ALLOCATIONS": self.path}

    def count(self, pid):
        return self._row(pid)[1]

    def last_caller(self, pid):
        """Where the last allocation came from, for addr2line: a file and the place in it."""
        address = self._row(pid)[2]
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
            for line in maps:
                first, last, offset, path = re.match(
                    r"(\w+)-(\w+) \S+ (\w+) \S+ \d+\s*(.*)", line
                ).groups()
                if int(first, 16) <= address < int(last, 16):
                    return f"{path} {address - int(first, 16) + int(offset, 16):#x}"
        return hex(address)

    def _row(self, pid):
        rows = [row for row in struct.iter_unpack("<QQQ", self._table[24:]) if row[0] == pid]
        assert len(rows) == 1, f"process {pid} is not counted"
        return rows[0]


def serving_processes(footfall, workers):
    return children_of(footfall.pid) if workers else [footfall.pid]


def last_transaction(store):
    """How many commits an LMDB store has seen; 0 for others."""
    if store.name != "lmdb":
        return 0
    outcome = subprocess.run(
        ["mdb_stat", "-e", store.url.removeprefix("lmdb:")],
        capture_output=True, text=True, timeout=PATIENCE_S, check=True,
    )
    return int(re.search(r"Last transaction ID: (\d+)", outcome.stdout).group(1))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_hit_allocates_nothing(store, workers, start_footfall, folder):
    allocations = Allocations(folder)
    footfall = start_footfall(store=store, workers=workers, env=allocations.environment())
    processes = serving_processes(footfall, workers)
    # More at once than in the part that is counted, so that every buffer it can need is there.
    Wrk(footfall, folder, 1, pipelined=True, connections=4 * CONNECTIONS).finish()
    counted_s = COUNTED_S if store.name != "lmdb" else 3 * COUNTED_S
    load = Wrk(footfall, folder, WARM_S + counted_s + 1)
    time.sleep(WARM_S)
    commits = last_transaction(store)
    before = sum(allocations.count(pid) for pid in processes)
    time.sleep(counted_s)
    made = sum(allocations.count(pid) for pid in processes) - before
    callers = [allocations.last_caller(pid) for pid in processes]
    commits = last_transaction(store) - commits
    hits = load.finish()
    assert hits >= 2 * COUNTED_VISITS, "the counted part of the load is too small"
    assert made <= commits, f"{made} allocations, {commits} commits, {hits} hits in all: {callers}"


@pytest.mark.parametrize("workers", [0, 2])
def test_a_line_of_the_access_log_allocates_nothing(workers, start_footfall, folder):
    allocations = Allocations(folder)
    footfall = start_footfall(
        "--access-log", f"{folder}/access.log", "--access-log-format", "json:client,path,number",
        store="memory:", workers=workers, env=allocations.environment(),
    )
    processes = serving_processes(footfall, workers)
    Wrk(footfall, folder, 1, pipelined=True, connections=4 * CONNECTIONS).finish()
    load = Wrk(footfall, folder, WARM_S + COUNTED_S + 1)
    time.sleep(WARM_S)
    before = sum(allocations.count(pid) for pid in processes)
    time.sleep(COUNTED_S)
    made = sum(allocations.count(pid) for pid in processes) - before
    callers = [allocations.last_caller(pid) for pid in processes]
    assert load.finish() >= COUNTED_VISITS / 2, "the counted part of the load is too small"
    assert made == 0, f"{made} allocations: {callers}"


# ---- system calls


def count_system_calls(pids, seconds):
    """System calls of the processes and their threads, counted by the kernel: a tracer that stops
    them at each call would slow them down and flatter what is gathered."""
    outcome = subprocess.run(
        ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter",
         "-p", ",".join(map(str, pids)), "sleep", str(seconds)],
        capture_output=True, text=True, timeout=seconds + PATIENCE_S, check=False,
    )
    found = re.search(r"^(\d+),,raw_syscalls:sys_enter", outcome.stderr, re.MULTILINE)
    if found is None:
        pytest.skip("perf may not count system calls here: " + outcome.stderr.strip()[:200])
    return int(found.group(1))


@pytest.mark.skipif(shutil.which("perf") is None, reason="perf is not installed")
@pytest.mark.parametrize("pipelined", [False, True], ids=["keep-alive", "pipelined"])
@pytest.mark.parametrize("workers", [0, 2])
def test_system_calls_are_gathered(store, workers, pipelined, start_footfall, folder):
    footfall = start_footfall(store=store, workers=workers)
    loop = footfall.events("loop_chosen")[0].fields["loop"]
    seconds = WARM_S + COUNTED_S + 1
    load = Wrk(footfall, folder, seconds, pipelined)
    time.sleep(WARM_S)
    calls = count_system_calls(serving_processes(footfall, workers), COUNTED_S)
    visits_counted = load.finish() * COUNTED_S / seconds
    bound = CALLS_PIPELINED_MAX[loop] if pipelined else CALLS_MAX[loop, workers]
    print(f"{calls / visits_counted:.3f} system calls for each visit")
    assert calls / visits_counted <= bound
