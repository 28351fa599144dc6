"""Visits that the store cannot count: refused in an orderly way, until they are counted again."""

import time

from http_client import ask
from waiting import eventually


def assert_refused(response):
    assert response.status == 503, response
    assert response.error
    assert response.headers.get("retry-after") == "1", response
    assert not response.closes


def refused_after_s(address):
    """How long a visit took that is refused."""
    asked = time.monotonic()
    response = ask(address)
    took_s = time.monotonic() - asked
    assert_refused(response)
    return took_s


def wait_counting(address):
    """Waits until visits are counted again; the number."""

    def counted():
        response = ask(address)
        return response.number if response.status == 200 else None

    return eventually(counted, "it counts again")
