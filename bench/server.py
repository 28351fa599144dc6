"""A server that the bench starts, asks and ends: what all of them have in common."""

import os
import signal
import socket
import subprocess
import time
import urllib.request

from processes import cpu_seconds, family_of, memory_of

START_PATIENCE_S = 15
STOP_PATIENCE_S = 12


class CannotStart(Exception):
    """Why a server is not there; the report says so and goes on without it."""


def free_port():
    """A port that nobody holds at this moment; whoever takes it must be ready to try again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A subclass says what is to be run. `counts` is "shared" where all of its processes count
    together, "alone" where each counts for itself, "" where nothing is counted.

    `settings` is for the page that shows the figures: how it was tuned.

    With `keys` it is hit on so many at random, `keys_path` and a number from 1 each. A subclass that
    can do so has the `keys_form` of that path, and of the names in Redis where they are there.
    """

    name = ""
    title = ""
    settings = ""
    counts = ""
    uses_redis = False
    path = "/"
    keys = 0
    keys_path = ""
    keys_form = ""
    keys_form_in_redis = ""
    keeps_keys = False  # whether a worker keeps what it knows of a key
    pipelined_max = 1

    def __init__(self, context, workers=2):
        self.context = context
        self.workers = workers
        self.folder = None
        self.port = None
        self.process = None

    def take_keys(self, keys):
        """Before its start: it is to be hit on so many keys instead of its one counter."""
        self.keys = keys
        self.keys_path = self.keys_form.format(keys)
        self.path = f"{self.keys_path}1"

    def missing(self):
        """Why it cannot be run on this machine, or None."""
        return None

    def command(self, port):
        raise NotImplementedError

    def environment(self):
        return {}

    def answers(self):
        """Whether it serves already."""
        return bool(self.ask_once())

    # ---- life

    def start(self):
        reason = self.missing()
        if reason:
            raise CannotStart(reason)
        self.folder = self.context.make_folder(self.name)
        for attempt in range(3):
            self.port = free_port()
            if self._start_on_port() or attempt == 2:
                break
        if not self.process:
            raise CannotStart(self._last_words())

    def _start_on_port(self):
        """False when it ended by itself, perhaps because somebody else took the port."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL")}
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                self.command(self.port),
                cwd=self.folder,
                env={**own, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # Ctrl-C is for the bench, which then ends its servers
            )
        self.context.running.append(self)
        deadline = time.monotonic() + START_PATIENCE_S
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if self.answers():
                    return True
            except OSError:
                pass
            time.sleep(0.02)
        self.stop()
        return False

    def _last_words(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            lines = log.read().strip().splitlines()
        return f"it does not start: {lines[-1] if lines else 'without a word'}"

    def stop(self):
        """Asks it to end, then ends what is left of it. May be called twice."""
        if self.process is None:
            return
        family = family_of(self.process.pid) if self.process.poll() is None else []
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        end_processes(family[1:])
        self.process = None
        if self in self.context.running:
            self.context.running.remove(self)

    # ---- questions

    def pids(self):
        return family_of(self.process.pid)

    def cpu_seconds(self):
        return cpu_seconds(self.pids())

    def memory(self):
        return memory_of(self.pids())

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{self.path}"

    def ask_once(self):
        """The body of one answer."""
        with urllib.request.urlopen(self.url, timeout=10) as reply:
            return reply.read().decode()

    def number(self):
        """Counts one visit: its number."""
        digits = self.ask_once().partition(":")[2]
        return int(digits.partition(",")[0].strip(' "}\r\n'))

    def keys_total(self):
        """What all keys have counted together; asking counts nothing."""
        return self.context.redis.sum_of(self.keys_form_in_redis.format(self.keys), self.keys)


def end_processes(pids):
    """Children that have outlived their parent, and so have become ours: a moment to go, then
    kill."""
    deadline = time.monotonic() + 1
    while any(lives(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in pids:
        if lives(pid):
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass


def lives(pid):
    """Whether it does; one that has ended is reaped if it is ours."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
    return os.path.exists(f"/proc/{pid}")
