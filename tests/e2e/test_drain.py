"""Stopping: requests in flight are answered, nothing new is taken, and it ends in time."""

import contextlib
import fcntl
import os
import signal
import struct
import sys
import termios
import time

import pytest

from counter_value import LmdbTransaction, count_in
from forms import BALANCED, EACH_FORM
from http_client import Client, ConnectionEnded, request, visit
from load import HANG_S, Load, many
from process_family import state_of
from ring import assert_strictly_in_turn, wait_for_workers
from waiting import PATIENCE_S, eventually

pytestmark = BALANCED

def to_the_process(footfall, number):
    footfall.send_signal(number)


def to_the_group(footfall, number):
    """As a terminal does, or systemd."""
    os.killpg(footfall.pid, number)


def assert_no_request_cut(record):
    """Whoever had a request on a connection that was served has its answer. A handshake that ends
    while the listener closes may be reset, with all that was pipelined on it; nobody has received that
    (had it been counted, the numbers would have a gap)."""
    record.assert_none_hung()
    assert not record.refused, record.refused[:5]
    served = {v.connection for v in record.answered}
    cut = [v for v in record.failed if v.connection in served and v.failure != "behind close"]
    assert not cut, f"{len(cut)} requests were cut: {cut[:5]}"


def assert_counted_what_was_answered(record, store, single):
    if store.shared or single:
        record.assert_consistent()
        record.assert_exact(1, count_in(store) if store.shared else None)
    else:
        for record_of_worker in record.of_each_process():
            record_of_worker.assert_consistent()
            record_of_worker.assert_exact(1)


@EACH_FORM
@pytest.mark.parametrize(
    ("send", "number"),
    [(to_the_process, signal.SIGTERM), (to_the_group, signal.SIGINT)],
    ids=["term", "ctrl-c"],
)
@pytest.mark.parametrize("pipelined", [1, 4], ids=["one-by-one", "pipelined"])
def test_a_stop_under_load_cuts_no_request(
    start_footfall, store, workers, send, number, pipelined
):
    footfall = start_footfall(store=store, workers=workers, own_group=True)
    with Load(footfall.address, 8, pipelined=pipelined, ends_when_refused=True) as load:
        load.wait_answered(many(200))
        stopped = time.monotonic()
        send(footfall, number)
        assert footfall.wait() == 0
        took_s = time.monotonic() - stopped
        load.finish()
    record = load.record
    assert took_s < 10, "it must end within the drain timeout"
    assert load.closes_seen > 0
    assert_no_request_cut(record)
    assert_counted_what_was_answered(record, store, single=workers == 0)
    assert not footfall.events("drain_timed_out") and not footfall.events("workers_killed")
    assert not footfall.family()


@EACH_FORM
def test_a_stop_under_new_connections_serves_what_it_has_accepted(
    start_footfall, shared_store, workers
):
    footfall = start_footfall(store=shared_store, workers=workers)
    with Load(footfall.address, 8, each_connection=1, ends_when_refused=True) as load:
        load.wait_answered(many(200))
        footfall.send_signal(signal.SIGTERM)
        assert footfall.wait() == 0
        load.finish()
    record = load.record
    record.assert_none_hung()
    assert not record.refused
    # At most the handshakes that ended just when the listener was closed, and none was counted.
    assert {visit.failure for visit in record.failed} <= {"reset"}
    record.assert_exact(1, count_in(shared_store))
    assert not footfall.events("drain_timed_out")


@EACH_FORM
def test_a_stop_with_nobody_there_ends_at_once(start_footfall, workers):
    footfall = start_footfall(store="memory:", workers=workers)
    visit(footfall.address)
    stopped = time.monotonic()
    assert footfall.stop() == 0
    assert time.monotonic() - stopped < 1.0
    with pytest.raises(ConnectionRefusedError):
        Client(footfall.address)


@EACH_FORM
@pytest.mark.parametrize("send", [to_the_process, to_the_group], ids=["process", "group"])
def test_a_second_term_ends_at_once(start_footfall, workers, send):
    footfall = start_footfall(store="memory:", workers=workers, own_group=True)
    with Client(footfall.address) as client:
        client.send(b"GET / HTTP/1.1\r\n")  # holds the drain
        time.sleep(0.05)
        send(footfall, signal.SIGTERM)
        footfall.wait_for_log("stopping")
        time.sleep(0.3)
        assert footfall.exit_status() is None
        again = time.monotonic()
        send(footfall, signal.SIGTERM)
        assert footfall.wait() == 0
        assert time.monotonic() - again < 1.0
        with pytest.raises(ConnectionEnded):
            client.read_response(timeout=HANG_S)
    assert not footfall.family()


