"""Many visitors at once; what happened to them is a Record (history.py).

    with Load(footfall.address, clients=8, requests=500) as load:
        load.finish()
    load.record.assert_counted_right()

Each client has one connection at a time and comes back on a new one when it has ended. All of them
live on one thread, so they cost little, and a time taken before a send or behind a receive is true.
"""

import itertools
import os
import re
import selectors
import socket
import threading
import time
from collections import deque

from history import Record, Visit
from waiting import PATIENCE_S, eventually, scaled

#: The long form (script/soak) asks for more of everything.
SCALE = float(os.environ.get("FOOTFALL_SCALE", "1"))

#: A request that takes longer than this hangs.
HANG_S = 5.0

#: Over all loads, so that the sum of two records is one, too.
_connection_numbers = itertools.count()

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)(?:\r\n|$)")
_BODY = re.compile(rb'\{"counter":([1-9]\d*),"pid":([1-9]\d*)\}|\{"value":(-?\d+)\}')


def _request(target):
    return b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % target.encode()


def many(count, sanitized_share=0.2):
    """`count`, less of it on the sanitized build, more of it in the long form."""
    return max(1, int(scaled(count, sanitized_share) * SCALE))


class _Client:
    """One visitor after the other on one connection after the other."""

    def __init__(self, load, index):
        self.load = load
        self.index = index
        self.left = load.requests
        self.socket = None
        self.connection = None
        self.sent = 0
        self.answered = 0  # with a number
        self.received = b""
        self.open = deque()  # visits that wait for their answer, in order
        self.next_try = 0.0
        self.is_over = False

    # ---- the connection

    def connect(self):
        load = self.load
        address = load.addresses[load.connections % len(load.addresses)]
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.settimeout(HANG_S)
        try:
            self.socket.connect(address)
            if family != socket.AF_UNIX:
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            self.socket.close()
            self.socket = None
            if isinstance(error, TimeoutError):
                raise AssertionError("a connection was not even queued") from None
            load.refused_connections += 1
            if load.ends_when_refused:
                self.is_over = True
            self.next_try = time.monotonic() + 0.01
            return
        self.socket.setblocking(False)
        self.connection = next(_connection_numbers)
        load.connections += 1
        self.sent = 0
        self.received = b""
        load.selector.register(self.socket, selectors.EVENT_READ, self)
        self.send()

    def disconnect(self, failure):
        """The connection is over; whoever still waits has failed by that."""
        self.load.selector.unregister(self.socket)
        self.socket.close()
        self.socket = None
        now = time.monotonic_ns()
        while self.open:
            visit = self.open.popleft()
            visit.ended_ns = now
            visit.failure = failure
            self.load.visits.append(visit)

    def end_if_done(self):
        """Nothing waits for an answer and nothing more is to be asked."""
        if not self.open and (self.left == 0 or self.load.stopping):
            if self.socket is not None:
                self.disconnect(None)
            self.is_over = True

    # ---- requests

    def send(self):
        """As many requests as may be under way."""
        load = self.load
        room = load.pipelined - len(self.open)
        if load.each_connection is not None:
            room = min(room, load.each_connection - self.sent)
        if self.left is not None:
            room = min(room, self.left)
        if room <= 0 or load.stopping:
            return
        requests = b""
        for _ in range(room):
            target = next(load.targets)
            requests += load.request_of[target]
            self.open.append(Visit(self.connection, self.sent, target))
            self.sent += 1
            if self.left is not None:
                self.left -= 1
        try:
            count = self.socket.send(requests)
        except OSError:
            self.disconnect("reset")
            return
        assert count == len(requests), "the socket took only a part"

    def receive(self):
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            self.disconnect("reset")
            return
        if not data:
            self.disconnect("ended")
            return
        self.received += data
        while self.open and self.read_answer():
            pass
        if self.socket is not None:
            self.send()

    def read_answer(self):
        """Takes one answer from what was received; False when it is not whole."""
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self.received[:end].lower()  # a balancer writes names its own way
        body_begin = end + 4
        length = int(_LENGTH.search(head)[1])
        if len(self.received) < body_begin + length:
            return False
        body = self.received[body_begin : body_begin + length]
        self.received = self.received[body_begin + length :]
        visit = self.open.popleft()
        visit.ended_ns = time.monotonic_ns()
        visit.status = int(head[9:12])
        if visit.status == 200:
            counted = _BODY.fullmatch(body)
            visit.number = int(counted[1] or counted[3])
            visit.pid = int(counted[2] or 0)
            self.load.answered += 1
            self.answered += 1
        else:
            self.load.refused += 1
        visit.retry_after = b"\r\nretry-after: " in head
        self.load.visits.append(visit)
        if b"\r\nconnection: close" in head:
            self.load.closes_seen += 1
            self.disconnect("behind close")
            return False
        if self.load.each_connection == self.sent and not self.open:
            self.disconnect(None)
            return False
        return True

    def look_for_hang(self, now_ns):
        if self.open and now_ns - self.open[0].started_ns > self.load.hang_s * 1e9:
            self.disconnect("hang")


