"""A Redis that answers what a test wants: a server on a free port of 127.0.0.1, in threads.

Left alone it lets everybody in, tells nothing of itself, and counts as the script does, ledger and
all. `answers` decides what batches get, `greeting` what PING gets; both may change at any time.
"""

import contextlib
import socket
import threading
import time

LOADING = b"-LOADING Redis is loading the dataset in memory\r\n"


class ScriptedRedis:
    """
    answers     None: counts. Bytes: sent instead, and nothing is counted. SILENCE: nothing is sent.
    greeting    the same for PING; None is +PONG
    names       what SCAN gets
    piece       answers to batches leave in pieces of so many bytes; None: whole
    delay_s     before each answer to a batch
    """

    SILENCE = object()

    def __init__(self):
        self.answers = None
        self.greeting = None
        self.names = b"*2\r\n$1\r\n0\r\n*0\r\n"
        self.piece = None
        self.delay_s = 0
        self.count = 0
        self.connections = 0
        self.batches = []  # (entry, sequence, hits) of each that came
        self._noted = {}
        self._lock = threading.Lock()
        self._sockets = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, ValueError), connection.makefile("rb") as commands:
            while True:
                words_count = int(commands.readline()[1:])
                words = [
                    commands.read(int(commands.readline()[1:]) + 2)[:-2]
                    for _ in range(words_count)
                ]
                self._answer(connection, words)

    def _answer(self, connection, words):
        name = words[0]
        if name in (b"EVALSHA", b"EVAL") and words[2] != b"0":
            self._answer_batch(connection, words)
        elif name in (b"EVALSHA", b"EVAL"):
            connection.sendall(b"$1\r\n1\r\n")
        elif name in (b"CONFIG", b"INFO"):
            connection.sendall(b"-NOPERM\r\n")
        elif name == b"SCAN":
            connection.sendall(self.names)
        elif name == b"PING" and self.greeting is not None:
            connection.sendall(self.greeting)
        else:
            connection.sendall(b"+PONG\r\n" if name == b"PING" else b"+OK\r\n")

    def _answer_batch(self, connection, words):
        entry, (sequence, hits) = words[4], map(int, words[6:8])
        self.batches.append((entry, sequence, hits))
        answer = self.answers
        if answer is None:
            digits = b"%d" % self._counted(entry, sequence, hits)
            answer = b"$%d\r\n%s\r\n" % (len(digits), digits)
        if answer is self.SILENCE:
            return
        time.sleep(self.delay_s)
        piece = self.piece or len(answer)
        for begin in range(0, len(answer), piece):
            connection.sendall(answer[begin : begin + piece])
            if self.piece:
                time.sleep(0.002)  # so that each comes by itself

    def _counted(self, entry, sequence, hits):
        with self._lock:
            noted_sequence, noted = self._noted.get(entry, (0, 0))
            if sequence > noted_sequence:
                self.count += hits
                noted = self.count
                self._noted[entry] = (sequence, noted)
            return noted