def test_workers_take_any_number_of_stops_as_one(start_footfall):
    footfall = start_footfall(store="memory:", workers=2)
    with Client(footfall.address) as client:
        client.visit()
        client.send(b"GET / HTTP/1.1\r\n")
        time.sleep(0.05)
        workers = footfall.workers()
        footfall.send_signal(signal.SIGTERM)
        footfall.wait_for_log("stopping")
        for name in ("TERM", "INT", "QUIT", "TERM"):
            for pid in workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, getattr(signal, f"SIG{name}"))
        time.sleep(0.5)
        client.send(b"Host: localhost\r\n\r\n")
        response = client.read_response(timeout=HANG_S)
        assert response.number == 2 and response.closes
    assert footfall.wait() == 0


@EACH_FORM
def test_a_client_that_never_ends_its_request_holds_it_only_for_the_drain_timeout(
    start_footfall, workers
):
    footfall = start_footfall("--drain-timeout", 1, store="memory:", workers=workers)
    with Client(footfall.address) as client:
        client.send(b"GET / HTTP/1.1\r\n")
        time.sleep(0.05)
        stopped = time.monotonic()
        assert footfall.stop() == 0
        assert 0.99 <= time.monotonic() - stopped < 2.0
        with pytest.raises(ConnectionEnded):
            client.read_response(timeout=HANG_S)
    assert footfall.events("drain_timed_out", connections=1)


@EACH_FORM
def test_a_client_that_takes_no_answers_holds_it_only_for_the_drain_timeout(
    start_footfall, workers
):
    footfall = start_footfall("--drain-timeout", 1, store="memory:", workers=workers)
    with Client(footfall.address) as client:
        client.socket.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            while True:  # until neither side has room for more
                client.socket.sendall(request() * 1000)
        stopped = time.monotonic()
        assert footfall.stop() == 0
        assert 0.99 <= time.monotonic() - stopped < 2.0
    assert footfall.events("drain_timed_out", connections=1)


@EACH_FORM
def test_clients_that_never_close_do_not_hold_it_for_the_drain_timeout(start_footfall, workers):
    footfall = start_footfall("--drain-timeout", 20, store="memory:", workers=workers)
    with Client(footfall.address) as used, Client(footfall.address):
        used.visit()
        stopped = time.monotonic()
        assert footfall.stop() == 0
        # Idle for a second, then two for them to read what may still be on its way.
        assert time.monotonic() - stopped < 5.0
    assert not footfall.events("drain_timed_out")


@EACH_FORM
def test_a_request_that_has_begun_may_still_be_completed(start_footfall, workers):
    footfall = start_footfall(store="memory:", workers=workers)
    head, body = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n", b"abcd"
    with Client(footfall.address) as in_head, Client(footfall.address) as in_body:
        in_head.send(head[:20])
        in_body.send(head + body[:2])
        time.sleep(0.05)
        footfall.send_signal(signal.SIGTERM)
        footfall.wait_for_log("stopping")
        time.sleep(1.2)  # longer than an idle connection is left
        in_head.send(head[20:] + body)
        in_body.send(body[2:])
        for client in (in_head, in_body):
            response = client.read_response(timeout=HANG_S)
            assert response.status == 200 and response.closes
            client.assert_closed()
    assert footfall.wait() == 0


@EACH_FORM
def test_idle_connections_are_closed_after_about_a_second(start_footfall, workers):
    footfall = start_footfall(store="memory:", workers=workers)
    with (
        Client(footfall.address) as idle_for_long,
        Client(footfall.address) as never_used,
        Client(footfall.address) as just_used,
    ):
        idle_for_long.visit()
        time.sleep(1.3)
        just_used.visit()
        stopped = time.monotonic()
        footfall.send_signal(signal.SIGTERM)
        for client in (idle_for_long, never_used):
            client.assert_closed(timeout=HANG_S)
        assert time.monotonic() - stopped < 0.7
        just_used.assert_closed(timeout=HANG_S)
        assert 0.9 < time.monotonic() - stopped < 2.0
    assert footfall.wait() == 0


