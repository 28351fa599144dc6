"""The access log: a line for each answer, whole whatever happens, in files that may be renamed."""

import calendar
import gzip
import os
import re
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from access_log import TEXT, json_lines, text_lines, wait_for_lines
from forms import BALANCED, EACH_FORM
from http_client import Client, ask, request, visit
from load import Load, many
from operators import metrics, page, total
from waiting import eventually

pytestmark = BALANCED

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "footfall.logrotate"


@pytest.fixture
def path(folder):
    return os.path.join(folder, "access.log")


# ---- what a line says


@EACH_FORM
def test_each_answer_is_a_line(workers, balance, start_footfall, path):
    footfall = start_footfall("--access-log", path, store="memory:", workers=workers)
    with Client(footfall.address) as client:
        assert client.ask("GET", "/?secret=1").visit[0] == 1
        assert client.ask("POST").visit[0] == 2
        assert client.ask("HEAD").status == 200
        assert client.ask("GET", "/none?x").status == 404
        assert client.ask("BREW").status == 405
        assert client.ask("OPTIONS").status == 204
        client.send(b"GET  / HTTP/1.1\r\n\r\n")
        assert client.read_response().status == 400
    lines = wait_for_lines(path, 7)
    assert [line.group("status", "method", "path", "number") for line in lines] == [
        ("200", "GET", "/", "1"),
        ("200", "POST", "/", "2"),
        ("200", "HEAD", "/", "-"),
        ("404", "GET", "/none", "-"),
        ("405", "BREW", "/", "-"),
        ("204", "OPTIONS", "/", "-"),
        ("400", "-", "-", "-"),
    ]
    assert "127.0.0.1" not in open(path, encoding="ascii").read()
    assert stat.S_IMODE(os.stat(path).st_mode) & ~0o640 == 0


def test_bytes_are_those_of_the_answer_and_the_time_is_of_now(start_footfall, path):
    footfall = start_footfall(
        "--access-log", path, "--access-log-format", "json", store="memory:", workers=1
    )
    began = time.time()
    with Client(footfall.address) as client:
        client.send(request("GET", "/", ["Connection: close"]))
        length = len(client.read_to_end())
    (line,) = wait_for_lines(path, 1, json_lines)
    assert list(line) == [
        "time", "status", "method", "path", "number", "bytes", "duration", "worker", "pid"
    ]
    assert line["bytes"] == length
    assert line["worker"] == 0 and line["pid"] == footfall.workers()[0]
    moment = time.strptime(line["time"][:19], "%Y-%m-%dT%H:%M:%S")
    assert re.fullmatch(r"\.\d{3}Z", line["time"][19:])
    assert began - 2 < calendar.timegm(moment) < time.time() + 2


