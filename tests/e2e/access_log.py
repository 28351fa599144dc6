"""The access log as its readers see it: lines of a file, taken apart."""

import json
import os
import re

from waiting import eventually

TEXT = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (?P<status>\d{3}) (?P<method>\S+) (?P<path>\S+)"
    r" (?P<number>\d+|-) (?P<bytes>\d+) (?P<duration>\d+) (?P<worker>\d+)"
)


def text_lines(*paths):
    """Every line of these files as a match of TEXT; no line is of another form."""
    found = []
    for path in paths:
        with open(path, encoding="ascii") as file:
            text = file.read()
        assert text == "" or text.endswith("\n"), f"{path} ends in {text[-100:]!r}"
        for line in text.splitlines():
            match = TEXT.fullmatch(line)
            assert match, f"not a line of the access log: {line!r}"
            found.append(match)
    return found


def json_lines(path):
    with open(path, encoding="ascii") as file:
        return [json.loads(line) for line in file.read().splitlines()]


def wait_for_lines(path, count, read=text_lines):
    """The lines of the file once there are so many; there must not be more."""
    lines = eventually(
        lambda: os.path.exists(path) and (found := read(path)) and len(found) >= count and found,
        f"there are {count} lines in {path}",
    )
    assert len(lines) == count, lines
    return lines
