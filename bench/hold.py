"""hold.py PORT PATH COUNT: opens connections, one request on each, and keeps them open.

Says "open" when all of them were answered, and ends when its input does.
"""

import socket
import sys


def main():
    port, path, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    connections = []
    while len(connections) < count:
        batch = []
        for _ in range(min(100, count - len(connections))):
            connection = socket.create_connection(("127.0.0.1", port), timeout=20)
            connection.sendall(request)
            batch.append(connection)
        for connection in batch:
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise SystemExit("a connection was not answered with 200")
        connections += batch
    print("open", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