@EACH_FORM
def test_a_request_within_that_second_is_answered_and_is_the_last(start_footfall, workers):
    footfall = start_footfall(store="memory:", workers=workers)
    idle_for_long = [Client(footfall.address) for _ in range(max(1, workers))]  # one of each
    time.sleep(1.1)
    with Client(footfall.address) as used, Client(footfall.address) as never_used:
        used.visit()
        footfall.send_signal(signal.SIGTERM)
        for client in idle_for_long:  # whose end tells that its worker has heard of the stop
            client.assert_closed(timeout=HANG_S)
            client.close()
        for late in (used, never_used):
            late.send(request() * 3)
            responses = late.read_responses(3, timeout=HANG_S)
            assert [response.status for response in responses] == [200] * 3
            assert [response.closes for response in responses] == [False, False, True]
            late.send(request())  # not counted, and no reset takes the answers away
            late.assert_closed(timeout=HANG_S)
    assert footfall.wait() == 0


@contextlib.contextmanager
def store_held(store):
    """While the store answers nobody."""
    if store.redis is not None:
        store.redis.pause()
        try:
            yield
        finally:
            store.redis.resume()
    else:
        with LmdbTransaction(store.url.removeprefix("lmdb:"), writes=True):
            yield


@EACH_FORM
def test_a_request_that_waits_for_the_store_is_answered_after_the_stop(
    start_footfall, shared_store, workers
):
    footfall = start_footfall("--store-timeout", 10, store=shared_store, workers=workers)
    with Client(footfall.address) as client, Client(footfall.address) as other:
        assert [client.visit()[0], other.visit()[0]] == [1, 2]
        with store_held(shared_store):
            client.send(request() * 3)
            other.send(request())
            time.sleep(0.05)
            footfall.send_signal(signal.SIGTERM)
            footfall.wait_for_log("stopping")
            assert client.is_silent(1.2)  # longer than an idle connection is left
            assert footfall.exit_status() is None
        responses = client.read_responses(3, timeout=HANG_S)
        assert [response.closes for response in responses] == [False, False, True]
        responses.append(other.read_response(timeout=HANG_S))
        assert responses[-1].closes
        assert sorted(response.number for response in responses) == [3, 4, 5, 6]
    assert footfall.wait() == 0
    assert count_in(shared_store) == 6


@EACH_FORM
def test_a_store_that_never_answers_does_not_hold_the_stop_beyond_the_drain_timeout(
    start_footfall, shared_store, workers
):
    footfall = start_footfall(
        "--store-timeout", 0, "--drain-timeout", 1, store=shared_store, workers=workers
    )
    with Client(footfall.address) as client:
        client.visit()
        with store_held(shared_store):
            client.send(request())
            time.sleep(0.05)
            stopped = time.monotonic()
            assert footfall.stop() == 0
            assert 0.99 <= time.monotonic() - stopped < 2.5
        with pytest.raises(ConnectionEnded):
            client.read_response(timeout=HANG_S)
    assert not footfall.family()


@EACH_FORM
def test_connections_queued_before_the_stop_are_served(start_footfall, shared_store, workers):
    footfall = start_footfall(store=shared_store, workers=workers)
    visit(footfall.address)
    os.kill(footfall.pid, signal.SIGSTOP)  # it accepts nobody now; the kernel goes on queueing
    eventually(lambda: state_of(footfall.pid) == "T", "it stands still")
    # More than one worker's window, so that the stop must wait for room.
    clients = [Client(footfall.address) for _ in range(300)]
    for client in clients:
        client.send(request())
    footfall.send_signal(signal.SIGTERM)
    footfall.send_signal(signal.SIGCONT)
    responses = [client.read_response(timeout=HANG_S) for client in clients]
    assert sorted(response.number for response in responses) == list(range(2, 302))
    for client in clients:  # at once, or after a second as an idle one
        client.assert_closed(timeout=HANG_S)
        client.close()
    assert footfall.wait() == 0
    assert count_in(shared_store) == 301


