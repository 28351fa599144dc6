"""counters.py PROGRAM [COUNT …]: what so many named counters take, on LMDB and on Redis.

Starts PROGRAM (a built footfall), makes COUNT counters by a hit each, in an order as visitors come in,
and says what the store takes for each of them, and how long a start with that store takes until
footfall serves. Without COUNT: 1, 1000 and 1000000. Everything is in a temporary folder, gone afterwards.
"""

import contextlib
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

SITES = 100
CONNECTIONS = 16
PIPELINED = 64  # footfall reads no more at a time
OTHERS_STAY_S = 75  # a minute, and a rest: what Redis keeps of a batch is gone then


def names(count):
    """Names as pages have them, in no order: 34 bytes each."""
    numbers = list(range(count))
    random.Random(1).shuffle(numbers)
    return [f"site-{n % SITES:02}.example/2026page-{n:09}" for n in numbers]


@contextlib.contextmanager
def footfall(program, folder, store):
    """(port, seconds from the start to the ready line)."""
    began = time.monotonic()
    process = subprocess.Popen(
        [program, "--listen", "127.0.0.1:0", "--workers", "2", "--admin", "none",
         "--store", store, "--max-counters", "0"],
        cwd=folder, stderr=subprocess.PIPE, text=True,
    )
    try:
        for line in process.stderr:
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
            if found:
                break
        else:
            raise SystemExit("footfall has not started")
        seconds = time.monotonic() - began
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield int(found[1]), seconds
    finally:
        process.terminate()
        process.wait(60)


def hit(port, paths):
    """One hit on each of the paths, all of which must be answered 200."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        answers = connection.makefile("rb")
        for start in range(0, len(paths), PIPELINED):
            some = paths[start:start + PIPELINED]
            connection.sendall(
                b"".join(b"GET /hit/%s HTTP/1.1\r\nHost: h\r\n\r\n" % p.encode() for p in some)
            )
            for path in some:
                head = answers.readline()
                while (line := answers.readline()) != b"\r\n":
                    if line.startswith(b"Content-Length: "):
                        length = int(line.split()[1])
                body = answers.read(length)
                if not head.startswith(b"HTTP/1.1 200"):
                    raise RuntimeError(f"{path}: {head} {body}")


def load(port, count):
    """Makes them. Seconds that it took."""
    began = time.monotonic()
    paths = names(count)
    failures = []

    def run(some):
        try:
            hit(port, some)
        except (OSError, RuntimeError) as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(paths[i::CONNECTIONS],))
               for i in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(str(failures[0]))
    return time.monotonic() - began


def on_lmdb(program, folder, count):
    path = os.path.join(folder, f"data-{count}")
    with footfall(program, folder, f"lmdb:{path}") as (port, _):
        took = load(port, count)
    size = os.stat(os.path.join(path, "data.mdb")).st_size
    starts = []
    for _ in range(5):
        with footfall(program, folder, f"lmdb:{path}") as (port, seconds):
            starts.append(seconds)
            hit(port, names(count)[:1])
    print(f"lmdb   {count:>8} counters: {size:>11} bytes, {size / count:>9.1f} each; made in "
          f"{took:.1f} s; a start takes {sorted(starts)[2] * 1000:.0f} ms (median of 5)", flush=True)


class Redis:
    """A redis-server on a unix socket. A context manager."""

    def __init__(self, folder):
        self.socket = os.path.join(folder, "redis.sock")
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--dir",
             folder], stdout=subprocess.DEVNULL,
        )
        while self.ask("PING") != "PONG":
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def ask(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True,
                              text=True, check=False)
        return done.stdout.strip()

    def memory(self):
        return int(re.search(r"^used_memory:(\d+)", self.ask("INFO", "memory"), re.MULTILINE)[1])


def on_redis(program, folder, count):
    with Redis(folder) as redis:
        with footfall(program, folder, f"redis+unix://{redis.socket}") as (port, _):
            hit(port, ["the-first-one-of/each-worker"] * 4)
            before = redis.memory()
            took = load(port, count)
            full = redis.memory() - before
        time.sleep(OTHERS_STAY_S)
        while re.search(r"expires=[1-9]", redis.ask("INFO", "keyspace")):
            time.sleep(1)
        rest = redis.memory() - before
        name = f"footfall:{names(count)[0]}"
        print(f"redis  {count:>8} counters: {rest:>11} bytes, {rest / count:>9.1f} each, "
              f"{full / count:.1f} while the workers' entries live; made in {took:.1f} s; "
              f"MEMORY USAGE of one: {redis.ask('MEMORY', 'USAGE', name)} and its record "
              f"{redis.ask('MEMORY', 'USAGE', '{' + name + '}:footfall:1:about')}", flush=True)


def main():
    program = os.path.abspath(sys.argv[1])
    for count in map(int, sys.argv[2:] or (1, 1000, 1000000)):
        with tempfile.TemporaryDirectory(prefix="footfall-counters-") as folder:
            on_lmdb(program, folder, count)
            on_redis(program, folder, count)


if __name__ == "__main__":
    main()
