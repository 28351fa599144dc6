"""A link to a server that a test can cut: a tiny TCP proxy on a free port of 127.0.0.1."""

import contextlib
import selectors
import socket
import threading


class TcpProxy:
    """Passes bytes on to (host, port), both ways.

    cut()            ends every connection by a reset, and lets new ones through
    swallows_answers while true, what the server says is thrown away
    passes           while false, nothing is passed on either way and new connections get nothing
    """

    def __init__(self, target):
        self.target = target
        self.swallows_answers = False
        self.passes = True
        self.connections = 0
        self.swallowed = 0
        self._pairs = {}  # socket -> (its peer, whether it is the server's)
        self._wanted_cut = threading.Event()
        self._done_cut = threading.Event()
        self._ending = False
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def port(self):
        return self._listener.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ending = True
        self._thread.join()
        self._cut_all()
        self._selector.close()
        self._listener.close()

    def cut(self):
        """Every connection is cut when this returns."""
        self._done_cut.clear()
        self._wanted_cut.set()
        self._done_cut.wait()

    def _run(self):
        while not self._ending:
            if self._wanted_cut.is_set():
                self._wanted_cut.clear()
                self._cut_all()
                self._done_cut.set()
            if not self.passes:
                self._wanted_cut.wait(0.005)
                continue
            for key, _ in self._selector.select(0.005):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._pairs:
                    self._pass_on(key.fileobj)

    def _accept(self):
        client, _ = self._listener.accept()
        self.connections += 1
        try:
            server = socket.create_connection(self.target)
        except OSError:
            client.close()
            return
        for one, other, is_server in ((client, server, False), (server, client, True)):
            self._pairs[one] = (other, is_server)
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, source):
        other, is_server = self._pairs[source]
        try:
            data = source.recv(65536)
            if data and is_server and self.swallows_answers:
                self.swallowed += len(data)
                return
            if data:
                other.sendall(data)
                return
        except OSError:
            pass
        self._close(source)
        self._close(other)

    def _close(self, one):
        del self._pairs[one]
        self._selector.unregister(one)
        with contextlib.suppress(OSError):
            # So that a reset tells the peer, as when a link is cut and comes back.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        one.close()

    def _cut_all(self):
        for one in list(self._pairs):
            self._close(one)
