"""The proxy that cuts (cutting_proxy.py) cuts at exactly the byte it is told, and nothing else."""

import contextlib
import random
import socket
import threading

import pytest

from cutting_proxy import DIRECTIONS, REPLY, REQUEST, CuttingProxies
from waiting import PATIENCE_S, eventually


class Answerer:
    """A server that answers each line by itself, turned round, and keeps what it has received."""

    def __init__(self):
        self.received = []  # of each connection: bytes, and how it ended
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.received.append([b"", None])
            threading.Thread(
                target=self._serve, args=(connection, self.received[-1]), daemon=True
            ).start()

    @staticmethod
    def _serve(connection, received):
        line = b""
        with connection:
            while True:
                data, end = receive(connection)
                received[0] += data
                if end:
                    received[1] = end
                    return
                line += data
                while b"\n" in line:
                    asked, _, line = line.partition(b"\n")
                    with contextlib.suppress(OSError):  # the next receive tells how it ended
                        connection.sendall(asked[::-1] + b"\n")

    def saw_end(self, index=0):
        eventually(
            lambda: len(self.received) > index and self.received[index][1], "the server saw the end"
        )
        return tuple(self.received[index])


def receive(connection):
    """(what came, None), or (b"", how it ended)."""
    try:
        data = connection.recv(65536)
    except ConnectionResetError:
        return b"", "reset"
    return data, None if data else "end"


def receive_all(connection):
    """(everything that came, how it ended)."""
    received = b""
    while True:
        data, end = receive(connection)
        received += data
        if end:
            return received, end


def connect(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), PATIENCE_S)


def ask(client, line):
    client.sendall(line + b"\n")
    answer = b""
    while not answer.endswith(b"\n"):
        data, end = receive(client)
        assert end is None, end
        answer += data
    assert answer == line[::-1] + b"\n"


@pytest.fixture
def server():
    with Answerer() as answerer:
        yield answerer


@pytest.fixture
def proxy(server):
    with CuttingProxies() as proxies:
        yield proxies.proxy(server.address)


LINE = b"counter 4711"
WHOLE = len(LINE) + 1


@pytest.mark.parametrize("after_bytes", range(WHOLE + 1))
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_exactly_the_bytes_before_the_cut_arrive(proxy, server, direction, after_bytes):
    with connect(proxy) as client:
        ask(client, b"before")
        ask(client, b"and again")
        cut = proxy.arm(direction, after_bytes)
        assert not cut.is_done
        client.sendall(LINE + b"\n")
        received, end = receive_all(client)
        assert end == "reset"
        at_server, end_at_server = server.saw_end()
        assert end_at_server == "reset"
        at_server = at_server.removeprefix(b"before\nand again\n")
        if direction == REQUEST:
            assert at_server == (LINE + b"\n")[:after_bytes]
            assert received == b""  # to a whole one the answer came too late
        else:
            assert at_server == LINE + b"\n"
            assert received == (LINE[::-1] + b"\n")[:after_bytes]
        cut.wait()
    with connect(proxy) as client:  # and the next one passes
        ask(client, LINE)


@pytest.mark.parametrize("after_bytes", [0, 1, 7, 12, 13, 20])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_new_connection_is_counted_from_its_beginning(proxy, server, direction, after_bytes):
    with connect(proxy) as living:
        ask(living, LINE)
        cut = proxy.arm(direction, after_bytes, on_new=True)
        ask(living, LINE)  # is spared
        assert not cut.is_done
        with connect(proxy) as client:
            client.sendall(b"first\n")
            if after_bytes > 6:
                while not (received := receive(client)[0]).endswith(b"\n"):
                    assert received
                client.sendall(b"the second one\n")
            received, end = receive_all(client)
            assert end == "reset"
            passed = {REQUEST: b"first\nthe second one\n", REPLY: b"tsrif\neno dnoces eht\n"}
            if direction == REQUEST:
                assert server.saw_end(1)[0] == passed[REQUEST][:after_bytes]
            else:
                already = 6 if after_bytes > 6 else 0
                assert received == passed[REPLY][already:after_bytes]
        cut.wait()
        ask(living, LINE)


def test_what_was_not_reached_is_forgotten_when_disarmed(proxy):
    with connect(proxy) as client:
        cut = proxy.arm(REPLY, WHOLE + 1)
        ask(client, LINE)
        proxy.disarm()
        ask(client, LINE)
        assert not cut.is_done


def test_several_cuts_come_one_after_the_other(proxy, server):
    with connect(proxy) as client:
        first = proxy.arm(REPLY, 0)
        second = proxy.arm(REQUEST, 4)
        client.sendall(LINE + b"\n")
        assert receive_all(client) == (b"", "reset")
    first.wait()
    assert not second.is_done
    with connect(proxy) as client:
        client.sendall(LINE + b"\n")
        assert receive_all(client) == (b"", "reset")
    second.wait()
    assert server.saw_end(1) == (LINE[:4], "reset")
    with connect(proxy) as client:
        ask(client, LINE)
    assert proxy.connections == 3


def test_of_two_connections_only_the_one_that_gets_there_is_cut(proxy):
    with connect(proxy) as one, connect(proxy) as other:
        ask(one, b"1")
        ask(other, b"2")
        proxy.arm(REPLY, 10)
        ask(one, b"123")
        ask(other, b"12345")
        one.sendall(b"67890123\n")
        assert receive_all(one) == (b"321098", "reset")
        ask(other, LINE)


def test_cut_ends_all_connections_and_away_new_ones(proxy, server):
    with connect(proxy) as one, connect(proxy) as other:
        ask(one, LINE)
        ask(other, LINE)
        proxy.cut()
        assert receive_all(one) == receive_all(other) == (b"", "reset")
    proxy.is_away = True
    with contextlib.suppress(ConnectionResetError), connect(proxy) as client:
        # The reset may come before connect() has returned.
        assert receive_all(client) == (b"", "reset")
    proxy.is_away = False
    with connect(proxy) as client:
        ask(client, LINE)
    assert server.saw_end(0) == (LINE + b"\n", "reset") == server.saw_end(1)


def test_an_end_without_a_cut_is_an_orderly_one(proxy, server):
    with connect(proxy) as client:
        ask(client, LINE)
    assert server.saw_end() == (LINE + b"\n", "end")


def test_what_passed_is_recorded_while_that_is_wanted(proxy):
    proxy.records = True
    with connect(proxy) as client:
        ask(client, LINE)
        ask(client, b"x")
    proxy.records = False
    with connect(proxy) as client:
        ask(client, LINE)
    (link,) = proxy.recorded
    assert link.recorded == {REQUEST: LINE + b"\nx\n", REPLY: LINE[::-1] + b"\nx\n"}


def test_many_proxies_are_cut_at_random_by_one_thread(server):
    def visit(proxy, cuts):
        """Asks until all cuts have come, on connection after connection."""
        while not all(cut.is_done for cut in cuts):
            with connect(proxy) as client:
                end = None
                # The client may see the end before the last cut says that it is done.
                while not end and not all(cut.is_done for cut in cuts):
                    with contextlib.suppress(OSError):
                        client.sendall(LINE + b"\n")
                    _, end = receive(client)

    with CuttingProxies() as proxies:
        visitors = []
        for _ in range(16):
            proxy = proxies.proxy(server.address)
            cuts = [proxy.arm(random.choice(DIRECTIONS), random.randrange(99)) for _ in range(10)]
            visitors.append(threading.Thread(target=visit, args=(proxy, cuts), daemon=True))
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join(PATIENCE_S)
            assert not visitor.is_alive()
