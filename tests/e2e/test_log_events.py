"""Every event of level warn and error has a row in docs/operations.md that names its fields."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: A call that logs, up to its end; and one that tells of a store, which visits/store_watch.c logs.
LOG_CALL = re.compile(r"\bLOG_EVENT(?:_LIMITED)?\((.*?)\);", re.DOTALL)
NOTICE_CALL = re.compile(r"STORE_NOTICE_(?:WARNING|ERROR), (.*?)\);", re.DOTALL)
#: Functions that get the name of such an event, and which of the names in a call of them it is.
TELLERS = {"tell_change": 0}
TELLER_CALL = re.compile(rf"\b({'|'.join(TELLERS)})\(([^;{{]*?)\);", re.DOTALL)
NAME = re.compile(r'"([a-z][a-z0-9_]*)"')
FIELD = re.compile(r'LOG_FIELD_\w+\(\s*"([a-z0-9_]+)"')


def events():
    """{event: its fields} of all such calls in src."""
    found = {}
    for path in sorted((ROOT / "src").rglob("*.c")):
        text = path.read_text(encoding="utf-8")
        for call in LOG_CALL.findall(text):
            head = call.split("LOG_FIELD_")[0]
            if not any(level in head for level in ("LOG_WARN", "LOG_ERROR", "levels[limit]")):
                continue
            names = NAME.findall(head)
            assert names or TELLER_CALL.search(text), f"{path}: who names the event of {call}?"
            for name in names:
                found.setdefault(name, set()).update(FIELD.findall(call))
        for call in NOTICE_CALL.findall(text):
            for name in NAME.findall(call)[:1]:
                found.setdefault(name, set())
        for teller, call in TELLER_CALL.findall(text):
            for name in NAME.findall(call)[TELLERS[teller]:][:1]:
                found.setdefault(name, set())
    return found


def rows():
    """{event: its row} of the table."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text.split("\n## When the log says …\n")[1].split("\n## ")[0]
    found = re.findall(r"^\| `([a-z0-9_]+)` (\|.*)$", table, re.MULTILINE)
    assert len(found) == len(dict(found)), "an event has two rows"
    return dict(found)


def test_the_calls_are_found():
    found = events()
    assert found["worker_died"] >= {"slot", "signal", "lived_ms"}
    for name in ("start_failed", "worker_given_up", "counter_went_back", "lmdb_commit_failed",
                 "redis_link_down", "redis_may_forget"):
        assert name in found


def test_each_warning_and_error_has_a_row_and_no_row_is_of_nothing():
    assert sorted(rows()) == sorted(events())


def test_a_row_names_the_fields_and_says_what_to_do():
    for event, row in rows().items():
        columns = [column.strip() for column in row.strip("|").split(" | ")]
        assert len(columns) == 4 and all(columns), f"{event}: {columns}"
        for field in events()[event]:
            assert f"`{field}`" in columns[0], f"{event}: the field {field}"
        assert re.match(r"(warn|error)\b", columns[1]), event
