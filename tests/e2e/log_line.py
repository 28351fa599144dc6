"""A line of footfall's log, in text or JSON, taken apart."""

import json
import re

_TEXT = re.compile(
    r"(?:(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) )?(?P<level>error|warn|info|debug) "
    r"(?P<event>[a-z0-9_]+)(?: (?P<rest>.*))?"
)
_PRIORITY = re.compile(r"<([0-7])>")
_FIELD = re.compile(r'([a-z0-9_]+)=("(?:[^"\\]|\\.)*"|[^ "]+)(?: |$)')


class LogLine:
    """`raw`, and for a line of the log `priority` (what the journal is told, or None), `time` (None
    in text for the journal), `level`, `event` and `fields` (all text).

    A line of another form (an error of the settings, a sanitizer's report) has `event` None. A
    ready line has the field `message` in both formats.
    """

    def __init__(self, raw):
        self.raw = raw
        self.priority = self.time = self.level = self.event = None
        self.fields = {}
        if match := _PRIORITY.match(raw):
            self.priority = int(match[1])
            raw = raw[match.end():]
        if raw.startswith("{"):
            self._read_json(raw)
        else:
            self._read_text(raw)

    def _read_json(self, raw):
        try:
            members = json.loads(raw)
        except ValueError:
            return
        self.time = members.pop("time", None)
        self.level = members.pop("level", None)
        self.event = members.pop("event", None)
        self.fields = {name: str(value) for name, value in members.items()}

    def _read_text(self, raw):
        match = _TEXT.fullmatch(raw)
        if not match or (match["time"] is None) != (self.priority is not None):
            return
        self.time, self.level, self.event = match["time"], match["level"], match["event"]
        rest = match["rest"] or ""
        if rest.startswith("listening on "):
            self.fields = {"message": rest}
            return
        end = 0
        for field in _FIELD.finditer(rest):
            if field.start() != end:
                break
            end = field.end()
            value = field[2]
            self.fields[field[1]] = json.loads(value) if value.startswith('"') else value
        if end != len(rest):
            self.event, self.fields = None, {}

    def has(self, event, fields):
        """Whether it is that event and holds all these fields (compared as text)."""
        return self.event == event and all(
            self.fields.get(name) == str(value) for name, value in fields.items()
        )

    def __repr__(self):
        return f"<{self.raw}>"
