"""The load: wrk at saturation, pace at a constant rate, connections that only stay open."""

import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class LoadFailed(Exception):
    """The generator itself went wrong."""


class Child:
    """A load generator that runs, and what it has cost when it ended. Not ours to outlive us."""

    def __init__(self, command, environment=None):
        self.command = command
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            process_group=0,
        )

    def result(self):
        """Waits for its end: the JSON object of its last line, with `cpu_share` of one core."""
        try:
            output = self.process.stdout.read().decode()
            errors = self.process.stderr.read().decode()
            _, status, usage = os.wait4(self.process.pid, 0)
        except BaseException:
            self.end()
            raise
        self.process.returncode = os.waitstatus_to_exitcode(status)
        elapsed = time.monotonic() - self.started
        self.close()
        if self.process.returncode != 0:
            raise LoadFailed(f"{os.path.basename(self.command[0])}: {(errors or output).strip()}")
        found = json.loads(output.strip().splitlines()[-1])
        seconds = found.get("seconds", elapsed)
        found["cpu_share"] = (usage.ru_utime + usage.ru_stime) / seconds
        return found

    def end(self):
        if self.process.returncode is None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.close()

    def close(self):
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()


def start_wrk(server, connections, seconds, depth=1, close=False, ports=(), seed=1):
    """wrk with one thread, or one for each of `ports`, which are then loaded instead. Where the
    server has keys they are drawn from `seed`."""
    command = ["wrk", f"-t{len(ports) or 1}", f"-c{connections}", f"-d{seconds}s"]
    command += ["--timeout", "8s", "-s", os.path.join(HERE, "wrk", "load.lua")]
    command += ["-H", "Connection: close"] if close else []
    command += [server.url, "--", str(depth)]
    return Child(command, {
        "BENCH_PORTS": " ".join(map(str, ports)),
        "BENCH_KEYS": str(server.keys),
        "BENCH_SEED": str(seed),
    })


def start_pace(context, server, connections, rate, seconds):
    command = [context.pace, str(server.port), server.path, str(connections)]
    return Child([*command, str(rate), str(seconds)])


class IdleConnections:
    """Connections to a server that were answered once each and then stay open."""

    def __init__(self, server, count):
        command = [sys.executable, os.path.join(HERE, "hold.py"), str(server.port), server.path]
        self.child = Child([*command, str(count)])

    def __enter__(self):
        try:
            line = self.child.process.stdout.readline()
        except BaseException:
            self.child.end()
            raise
        if line != b"open\n":
            errors = self.child.process.stderr.read().decode().strip().splitlines()
            self.child.end()
            raise LoadFailed(f"idle connections: {errors[-1] if errors else 'none'}")
        return self

    def __exit__(self, *_):
        self.child.process.stdin.close()
        self.child.process.wait()
        self.child.close()
