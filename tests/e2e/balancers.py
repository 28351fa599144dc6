"""HAProxy and nginx in front of two footfalls, by the files in examples/.

A file is taken as it is but for addresses, ports and paths, which are a test's own. (An ordinary user
cannot become another one, and needs a folder for nginx's temporary files: the line about the user is
left out then, and those paths are added.)
"""

import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from process_family import MARK, kill_family
from waiting import PATIENCE_S, eventually

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

#: An ordinary user of Debian does not have these on PATH.
PATH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"

IS_ROOT = os.geteuid() == 0


def own_host():
    """A loop-back address that is most likely nobody else's: its ports stay free when what served
    there is killed and started again."""
    return "127." + ".".join(str(random.randint(1, 254)) for _ in range(3))


def own_port():
    """A port of such an address: not one that the system gives to whoever asks for any."""
    return random.randint(20000, 29999)


def adapted(name, changes):
    """The example with each text in `changes` replaced, all in one pass; each is there."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    for old in changes:
        assert old in text, f"{name} has no {old!r}"
    longest_first = sorted(changes, key=len, reverse=True)
    pattern = "|".join(rf"(?<![\w.]){re.escape(old)}(?![\w.])" for old in longest_first)
    return re.sub(pattern, lambda match: changes[match[0]], text)


class Balancer:
    """One that runs, in a folder of its own. `hosts` are where the two footfalls are, `port` and
    `admin_port` their ports on both; visitors go to `address`."""

    example = None

    def __init__(self, folder, hosts, port, admin_port, changes=None):
        self.folder = folder
        self.mark = secrets.token_hex(8)
        self.address = (own_host(), own_port())
        self.log_path = os.path.join(folder, "balancer.log")
        text = adapted(
            self.example,
            {
                "10.0.0.1": hosts[0],
                "10.0.0.2": hosts[1],
                "9999": str(port),
                **self.changes(admin_port),
                **(changes or {}),
            },
        )
        self.file = os.path.join(folder, self.example)
        self.start(text)

    def start(self, text):
        """Runs by this text as its file."""
        Path(self.file).write_text(self.made_for_user(text), encoding="utf-8")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env={**os.environ, MARK: self.mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(self._serves_or_ended, f"{self.example} serves")
        assert self.process.poll() is None, self.log_text()

    def _serves_or_ended(self):
        if self.process.poll() is not None:
            return True
        with socket.socket() as probe:
            return probe.connect_ex(self.address) == 0

    @property
    def place(self):
        return f"{self.address[0]}:{self.address[1]}"

    def log_text(self):
        return Path(self.log_path).read_text(encoding="utf-8", errors="replace")

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait(PATIENCE_S)
        kill_family(self.mark)
        print(f"---- log of {self.example}\n{self.log_text()}")


class HAProxy(Balancer):
    example = "haproxy.cfg"
    program = shutil.which("haproxy", path=PATH)
    tls_line = "#bind :443 ssl crt /etc/haproxy/example.org.pem"

    def changes(self, admin_port):
        self.socket_path = os.path.join(self.folder, "haproxy.sock")
        return {
            "9998": str(admin_port),
            "bind :80": f"bind {self.place}",
            "/run/haproxy/admin.sock": self.socket_path,
        }

    @classmethod
    def tls_changes(cls, place, certificate, key, folder):
        both = Path(folder, "both.pem")
        both.write_bytes(Path(certificate).read_bytes() + Path(key).read_bytes())
        return {cls.tls_line: f"bind {place} ssl crt {both}"}

    def made_for_user(self, text):
        return text if IS_ROOT else re.sub(r"(?m)^    (user|group) haproxy\n", "", text)

    def command(self):
        return [self.program, "-db", "-f", self.file]

    def states(self):
        """What it thinks of its servers, {"one": "UP", …}."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(PATIENCE_S)
            link.connect(self.socket_path)
            link.sendall(b"show stat\n")
            with link.makefile("r", encoding="utf-8") as stream:
                rows = [line.rstrip("\n").split(",") for line in stream if line.strip()]
        names = [name.lstrip("# ") for name in rows[0]]
        found = [dict(zip(names, row)) for row in rows[1:]]
        # "DOWN 1/2" is a server on its way up.
        return {r["svname"]: r["status"].split()[0] for r in found if r["type"] == "2"}


class TcpHAProxy(HAProxy):
    """HAProxy that passes bytes on to one footfall, behind a PROXY header: `sends` is "send-proxy" and
    the like, `check` is more about its health checks."""

    def __init__(self, folder, footfall, sends, check=""):
        self.folder = folder
        self.mark = secrets.token_hex(8)
        self.address = (own_host(), own_port())
        self.log_path = os.path.join(folder, "balancer.log")
        self.socket_path = os.path.join(folder, "haproxy.sock")
        self.file = os.path.join(folder, self.example)
        self.start(
            "global\n"
            f"    stats socket {self.socket_path} mode 660 level admin\n"
            "defaults\n    mode tcp\n"
            "    timeout connect 2s\n    timeout client 60s\n    timeout server 60s\n"
            f"listen visitors\n    bind {self.place}\n    {check}\n"
            f"    server one {footfall[0]}:{footfall[1]} {sends} check inter 100ms fall 2 rise 1\n"
        )
        eventually(lambda: os.path.exists(self.socket_path), "HAProxy has its own socket")


class Nginx(Balancer):
    example = "nginx.conf"
    program = shutil.which("nginx", path=PATH)

    def changes(self, _admin_port):
        return {
            "listen 80": f"listen {self.place}",
            "/run/nginx.pid": os.path.join(self.folder, "nginx.pid"),
            "/var/log/nginx/error.log": self.log_path,
        }

    @staticmethod
    def tls_changes(place, certificate, key, _folder):
        return {
            "#listen 443 ssl": f"listen {place} ssl",
            "#ssl_certificate /etc/nginx/example.org.crt": f"ssl_certificate {certificate}",
            "#ssl_certificate_key /etc/nginx/example.org.key": f"ssl_certificate_key {key}",
        }

    def made_for_user(self, text):
        if IS_ROOT:
            return text
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = "".join(f"    {kind}_temp_path {self.folder}/{kind};\n" for kind in kinds)
        return text.replace("\nhttp {\n", f"\nhttp {{\n{paths}").replace("user www-data;\n", "")

    def command(self):
        return [
            self.program, "-e", self.log_path, "-p", self.folder, "-c", self.file,
            "-g", "daemon off;",
        ]
