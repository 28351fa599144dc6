"""Upgrades: the program on disk takes over, or nothing has happened."""

import os
import shutil
import signal
import socket
import time

import pytest

from footfall_process import binary
from forms import BALANCED, EACH_FORM
from http_client import Client, visit
from operators import start_with, text_of
from waiting import eventually

pytestmark = BALANCED


def replace(path, text):
    """As a package manager does: another file under the same name."""
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path + ".new", 0o755)
    os.replace(path + ".new", path)


#: What stands in place of the program, and a part of why the upgrade is refused.
BAD_PROGRAMS = {
    "crashes": ("#!/bin/sh\nkill -SEGV $$\n", "ended with signal 11 before it was ready"),
    "fails": ("#!/bin/sh\nexit 3\n", "ended with status 3 before it was ready"),
    "is no program": ("nothing", "cannot be started: Exec format error"),
    "is missing": (None, "cannot be started: No such file or directory"),
}


@pytest.mark.parametrize("what", BAD_PROGRAMS)
@EACH_FORM
def test_an_upgrade_to_what_does_not_come_up_changes_nothing(
    what, start_footfall, operator, folder, workers
):
    program = os.path.join(folder, "footfall")
    shutil.copy(binary(), program)
    footfall = start_footfall(store="memory:", workers=workers, program=program)
    pids = footfall.family()
    text, reason = BAD_PROGRAMS[what]
    if text is None:
        os.unlink(program)
    else:
        replace(program, text)
    outcome = operator(footfall).command("upgrade")
    assert outcome.exit_status == 1 and reason in outcome.log, outcome
    assert footfall.wait_for_log("upgrade_failed").level == "error"
    assert visit(footfall.address)[0] == 1
    assert footfall.family() == pids
    shutil.copy(binary(), program + ".new")
    os.replace(program + ".new", program)
    boss = operator(footfall)
    boss.upgrade()  # the right one is back
    assert visit(footfall.address)[0] == 1
    assert footfall.wait() == 0
    boss.stop()


@pytest.mark.once
@pytest.mark.parametrize("workers", [2, 0], ids=["master", "single"])
def test_an_upgrade_that_hangs_is_ended(start_footfall, operator, folder, workers):
    program = os.path.join(folder, "footfall")
    shutil.copy(binary(), program)
    footfall = start_footfall(store="memory:", workers=workers, program=program)
    pids = footfall.family()
    replace(program, "#!/bin/sh\nexec sleep 1000\n")
    outcome = operator(footfall).command("upgrade")
    assert outcome.exit_status == 1 and "was not ready in time" in outcome.log, outcome
    assert footfall.family() == pids
    assert visit(footfall.address)[0] == 1
    assert footfall.stop() == 0


@EACH_FORM
def test_an_upgrade_says_why_the_new_one_could_not_start(
    start_footfall, operator, write_settings, redis, workers
):
    path = write_settings(f"listen = 127.0.0.1:0\nworkers = {workers}\nstore = memory:\n")
    footfall = start_with(start_footfall, path)
    write_settings(
        f"listen = 127.0.0.1:{redis.port}\nworkers = {workers}\nstore = memory:\n"
    )
    outcome = operator(footfall).command("upgrade")
    assert outcome.exit_status == 1, outcome
    assert f"cannot serve on 127.0.0.1:{redis.port}: Address already in use" in outcome.log
    assert visit(footfall.address)[0] == 1
    assert footfall.stop() == 0


@EACH_FORM
def test_a_successor_that_fails_leaves_the_files_of_sockets_alone(
    start_footfall, operator, write_settings, folder, workers
):
    path = os.path.join(folder, "visits.sock")
    right = {"listen": f"unix:{path}", "workers": str(workers), "store": "memory:"}
    footfall = start_with(start_footfall, write_settings(text_of(right)))
    boss = operator(footfall)
    write_settings(text_of({**right, "store": "lmdb:/proc/nowhere"}))
    outcome = boss.command("upgrade")
    assert outcome.exit_status == 1 and "/proc/nowhere" in outcome.log, outcome
    assert visit(path)[0] == 1
    assert boss.pid() == footfall.pid
    assert footfall.stop() == 0
    assert not os.path.exists(path)


