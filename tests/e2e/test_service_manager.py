"""What a service manager is told: sd_notify(3), with a socket of the test in systemd's place."""

import os
import signal
import socket
import sys
import time

import pytest

from forms import BALANCED, EACH_FORM
from http_client import visit
from operators import page
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


@pytest.mark.once
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


@EACH_FORM
def test_a_reload_is_told(start_footfall, manager, workers):
    footfall = start_footfall(
        store="memory:", workers=workers, env={"NOTIFY_SOCKET": manager.address}
    )
    manager.next_with("READY=1")
    footfall.send_signal(signal.SIGHUP)
    lines = manager.next_with("RELOADING=1")
    (moment,) = [line for line in lines if line.startswith("MONOTONIC_USEC=")]
    assert 0 < int(moment.split("=")[1]) <= time.monotonic_ns() // 1000
    manager.next_with("READY=1")


@EACH_FORM
def test_after_an_upgrade_the_new_master_is_the_main_one(start_footfall, manager, workers):
    footfall = start_footfall(
        store="memory:", workers=workers,
        env={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "300000"},
    )
    manager.next_with("READY=1")
    footfall.send_signal(signal.SIGUSR2)
    manager.next_with("RELOADING=1")
    upgraded = footfall.wait_for_log("upgraded").fields["pid"]
    lines = manager.next_with(f"MAINPID={upgraded}")
    assert "READY=1" in lines
    assert footfall.wait() == 0
    manager.next_with("WATCHDOG=1")  # the new one's: the old one is gone
    os.kill(int(upgraded), signal.SIGTERM)
    manager.next_with("STOPPING=1")
    footfall.wait_family_gone()


# ---- sockets from the manager

#: Opens what systemd would, says so in the environment, and becomes the program.
WITH_SOCKETS = """
import fcntl, os, socket, sys
names = sys.argv[1].split(":")
for index, name in enumerate(names):
    if name == "admin":
        made = socket.socket(socket.AF_UNIX)
        made.bind("admin.sock")
    else:
        made = socket.socket()
        made.bind(("127.0.0.1", 0))
        print(made.getsockname()[1], file=open("port", "w"))
    if name != "deaf":
        made.listen()
    high = fcntl.fcntl(made.fileno(), fcntl.F_DUPFD, 50)
    made.close()
    os.dup2(high, 3 + index)
    os.close(high)
os.environ.update(
    LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=sys.argv[1]
)
os.execv(sys.argv[2], sys.argv[2:])
"""


def with_sockets(names):
    return (sys.executable, "-c", WITH_SOCKETS, names)


@EACH_FORM
def test_sockets_of_the_manager_are_served(start_footfall, run_footfall, folder, workers):
    footfall = start_footfall(
        store="memory:", workers=workers, prefix=with_sockets("visitors:admin")
    )
    with open(os.path.join(folder, "port"), encoding="ascii") as file:
        port = int(file.read())
    assert footfall.addresses == [("127.0.0.1", port)]
    assert visit(footfall.address)[0] == 1
    place = os.path.join(folder, "admin.sock")
    assert page(footfall, "/health/live", address=place).status == 200
    for command in (["reload"], ["upgrade"]):
        outcome = run_footfall(*command, "--admin", f"unix:{place}", timeout=60)
        assert outcome.exit_status == 0, outcome
        assert visit(footfall.address)[0] >= 1
    assert footfall.wait() == 0
    assert run_footfall("stop", "--admin", f"unix:{place}", timeout=60).exit_status == 0
    assert os.path.exists(place), "it is the manager's"


def test_a_socket_that_does_not_listen_is_an_error(start_footfall):
    footfall = start_footfall(store="memory:", prefix=with_sockets("deaf"), ready=False)
    assert footfall.wait() == 1
    (error,) = footfall.errors()
    assert "descriptor 3 of LISTEN_FDS is no socket to serve on" in error.fields["reason"]


def test_sockets_for_another_process_are_left_alone(start_footfall):
    footfall = start_footfall(
        store="memory:", workers=1, env={"LISTEN_PID": "1", "LISTEN_FDS": "1"}
    )
    assert visit(footfall.address)[0] == 1
