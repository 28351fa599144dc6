"""A redis-server of the bench's own, without persistence, and the few words it is told."""

import shutil
import socket

from server import Server

SUM = """
local sum = 0
for number = 1, ARGV[2] do
    sum = sum + (redis.call('GET', ARGV[1] .. number) or 0)
end
return sum
"""


class RedisServer(Server):
    name = "redis"
    title = "Redis"
    settings = "no persistence (save \"\", appendonly no), TCP on loopback, one for the whole run"

    def missing(self):
        return None if shutil.which("redis-server") else "redis-server is not installed"

    def command(self, port):
        settings = {
            "port": port,
            "bind": "127.0.0.1",
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "maxclients": 10000,
            "tcp-backlog": 4096,
            "dir": self.folder,
            "loglevel": "warning",
        }
        words = ["redis-server"]
        for name, value in settings.items():
            words += [f"--{name}", str(value)]
        return words

    def answers(self):
        return self.ask("PING") == "PONG"

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def ask(self, *words):
        """One command on a connection of its own; only commands with one answer of text."""
        encoded = [str(word).encode() for word in words]
        request = b"*%d\r\n" % len(encoded)
        request += b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as link:
            link.sendall(request)
            with link.makefile("rb") as stream:
                line = stream.readline().decode().rstrip("\r\n")
                if line.startswith("-"):
                    raise OSError(line)
                if line.startswith("$") and int(line[1:]) >= 0:
                    return stream.read(int(line[1:])).decode()
                return line[1:] if line[:1] in "+:" else None

    def sum_of(self, prefix, keys):
        """The sum of the counters `prefix`1, `prefix`2 and so on; those that are not there are 0."""
        return int(self.ask("EVAL", SUM, 0, prefix, keys))

    def commands_sent(self):
        """Commands that clients have sent so far. Redis counts what a script calls as well: where
        scripts are called, only their calls are counted. The bench's own INFO is not."""
        calls = {}
        for line in self.ask("INFO", "commandstats").splitlines():
            if line.startswith("cmdstat_"):
                name, _, rest = line[len("cmdstat_"):].partition(":")
                calls[name.partition("|")[0]] = int(rest.split(",")[0].removeprefix("calls="))
        scripts = {name: calls.get(name, 0) for name in ("eval", "evalsha", "fcall")}
        calls.pop("info", None)
        return Commands(sum(scripts.values()), sum(calls.values()))


class Commands:
    """Counts at one moment: calls of scripts, and calls of everything, within scripts too."""

    def __init__(self, scripts, everything):
        self.scripts = scripts
        self.everything = everything

    def since(self, before):
        """How many were sent between two moments."""
        scripts = self.scripts - before.scripts
        return scripts if scripts else self.everything - before.everything
