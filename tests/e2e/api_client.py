"""The counting API as a client sees it: calls, their objects, and the fields of every reply.

`Api` is a server's; each call goes over a connection of its own and, since a client may be wrong
only so often, comes from an address of its own.
"""

import itertools
import json
import os
import re
from urllib.parse import urlencode

from http_client import Client

EXPOSED = "X-Path, RateLimit, RateLimit-Policy, Retry-After"
CORS = {"access-control-allow-origin": "*", "access-control-expose-headers": EXPOSED}
USUAL = {"date", "content-type", "cache-control", "content-length", *CORS}

GREATEST, LEAST = 2**63 - 1, -(2**63)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_names = itertools.count(1)
_sources = itertools.count(1)


def new_name():
    """A counter that no other test has: tests of a file share a server."""
    return f"space/t{os.getpid()}-{next(_names)}"


def new_source():
    """A loopback address that nobody has come from for long."""
    number = next(_sources)
    return f"127.{1 + number // 62500 % 250}.{number // 250 % 250}.{1 + number % 250}"


class Answer:
    """status, headers, and the JSON object of one reply."""

    def __init__(self, response):
        self.response = response
        self.status = response.status
        self.headers = response.headers
        self.object = json.loads(response.body, parse_int=int)

    def __repr__(self):
        return repr(self.response)

    def __getitem__(self, name):
        return self.object[name]


def with_query(path, arguments):
    return path + ("?" + urlencode(arguments) if arguments else "")


class Api:
    def __init__(self, address, name=""):
        self.address = address
        self.name = name  # of its store

    def __repr__(self):
        return f"<API of {self.name}>"

    def raw(self, target, method="GET", fields=(), **more):
        with self.connect() as client:
            return client.ask(method, target, fields, **more)

    def call(self, path, method="GET", fields=(), bearer=None, **arguments):
        if bearer is not None:
            fields = [*fields, f"Authorization: Bearer {bearer}"]
        return Answer(self.raw(with_query(path, arguments), method, fields))

    def value(self, name):
        """What get says; None for what is not there."""
        answer = self.call(f"/get/{name}")
        assert answer.status == (404 if answer["value"] is None else 200), answer
        return answer["value"]

    def hit(self, name):
        answer = self.call(f"/hit/{name}")
        assert answer.status == 200 and list(answer.object) == ["value"], answer
        return answer["value"]

    def create(self, name, value=0):
        """A new counter of an owner; the key."""
        answer = self.call(f"/create/{name}", "POST", initializer=value)
        assert answer.status == 201, answer
        return answer["admin_key"]

    def create_listed(self, name, **arguments):
        """The same in the form that has all in the query."""
        namespace, _, key = name.rpartition("/")
        answer = self.call("/create", namespace=namespace or "default", key=key, **arguments)
        assert answer.status == 200, answer
        return answer["admin_key"]

    def connect(self):
        return Client(self.address, source=new_source())
