"""Reload, upgrade and scale under load: no request fails, no number comes twice."""

import contextlib
import os
import signal
import socket
import subprocess
import time

import pytest

from counter_value import count_in
from forms import BALANCED, EACH_BALANCE, EACH_FORM
from http_client import Client, request, visit
from load import SCALE, Load, many
from operators import start_with, status, text_of
from waiting import eventually

pytestmark = BALANCED

#: Visits between two changes: in the long form a million over all of them.
BETWEEN = 20 if SCALE == 1 else 650

#: Connections that are kept, and one for each request.
EACH_KEEPING = pytest.mark.parametrize("each_connection", [None, 1], ids=["kept", "each new"])


def assert_nothing_failed(record, store, record_property):
    record_property("visits", len(record.visits))
    record.assert_none_hung()
    assert not record.refused and not record.failed, (record.refused + record.failed)[:5]
    record.assert_consistent()
    record.assert_exact(1, count_in(store))


# ---- under load


@EACH_BALANCE
@EACH_KEEPING
def test_no_request_fails_over_reloads(
    start_footfall, operator, shared_store, each_connection, record_property
):
    footfall = start_footfall(store=shared_store, workers=2)
    boss = operator(footfall)
    with Load(footfall.address, clients=8, each_connection=each_connection) as load:
        for generation in range(2, many(20, 0.5) + 2):
            boss.reload()
            load.wait_answered(BETWEEN)
            assert status(footfall)["generation"] == generation
        record = load.stop()
    assert_nothing_failed(record, shared_store, record_property)
    assert footfall.stop() == 0


@EACH_FORM
@EACH_KEEPING
def test_no_request_fails_over_upgrades(
    start_footfall, operator, shared_store, each_connection, workers, record_property
):
    footfall = start_footfall(store=shared_store, workers=workers)
    boss = operator(footfall)
    pids = {footfall.pid}
    with Load(footfall.address, clients=8, each_connection=each_connection) as load:
        for _ in range(many(5, 0.5)):
            boss.upgrade()
            pids.add(boss.pid())
            load.wait_answered(BETWEEN)
        record = load.stop()
    assert len(pids) == many(5, 0.5) + 1
    assert_nothing_failed(record, shared_store, record_property)
    assert footfall.wait() == 0
    boss.stop()
    footfall.wait_family_gone()


@EACH_BALANCE
@EACH_KEEPING
def test_no_request_fails_over_changes_of_scale(
    start_footfall, operator, shared_store, each_connection, record_property
):
    footfall = start_footfall(store=shared_store, workers=2)
    boss = operator(footfall)
    with Load(footfall.address, clients=8, each_connection=each_connection) as load:
        for step in range(many(20, 0.5)):
            workers = (4, 1, 3, 2)[step % 4]
            boss.scale(workers)
            load.wait_answered(BETWEEN)
            assert status(footfall)["workers_wanted"] == workers
        record = load.stop()
    assert_nothing_failed(record, shared_store, record_property)
    assert footfall.stop() == 0


# ---- what a reload changes


def test_a_reload_takes_all_settings_together(
    start_footfall, operator, write_settings, folder, redis
):
    path = write_settings("listen = 127.0.0.1:0\nworkers = 1\nstore = memory:\n")
    footfall = start_with(start_footfall, path)
    boss = operator(footfall)
    assert visit(footfall.address)[0] == 1
    second = os.path.join(folder, "second.sock")
    write_settings(
        f"listen = unix:{second}\nlisten = 127.0.0.1:0\nworkers = 3\nstore = {redis.url}\n"
        "key = other\n"
    )
    boss.reload()
    assert visit(second)[0] == 1
    assert visit(footfall.address)[0] == 2
    assert redis.counters() == ["other"]
    page = boss.status()
    assert page["generation"] == 2 and page["workers_wanted"] == 3
    assert f"unix:{second}" in page["listen"] and len(page["listen"]) == 2
    eventually(lambda: len(footfall.workers()) == 3, "the old workers have left")
    write_settings(f"listen = unix:{second}\nworkers = 1\nstore = {redis.url}\nkey = other\n")
    boss.reload()  # its socket is called after the first port, and there is none now
    assert visit(second)[0] == 3
    with pytest.raises(ConnectionRefusedError):
        visit(footfall.address)
    boss.stop()
    assert footfall.wait() == 0


#: What the file says in place of the right lines, and a part of why it is refused.
WRONG = {
    "unknown": ({"listne": "127.0.0.1:0"}, ":4:1: unknown setting listne; did you mean listen?"),
    "value": ({"drain-timeout": "long"}, 'drain-timeout: "long" is not right'),
    "taken": ({"listen": "127.0.0.1:{taken}"}, "cannot serve on 127.0.0.1:{taken}: "),
    "single": ({"workers": "0"}, "workers: from or to 0 takes a restart"),
    "store": ({"store": "lmdb:/proc/nowhere"}, "/proc/nowhere"),
    "away": ({"store": "redis://127.0.0.1:{free}"}, "the new workers cannot count within"),
}


