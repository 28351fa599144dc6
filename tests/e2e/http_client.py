"""An HTTP client on plain sockets that shows every byte and believes none.

An address is (host, port), or the path of a unix socket. Responses are parsed strictly: whatever
footfall sends must have exactly the form that RFC 9112 gives, and framing that needs no guess.
"""

import contextlib
import fcntl
import json
import re
import socket
import struct
import termios
import time

from waiting import PATIENCE_S

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [\x20-\x7e]*")
_FIELD_LINE = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)"
)
_VISIT = re.compile(rb'\{"counter":([1-9]\d*),"pid":([1-9]\d*)\}')


class MalformedResponse(AssertionError):
    """The server sent what is no HTTP response."""


class ConnectionEnded(AssertionError):
    """The connection ended before a whole response was there. `was_reset` tells how."""

    def __init__(self, received, was_reset):
        super().__init__(f"ended{' by a reset' if was_reset else ''} after {received!r}")
        self.received = received
        self.was_reset = was_reset


class Response:
    """One final response: status, headers (lower-case names), body, interim (statuses of 1xx)."""

    def __init__(self, status, headers, body, interim):
        self.status = status
        self.headers = headers
        self.body = body
        self.interim = interim

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body!r}>"

    @property
    def closes(self):
        return self.headers.get("connection") == "close"

    @property
    def visit(self):
        """(number, pid) of a counted visit; the body must be exactly that."""
        match = _VISIT.fullmatch(self.body)
        assert self.status == 200 and match, f"not a counted visit: {self}"
        return int(match[1]), int(match[2])

    @property
    def number(self):
        return self.visit[0]

    @property
    def pid(self):
        return self.visit[1]

    @property
    def error(self):
        """The sentence of an error; the body must be exactly {"error":"…"}."""
        members = json.loads(self.body)
        assert list(members) == ["error"] and isinstance(members["error"], str), self
        return members["error"]


def parse_head(head):
    """(status, headers) of the bytes before the empty line."""
    lines = head.split(b"\r\n")
    status = _STATUS_LINE.fullmatch(lines[0])
    if not status:
        raise MalformedResponse(f"status line {lines[0]!r}")
    headers = {}
    for line in lines[1:]:
        field = _FIELD_LINE.fullmatch(line)
        if not field:
            raise MalformedResponse(f"field line {line!r}")
        name = field[1].decode().lower()
        if name in headers:
            raise MalformedResponse(f"field {name} twice")
        headers[name] = field[2].decode()
    return int(status[1]), headers


def body_length(status, headers, method):
    """How many bytes of body follow that head, by RFC 9112 6.3."""
    length = headers.get("content-length")
    if "transfer-encoding" in headers:
        raise MalformedResponse("footfall sends no transfer codings")
    if status < 200 or status == 204:
        if length is not None:
            raise MalformedResponse(f"Content-Length in a {status}")  # RFC 9110 8.6
        return 0
    if status == 304:  # RFC 9110 8.6: a length would be that of another answer
        return 0
    if method == "HEAD" and length is None:
        return 0  # RFC 9110 9.3.2: it may be left out where only making the body would tell
    if length is None or not re.fullmatch(r"0|[1-9]\d*", length):
        raise MalformedResponse(f"Content-Length {length!r} in a {status}")
    return 0 if method == "HEAD" else int(length)


def request(method="GET", target="/", fields=(), body=None, host="localhost", version="HTTP/1.1"):
    """The bytes of a request; `body` adds its Content-Length, host None leaves Host out."""
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += fields
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def chunked(*chunks, trailers=(), extension=""):
    """The bytes of a chunked body."""
    parts = [b"%x%s\r\n%s\r\n" % (len(c), extension.encode(), c) for c in chunks]
    return b"".join(parts) + b"0\r\n" + "".join(f"{t}\r\n" for t in trailers).encode() + b"\r\n"


