"""many_counters.py PROGRAM [COUNT …]: what a hit costs where so many counters are hit at random.

Starts PROGRAM (a built footfall) with two workers on each store and lets wrk hit COUNT counters over 64
connections: once to make them, once to measure. Without COUNT: 1, 1000 and 100000. Prints a row of
Markdown for each. Everything is in a temporary folder, gone afterwards.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time

SECONDS = 6
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wrk", "counters.lua")
SETTINGS = "[defaults]\nrate = off\nkeys_max = 0\n"


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def wait_for(port):
    while True:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)


def family(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [pid, *map(int, file.read().split())]


def processor_s(pids):
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mib(pids):
    pages = 0
    for pid in pids:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            pages += int(file.read().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def hit(port, count):
    """How many hits were answered in SECONDS."""
    output = subprocess.run(
        ["wrk", "-t1", "-c64", f"-d{SECONDS}", "-s", SCRIPT, f"http://127.0.0.1:{port}/"],
        env={**os.environ, "COUNTERS": str(count)}, capture_output=True, text=True, check=True,
    ).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(f"many_counters.py: {output}")
    return int(re.search(r"(\d+) requests in", output)[1])


def measure(program, folder, store, redis, count):
    port = free_port()
    server = subprocess.Popen(
        [program, "--config", os.path.join(folder, "settings.ini"), "--workers", "2",
         "--store", store, "--listen", f"127.0.0.1:{port}", "--admin", "none",
         "--max-counters", "0"],
        cwd=folder, stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        hit(port, count)
        before_s, redis_before_s = processor_s(family(server.pid)), processor_s([redis])
        hits = hit(port, count)
        used_s = processor_s(family(server.pid)) - before_s
        redis_s = processor_s([redis]) - redis_before_s
        print(f"| {store.partition(':')[0]} | {count:,} | {hits // SECONDS:,} "
              f"| {used_s / hits * 1e6:.1f} | {redis_s / hits * 1e6:.1f} "
              f"| {memory_mib(family(server.pid)):.0f} MiB |", flush=True)
    finally:
        server.terminate()
        server.wait()


def main():
    program, *counts = sys.argv[1:]
    counts = [int(count) for count in counts] or [1, 1000, 100000]
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "settings.ini"), "w", encoding="ascii") as file:
            file.write(SETTINGS)
        port = free_port()
        redis = subprocess.Popen(
            ["redis-server", "--port", str(port), "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_for(port)
            print("| store | counters | hits/s | CPU µs/hit | Redis µs/hit | memory of all |")
            print("|---|---:|---:|---:|---:|---:|")
            for store in ("memory:", f"lmdb:{folder}/data", f"redis://127.0.0.1:{port}"):
                for count in counts:
                    measure(os.path.abspath(program), folder, store, redis.pid, count)
        finally:
            redis.terminate()
            redis.wait()


if __name__ == "__main__":
    main()