@pytest.mark.parametrize("wrong", [
    pytest.param(wrong, marks=pytest.mark.once if wrong == "away" else ()) for wrong in WRONG
])
@pytest.mark.parametrize("balance", ["round-robin"], indirect=True)
def test_a_reload_of_what_is_wrong_changes_nothing(
    wrong, start_footfall, operator, write_settings, redis
):
    right = {"listen": "127.0.0.1:0", "workers": "2", "store": "memory:"}
    footfall = start_with(start_footfall, write_settings(text_of(right)))
    pids = footfall.workers()
    with socket.socket() as held:  # bound, and nobody listens: a Redis that is away
        held.bind(("127.0.0.1", 0))
        places = {"taken": redis.port, "free": held.getsockname()[1]}
        changed = {name: value.format(**places) for name, value in WRONG[wrong][0].items()}
        reason = WRONG[wrong][1].format(**places)
        write_settings(text_of({**right, **changed}))
        outcome = operator(footfall).command("reload")
    assert outcome.exit_status == 1 and reason in outcome.log, outcome
    line = footfall.wait_for_log("reload_failed")
    assert line.level == "error" and reason in line.fields["reason"]
    page = status(footfall)
    assert page["generation"] == 1 and page["last_change"]["result"] == "failed"
    assert reason in page["last_change"]["reason"]
    assert visit(footfall.address)[1] in pids
    eventually(lambda: footfall.workers() == pids, "the new workers have left")
    assert footfall.stop() == 0


#: What the file says in place of an address and port of ours, and why that cannot be.
OVERLAPS = {
    "narrower": (":{port}", "127.0.0.1:{port}", "; restart it, or name another with --listen"),
    "wider": ("127.0.0.1:{port}", ":{port}", "; restart it, or name another with --listen"),
    "both": (
        "127.0.0.1:{port}",
        "127.0.0.1:{port}\nlisten = 0.0.0.0:{port}",
        "wanted as well; leave one of them out",
    ),
}


@pytest.mark.parametrize("overlap", OVERLAPS)
@pytest.mark.parametrize("balance", ["round-robin"], indirect=True)
def test_an_address_that_overlaps_ours_is_said_to_be_ours(
    overlap, start_footfall, operator, write_settings, balance
):
    now, then, reason = OVERLAPS[overlap]
    settings = {"listen": now.format(port=0), "workers": "1", "store": "memory:"}
    footfall = start_with(start_footfall, write_settings(text_of(settings)))
    name = footfall.wait_for_log("ready").raw.split()[-1]
    settings["listen"] = then.format(port=footfall.address[1])
    write_settings(text_of(settings))
    outcome = operator(footfall).command("reload")
    assert outcome.exit_status == 1
    assert f"this footfall itself serves on {name}" in outcome.log and reason in outcome.log
    assert "another process" not in outcome.log
    assert visit(footfall.address)[0] == 1
    assert footfall.stop() == 0


@EACH_BALANCE
def test_idle_connections_stay_over_a_reload_until_their_next_answer(start_footfall, operator):
    footfall = start_footfall(store="memory:", workers=1)
    boss = operator(footfall)
    with Client(footfall.address) as client:
        first = client.visit()
        boss.reload()
        time.sleep(1.5)  # longer than a stop would leave it
        response = client.ask("GET", "/")
        assert response.number == first[0] + 1, "the worker that it had before answers"
        assert response.headers["connection"] == "close"
        client.assert_closed()
    assert footfall.stop() == 0


def test_an_idle_connection_that_asks_nothing_is_closed_in_order_by_the_drain_timeout(
    start_footfall, operator
):
    footfall = start_footfall("--drain-timeout", "3", store="memory:", workers=1)
    with Client(footfall.address) as client:
        client.visit()
        operator(footfall).reload()
        client.assert_closed(timeout=6)  # by an end and not by a reset
    eventually(lambda: len(footfall.workers()) == 1, "the old worker has left")
    assert not footfall.events("drain_timed_out")
    assert footfall.stop() == 0


@pytest.mark.parametrize("balance", ["round-robin"], indirect=True)
def test_a_reload_that_finds_no_free_slots_has_them_from_the_oldest_workers(
    start_footfall, operator, balance
):
    footfall = start_footfall("--drain-timeout", "60", store="memory:", workers=128)
    boss = operator(footfall)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(footfall.address)) for _ in range(128)]
        assert len({client.visit()[1] for client in clients}) == 128
        boss.reload()
        assert not footfall.events("drain_hurried")
        boss.reload()
        footfall.wait_for_log("drain_hurried", generation=1)
        for client in clients:
            client.assert_closed()
    assert status(footfall)["generation"] == 3
    assert footfall.stop() == 0