class Client:
    """One connection. A context manager; every wait is bounded by `timeout`. `source` is the IP
    address that it comes from, if that matters."""

    def __init__(self, address, timeout=PATIENCE_S, source=None):
        self.timeout = timeout
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout, source and (source, 0))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends the connection with a reset instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_and_see_it_read(self, data):
        """Sends, and waits until the server has read it all. Only a unix socket can tell: there
        SIOCOUTQ counts what the other side has not read, for TCP what is not acknowledged."""
        self.send(data)
        deadline = time.monotonic() + self.timeout
        while struct.unpack("i", fcntl.ioctl(self.socket, termios.TIOCOUTQ, b"\0" * 4))[0] > 0:
            if time.monotonic() > deadline:
                raise AssertionError(f"the server has not read {data!r} in time")
            time.sleep(0)

    def shut_write(self):
        """Nothing more will be sent; answers are still read."""
        self.socket.shutdown(socket.SHUT_WR)

    def _receive(self, deadline):
        """Waits for more bytes: False at an orderly end."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise AssertionError(f"no more bytes in time, after {self._received!r}")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(1 << 20)
        except (TimeoutError, socket.timeout):
            raise AssertionError(f"no more bytes in time, after {self._received!r}") from None
        except ConnectionError:
            raise ConnectionEnded(self._received, was_reset=True) from None
        finally:
            self.socket.settimeout(self.timeout)
        self._received += data
        return bool(data)

    def _read_until(self, enough, deadline):
        while not enough():
            if not self._receive(deadline):
                raise ConnectionEnded(self._received, was_reset=False)

    def read_response(self, method="GET", timeout=None):
        """The next final response to a request of `method`; interim ones are noted in it."""
        deadline = time.monotonic() + (timeout or self.timeout)
        interim = []
        while True:
            self._read_until(lambda: b"\r\n\r\n" in self._received, deadline)
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            status, headers = parse_head(head)
            length = body_length(status, headers, method)
            if status >= 200:
                break
            interim.append(status)
        self._read_until(lambda: len(self._received) >= length, deadline)
        body, self._received = self._received[:length], self._received[length:]
        return Response(status, headers, body, interim)

    def read_responses(self, count, method="GET", timeout=None):
        return [self.read_response(method, timeout) for _ in range(count)]

    def read_interim(self, timeout=None):
        """The status of the next response, which must be an interim one."""
        deadline = time.monotonic() + (timeout or self.timeout)
        self._read_until(lambda: b"\r\n\r\n" in self._received, deadline)
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        status, headers = parse_head(head)
        assert status < 200 and not headers, f"{status} {headers}"
        return status

    def ask(self, method="GET", target="/", fields=(), **more):
        """Sends one request and reads its response."""
        self.send(request(method, target, fields, **more))
        return self.read_response(method)

    def visit(self):
        """(number, pid) of one visit on this connection."""
        return self.ask().visit

    def read_to_end(self, timeout=None):
        """Everything up to an orderly end; a reset is ConnectionEnded."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while self._receive(deadline):
            pass
        rest, self._received = self._received, b""
        return rest

    def assert_closed(self, timeout=None):
        """The server ends the connection in an orderly way, and sends nothing more."""
        rest = self.read_to_end(timeout)
        assert rest == b"", f"bytes behind the last response: {rest!r}"

    def is_silent(self, seconds):
        """Whether nothing comes, not even an end, for so long."""
        if self._received:
            return False
        self.socket.settimeout(seconds)
        try:
            data = self.socket.recv(1 << 20)
        except (TimeoutError, socket.timeout):
            return True
        except ConnectionError:
            return False
        finally:
            self.socket.settimeout(self.timeout)
        self._received += data
        return False


def ask(address, method="GET", target="/", fields=(), **more):
    """One request on a connection of its own."""
    with Client(address) as client:
        return client.ask(method, target, fields, **more)


def visit(address):
    """(number, pid) of one visit on a connection of its own."""
    return ask(address).visit


@contextlib.contextmanager
def counts_exactly(address, visits):
    """What is done inside counts so many visits. For a server with one worker or a shared store,
    that nobody else visits at the same time."""
    before = visit(address)[0]
    yield
    counted = visit(address)[0] - before - 1
    assert counted == visits, f"{counted} visits were counted instead of {visits}"
