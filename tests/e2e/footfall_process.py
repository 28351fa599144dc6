"""The program under test, as a process with a log, ports and workers.

    with Footfall("--workers", "2", "--store", "memory:", folder=folder) as footfall:
        footfall.wait_ready()
        visit(footfall.address)

Tests get it from the fixture `start_footfall`, which ends everything afterwards and looks for
crashes and reports of sanitizers.
"""

import os
import re
import secrets
import shlex
import signal
import subprocess
import threading
import time
import zlib

from log_line import LogLine
from process_family import MARK, children_of, family_of, kill_family
from waiting import PATIENCE_S, eventually

#: Lines that a sanitizer writes when it has found something.
SANITIZER_REPORT = re.compile(
    r"ERROR: \w*Sanitizer|WARNING: ThreadSanitizer|LeakSanitizer|runtime error:"
)
#: Signals that end a process by a mistake of its own.
CRASH_SIGNALS = {
    int(number)
    for number in (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
}


def binary():
    """The program under test, with fault points."""
    path = os.environ.get("FOOTFALL_BINARY")
    if not path:
        raise RuntimeError("FOOTFALL_BINARY must name the built program")
    return os.path.abspath(path)


def default_binary():
    """The program as it is built without options; None when the caller names none."""
    path = os.environ.get("FOOTFALL_DEFAULT_BINARY")
    return os.path.abspath(path) if path else None


def loop_under_test():
    """The event loop that this test is to run on, or "": FOOTFALL_TEST_LOOP, which may be
    "alternate", then each test has one of the two."""
    wanted = os.environ.get("FOOTFALL_TEST_LOOP", "")
    if wanted != "alternate":
        return wanted
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rsplit(" (", 1)[0]
    return ("epoll", "io_uring")[zlib.crc32(test.encode()) % 2]


def environment(extra=None):
    """This process's environment without settings of footfall but that of the loop under test, and
    with `extra`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
    if loop_under_test():
        clean["FOOTFALL_LOOP"] = loop_under_test()
    clean.update(extra or {})
    return clean


def runtime_folder(folder):
    """Where footfalls of this folder put their sockets for operators, whoever they run as."""
    path = os.path.join(str(folder), ".run")
    os.makedirs(path, exist_ok=True)
    if os.stat(path).st_uid == os.geteuid():
        os.chmod(path, 0o777)
    return path


class Footfall:
    """A footfall that is running, or has been.

    options   of its command line. Without --listen among them (or FOOTFALL_LISTEN in `env`) it
              gets --listen 127.0.0.1:0; FOOTFALL_LISTEN="" leaves it to the program
    folder    its working directory
    env       more environment, over one without any FOOTFALL_ variable
    program   another binary than the one under test
    prefix    words before the program, such as ("prlimit", "--nofile=64")
    user      a numeric user id to run as (only root can)
    own_group its own process group: signals to the group do not reach the tests

    `runtime` is its runtime folder. `pid` is the master's, or the single process's. `mark` is what its processes carry.
    """

    def __init__(
        self,
        *options,
        folder,
        env=None,
        program=None,
        prefix=(),
        user=None,
        own_group=False,
    ):
        options = [str(option) for option in options]
        env = dict(env or {})
        if not any(o.split("=")[0] == "--listen" for o in options) and "FOOTFALL_LISTEN" not in env:
            options += ["--listen", "127.0.0.1:0"]
        self._listeners_expected = (
            sum(o.split("=")[0] == "--listen" for o in options)
            or len(env["FOOTFALL_LISTEN"].split())
            or 1
        )
        self.mark = secrets.token_hex(8)
        self.runtime = runtime_folder(folder)
        self.command = [*prefix, program or binary(), *options]
        self._lines = []
        self._changed = threading.Condition()
        self._ended = False
        self._others = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        self.process = subprocess.Popen(
            self.command,
            cwd=str(folder),
            env=environment({"RUNTIME_DIRECTORY": self.runtime, **env, MARK: self.mark}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0 if own_group else None,
            **self._others,
        )
        self._output = b""
        self._threads = [
            threading.Thread(target=self._read_log, daemon=True),
            threading.Thread(target=self._read_output, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def __repr__(self):
        return f"<footfall {self.pid}: {shlex.join(self.command)}>"

    # ---- what it writes

    def _read_log(self):
        for line in self.process.stderr:
            with self._changed:
                self._lines.append(LogLine(line.decode("utf-8", "replace").rstrip("\n")))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_output(self):
        for line in self.process.stdout:
            self._output += line

    def log_lines(self):
        """Every line of standard error so far, as LogLine."""
        with self._changed:
            return list(self._lines)

    def log_text(self):
        """The same as one text."""
        return "\n".join(line.raw for line in self.log_lines())

    def output_text(self):
        """Standard output so far."""
        return self._output.decode("utf-8", "replace")

    def events(self, event, **fields):
        """Lines so far of that event with these fields."""
        return [line for line in self.log_lines() if line.has(event, fields)]

    def errors(self):
        """Lines so far of level error."""
        return [line for line in self.log_lines() if line.level == "error"]

    def wait_for_log(self, event, count=1, timeout=PATIENCE_S, **fields):
        """Waits until that event with these fields was logged `count` times; the last of them."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                found = [line for line in self._lines if line.has(event, fields)]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    why = "it has ended" if self._ended else f"{timeout:g} s have passed"
                    raise AssertionError(
                        f"no event {event} {fields} (number {count}): {why}; its log:\n"
                        + "\n".join(line.raw for line in self._lines)
                    )
                self._changed.wait(left)

    # ---- where it serves

    def wait_ready(self, timeout=PATIENCE_S):
        """Waits for the ready line of every listener. Returns itself."""
        self.wait_for_log("ready", count=self._listeners_expected, timeout=timeout)
        return self

    @property
    def listeners(self):
        """What the ready lines name: "http://127.0.0.1:40123", "unix:/…/socket"."""
        return [
            line.fields["message"].removeprefix("listening on ") for line in self.events("ready")
        ]

    @property
    def addresses(self):
        """The same as addresses of the client: (host, port), or the path of a unix socket.

        A wildcard is given as the loop-back address of its family.
        """
        addresses = []
        for name in self.listeners:
            if name.startswith("unix:"):
                addresses.append(name.removeprefix("unix:"))
                continue
            host, _, port = name.removeprefix("http://").rpartition(":")
            host = {"[::]": "::1", "0.0.0.0": "127.0.0.1"}.get(host, host.strip("[]"))
            addresses.append((host, int(port)))
        return addresses

    @property
    def address(self):
        """The first of them."""
        return self.addresses[0]

    @property
    def port(self):
        """The port of the first TCP listener."""
        return next(address[1] for address in self.addresses if isinstance(address, tuple))

    # ---- its processes

    @property
    def pid(self):
        return self.process.pid

    def workers(self):
        """Living children of the master, the eldest first."""
        return children_of(self.pid)

    def family(self):
        """Every living process of it, workers without a master too."""
        return family_of(self.mark)

    def exit_status(self):
        """None while it runs; negative for a signal, as in subprocess."""
        return self.process.poll()

    def wait(self, timeout=PATIENCE_S):
        """Waits until it has ended and its log is complete. The exit status."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self} has not ended within {timeout:g} s; its log:\n{self.log_text()}"
            ) from None
        self._join_readers(timeout)
        return status

    def send_signal(self, number):
        """To the master, or the single process."""
        os.kill(self.pid, number)

    def stop(self, number=signal.SIGTERM, timeout=PATIENCE_S):
        """Asks it to stop and waits. The exit status."""
        self.send_signal(number)
        return self.wait(timeout)

    def kill(self):
        """kill -9 of every process of it, the master first, and waits until they are gone."""
        if self.process.poll() is None:
            self.process.kill()
        kill_family(self.mark)
        self.process.wait(PATIENCE_S)
        self._join_readers(PATIENCE_S)

    def _join_readers(self, timeout):
        """What holds the pipes open is the family; a worker without its master may go on."""
        for thread in self._threads:
            thread.join(timeout if not self.family() else 0.2)

    def wait_family_gone(self, timeout=PATIENCE_S):
        """Waits until none of its processes lives."""
        eventually(lambda: not self.family(), f"every process of {self} has ended", timeout)
        self._join_readers(timeout)

    # ---- afterwards

    def end(self):
        """Ends what still lives: asks first, so that sanitizers can look for leaks."""
        if self.process.poll() is None:
            for pid in self.family():
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass
            self.process.send_signal(signal.SIGTERM)
            time_limit = PATIENCE_S
            try:
                self.process.wait(1)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGTERM)  # a second one ends at once
                try:
                    self.process.wait(time_limit)
                except subprocess.TimeoutExpired:
                    pass
        self.kill()
        self.process.stdout.close()
        self.process.stderr.close()

    def crashes(self):
        """What no test may see, whatever it is about: crashes, reports of sanitizers."""
        found = [line.raw for line in self.log_lines() if SANITIZER_REPORT.search(line.raw)]
        for line in self.events("worker_died"):
            if int(line.fields["signal"]) in CRASH_SIGNALS:
                found.append(line.raw)
        status = self.process.poll()
        if status is not None and -status in CRASH_SIGNALS:
            found.append(f"{self} ended by signal {-status}")
        return found


class Outcome:
    """What a footfall that ended by itself has left: exit_status, output, log (text)."""

    def __init__(self, exit_status, output, log):
        self.exit_status = exit_status
        self.output = output
        self.log = log

    def errors(self):
        """Its log's lines of level error."""
        lines = [LogLine(line) for line in self.log.splitlines()]
        return [line for line in lines if line.level == "error"]

    def __repr__(self):
        return f"<exit status {self.exit_status}, output:\n{self.output}\nlog:\n{self.log}>"
