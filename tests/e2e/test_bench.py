"""script/bench runs at all. What it measures is judged elsewhere, on a quiet machine."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from footfall_process import binary, environment
from waiting import SANITIZED

BENCH = Path(__file__).resolve().parents[2] / "script" / "bench"


@pytest.mark.once
@pytest.mark.skipif(SANITIZED, reason="a sanitized build is not what is measured")
@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
def test_the_bench_measures_and_writes_its_report(folder):
    done = subprocess.run(
        [BENCH, "--smoke", "--output", folder],
        env=environment({"FOOTFALL_BINARY": binary()}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(Path(folder, "bench.json").read_text())
    cells = [cell for cell in report["cells"] if cell["server"] == "footfall-memory"]
    assert {cell["section"] for cell in cells} == {"keep-alive-64", "rate-nginx"}
    many = {cell["server"]: cell for cell in report["cells"] if cell["section"] == "many-keys"}
    assert many.keys() == {"footfall-memory:1", "footfall-memory:1000", "footfall-lmdb:1000"}
    assert many["footfall-memory:1"]["cpu_over_one_key"] == 1
    assert many["footfall-memory:1000"]["cpu_over_one_key"] > 0
    cells += many.values()
    for cell in cells:
        assert cell["problems"] == []
        assert cell["requests_per_second"] > 0
        assert cell["cpu_us"] > 0
        assert cell["numbers_checked"] > 0
    for name, reason in report["skipped"].items():
        print(f"skipped by the bench: {name}: {reason}")
    table = Path(folder, "bench.md").read_text()
    assert "| footfall, memory |" in table
    assert "| footfall, memory, 1,000 keys |" in table
    assert table in done.stdout
    if importlib.util.find_spec("matplotlib"):
        assert "</svg>" in Path(folder, "keep-alive-requests.svg").read_text()