def test_the_duration_begins_with_the_first_byte(start_footfall, path):
    footfall = start_footfall("--access-log", path, store="memory:", workers=1)
    with Client(footfall.address) as client:
        client.send(b"GET / HTTP")
        visit(footfall.address)  # it has that, since it has this
        time.sleep(0.3)
        client.send(b"/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
        time.sleep(0.2)
        client.send(b"x")
        assert client.read_response().visit[0] == 2
    line = wait_for_lines(path, 2)[1]
    assert int(line["duration"]) >= 490


def test_a_request_that_took_too_long_is_a_line(start_footfall, path):
    footfall = start_footfall(
        "--access-log", path, "--header-timeout", "0.2", "--body-timeout", "0.2",
        store="memory:", workers=1,
    )
    with Client(footfall.address) as client:
        client.send(b"GET / HT")
        assert client.read_response().status == 408
    with Client(footfall.address) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        assert client.read_response().status == 408
    lines = wait_for_lines(path, 2)
    assert [line.group("status", "method", "path") for line in lines] == [
        ("408", "-", "-"), ("408", "POST", "/")
    ]
    assert all(int(line["duration"]) >= 150 for line in lines)


def test_a_long_path_and_a_long_method_are_cut(start_footfall, path):
    footfall = start_footfall("--access-log", path, store="memory:", workers=1)
    for length in (512, 513, 8000):
        assert ask(footfall.address, "GET", "/" + "a" * (length - 1)).status == 404
    assert ask(footfall.address, "M" * 17).status == 405
    lines = wait_for_lines(path, 4)
    assert lines[0]["path"] == "/" + "a" * 511
    assert lines[1]["path"] == lines[2]["path"] == "/" + "a" * 508 + "..."
    assert lines[3]["method"] == "M" * 13 + "..."


@pytest.mark.parametrize(
    "log_format, expected",
    [
        ("json:client,status", '{"client":"127.0.0.1","status":200}'),
        ('{client} - - "{method} {path}" {status}', '127.0.0.1 - - "GET /" 200'),
        ("{{{number}}}", "{1}"),
        ("status={status}", "status=200"),
    ],
)
def test_a_format_of_ones_own(log_format, expected, start_footfall, path):
    footfall = start_footfall(
        "--access-log", path, "--access-log-format", log_format, store="memory:", workers=1
    )
    assert visit(footfall.address)[0] == 1
    eventually(lambda: os.path.getsize(path) > 0, "it is written")
    assert open(path, encoding="ascii").read() == expected + "\n"


def test_a_visitor_at_a_unix_socket_has_no_address(start_footfall, path, folder):
    footfall = start_footfall(
        "--access-log", path, "--access-log-format", "json:client", "--listen",
        f"unix:{folder}/socket", store="memory:", workers=1,
    )
    assert visit(f"{folder}/socket")[0] == 1
    assert wait_for_lines(path, 1, json_lines) == [{"client": None}]
    assert footfall.stop() == 0


def test_what_operators_ask_is_no_line(start_footfall, path):
    footfall = start_footfall("--access-log", path, store="memory:", workers=1)
    assert page(footfall, "/metrics").status == 200
    assert visit(footfall.address)[0] == 1
    assert wait_for_lines(path, 1)[0]["number"] == "1"


# ---- when it is written


@EACH_FORM
def test_at_the_end_every_line_is_there(workers, balance, start_footfall, path):
    footfall = start_footfall("--access-log", path, store="memory:", workers=workers)
    for _ in range(20):
        visit(footfall.address)
    assert footfall.stop() == 0
    assert len(text_lines(path)) == 20


def test_a_file_that_is_there_is_added_to(start_footfall, path):
    for count in (1, 2):
        footfall = start_footfall("--access-log", "access.log", store="memory:", workers=1)
        visit(footfall.address)
        assert footfall.stop() == 0
        assert len(text_lines(path)) == count


@pytest.mark.parametrize("workers", [0, 2])
def test_standard_output_takes_it(workers, start_footfall):
    footfall = start_footfall("--access-log", "-", store="memory:", workers=workers)
    for _ in range(10):
        visit(footfall.address)
    eventually(lambda: footfall.output_text().count("\n") == 10, "ten lines are there")
    footfall.send_signal(signal.SIGUSR1)  # there is nothing to open anew
    footfall.wait_for_log("signal_ignored", name="USR1")
    assert visit(footfall.address)
    assert footfall.stop() == 0
    assert footfall.output_text().count(" 200 GET / ") == 11


# ---- files that are renamed


@EACH_FORM
def test_no_line_is_lost_when_the_file_is_renamed_under_load(
    workers, balance, start_footfall, path, folder
):
    footfall = start_footfall("--access-log", path, store="memory:", workers=workers)
    old = []
    with Load(footfall.address, clients=8, requests=None) as load:
        for count in range(1, 4):
            load.wait_answered(count * many(300))
            old.append(os.path.join(folder, f"access.log.{count}"))
            os.rename(path, old[-1])
            footfall.send_signal(signal.SIGUSR1)
            footfall.wait_for_log("log_reopening", count=count)
            eventually(lambda: os.path.exists(path), "there is a new file")
        load.wait_answered(4 * many(300))
        load.stop()
    assert footfall.stop() == 0
    answered = [visit.number for visit in load.record.visits if visit.number is not None]
    numbers = [int(line["number"]) for line in text_lines(path, *old)]
    assert len(numbers) >= len(answered)
    assert sorted(numbers) == sorted(answered)
    assert not footfall.errors() and not footfall.events("access_log_dropped")


@EACH_FORM
def test_a_file_that_cannot_be_opened_anew_is_kept(workers, balance, start_footfall, path):
    footfall = start_footfall("--access-log", path, store="memory:", workers=workers)
    os.rename(path, path + ".1")
    os.mkdir(path)
    for count in (1, 2):
        footfall.send_signal(signal.SIGUSR1)
        line = footfall.wait_for_log("access_log_not_reopened", count=count, path=path)
        assert line.level == "error" and "directory" in line.fields["reason"]
        visit(footfall.address)
        wait_for_lines(path + ".1", count)
    os.rmdir(path)
    footfall.send_signal(signal.SIGUSR1)
    eventually(
        lambda: visit(footfall.address) and os.path.exists(path) and text_lines(path),
        "a line is in the new file",
    )
    assert len(footfall.errors()) == 2


@pytest.mark.skipif(shutil.which("logrotate") is None, reason="logrotate is not installed")
def test_logrotate_by_the_example_loses_no_line(start_footfall, folder, path):
    footfall = start_footfall("--access-log", path, store="memory:", workers=2)
    ask_by_systemd = "systemctl kill --kill-whom=main --signal=USR1 footfall.service"
    text = EXAMPLE.read_text(encoding="ascii")
    assert "/var/log/footfall/access.log" in text and ask_by_systemd in text
    rules = Path(folder, "rules")
    rules.write_text(
        text.replace("/var/log/footfall/access.log", path)
        .replace(ask_by_systemd, f"kill -USR1 {footfall.pid}"),
        encoding="ascii",
    )
    rules.chmod(0o644)
    visits = []

    def is_written():
        visits.append(visit(footfall.address))
        return os.path.exists(path) and text_lines(path)

    for count in (1, 2):
        eventually(is_written, "a line is there")
        done = subprocess.run(
            ["logrotate", "--force", "--state", f"{folder}/state", rules],
            capture_output=True, text=True, timeout=20, check=False,
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
        footfall.wait_for_log("log_reopening", count=count)
        eventually(lambda: os.path.exists(path), "there is a new file")
    assert footfall.stop() == 0
    with gzip.open(path + ".2.gz", "rt", encoding="ascii") as file:
        oldest = file.read().splitlines()
    assert all(TEXT.fullmatch(line) for line in oldest)
    assert len(oldest) + len(text_lines(path, path + ".1")) == len(visits)


# ---- files that take nothing


def dropped(footfall):
    return total(metrics(footfall), "footfall_access_log_dropped_total")


@EACH_FORM
def test_a_full_disk_costs_lines_and_no_visit(workers, balance, start_footfall):
    footfall = start_footfall("--access-log", "/dev/full", store="memory:", workers=workers)
    with Load(footfall.address, clients=4, requests=1000) as load:
        load.finish()
    assert all(visit.number is not None for visit in load.record.visits)
    before = dropped(footfall)
    assert before > 0
    line = footfall.wait_for_log("access_log_dropped", path="/dev/full")
    assert line.level == "warn" and "No space left" in line.fields["reason"]
    assert len(footfall.events("access_log_dropped")) <= max(workers, 1)
    assert footfall.stop() == 0


@EACH_FORM
def test_a_pipe_that_nobody_reads_stops_nobody(workers, balance, start_footfall, folder):
    pipe = os.path.join(folder, "pipe")
    os.mkfifo(pipe)
    footfall = start_footfall(
        "--access-log", "-", store="memory:", workers=workers,
        prefix=("sh", "-c", f'exec "$@" 1<>{pipe}', "sh"),
    )
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with Load(footfall.address, clients=4, requests=1500) as load:
        load.finish()
    assert all(visit.number is not None for visit in load.record.visits)
    assert dropped(footfall) > 0
    footfall.wait_for_log("access_log_dropped", path="-")
    # It goes on once somebody reads, and what comes is whole lines.
    text = ""

    def goes_on():
        nonlocal text
        assert ask(footfall.address, "GET", "/afterwards").status == 404
        try:
            text += os.read(reader, 1 << 20).decode("ascii")
        except BlockingIOError:
            pass
        return "/afterwards" in text

    eventually(goes_on, "later lines are there")
    os.close(reader)
    for line in text.splitlines():
        assert TEXT.fullmatch(line), line
    assert text.endswith("\n")
    assert footfall.stop() == 0


# ---- what is wrong


@pytest.mark.parametrize("workers", [0, 2])
def test_a_file_that_cannot_be_opened_at_the_start_is_the_end(workers, run_footfall, folder):
    outcome = run_footfall(
        "--access-log", f"{folder}/none/access.log", "--store", "memory:", "--workers", workers,
        "--listen", "127.0.0.1:0",
    )
    assert outcome.exit_status == 1
    (error,) = outcome.errors()
    assert error.event == "start_failed"
    assert f"{folder}/none/access.log" in error.fields["reason"]
    assert "No such file" in error.fields["reason"]


WRONG_FORMATS = [
    ("{tiem} {status}", "there is no field tiem; did you mean time?"),
    ("json:time,staus", "there is no field staus; did you mean status?"),
    ("json:", "there is no field "),
    ("{address_of_the_visitor}", "the fields are time,status,"),
    ("{time} {time}", "the field time stands twice"),
    ("{time", "a { has no }"),
    ("time}", "a } stands alone"),
    ("common", "it takes text, json,"),
    ("{time}" + "x" * 512, "longer than 512 bytes"),
    ("{time}\x1b[0m", "a control character"),
]


@pytest.mark.parametrize("log_format, sentence", WRONG_FORMATS)
def test_a_wrong_format_is_named(log_format, sentence, run_footfall, folder):
    outcome = run_footfall("--access-log-format", log_format)
    assert outcome.exit_status == 2
    assert outcome.log.startswith("footfall: --access-log-format: ") and sentence in outcome.log
    path = os.path.join(folder, "footfall.ini")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"access-log-format = {log_format}\n")
    outcome = run_footfall("check", path)
    assert outcome.exit_status == 2
    assert outcome.log.startswith(f"{path}:1:")
    assert sentence in outcome.log or "0x1b" in outcome.log
