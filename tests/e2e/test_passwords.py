"""Where a password may stand, and where it is never seen: command lines of processes, logs."""

import os

import pytest

from http_client import visit
from waiting import eventually

SECRET = "s3cr3t-w0rd"


def command_line_of(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().decode()


@pytest.fixture
def guarded_redis(start_redis):
    return start_redis(requirepass=SECRET)


@pytest.mark.parametrize("form", ["--store {}", "--store={}"])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_password_does_not_stay_in_the_command_line(form, workers, guarded_redis, start_footfall):
    url = guarded_redis.url_with(f"default:{SECRET}")
    footfall = start_footfall(*form.format(url).split(), "--workers", workers)
    assert visit(footfall.address)[0] == 1
    family = footfall.family()
    assert len(family) == 1 + workers
    hidden = "*" * len(SECRET)
    for pid in family:
        words = command_line_of(pid)
        assert SECRET not in words
        assert f"redis://default:{hidden}@127.0.0.1:{guarded_redis.port}" in words
    # Whoever is started later has the password all the same.
    for pid in footfall.workers()[:1]:
        os.kill(pid, 9)
        eventually(
            lambda: pid not in footfall.workers() and len(footfall.workers()) == workers,
            "it is replaced",
        )
    assert [visit(footfall.address)[0] for _ in range(3)] == [2, 3, 4]
    assert all(SECRET not in command_line_of(pid) for pid in footfall.family())
    assert footfall.stop() == 0
    assert SECRET not in footfall.log_text() + footfall.output_text()


# ---- password-file=


@pytest.fixture
def password_file(folder):
    path = os.path.join(folder, "password")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"{SECRET}\n")
    return path


@pytest.mark.parametrize("form", ["tcp", "unix", "user"])
def test_a_password_may_stand_in_a_file(form, guarded_redis, password_file, start_footfall):
    url = {
        "tcp": f"{guarded_redis.url}/2?mode=plain&password-file={password_file}",
        "unix": f"{guarded_redis.unix_url}?password-file={password_file}&db=2",
        "user": f"{guarded_redis.url_with('default')}/2?password-file={password_file}",
    }[form]
    footfall = start_footfall("--log-level", "debug", store=url, workers=2)
    assert visit(footfall.address)[0] == 1
    assert guarded_redis.command("GET", "counter", db=2, password=SECRET) == "1"
    (start,) = footfall.events("starting")
    assert f"password-file={password_file}" in start.fields["store"]
    assert footfall.stop() == 0
    assert SECRET not in footfall.log_text() + footfall.output_text()


def test_a_replaced_worker_needs_no_password_file(guarded_redis, password_file, start_footfall):
    footfall = start_footfall(
        store=f"{guarded_redis.url}?password-file={password_file}", workers=1
    )
    assert visit(footfall.address)[0] == 1
    os.unlink(password_file)
    (pid,) = footfall.workers()
    os.kill(pid, 9)
    footfall.wait_for_log("worker_died")
    assert visit(footfall.address)[0] == 2


WRONG_FILES = [
    (None, "No such file or directory"), (b"", "empty"), (b"\ns3cr3t\n", "empty"),
    (b"s3cr3t" * 200, "longer than 1024 bytes"), (b"s3cr3t\0\n", "NUL"),
    (b"s3cr3t\n" * 1000, "too long"),
]


@pytest.mark.parametrize("place", ["option", "variable", "file"])
@pytest.mark.parametrize("data, why", WRONG_FILES)
def test_a_password_file_that_cannot_serve_is_named_with_why(data, why, place, folder, run_footfall):
    path = os.path.join(folder, "password")
    if data is not None:
        with open(path, "wb") as file:
            file.write(data)
    url = f"redis://127.0.0.1:1?password-file={path}"
    if place == "option":
        outcome, source = run_footfall("--store", url), "--store"
    elif place == "variable":
        outcome, source = run_footfall(env={"FOOTFALL_STORE": url}), "FOOTFALL_STORE"
    else:
        settings = os.path.join(folder, "footfall.ini")
        with open(settings, "w", encoding="ascii") as file:
            file.write(f"store = {url}\n")
        outcome, source = run_footfall("--config", settings), f"{settings}:1:9: store"
    assert outcome.exit_status == 2
    assert outcome.log.startswith(f"footfall: {source}: the password file {path}")
    assert why in outcome.log and len(outcome.log.splitlines()) == 1
    assert "s3cr3t" not in outcome.log


def test_a_password_file_of_somebody_else_is_named_with_why(folder, password_file, run_footfall):
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody who may not read it")
    os.chmod(password_file, 0o600)
    outcome = run_footfall(
        "--store", f"redis://127.0.0.1:1?password-file={password_file}",
        user=65534, group=65534, extra_groups=[],
    )
    assert outcome.exit_status == 2
    assert password_file in outcome.log and "Permission denied" in outcome.log
