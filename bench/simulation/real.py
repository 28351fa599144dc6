"""The real thing beside the simulation: redis-server, footfall, wrk, and what they used.

Everything is started on free ports of 127.0.0.1 and ended by whoever started it, by `with`.
"""

import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from processes import cpu_seconds, family_of  # noqa: E402
from server import free_port  # noqa: E402

PATIENCE_S = 10


class Running:
    """A process that ends with its `with`."""

    def __init__(self, command, **others):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **others)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu_us(self):
        """User and system time so far, of its children too."""
        return cpu_seconds(family_of(self.process.pid)) * 1e6


class Redis(Running):
    def __init__(self):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="footfall-simulation-")
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--dir", self.folder.name]
        super().__init__(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_until_it_answers()

    def wait_until_it_answers(self):
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.words("PING")
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def __exit__(self, *details):
        super().__exit__(*details)
        self.folder.cleanup()

    def words(self, *words):
        """One command on a connection of its own, its answer as it comes."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as link:
            link.sendall(" ".join(words).encode() + b"\r\n")
            answer = link.recv(65536).decode()
        return answer

    def additions(self):
        """How many INCRBY it has executed."""
        match = re.search(r"cmdstat_incrby:calls=(\d+)", self.words("INFO", "commandstats"))
        return int(match[1]) if match else 0

    def counter(self):
        answer = self.words("GET", "counter")
        return 0 if answer.startswith("$-1") else int(answer.split("\r\n")[1])

    def cpu_per_command_us(self, connections, commands):
        """Redis' CPU for commands that come one by one on that many connections."""
        used_us = self.cpu_us()
        command = ["redis-benchmark", "-p", str(self.port), "-c", str(connections)]
        command += ["-n", str(commands), "-q", "INCRBY", "benchmark", "3"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return (self.cpu_us() - used_us) / commands


class Relay(Running):
    """A way to Redis that takes longer: relay.py as a process."""

    def __init__(self, port, rtt_ms):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "relay.py")
        super().__init__(
            [sys.executable, script, str(port), str(rtt_ms)], stdout=subprocess.PIPE, text=True
        )
        self.port = int(self.process.stdout.readline())


class Footfall(Running):
    def __init__(self, program, workers, store):
        command = [program, "--workers", str(workers), "--store", store]
        clean = {name: text for name, text in os.environ.items() if "FOOTFALL_" not in name}
        super().__init__(
            command + ["--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True, env=clean
        )
        for line in self.process.stderr:
            match = re.search(r"listening on (http://\S+)", line)
            if match:
                self.url = match[1]
                return
        raise RuntimeError(f"{program} has not started")


class Pings:
    """The round trip to Redis on this port while a `with` goes on."""

    PAUSE_S = 0.02

    def __init__(self, port):
        self.port = port
        self.trips_ms = []
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.ping, daemon=True)

    def ping(self):
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not self.is_over.wait(self.PAUSE_S):
                began = time.monotonic()
                link.sendall(b"PING\r\n")
                link.recv(64)
                self.trips_ms.append((time.monotonic() - began) * 1000)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join(PATIENCE_S)

    def median_ms(self):
        return statistics.median(self.trips_ms)


class Load:
    """Some wrk at once, each with its connections on one URL, and what that cost the servers."""

    def __init__(self, urls, connections, seconds, servers):
        share = max(connections // len(urls), 1)
        spent_us = self.spent_us()
        self.servers_us = [-server.cpu_us() for server in servers]
        command = ["wrk", "-t1", f"-c{share}", f"-d{seconds}s"]
        generators = [
            subprocess.Popen([*command, url], stdout=subprocess.PIPE, text=True) for url in urls
        ]
        texts = [process.communicate()[0] for process in generators]
        self.servers_us = [us + server.cpu_us() for us, server in zip(self.servers_us, servers)]
        spent_us = self.spent_us() - spent_us
        lines = [re.search(r"(\d+) requests in ([\d.]+)s", text) for text in texts]
        self.answers = sum(int(line[1]) for line in lines)
        self.answers_per_second = sum(int(line[1]) / float(line[2]) for line in lines)
        self.client_us = spent_us / max(self.answers, 1)
        self.failed = sum("Non-2xx" in text or "Socket errors" in text for text in texts)

    @staticmethod
    def spent_us():
        """Of the children that have ended, wrk among them."""
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (used.ru_utime + used.ru_stime) * 1e6
