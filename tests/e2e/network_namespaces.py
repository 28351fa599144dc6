"""Hosts of a test's own: network namespaces, each with a cable to the switch of one in the middle.

    with Network("left", "right") as network:
        start_footfall(..., prefix=network["left"].prefix)
        with network["left"].cable_pulled():
            ...

The middle is a host too, `network.middle`; its address is MIDDLE_ADDRESS. No namespace has a way
out: what is sent in them ends in them. Their names are unique, their addresses need not be. Unix
sockets do not care for network namespaces, so the test itself reaches its servers by them.

Who is allowed no namespaces gets NamespacesRefused with the reason.
"""

import contextlib
import os
import secrets
import shutil
import subprocess

from redis_process import RedisServer
from waiting import PATIENCE_S, eventually

MIDDLE_ADDRESS = "10.77.0.1"

#: A hardware address that no interface of a network has.
NOBODY = "02:00:00:00:00:ff"


class NamespacesRefused(Exception):
    """What a test needs of namespaces is not to be had here."""


def _tool(name):
    """Its path: /usr/sbin is not on everybody's PATH."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise NamespacesRefused(f"{name} (of iproute2) is not installed")
    return path


def _try(*command):
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def _wanted(*command):
    """Runs what a kernel, or somebody with less rights, may refuse."""
    done = _try(*command)
    if done.returncode != 0:
        raise NamespacesRefused(f"{' '.join(command[1:])}: {done.stderr.strip()}")


def _run(*command):
    """Runs what works wherever there are namespaces. Its output."""
    done = _try(*command)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
    return done.stdout


class Host:
    """One of them. `prefix` before a command runs it there, as the same process."""

    def __init__(self, network, name, address, interface):
        self.network = network
        self.name = name
        self.address = address
        self.interface = interface
        self.namespace = f"footfall-{os.getpid()}-{secrets.token_hex(4)}-{name}"
        self.port = f"to-{name}"  # of the switch
        self.prefix = (network.ip, "netns", "exec", self.namespace)

    def __repr__(self):
        return f"<host {self.name} {self.address}>"

    def ip(self, *words):
        return _run(self.network.ip, "-n", self.namespace, *words)

    # ---- what may happen to it: each lasts for the body of a `with`, or for good where that fails

    @contextlib.contextmanager
    def cable_pulled(self):
        """Its interface has no carrier; the switch knows its port is down."""
        self.network.middle.ip("link", "set", self.port, "down")
        yield
        self.network.middle.ip("link", "set", self.port, "up")

    @contextlib.contextmanager
    def interface_down(self):
        """It has taken its own interface down, and so has no route to anybody."""
        self.ip("link", "set", self.interface, "down")
        yield
        self.ip("link", "set", self.interface, "up")

    @contextlib.contextmanager
    def answers_lost(self):
        """What it sends arrives, and what the middle sends it is lost without a word."""
        with self.network.middle.misled_about(self):
            yield

    @contextlib.contextmanager
    def path_silent(self):
        """Nothing arrives in either direction, and all interfaces are up."""
        with self.answers_lost(), self.misled_about(self.network.middle):
            yield

    @contextlib.contextmanager
    def misled_about(self, other):
        """It sends to nobody what is for `other`."""
        entry = (other.address, "dev", self.interface)
        self.ip("neighbour", "replace", *entry, "lladdr", NOBODY, "nud", "permanent")
        yield
        self.ip("neighbour", "delete", *entry)


class Network:
    """The hosts `names` around their middle. A context manager: network["left"] is one of them."""

    def __init__(self, *names):
        self.ip = _tool("ip")
        self.ss = _tool("ss")
        self.middle = Host(self, "middle", MIDDLE_ADDRESS, "switch")
        self.hosts = {
            name: Host(self, name, f"10.77.0.{number}", "eth0")
            for number, name in enumerate(names, 2)
        }
        self._made = []

    def __getitem__(self, name):
        return self.hosts[name]

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def _make(self):
        for host in (self.middle, *self.hosts.values()):
            self._made.append(host)
            _wanted(self.ip, "netns", "add", host.namespace)
            _wanted(*host.prefix, "true")
            host.ip("link", "set", "lo", "up")
        self._make_switch()
        for host in self.hosts.values():
            self._lay_cable(host)

    def _make_switch(self):
        middle = self.middle
        switch = middle.interface
        _wanted(self.ip, "-n", middle.namespace, "link", "add", switch, "type", "bridge")
        middle.ip("address", "add", f"{middle.address}/24", "dev", switch)
        middle.ip("link", "set", switch, "up")

    def _lay_cable(self, host):
        middle = self.middle
        _wanted(
            self.ip, "link", "add", host.interface, "netns", host.namespace,
            "type", "veth", "peer", "name", host.port, "netns", middle.namespace,
        )
        middle.ip("link", "set", host.port, "master", middle.interface, "up")
        host.ip("address", "add", f"{host.address}/24", "dev", host.interface)
        host.ip("link", "set", host.interface, "up")

    def remove(self):
        """Each is gone when the last process in it has ended."""
        while self._made:
            _try(self.ip, "netns", "delete", self._made.pop().namespace)

    def connections_of(self, host):
        """(received and not read, sent and not acknowledged) in bytes, of each connection that the
        middle has with `host`."""
        lines = _run(*self.middle.prefix, self.ss, "-H", "-n", "-t", "dst", host.address)
        return [tuple(map(int, line.split()[1:3])) for line in lines.splitlines()]

    def forget_connections_of(self, host):
        """The middle's kernel forgets its connections with `host`, as if it had started anew: what
        still comes on them is answered with a reset. While the path is cut `host` learns nothing
        of that. Returns how many there were."""
        found = len(self.connections_of(host))
        _try(*self.middle.prefix, self.ss, "-K", "-n", "-t", "dst", host.address)
        if self.connections_of(host):
            raise NamespacesRefused("this kernel does not let ss -K end a connection")
        return found

    def wait_silent(self, host):
        """Waits until nothing is on its way between the middle and `host`, not even a delayed
        acknowledgement."""
        eventually(lambda: not any(map(any, self.connections_of(host))), f"{host} is silent")


class RedisInTheMiddle(RedisServer):
    """A redis-server in the middle of a network, which its hosts reach by `url`."""

    def __init__(self, network, folder):
        self._prefix = network.middle.prefix
        super().__init__(folder, bind=MIDDLE_ADDRESS, protected_mode="no")

    def _command(self, port):
        return [*self._prefix, *super()._command(port)]

    @property
    def url(self):
        return f"redis://{MIDDLE_ADDRESS}:{self.port}"
