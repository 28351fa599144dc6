"""examples/footfall.service: systemd finds nothing wrong with it, and what it starts serves.

Nothing here needs a systemd that runs: systemd-analyze reads the file, and the command of the unit is
run in folders such as systemd would make.
"""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from footfall_process import binary
from http_client import visit
from operators import pid_file_of, status
from waiting import PATIENCE_S

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
INSTALLED = "/usr/local/bin/footfall"


def settings():
    """Those of [Service], by name: the values, an empty one as "". """
    found = {}
    for line in (EXAMPLES / "footfall.service").read_text(encoding="utf-8").splitlines():
        match = re.match(r"([A-Z]\w*)=(.*)$", line)
        if match:
            found.setdefault(match[1], []).append(match[2])
    return found


@pytest.fixture
def analyze(folder):
    """analyze(verb, …): runs systemd-analyze on the unit, with the program under test in it."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    text = (EXAMPLES / "footfall.service").read_text(encoding="utf-8")
    assert f"ExecStart={INSTALLED} " in text
    unit = Path(folder, "footfall.service")
    unit.write_text(text.replace(f"={INSTALLED} ", f"={binary()} "), encoding="utf-8")
    shutil.copy(EXAMPLES / "footfall.socket", folder)

    def run(*words, unit=unit):
        return subprocess.run(
            [program, "--no-pager", *words, unit],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )

    return run


def test_systemd_finds_nothing_wrong_with_the_unit(analyze):
    done = analyze("verify", "--man=no", "--recursive-errors=no")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_finds_nothing_wrong_with_the_socket(analyze, folder):
    done = analyze(
        "verify", "--man=no", "--recursive-errors=no", unit=Path(folder, "footfall.socket")
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_exposes_little(analyze):
    done = analyze("security", "--offline=true", "--threshold=15")  # 1.5 of 10
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Overall exposure level for footfall.service: 1." in done.stdout


def test_the_command_of_the_unit_serves_where_the_unit_says(start_footfall, folder):
    unit = settings()
    (command,) = unit["ExecStart"]
    program, *options = shlex.split(command)
    assert program == INSTALLED
    file = Path(folder, "footfall.ini")  # the example, on a port of the test's
    text = (EXAMPLES / "footfall.ini").read_text(encoding="utf-8")
    file.write_text(text.replace("#listen = :9999", "listen = 127.0.0.1:0"), encoding="utf-8")
    options = [option.replace("/etc/footfall/footfall.ini", str(file)) for option in options]
    assert str(file) in options
    assert unit["WorkingDirectory"] == ["%S/footfall"] and unit["StateDirectory"] == ["footfall"]
    assert unit["RuntimeDirectory"] == ["footfall"]
    state, runtime = Path(folder, "state"), Path(folder, "runtime")
    for path in (state, runtime):
        path.mkdir(mode=0o755)
    footfall = start_footfall(
        *options, folder=state, env={"FOOTFALL_LISTEN": "", "RUNTIME_DIRECTORY": str(runtime)},
        prefix=("sh", "-c", f'umask {unit["UMask"][0]}; exec "$@"', "sh"),
    )
    assert visit(footfall.address)[0] == 1
    assert (state / "footfall-data").is_dir()
    assert status(footfall)["pid"] == pid_file_of(footfall)[1] == footfall.pid
    assert sorted(os.listdir(runtime)) == [f"{footfall.port}.pid", f"{footfall.port}.sock"]
    # An asked-for stop is no failure, so it is not started again.
    assert unit["Restart"] == ["on-failure"] and footfall.stop() == 0
    assert os.listdir(runtime) == []


def test_what_the_unit_does_not_start_again_is_wrong_settings(run_footfall, folder):
    file = Path(folder, "wrong.ini")
    file.write_text("wrokers = 2\n", encoding="utf-8")
    outcome = run_footfall("--config", file)
    assert [str(outcome.exit_status)] == settings()["RestartPreventExitStatus"]