class Load:
    """Clients that visit until they have made their requests, or until stop().

    clients            how many
    requests           of each; None: until stop()
    pipelined          how many requests each has under way at most
    each_connection    requests on one connection; None: as many as it is kept for
    ends_when_refused  a client whose connection is refused goes home instead of trying again
    hang_s             longer than this is a hang
    targets            what they ask for, in turn over all of them

    `addresses` is one address or a list, taken in turn.
    """

    def __init__(
        self, addresses, clients=8, requests=None, *, pipelined=1, each_connection=None,
        ends_when_refused=False, hang_s=HANG_S, targets=("/",),
    ):
        self.addresses = addresses if isinstance(addresses, list) else [addresses]
        self.requests = requests
        self.pipelined = pipelined
        self.each_connection = each_connection
        self.ends_when_refused = ends_when_refused
        self.hang_s = hang_s
        self.request_of = {target: _request(target) for target in targets}
        self.targets = itertools.cycle(targets)
        self.visits = []
        self.answered = 0  # with a number
        self.refused = 0  # without one
        self.connections = 0
        self.refused_connections = 0
        self.closes_seen = 0
        self.stopping = False
        self._error = None
        self.selector = selectors.EpollSelector()
        self._clients = [_Client(self, index) for index in range(clients)]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self.stopping = True
        self._thread.join(PATIENCE_S)
        assert kind or not self._thread.is_alive(), "the load does not end"
        if kind is None and self._error is not None:
            raise self._error

    def _run(self):
        try:
            self._serve()
        except BaseException as error:  # shown by whoever waits for the load
            self._error = error
        finally:
            for client in self._clients:
                if client.socket is not None:
                    client.socket.close()
            self.selector.close()

    def _serve(self):
        next_look_ns = 0
        while True:
            for client in self._clients:
                client.end_if_done()
                if client.socket is None and not client.is_over:
                    if client.next_try <= time.monotonic():
                        client.connect()
            if all(client.is_over for client in self._clients):
                return
            waits = any(c.socket is None and not c.is_over for c in self._clients)
            for key, _ in self.selector.select(0.002 if waits else 0.1):
                client = key.data
                if client.socket is not None:
                    client.receive()
            now_ns = time.monotonic_ns()
            if now_ns >= next_look_ns:
                next_look_ns = now_ns + 100_000_000
                for client in self._clients:
                    if client.socket is not None:
                        client.look_for_hang(now_ns)

    # ---- for the test

    @property
    def record(self):
        """What has happened. Complete only when the load has ended."""
        return Record(list(self.visits))

    def wait_answered(self, more, timeout=PATIENCE_S):
        """Waits until so many more visits were answered."""
        wanted = self.answered + more

        def enough():
            if self._error is not None:
                raise self._error
            return self.answered >= wanted

        eventually(enough, f"{more} more visits were answered", timeout)

    def wait_each_answered(self, more, timeout=PATIENCE_S):
        """The same of each client."""
        wanted = [client.answered + more for client in self._clients]

        def enough():
            if self._error is not None:
                raise self._error
            return all(c.answered >= n for c, n in zip(self._clients, wanted))

        eventually(enough, f"{more} more visits of each client were answered", timeout)

    def wait_refused(self, more, timeout=PATIENCE_S):
        """Waits until so many more visits were answered without a number."""
        wanted = self.refused + more
        eventually(lambda: self.refused >= wanted, f"{more} more visits were refused", timeout)

    def finish(self, timeout=None):
        """Waits until every client has made its requests."""
        self._thread.join(timeout or PATIENCE_S * max(1.0, SCALE))
        assert not self._thread.is_alive(), "the load does not end"
        if self._error is not None:
            raise self._error

    def stop(self):
        """Lets what is under way be answered, then ends. Returns the record."""
        self.stopping = True
        self.finish()
        return self.record
