"""What reading the code found: each was seen to go wrong before it was mended."""

import os
import signal
import socket
import time

from http_client import Client, request, visit
from waiting import eventually


def test_a_timeout_begins_with_what_it_is_for_and_not_with_the_sleep_before(start_footfall):
    """The loop's clock stood still while it slept, so a stop came out of patience at once."""
    footfall = start_footfall(
        "--worker-timeout", 0, "--drain-timeout", 2.5,
        store="memory:", workers=2,
    )
    with Client(footfall.address) as client:
        client.send_and_see_it_read(request("POST", fields=["Content-Length: 2"]) + b"a")
        time.sleep(3)  # nothing happens meanwhile: that is what went wrong
        footfall.send_signal(signal.SIGTERM)
        footfall.wait_for_log("stopping")
        client.send(b"b")
        response = client.read_response()
        assert response.status == 200
    assert footfall.wait() == 0
    assert not footfall.events("workers_killed")


def test_a_visit_after_a_quiet_time_has_all_the_time_there_is(start_footfall):
    footfall = start_footfall("--store-timeout", 0.2, store="memory:", workers=1)
    with Client(footfall.address) as client:
        for number in range(1, 5):
            assert client.visit()[0] == number
            time.sleep(0.35)


def test_a_living_socket_of_another_type_is_not_taken_away(run_footfall, folder):
    path = os.path.join(folder, "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(path)
        inode = os.stat(path).st_ino
        outcome = run_footfall("--store", "memory:", "--listen", f"unix:{path}")
        assert outcome.exit_status == 1 and len(outcome.errors()) == 1
        assert os.stat(path).st_ino == inode


def test_an_unknown_expectation_is_answered_without_its_body(server):
    """The client waits for a word before it sends: it got 408 in the end."""
    with Client(server.address) as client:
        client.send(request("POST", fields=["Expect: tea", "Content-Length: 5"]))
        response = client.read_response()
        assert response.status == 417 and response.closes


def test_a_stop_serves_what_is_queued_though_descriptors_are_short(start_footfall):
    few = 24
    footfall = start_footfall(
        "--max-connections-per-address", 0,
        workers=0, store="memory:", prefix=("prlimit", f"--nofile={few}"),
    )
    clients = [Client(footfall.address) for _ in range(2 * few)]
    for client in clients:
        client.send(request(fields=["Connection: close"]))
    footfall.send_signal(signal.SIGTERM)
    for client in clients:
        assert client.read_response().status == 200
        client.close()
    assert footfall.wait() == 0


def test_a_start_without_standard_descriptors_gives_their_numbers_to_no_socket(start_footfall):
    footfall = start_footfall(
        workers=2, store="memory:", prefix=("sh", "-c", 'exec "$@" <&- >&-', "sh"),
    )
    for pid in footfall.family():
        for fd in (0, 1):
            assert os.readlink(f"/proc/{pid}/fd/{fd}") == "/dev/null"
    assert visit(footfall.address)[0] == 1


def test_a_hard_stop_of_a_single_process_takes_its_socket_file_along(start_footfall, folder):
    path = os.path.join(folder, "s")
    footfall = start_footfall(
        "--drain-timeout", 60, "--listen", f"unix:{path}", workers=0, store="memory:",
    )
    with Client(footfall.address) as client:
        client.send_and_see_it_read(b"GET / HT")
        footfall.send_signal(signal.SIGTERM)
        footfall.wait_for_log("stopping")
        footfall.send_signal(signal.SIGTERM)
        assert footfall.wait() == 0
    eventually(lambda: not os.path.exists(path), "the file is gone")