@EACH_FORM
def test_idle_connections_stay_over_an_upgrade_until_their_next_answer(
    start_footfall, operator, workers
):
    footfall = start_footfall(store="memory:", workers=workers)
    boss = operator(footfall)
    with Client(footfall.address) as client:
        pid = client.visit()[1]
        boss.upgrade()
        time.sleep(1.5)
        response = client.ask("GET", "/")
        assert (response.number, response.pid) == (2, pid)
        assert response.headers["connection"] == "close"
    assert footfall.wait() == 0
    boss.stop()


@EACH_FORM
def test_an_upgrade_that_waited_for_one_that_failed_is_made(
    start_footfall, operator, folder, workers
):
    program = os.path.join(folder, "footfall")
    shutil.copy(binary(), program)
    footfall = start_footfall(store="memory:", workers=workers, program=program)
    started = os.path.join(folder, "started")
    replace(program, f"#!/bin/sh\n: > {started}\nsleep 1\nexit 3\n")
    footfall.send_signal(signal.SIGUSR2)
    eventually(lambda: os.path.exists(started), "the wrong program has been started")
    shutil.copy(binary(), program + ".new")
    os.replace(program + ".new", program)
    footfall.send_signal(signal.SIGUSR2)
    footfall.wait_for_log("upgrade_failed")
    if not workers:  # a single process takes what comes meanwhile for its successor's
        footfall.send_signal(signal.SIGUSR2)
    footfall.wait_for_log("upgraded")
    assert footfall.wait() == 0
    operator(footfall).stop()


def test_an_upgrade_keeps_a_unix_socket_and_its_file(start_footfall, operator, folder):
    path = os.path.join(folder, "visits.sock")
    footfall = start_footfall("--listen", f"unix:{path}", store="memory:", workers=1)
    boss = operator(footfall)
    inode = os.stat(path).st_ino
    boss.upgrade()
    assert footfall.wait() == 0
    assert os.stat(path).st_ino == inode
    assert visit(path)[0] == 1
    boss.stop()
    assert not os.path.exists(path)


@EACH_FORM
def test_what_somebody_else_has_put_in_place_of_our_sockets_file_is_not_taken_away(
    start_footfall, operator, folder, workers
):
    path = os.path.join(folder, "visits.sock")
    footfall = start_footfall("--listen", f"unix:{path}", store="memory:", workers=workers)
    boss = operator(footfall)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path + ".other")
        os.replace(path + ".other", path)
        inode = os.stat(path).st_ino
        boss.upgrade()
        assert footfall.wait() == 0
        boss.stop()
        footfall.wait_family_gone()
        assert os.stat(path).st_ino == inode


def test_the_pid_file_that_was_asked_for_follows_an_upgrade(start_footfall, operator, folder):
    path = os.path.join(folder, "our.pid")

    def pid():
        with open(path, encoding="ascii") as file:
            return int(file.read())

    footfall = start_footfall("--pid-file", path, store="memory:", workers=1)
    boss = operator(footfall)
    assert pid() == footfall.pid
    boss.upgrade()
    assert footfall.wait() == 0
    assert pid() == boss.pid() != footfall.pid
    boss.stop()
    assert not os.path.exists(path)


@EACH_FORM
def test_an_upgrade_says_what_is_wrong_with_the_settings(
    start_footfall, operator, write_settings, workers
):
    right = {"listen": "127.0.0.1:0", "workers": str(workers), "store": "memory:"}
    footfall = start_with(start_footfall, write_settings(text_of(right)))
    write_settings(text_of({**right, "workers": "two"}))
    outcome = operator(footfall).command("upgrade")
    assert outcome.exit_status == 1 and 'workers: "two" is not right' in outcome.log, outcome
    assert visit(footfall.address)[0] == 1
    assert footfall.stop() == 0
