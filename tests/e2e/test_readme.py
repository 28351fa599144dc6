"""What README shows is what happens: its transcripts are run, its options are those of --help."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"
REDIS_OF_README = "redis://127.0.0.1:6379"


def transcripts():
    """The blocks that start a server: its options, and what is asked and answered."""
    found = []
    for block in re.findall(r"```\n(.*?)```", README.read_text(), re.DOTALL):
        start = re.match(r"\$ script/server( .*)?\n", block)
        if start:
            steps = re.findall(r"\$ (\S.*)\n(.+)\n", block[start.end():])
            found.append((shlex.split(start.group(1) or ""), steps))
    return found


def test_readme_has_a_transcript_of_each_stage():
    assert len(transcripts()) == 3


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_a_transcript_of_readme_happens(stage, start_footfall, redis):
    options, steps = transcripts()[stage]
    options = [option.replace(REDIS_OF_README, redis.url) for option in options]
    footfall = start_footfall(*options)
    process_of = {}  # the pids in README stand for those of today
    assert len(steps) >= 3
    for command, shown in steps:
        if command == "redis-cli GET counter":
            assert f'"{redis.command("GET", "counter")}"' == shown
            continue
        assert command == "curl localhost:9999"
        said = subprocess.run(
            ["curl", "-s", f"http://127.0.0.1:{footfall.port}/"],
            capture_output=True, text=True, timeout=20, check=True,
        ).stdout
        shown, said = json.loads(shown), json.loads(said)
        assert said["counter"] == shown["counter"]
        assert process_of.setdefault(shown["pid"], said["pid"]) == said["pid"]
    assert len(set(process_of.values())) == len(process_of)


def test_readme_and_the_man_page_name_every_option_and_no_other(run_footfall):
    help_text = run_footfall("--help", "all").output
    options = set(re.findall(r"^  (--[a-z-]+)", help_text, re.MULTILINE)) - {"--help"}
    table = README.read_text().split("## Options")[1].split("\n## ")[0]
    assert set(re.findall(r"`(--[a-z-]+) ", table)) == options
    manual = (README.parent / "docs/man/footfall.1").read_text().replace("\\-", "-")
    assert set(re.findall(r"^\.BI (--[a-z-]+)", manual, re.MULTILINE)) == options
    for option in options:
        assert f"FOOTFALL_{option[2:].upper().replace('-', '_')}" in help_text