def test_new_workers_log_as_the_new_settings_say(start_footfall, operator, write_settings):
    right = {"listen": "127.0.0.1:0", "workers": "1", "store": "memory:"}
    footfall = start_with(start_footfall, write_settings(text_of(right)))
    write_settings(text_of({**right, "log-level": "debug"}))
    operator(footfall).reload()
    with Client(footfall.address) as client:
        client.send(b"bad\r\n\r\n")
        footfall.wait_for_log("request_refused")
    assert footfall.stop() == 0


# ---- signals, twice and at bad moments


@EACH_BALANCE
@pytest.mark.parametrize("name", ["HUP", "USR2", "WINCH", "TTIN", "TTOU"])
def test_a_signal_to_the_whole_group_is_the_masters_alone(name, start_footfall):
    footfall = start_footfall(store="memory:", workers=2, own_group=True)
    os.killpg(footfall.pid, getattr(signal, f"SIG{name}"))
    event = {"HUP": "reloaded", "USR2": "upgraded", "WINCH": "paused"}.get(name, "scaled")
    footfall.wait_for_log(event)
    assert not footfall.events("worker_died")


def all_at_once(footfall):
    for name in ("HUP", "HUP", "TTIN", "HUP", "TTOU", "WINCH", "HUP", "TTIN"):
        footfall.send_signal(getattr(signal, f"SIG{name}"))


def wait_answered_by_hup(footfall, load):
    """Signals that wait together come in the order of their numbers: WINCH may have been the last."""
    wanted = load.answered + 10

    def is_answered():
        footfall.send_signal(signal.SIGHUP)
        time.sleep(0.1)
        return load.answered >= wanted

    eventually(is_answered, "it serves again")


@EACH_FORM
def test_signals_in_bad_moments_lose_nobody(start_footfall, shared_store, workers):
    footfall = start_footfall(store=shared_store, workers=workers, ready=False)
    footfall.wait_for_log("starting")
    all_at_once(footfall)
    footfall.wait_ready()
    with Load(footfall.address, clients=8) as load:
        for _ in range(many(5, 0.5)):
            all_at_once(footfall)
            wait_answered_by_hup(footfall, load)
        time.sleep(1)  # for what waits for its turn, a pause perhaps
        wait_answered_by_hup(footfall, load)
        record = load.stop()
    record.assert_none_hung()
    assert not record.refused and not record.failed, record.failed[:5]
    record.assert_counted_right()
    footfall.send_signal(signal.SIGHUP)
    footfall.send_signal(signal.SIGUSR2)
    assert footfall.stop() == 0  # in the middle of both: they are taken back
    eventually(lambda: not footfall.family(), "nobody is left")


@EACH_FORM
def test_winch_accepts_nothing_until_hup(start_footfall, workers):
    footfall = start_footfall(store="memory:", workers=workers)
    footfall.send_signal(signal.SIGWINCH)
    footfall.wait_for_log("paused")
    footfall.send_signal(signal.SIGWINCH)
    eventually(lambda: not footfall.workers(), "the workers have left")
    with Client(footfall.address) as client:
        client.send(request())
        assert client.is_silent(0.5)
        footfall.send_signal(signal.SIGHUP)
        assert client.read_response().number == 1
    assert footfall.stop() == 0


def test_ttin_brings_them_back_and_the_last_one_stays(start_footfall):
    footfall = start_footfall(store="memory:", workers=2)
    footfall.send_signal(signal.SIGWINCH)
    footfall.wait_for_log("paused")
    footfall.send_signal(signal.SIGTTOU)
    footfall.wait_for_log("scale_refused")
    footfall.send_signal(signal.SIGTTIN)
    footfall.wait_for_log("resumed", workers=2)
    eventually(lambda: len(footfall.workers()) == 2, "both are back")
    assert visit(footfall.address)[0] == 1
    footfall.send_signal(signal.SIGTTOU)
    footfall.wait_for_log("scaled", workers=1)
    footfall.send_signal(signal.SIGTTOU)
    footfall.wait_for_log("scale_refused", count=2)
    eventually(lambda: len(footfall.workers()) == 1, "one is left")
    assert footfall.stop() == 0


@EACH_FORM
def test_a_stop_while_it_is_paused_ends_it(start_footfall, workers):
    footfall = start_footfall(store="memory:", workers=workers)
    footfall.send_signal(signal.SIGWINCH)
    footfall.wait_for_log("paused")
    assert footfall.stop() == 0


