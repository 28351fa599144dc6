"""What a service manager is told: sd_notify(3), with a socket of the test in systemd's place."""

import os
import signal
import socket

import pytest

from forms import BALANCED, EACH_FORM
from http_client import visit
from waiting import eventually, scaled

pytestmark = BALANCED


class Manager:
    """Receives what it is told."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(scaled(20))

    def next(self):
        return self.socket.recv(4096).decode().splitlines()

    def next_with(self, word):
        while True:
            lines = self.next()
            if word in lines:
                return lines

    def is_silent(self, seconds):
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(4096)
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(scaled(20))


@pytest.fixture
def manager(folder):
    path = os.path.join(folder, "notify")
    manager = Manager(path)
    os.chmod(path, 0o777)
    manager.address = path
    yield manager
    manager.socket.close()


@EACH_FORM
def test_ready_is_told_when_visits_count_and_stopping_when_it_stops(
    start_footfall, manager, workers
):
    footfall = start_footfall(
        store="memory:", workers=workers, env={"NOTIFY_SOCKET": manager.address}
    )
    expected = workers or 1
    assert manager.next() == ["READY=1", f"STATUS={expected} of {expected} workers serve"]
    assert visit(footfall.address)[0] == 1
    assert footfall.stop() == 0
    assert manager.next_with("STOPPING=1") == ["STOPPING=1", "STATUS=stopping"]


def test_a_killed_worker_is_in_the_status_line(start_footfall, manager):
    footfall = start_footfall(store="memory:", workers=2, env={"NOTIFY_SOCKET": manager.address})
    manager.next_with("READY=1")
    os.kill(footfall.workers()[0], signal.SIGKILL)
    assert manager.next() == ["STATUS=1 of 2 workers serve"]
    assert manager.next() == ["STATUS=2 of 2 workers serve"]


def test_an_abstract_socket_is_told_too(start_footfall):
    manager = Manager(f"\0footfall-test-{os.getpid()}")
    try:
        start_footfall(
            store="memory:", workers=1,
            env={"NOTIFY_SOCKET": f"@footfall-test-{os.getpid()}"},
        )
        assert manager.next()[0] == "READY=1"
    finally:
        manager.socket.close()


@EACH_FORM
def test_signs_of_life_come_as_long_as_workers_live(start_footfall, manager, workers):
    footfall = start_footfall(
        store="memory:", workers=workers,
        env={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "3000000"},
    )
    manager.next_with("READY=1")
    for _ in range(3):
        manager.next_with("WATCHDOG=1")
    stopped = footfall.workers() or [footfall.pid]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: manager.is_silent(3), "no sign of life comes any more")
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    manager.next_with("WATCHDOG=1")


def test_signs_of_life_of_another_process_are_not_ours(start_footfall, manager):
    start_footfall(
        store="memory:", workers=1,
        env={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "300000", "WATCHDOG_PID": "1"},
    )
    manager.next_with("READY=1")
    assert manager.is_silent(1)


@pytest.mark.parametrize("address", ["relative", "/" + "x" * 200, "@", "/not/there"])
def test_a_manager_that_is_not_there_stops_nothing(start_footfall, address):
    footfall = start_footfall(store="memory:", workers=1, env={"NOTIFY_SOCKET": address})
    assert visit(footfall.address)[0] == 1
    assert len(footfall.events("not_notified")) == (0 if address == "/not/there" else 1)
    assert footfall.stop() == 0
