"""A redis-server of a test's own, and a few words of its protocol."""

import os
import shutil
import signal
import socket
import subprocess

from process_family import MARK, kill_family
from waiting import PATIENCE_S, eventually

import secrets


class RedisError(Exception):
    """An error that Redis answered, such as WRONGTYPE …"""


def free_port():
    """A TCP port that nobody holds at this moment; whoever takes it must be ready to try again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RedisServer:
    """A redis-server on a free port of 127.0.0.1 and on a unix socket in `folder`.

    Options go on its command line: requirepass="x", appendonly="yes", maxmemory=1000000.
    Without `appendonly` nothing is kept over a stop.
    """

    def __init__(self, folder, **options):
        self.folder = str(folder)
        self.options = options
        self.socket_path = os.path.join(self.folder, "redis.sock")
        self.port = None
        self.process = None
        self._kept = []
        self.mark = secrets.token_hex(8)
        self.start()

    # ---- life

    def _command(self, port):
        settings = {
            "port": port,
            "bind": "127.0.0.1",
            "unixsocket": self.socket_path,
            "dir": self.folder,
            "save": "",
            "daemonize": "no",
            "logfile": os.path.join(self.folder, "redis.log"),
            **self.options,
        }
        command = [shutil.which("redis-server") or "redis-server"]
        for name, value in settings.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        return command

    def start(self):
        """Starts it, on the port it had before if it had one."""
        for _ in range(20):
            port = self.port or free_port()
            self.process = subprocess.Popen(
                self._command(port),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self.folder,
                env={**os.environ, MARK: self.mark},
            )
            # A port that somebody else has just taken ends it at once, before it answers.
            if eventually(self._has_answered_or_ended, "redis-server answers") == "answered":
                self.port = port
                return
        raise AssertionError(f"redis-server does not start; see {self.folder}/redis.log")

    def _has_answered_or_ended(self):
        if self.process.poll() is not None:
            return "ended"
        try:
            self.command("PING")
        except RedisError as error:
            return None if str(error).startswith("LOADING") else "answered"
        except OSError:
            return None
        return "answered"

    def stop(self):
        """An orderly shutdown."""
        self.resume()
        self.process.terminate()
        self.process.wait(PATIENCE_S)

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def pause(self):
        """It answers nothing, and its connections stay open."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self):
        """For the end of a test: whatever state it is in, it is gone afterwards."""
        for link in self._kept:
            link.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        kill_family(self.mark)

    # ---- words

    @property
    def url(self):
        """Its store URL without a password, over TCP."""
        return f"redis://127.0.0.1:{self.port}"

    def url_with(self, userinfo="", path=""):
        """The same with "user:password" and "/db"."""
        at = f"{userinfo}@" if userinfo else ""
        return f"redis://{at}127.0.0.1:{self.port}{path}"

    @property
    def unix_url(self):
        return f"redis+unix://{self.socket_path}"

    def counters(self):
        """The keys that are no entries of the ledger beside them."""
        return [key for key in self.command("KEYS", "*") if ":footfall:" not in key]

    def command(self, *words, db=0, password=None, user=None):
        """One command on a connection of its own: str, int, list or None; RedisError for -ERR."""
        password = password or self.options.get("requirepass")
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(PATIENCE_S)
            link.connect(self.socket_path)
            with link.makefile("rwb") as stream:
                if password and words != ("PING",):
                    auth = ("AUTH", user, password) if user else ("AUTH", password)
                    self._exchange(stream, auth)
                if db:
                    self._exchange(stream, ("SELECT", db))
                return self._exchange(stream, words)

    def send(self, *words):
        """One command on a connection that stays open until the server ends; nothing is read."""
        link = socket.socket(socket.AF_UNIX)
        self._kept.append(link)
        link.connect(self.socket_path)
        link.sendall(self._encoded(words))

    @staticmethod
    def _encoded(words):
        words = [str(word).encode() for word in words]
        return b"".join([b"*%d\r\n" % len(words), *(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)])

    def _exchange(self, stream, words):
        stream.write(self._encoded(words))
        stream.flush()
        return self._read(stream)

    def _read(self, stream):
        line = stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("redis-server closed the connection")
        kind, text = line[:1], line[1:-2].decode()
        if kind == b"+":
            return text
        if kind == b"-":
            raise RedisError(text)
        if kind == b":":
            return int(text)
        if kind == b"$":
            if int(text) < 0:
                return None
            return stream.read(int(text) + 2)[:-2].decode("utf-8", "replace")
        if kind == b"*":
            return None if int(text) < 0 else [self._read(stream) for _ in range(int(text))]
        raise ConnectionError(f"redis-server answered {line!r}")