#: Becomes the leader of a session on the terminal named first, then the program.
ON_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
terminal = os.open(sys.argv[1], os.O_RDWR)
fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
os.dup2(terminal, 0)
os.close(terminal)
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def terminal():
    """The two ends of a terminal; the first is closed by hanging up."""
    ours, theirs = os.openpty()
    ends = [ours, theirs]
    yield ends
    for end in ends:
        os.close(end)


def start_on_terminal(start_footfall, terminal, workers):
    prefix = (sys.executable, "-c", ON_TERMINAL, os.ttyname(terminal[1]))
    return start_footfall(store="memory:", workers=workers, prefix=prefix)


@EACH_FORM
def test_ctrl_c_in_a_terminal_is_a_stop(start_footfall, terminal, workers):
    footfall = start_on_terminal(start_footfall, terminal, workers)
    with Client(footfall.address) as client:
        client.send(b"GET / HTTP/1.1\r\n")
        time.sleep(0.05)
        os.write(terminal[0], b"\x03")
        footfall.wait_for_log("stopping", signal=int(signal.SIGINT))
        client.send(b"Host: localhost\r\n\r\n")
        assert client.read_response(timeout=HANG_S).number == 1
    assert footfall.wait() == 0


@EACH_FORM
def test_resizing_a_terminal_stops_nothing_and_its_end_is_a_stop(
    start_footfall, terminal, workers
):
    footfall = start_on_terminal(start_footfall, terminal, workers)
    for lines in (30, 40):
        fcntl.ioctl(terminal[0], termios.TIOCSWINSZ, struct.pack("HHHH", lines, 100, 0, 0))
    assert visit(footfall.address)[0] == 1
    assert not footfall.events("signal_ignored"), "no process has sent it"
    os.close(terminal.pop(0))
    assert footfall.wait() == 0
    assert footfall.events("stopping", signal=int(signal.SIGHUP))


def test_a_stopped_worker_delays_only_its_own_connections(start_footfall):
    timeout_s = 4
    footfall = start_footfall("--worker-timeout", timeout_s, store="memory:", workers=2)
    stopped, other = footfall.workers()
    with Client(footfall.address) as of_stopped, Client(footfall.address) as of_other:
        assert of_stopped.visit()[1] == stopped
        assert of_other.visit()[1] == other
        os.kill(stopped, signal.SIGSTOP)
        began = time.monotonic()
        dealt_to_stopped = Client(footfall.address)
        dealt_to_stopped.send(request())
        of_stopped.send(request())
        # Its first deal has lain there for a second when this time is over.
        time.sleep(1.1)
        for _ in range(10):
            asked = time.monotonic()
            assert visit(footfall.address)[1] == other
            assert of_other.visit()[1] == other
            assert time.monotonic() - asked < 0.5
        assert time.monotonic() - began < timeout_s - 0.5, "this machine is too slow to tell"
        assert dealt_to_stopped.is_silent(0.01) and of_stopped.is_silent(0.01)
        footfall.wait_for_log("worker_silent", pid=stopped)
        silent_s = time.monotonic() - began
        # The last sign of life came half a second before at most; it is looked for once a second.
        assert timeout_s - 0.6 < silent_s < timeout_s + 2.0
        assert dealt_to_stopped.read_response(timeout=HANG_S).pid != stopped
        dealt_to_stopped.close()
        with pytest.raises(ConnectionEnded):
            of_stopped.read_response(timeout=HANG_S)
        died = footfall.wait_for_log("worker_died", pid=stopped)
        assert died.fields["signal"] == "9" and died.fields["dealt_again"] == "1"
    assert_strictly_in_turn(footfall, wait_for_workers(footfall, 2))


def test_a_stopped_worker_does_not_hold_the_stop_beyond_the_drain_timeout(start_footfall):
    footfall = start_footfall("--drain-timeout", 1, store="memory:", workers=2)
    os.kill(footfall.workers()[0], signal.SIGSTOP)
    stopped = time.monotonic()
    assert footfall.stop(timeout=PATIENCE_S) == 0
    assert 0.99 <= time.monotonic() - stopped < 2.5
    assert footfall.events("workers_killed", living=1)
    assert not footfall.family()


def test_a_stop_before_it_is_ready_is_a_stop(start_footfall, redis):
    for _ in range(many(5)):
        footfall = start_footfall(store=redis, workers=2, ready=False)
        footfall.wait_for_log("starting")
        assert footfall.stop() == 0, footfall.log_text()
        assert not footfall.errors()
