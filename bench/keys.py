"""A pass over all keys of a server, so that random hits meet only keys that are there and known."""

import socket
import threading

from load import LoadFailed

CONNECTIONS = 16
PATIENCE_S = 20


def pass_over(server):
    """Each key is hit once; where workers keep what they know of keys, once by each of them, on
    connections that the master has dealt in turn."""
    numbers = range(1, server.keys + 1)
    if server.keeps_keys:
        shares = [numbers] * max(1, server.workers)
    else:
        shares = [share for i in range(CONNECTIONS) if (share := numbers[i::CONNECTIONS])]
    failures = []

    def run(connection, share):
        try:
            hit(connection, server, share)
        except (OSError, LoadFailed) as reason:
            failures.append(f"a pass over the keys: {reason}")

    connections = [
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) for _ in shares
    ]
    threads = [
        threading.Thread(target=run, args=pair) for pair in zip(connections, shares, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    if failures:
        raise LoadFailed(failures[0])


def hit(connection, server, numbers):
    """One hit on each, as many at once as the server takes in a pipeline."""
    form = f"GET {server.keys_path}%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    for start in range(0, len(numbers), server.pipelined_max):
        some = numbers[start:start + server.pipelined_max]
        connection.sendall("".join(form % number for number in some).encode())
        answers = b""
        while answers.count(b"}") < len(some):  # one ends each body, and none is in a head
            received = connection.recv(65536)
            if not received:
                raise LoadFailed("the connection ended")
            answers += received
        if answers.count(b"HTTP/1.1 200 ") != len(some):
            raise LoadFailed(answers[:80].decode(errors="replace"))
