"""Links to a server that are cut at exactly the byte a test names.

    with CuttingProxies() as proxies:
        proxy = proxies.proxy(("127.0.0.1", redis.port))
        cut = proxy.arm(REPLY, 3)
        …                           # three bytes of the answer arrive, then both sides see a reset
        cut.wait()

All proxies of a CuttingProxies are served by one thread. Connections made after a cut pass.
"""

import contextlib
import fcntl
import selectors
import socket
import struct
import termios
import threading
import time
from collections import deque
from functools import partial

from waiting import PATIENCE_S

#: What the client says to the server, and what that says to the client.
REQUEST, REPLY = DIRECTIONS = "request", "reply"

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_SEND_TIMEOUT = struct.pack("ll", int(PATIENCE_S), 0)


class Cut:
    """A cut that was armed, and is_done when that many bytes of that direction have passed."""

    def __init__(self, direction, after_bytes, on_new, lock):
        assert direction in DIRECTIONS and after_bytes >= 0
        self.direction = direction
        self.after_bytes = after_bytes
        self.on_new = on_new
        self._lock = lock
        self._done = threading.Event()

    def done(self):
        self._done.set()

    def __repr__(self):
        return f"<cut after {self.after_bytes} bytes of the {self.direction}>"

    @property
    def is_done(self):
        return self._done.is_set()

    def wait(self, timeout=PATIENCE_S):
        assert self._done.wait(timeout), f"within {timeout:g} s there was no {self}"
        with self._lock:
            pass  # both sides are reset by now


class Link:
    """A client's connection and the one to the server that belongs to it.

    passed    bytes of each direction that were delivered
    recorded  these bytes, if the proxy records
    """

    def __init__(self, client, server, records):
        self.records = records
        self.sockets = {REQUEST: client, REPLY: server}  # by what comes from it
        self.passed = dict.fromkeys(DIRECTIONS, 0)
        self.recorded = {direction: bytearray() for direction in DIRECTIONS}
        self.counted_from = dict(self.passed)  # where the present cut begins to count
        self.is_exempt = False  # from the present cut: it wants a new connection
        for one in self.sockets.values():
            # Each piece goes out by itself, and a peer that takes nothing does not hang the test.
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_TIMEOUT)

    def deliver(self, direction, data):
        # Written down first: whoever gets the bytes may look at once.
        self.passed[direction] += len(data)
        if self.records:
            self.recorded[direction] += data
        self.sockets[REPLY if direction == REQUEST else REQUEST].sendall(data)

    def close(self, is_reset):
        """Ends both sides; by a reset only when what was delivered has left, which a reset would
        throw away."""
        for one in self.sockets.values():
            with contextlib.suppress(OSError):
                if is_reset:
                    _wait_until_sent(one)
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            one.close()


def _wait_until_sent(one):
    deadline = time.monotonic() + 1.0
    while struct.unpack("i", fcntl.ioctl(one, termios.TIOCOUTQ, b"\0" * 4))[0] > 0:
        if time.monotonic() > deadline:
            return  # the peer is stopped, and has not got it all in any case
        time.sleep(0)


class CuttingProxy:
    """One address, in front of one server.

    connections  how many there were
    records      while true, the bytes of new connections are kept
    recorded     their Links, in order
    is_away      while true, new connections are reset at once
    """

    def __init__(self, hub, target):
        self.target = target
        self.connections = 0
        self.records = False
        self.recorded = []
        self.is_away = False
        self._hub = hub
        self._links = set()
        self._cuts = deque()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        hub.watch(self._listener, self._accept)

    # ---- for the test

    def arm(self, direction, after_bytes, on_new=False):
        """A Cut: when exactly so many bytes of that direction have been delivered on a connection,
        counted from now, or on one that is younger from its beginning; `on_new`: only on one that
        is younger. After 0 bytes is when the first would have been.

        Several are done one after the other; each counts from when the one before is done.
        """
        cut = Cut(direction, after_bytes, on_new, self._hub.lock)
        with self._hub.lock:
            self._cuts.append(cut)
            if len(self._cuts) == 1:
                self._begin_to_count()
        return cut

    def disarm(self):
        """What was armed and is not done is forgotten."""
        with self._hub.lock:
            self._cuts.clear()

    def cut(self):
        """Every connection is cut when this returns; what is armed stays so."""
        with self._hub.lock:
            for link in list(self._links):
                self._end(link, is_reset=True)

    def close(self):
        with self._hub.lock:
            self.cut()
            self._hub.forget(self._listener)
            self._listener.close()

    # ---- on the thread of the hub, which holds the lock

    def _begin_to_count(self):
        for link in self._links:
            link.counted_from = dict(link.passed)
            link.is_exempt = self._cuts[0].on_new

    def _accept(self):
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        self.connections += 1
        server = None
        if not self.is_away:
            with contextlib.suppress(OSError):
                server = socket.create_connection(self.target, timeout=PATIENCE_S)
                server.settimeout(None)
        if server is None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            client.close()
            return
        link = Link(client, server, self.records)
        self._links.add(link)
        if link.records:
            self.recorded.append(link)
        for direction, one in link.sockets.items():
            self._hub.watch(one, partial(self._receive, link, direction))

    def _receive(self, link, direction):
        try:
            data = link.sockets[direction].recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            self._end(link, is_reset=True)
            return
        if not data:
            self._end(link, is_reset=False)
            return
        room = self._room_before_cut(link, direction)
        data = data if room is None else data[:room]
        try:
            link.deliver(direction, data)
        except OSError:
            self._end(link, is_reset=True)
            return
        if room is not None and len(data) == room:
            self._cuts.popleft().done()  # before anybody can see the reset
            self._end(link, is_reset=True)
            if self._cuts:
                self._begin_to_count()

    def _room_before_cut(self, link, direction):
        """How many bytes may still be delivered; None where there is no limit."""
        if not self._cuts or link.is_exempt or self._cuts[0].direction != direction:
            return None
        return self._cuts[0].after_bytes - (link.passed[direction] - link.counted_from[direction])

    def _end(self, link, is_reset):
        self._links.discard(link)
        for one in link.sockets.values():
            self._hub.forget(one)
        link.close(is_reset)


class CuttingProxies:
    """Makes proxies and serves all of them on one thread."""

    def __init__(self):
        self.lock = threading.RLock()
        self._proxies = []
        self._readable = {}  # socket -> what to do then
        self._error = None
        self._selector = selectors.EpollSelector()
        self._is_ending = False
        self._waker, self._wakened = socket.socketpair()
        self.watch(self._wakened, lambda: None)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self._is_ending = True
        self._waker.send(b"x")
        self._thread.join(PATIENCE_S)
        for proxy in self._proxies:
            proxy.close()
        self._selector.close()
        self._waker.close()
        self._wakened.close()
        assert kind or not self._thread.is_alive(), "the proxies do not end"
        if kind is None and self._error is not None:
            raise self._error

    def proxy(self, target):
        """A CuttingProxy in front of (host, port), until the end."""
        with self.lock:
            self._proxies.append(CuttingProxy(self, target))
            return self._proxies[-1]

    def watch(self, one, readable):
        with self.lock:
            self._readable[one] = readable
            self._selector.register(one, selectors.EVENT_READ)

    def forget(self, one):
        with self.lock:
            del self._readable[one]
            self._selector.unregister(one)

    def _run(self):
        try:
            while not self._is_ending:
                for key, _ in self._selector.select():
                    with self.lock:
                        if key.fileobj in self._readable:  # else it was forgotten meanwhile
                            self._readable[key.fileobj]()
        except BaseException as error:  # shown at the end
            self._error = error
