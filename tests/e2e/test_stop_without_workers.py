"""A stop finds no worker that could serve what is queued, and still comes to its end.

It was found when every worker was between two lives: the master waited for ever for one that
would take the connections of its queue."""

import os
import signal
import time

from http_client import Client
from waiting import eventually


def test_a_stop_while_every_worker_is_between_two_lives_ends_at_once(start_footfall):
    footfall = start_footfall(workers=1, store="memory:")
    killed = 0
    while killed < 5:  # by then the pause before the next life is longer than a second
        (pid,) = eventually(footfall.workers, "there is a worker")
        os.kill(pid, signal.SIGKILL)
        killed += 1
        footfall.wait_for_log("worker_died", count=killed)
    with Client(footfall.address) as queued:
        queued.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        began = time.monotonic()
        assert footfall.stop() == 0
        assert time.monotonic() - began < 2
