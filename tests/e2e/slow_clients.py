"""Crowds of visitors who do as little as they can, all on one thread.

    with Crowd(footfall.address, {"head": 2000, "idle": 2000}) as crowd:
        crowd.wait_all_ended()
        assert crowd.answers("head") == …

Kinds: "head" and "body" send a byte of theirs each second, "reader" asks for much and takes
nothing, "idle" says nothing.
"""

import resource
import select
import socket
import struct
import threading
import time

import pytest

from http_client import request
from waiting import PATIENCE_S, eventually

#: Addresses of this host to come from, so that none has too many connections, or too few ports.
SOURCES = [f"127.0.0.{number}" for number in range(2, 10)]

BEGINNINGS = {
    "head": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
    "body": request("POST", fields=["Content-Length: 60000"]),
    "reader": request() * 600,  # answers beyond what the buffers of both kernels hold
    "idle": b"",
}
TRICKLES = {"head", "body"}

NO_LINGER = struct.pack("ii", 1, 0)

#: What a test needs beside its clients.
OTHER_DESCRIPTORS = 400


def need_descriptors(count):
    """Lets this process have so many, or skips the test."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if count + OTHER_DESCRIPTORS > hard:
        pytest.skip(f"{count} connections need a hard limit of {count + OTHER_DESCRIPTORS} "
                    f"descriptors; here it is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class SlowClient:
    """One of them. `ended`: None, "end" or "reset"."""

    def __init__(self, kind, address, source):
        self.kind = kind
        self.received = b""
        self.ended = None
        self.socket = socket.socket(socket.AF_INET)
        self.socket.settimeout(PATIENCE_S)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if kind == "reader":  # small buffers on both sides
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        self.socket.bind((source, 0))
        self.socket.connect(address)
        self.socket.setblocking(False)
        if BEGINNINGS[kind]:
            self.send(BEGINNINGS[kind])

    def send(self, data):
        try:
            self.socket.send(data)
        except OSError:
            pass  # that it has ended is seen by reading

    def look(self, bytes_max=65536):
        """Takes what has come."""
        try:
            data = self.socket.recv(bytes_max)
        except BlockingIOError:
            return
        except OSError:
            self.ended = "reset"
            return
        self.received += data
        if not data:
            self.ended = "end"


class Crowd:
    def __init__(self, address, kinds):
        self.clients = []
        self._address = address
        self._kinds = kinds
        self._epoll = select.epoll()
        self._by_fd = {}
        self._stopping = False
        self._error = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        need_descriptors(sum(self._kinds.values()))
        try:
            self._connect()
        except BaseException:
            self._close()
            raise
        self._thread.start()
        return self

    def _connect(self):
        for kind, count in self._kinds.items():
            for index in range(count):
                client = SlowClient(kind, self._address, SOURCES[index % len(SOURCES)])
                self.clients.append(client)
                self._by_fd[client.socket.fileno()] = client
                events = 0 if kind == "reader" else select.EPOLLIN  # errors are always told
                self._epoll.register(client.socket.fileno(), events)

    def __exit__(self, *_):
        self._stopping = True
        self._thread.join(PATIENCE_S)
        self._close()
        if self._error is not None:
            raise self._error

    def _close(self):
        for client in self.clients:
            if client.ended is None:  # by a reset, which leaves no port waiting for a minute
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            client.socket.close()
        self._epoll.close()

    def _run(self):
        try:
            next_trickle = time.monotonic() + 1.0
            while not self._stopping:
                for fd, _ in self._epoll.poll(0.1):
                    client = self._by_fd[fd]
                    client.look()
                    if client.ended is not None:
                        self._epoll.unregister(fd)
                        client.socket.close()
                if time.monotonic() >= next_trickle:
                    next_trickle += 1.0
                    for client in self.clients:
                        if client.kind in TRICKLES and client.ended is None:
                            client.send(b"x")
        except BaseException as error:  # shown by whoever waits
            self._error = error

    def of(self, kind):
        return [client for client in self.clients if client.kind == kind]

    def wait_all_ended(self, timeout):
        def all_ended():
            if self._error is not None:
                raise self._error
            return all(client.ended is not None for client in self.clients)

        eventually(all_ended, "every slow client was told to go", timeout)
