"""Where it cannot start it ends with status 1 and one line of error that says how to mend it."""

import os
import resource
import socket
import stat
import time

import pytest

from http_client import visit
from lmdb_tools import put, set_layout
from ordinary_user import ordinary_user
from process_family import family_of
from waiting import SANITIZED, eventually

WORKERS = pytest.mark.parametrize("workers", [0, 1, 4])


def assert_one_error(outcome, *words):
    assert outcome.exit_status == 1, outcome
    assert outcome.output == ""
    errors = outcome.errors()
    assert len(errors) == 1, outcome
    for word in words:
        assert word in errors[0].raw, outcome
    # Nothing else complains either: not a worker, not a sanitizer, not the C library.
    assert all(" error " not in line or line == errors[0].raw for line in outcome.log.splitlines())
    assert "listening on" not in outcome.log


# ---- ports


def held_port():
    """A listening socket of somebody else."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    holder.listen()
    return holder, holder.getsockname()[1]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_port_that_is_taken_is_tried_for_a_second(workers, run_footfall):
    holder, port = held_port()
    with holder:
        began = time.monotonic()
        outcome = run_footfall(
            "--listen", f"127.0.0.1:{port}", "--workers", workers, "--store", "memory:"
        )
        took = time.monotonic() - began
    assert_one_error(outcome, f"127.0.0.1:{port}", "Address already in use", "--listen")
    assert 0.9 <= took < (10 if SANITIZED else 4)


def test_a_port_of_another_footfall_is_taken(start_footfall, run_footfall):
    footfall = start_footfall(store="memory:", workers=2)
    outcome = run_footfall("--listen", f"127.0.0.1:{footfall.port}", "--store", "memory:")
    assert_one_error(outcome, str(footfall.port))
    assert visit(footfall.address)[0] == 1


def test_one_taken_port_of_several_is_enough(run_footfall, folder):
    holder, port = held_port()
    path = os.path.join(folder, "socket")
    with holder:
        outcome = run_footfall(
            "--listen", "127.0.0.1:0", "--listen", f"unix:{path}",
            "--listen", f"127.0.0.1:{port}", "--store", "memory:",
        )
    assert_one_error(outcome, str(port))
    assert not os.path.exists(path)


def test_a_port_that_is_freed_within_a_second_is_had(start_footfall):
    holder, port = held_port()
    footfall = start_footfall(
        "--listen", f"127.0.0.1:{port}", store="memory:", workers=1, ready=False
    )
    footfall.wait_for_log("starting")
    time.sleep(0.2)
    assert footfall.exit_status() is None
    holder.close()
    footfall.wait_ready()
    assert visit(("127.0.0.1", port))[0] == 1


def test_a_port_is_had_again_right_after_a_kill(start_footfall):
    first = start_footfall(store="memory:", workers=2)
    assert visit(first.address)[0] == 1
    port = first.port
    first.kill()
    second = start_footfall("--listen", f"127.0.0.1:{port}", store="memory:", workers=2)
    assert visit(second.address)[0] == 1


def test_an_address_of_another_host_is_an_error(run_footfall):
    outcome = run_footfall("--listen", "192.0.2.1:0", "--store", "memory:")
    assert_one_error(outcome, "192.0.2.1:0", "--listen")


# Names that are wrong in themselves: nobody's name server is asked.
@pytest.mark.parametrize("name", ["no..host", "x" * 200])
def test_a_name_that_does_not_resolve_is_an_error(name, run_footfall):
    outcome = run_footfall("--listen", f"{name}:0", "--store", "memory:", timeout=60)
    assert_one_error(outcome, f"{name}:0", "--listen")


# ---- unix sockets


def test_a_stale_unix_socket_is_replaced(start_footfall, folder):
    path = os.path.join(folder, "socket")
    first = start_footfall("--listen", f"unix:{path}", store="memory:", workers=2)
    first.kill()
    assert stat.S_ISSOCK(os.stat(path).st_mode)
    second = start_footfall("--listen", f"unix:{path}", store="memory:", workers=2)
    assert visit(path)[0] == 1
    assert second.stop() == 0


def test_a_unix_socket_that_somebody_answers_on_is_taken(start_footfall, run_footfall, folder):
    path = os.path.join(folder, "socket")
    footfall = start_footfall("--listen", f"unix:{path}", store="memory:", workers=2)
    outcome = run_footfall("--listen", f"unix:{path}", "--store", "memory:")
    assert_one_error(outcome, f"unix:{path}", "--listen")
    assert visit(path)[0] == 1  # still the first one's
    assert footfall.stop() == 0
    assert not os.path.exists(path)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_unix_socket_is_taken_away_at_the_stop(workers, start_footfall, folder):
    path = os.path.join(folder, "socket")
    footfall = start_footfall("--listen", f"unix:{path}", store="memory:", workers=workers)
    assert os.path.exists(path)
    assert footfall.stop() == 0
    assert not os.path.exists(path)


def test_somebody_elses_socket_at_the_same_path_is_left_alone(start_footfall, folder):
    path = os.path.join(folder, "socket")
    first = start_footfall("--listen", f"unix:{path}", store="memory:", workers=2)
    os.unlink(path)
    second = start_footfall("--listen", f"unix:{path}", store="memory:", workers=2)
    assert first.stop() == 0
    assert visit(path)[0] == 1
    assert second.stop() == 0


def test_a_file_that_is_no_socket_is_left_alone(run_footfall, folder):
    path = os.path.join(folder, "precious")
    with open(path, "w", encoding="utf-8") as file:
        file.write("data")
    outcome = run_footfall("--listen", f"unix:{path}", "--store", "memory:")
    assert_one_error(outcome, path, "--listen")
    with open(path, encoding="utf-8") as file:
        assert file.read() == "data"


def test_a_unix_socket_in_a_folder_that_is_not_there_is_an_error(run_footfall, folder):
    outcome = run_footfall("--listen", f"unix:{folder}/none/socket", "--store", "memory:")
    assert_one_error(outcome, f"{folder}/none/socket", "--listen")


def test_a_unix_socket_whose_path_is_as_long_as_can_be(start_footfall, folder):
    path = os.path.join(folder, "")
    path += "s" * (107 - len(path))
    start_footfall("--listen", f"unix:{path}", store="memory:", workers=1)
    assert visit(path)[0] == 1


# ---- LMDB folders


@WORKERS
def test_a_store_whose_parent_is_not_there_is_one_error(workers, run_footfall, folder):
    outcome = run_footfall(
        "--listen", "127.0.0.1:0", "--workers", workers, "--store", f"lmdb:{folder}/none/data"
    )
    assert_one_error(outcome, f"{folder}/none/data", "No such file or directory", "--store")


@WORKERS
def test_a_store_that_is_a_file_is_one_error(workers, run_footfall, folder):
    path = os.path.join(folder, "data")
    with open(path, "w", encoding="utf-8"):
        pass
    outcome = run_footfall(
        "--listen", "127.0.0.1:0", "--workers", workers, "--store", f"lmdb:{path}"
    )
    assert_one_error(outcome, path, "--store")


@WORKERS
def test_a_store_with_something_else_in_it_is_one_error(workers, run_footfall, folder):
    path = os.path.join(folder, "data")
    os.mkdir(path)
    with open(os.path.join(path, "data.mdb"), "wb") as file:
        file.write(b"this is no database" * 1000)
    outcome = run_footfall(
        "--listen", "127.0.0.1:0", "--workers", workers, "--store", f"lmdb:{path}"
    )
    assert_one_error(outcome, path, "--store")
    with open(os.path.join(path, "data.mdb"), "rb") as file:
        assert file.read() == b"this is no database" * 1000


@WORKERS
@pytest.mark.parametrize("layout", ["2", "0", "999999999999", "one", ""])
def test_a_layout_that_is_not_known_is_refused(
    layout, workers, start_footfall, run_footfall, folder
):
    path = os.path.join(folder, "data")
    footfall = start_footfall(store=f"lmdb:{path}", workers=1)
    assert visit(footfall.address)[0] == 1
    assert footfall.stop() == 0
    set_layout(path, layout)
    outcome = run_footfall(
        "--listen", "127.0.0.1:0", "--workers", workers, "--store", f"lmdb:{path}"
    )
    assert_one_error(outcome, path, "layout")
    set_layout(path, "1")  # nothing of it was touched
    footfall = start_footfall(store=f"lmdb:{path}", workers=1)
    assert visit(footfall.address)[0] == 2


@WORKERS
def test_an_lmdb_of_another_program_without_a_layout_is_not_harmed(
    workers, start_footfall, folder
):
    path = os.path.join(folder, "data")
    os.mkdir(path)
    put(path, "theirs", b"key", b"value")
    start_footfall(store=f"lmdb:{path}", workers=workers)


def test_the_folder_is_made_for_its_owner_alone(start_footfall, folder):
    footfall = start_footfall(store=f"lmdb:{folder}/data", workers=1)
    assert visit(footfall.address)[0] == 1
    assert stat.S_IMODE(os.stat(f"{folder}/data").st_mode) == 0o700
    for name in os.listdir(f"{folder}/data"):
        assert stat.S_IMODE(os.stat(f"{folder}/data/{name}").st_mode) == 0o600


def test_nobody_is_left_after_a_failed_start(start_footfall, folder):
    footfall = start_footfall(
        store=f"lmdb:{folder}/none/data", workers=4, ready=False
    )
    assert footfall.wait() == 1
    eventually(lambda: not family_of(footfall.mark), "no process of it is left")


# ---- as an ordinary user


def run_as(options):
    """Options of ordinary_user() for run_footfall."""
    options = dict(options)
    if "user" in options:
        options.update(group=options["user"], extra_groups=[])
    return options


def test_an_ordinary_user_can_serve_with_the_defaults(start_footfall, folder):
    options, home = ordinary_user(folder)
    footfall = start_footfall("--workers", "2", folder=home, **options)
    assert [visit(footfall.address)[0] for _ in range(3)] == [1, 2, 3]
    assert os.path.isdir(os.path.join(home, "footfall-data"))
    for pid in footfall.family():
        assert os.stat(f"/proc/{pid}").st_uid != 0
    assert footfall.stop() == 0


@WORKERS
def test_a_folder_that_this_user_may_not_write_is_one_error(workers, run_footfall, folder):
    options, _ = ordinary_user(folder)
    path = os.path.join(folder, "closed")
    os.mkdir(path, 0o500)
    outcome = run_footfall(
        "--listen", "127.0.0.1:0", "--workers", workers, "--store", f"lmdb:{path}",
        **run_as(options),
    )
    assert_one_error(outcome, path, "Permission denied", "--store")


@pytest.mark.parametrize("form", ["option", "environment", "file"])
def test_a_token_file_that_this_user_may_not_read_is_refused_with_the_reason(
    run_footfall, folder, form
):
    """It said what a right one would look like, and the file did."""
    options, _ = ordinary_user(folder)
    path = os.path.join(folder, "token")
    settings = os.path.join(folder, "footfall.conf")
    for name, text, mode in (
        (path, "a-token-for-everything", 0o000), (settings, f"admin-token-file = {path}", 0o644),
    ):
        with open(name, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(name, mode)
    if form == "environment":
        outcome = run_footfall(env={"FOOTFALL_ADMIN_TOKEN_FILE": path}, **run_as(options))
    else:
        words = ("--admin-token-file", path) if form == "option" else ("--config", settings)
        outcome = run_footfall(*words, **run_as(options))
    assert outcome.exit_status == 2 and len(outcome.log.splitlines()) == 1, outcome
    name = "ADMIN_TOKEN_FILE" if form == "environment" else "admin-token-file"
    assert name in outcome.log and path in outcome.log, outcome
    assert "Permission denied" in outcome.log, outcome


def test_a_unix_socket_where_this_user_may_not_write_is_one_error(run_footfall, folder):
    options, _ = ordinary_user(folder)
    path = os.path.join(folder, "closed")
    os.mkdir(path, 0o500)
    outcome = run_footfall(
        "--listen", f"unix:{path}/socket", "--store", "memory:", **run_as(options)
    )
    assert_one_error(outcome, path, "Permission denied", "--listen")


def test_a_port_below_1024_that_this_user_may_not_have_is_one_error(run_footfall, folder):
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as file:
        if int(file.read()) <= 80:
            pytest.skip("on this machine every user may have every port")
    options, _ = ordinary_user(folder)
    outcome = run_footfall("--listen", "127.0.0.1:80", "--store", "memory:", **run_as(options))
    assert_one_error(outcome, "127.0.0.1:80", "Permission denied", "--listen")


# ---- the process itself


def test_the_descriptor_limit_is_raised_to_what_is_allowed(start_footfall):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    footfall = start_footfall(
        store="memory:", workers=1, prefix=("prlimit", f"--nofile=64:{min(hard, 500)}")
    )
    for pid in footfall.family():
        with open(f"/proc/{pid}/limits", encoding="ascii") as file:
            (line,) = [line for line in file if line.startswith("Max open files")]
        assert line.split()[3] == str(min(hard, 500))