def test_scale_and_reload_of_one_that_is_paused(start_footfall, operator):
    footfall = start_footfall(store="memory:", workers=2)
    boss = operator(footfall)
    boss.status()
    footfall.send_signal(signal.SIGWINCH)
    footfall.wait_for_log("paused")
    boss.reload()  # nobody answers: it finds the pid in the file
    assert visit(footfall.address)[0] == 1
    assert footfall.stop() == 0


# ---- commands


def test_a_pid_file_that_names_a_stranger_hurts_nobody(start_footfall, operator):
    footfall = start_footfall(store="memory:", workers=0)
    socket_path = footfall.wait_for_log("admin_ready").fields["at"].removeprefix("unix:")
    footfall.kill()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        with open(socket_path.removesuffix(".sock") + ".pid", "w", encoding="ascii") as file:
            file.write(f"{stranger.pid}\n")
        outcome = operator(footfall).command("reload")
        assert outcome.exit_status == 1 and "is no footfall" in outcome.log, outcome
        assert stranger.poll() is None
        stranger.kill()


def test_scale_takes_a_whole_number(start_footfall, operator):
    footfall = start_footfall(store="memory:", workers=0)
    for words in (["0"], ["129"], ["two"], []):
        assert operator(footfall).command("scale", *words).exit_status == 2
    outcome = operator(footfall).command("scale", "2")
    assert outcome.exit_status == 1 and "single process" in outcome.log


@pytest.mark.parametrize("command", [["reload"], ["upgrade"], ["scale", "2"]], ids=lambda w: w[0])
def test_of_a_dead_process_the_pid_file_tells(command, start_footfall, operator):
    footfall = start_footfall(store="memory:", workers=1)
    footfall.wait_for_log("admin_ready")
    footfall.kill()
    outcome = operator(footfall).command(*command)
    assert outcome.exit_status == 1
    assert f"process {footfall.pid} of " in outcome.log and "is gone" in outcome.log, outcome


@pytest.mark.parametrize(
    "changed", [{"store": "redis://127.0.0.1"}, {"listen": "127.0.0.1:0\nlisten = 127.0.0.1:0"}],
    ids=lambda c: next(iter(c)),
)
def test_a_single_process_changes_in_place_what_it_can(
    changed, start_footfall, operator, write_settings
):
    right = {"listen": "127.0.0.1:0", "workers": "0", "store": "memory:", "idle-timeout": "60"}
    footfall = start_with(start_footfall, write_settings(text_of(right)))
    boss = operator(footfall)
    assert visit(footfall.address)[0] == 1
    write_settings(text_of({**right, **changed}))
    outcome = boss.command("reload")
    assert outcome.exit_status == 1
    assert f"{next(iter(changed))}: a single process cannot change it in place" in outcome.log
    write_settings(text_of({**right, "idle-timeout": "0.5"}))
    boss.reload()
    with Client(footfall.address) as client:
        assert client.visit()[0] == 2, "it is the same process, with its count"
        client.assert_closed(timeout=5)
    assert footfall.stop() == 0


def test_a_single_process_keeps_its_socket_whatever_the_name_stands_for_by_now(
    start_footfall, operator, write_settings, folder, mounting
):
    hosts = os.path.join(folder, "hosts")

    def name_stands_for(address):
        with open(hosts, "w", encoding="ascii") as file:  # the same file: it is mounted
            file.write(f"{address} counter.test\n")

    name_stands_for("127.0.0.1")
    path = write_settings("listen = counter.test:0\nworkers = 0\nstore = memory:\n")
    script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    footfall = start_footfall(
        "--config", path, env={"FOOTFALL_LISTEN": ""},
        prefix=(*mounting, "sh", "-c", script, hosts),
    )
    name_stands_for("127.0.0.2")
    operator(footfall).reload()
    assert visit(footfall.address)[0] == 1
    assert footfall.stop() == 0


def test_one_that_is_paused_can_be_stopped(start_footfall, operator):
    footfall = start_footfall(store="memory:", workers=2)
    footfall.wait_for_log("admin_ready")
    footfall.send_signal(signal.SIGWINCH)
    footfall.wait_for_log("paused")
    eventually(lambda: not footfall.workers(), "the workers have left")
    operator(footfall).stop()
    assert footfall.wait() == 0


@EACH_FORM
def test_a_listener_that_could_not_be_opened_holds_no_stop(start_footfall, folder, workers):
    path = os.path.join(folder, "no folder")
    with open(path, "w", encoding="ascii"):
        pass
    footfall = start_footfall(store="memory:", workers=workers, env={"RUNTIME_DIRECTORY": path})
    assert footfall.wait_for_log("no_admin")
    assert visit(footfall.address)[0] == 1
    asked = time.monotonic()
    assert footfall.stop() == 0
    assert time.monotonic() - asked < 5
    assert not footfall.events("workers_killed") and not footfall.events("drain_timed_out")
