"""What goes into a store and comes out of it by `footfall import` and `footfall export`."""

import json
import os
import re
import subprocess

from footfall_process import SANITIZER_REPORT, binary, environment
from waiting import PATIENCE_S


#: What an import says of a store that it makes.
NEW_STORE = re.compile(r"footfall: import: lmdb:.* is a new store\n")


class Mover:
    """Runs both commands in `folder`."""

    def __init__(self, folder, run_footfall):
        self.folder = folder
        self.run = run_footfall

    def write(self, lines, name="lines.txt"):
        """A file of these lines (or bytes); its name."""
        if not isinstance(lines, bytes):
            lines = "".join(f"{line}\n" for line in lines).encode()
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(lines)
        return name

    def take(self, store, lines, *options, **more):
        """import of these lines: its Outcome."""
        url = getattr(store, "url", store)
        outcome = self.run("import", self.write(lines), "--store", url, *options, **more)
        outcome.log = NEW_STORE.sub("", outcome.log, count=1)
        return outcome

    def take_all(self, store, lines, *options, **more):
        """The same, and each of them is taken."""
        outcome = self.take(store, lines, *options, **more)
        assert outcome.exit_status == 0 and outcome.output.endswith(", refused: 0\n"), outcome
        assert outcome.log == "", outcome
        return outcome

    def give(self, store, *options, **more):
        """export: its Outcome."""
        return self.run("export", "--store", getattr(store, "url", store), *options, **more)

    def give_all(self, store, *options, **more):
        """The same without any trouble: what it has written."""
        outcome = self.give(store, *options, **more)
        assert outcome.exit_status == 0 and outcome.log == "", outcome
        return outcome.output

    def counters(self, store, *options):
        """NAMESPACE/KEY to the object of its line."""
        lines = [json.loads(line) for line in self.give_all(store, *options).splitlines()]
        found = {f'{line["namespace"]}/{line["key"]}': line for line in lines}
        assert len(found) == len(lines)
        return found

    def values(self, store, *options):
        return {name: line["value"] for name, line in self.counters(store, *options).items()}

    def names(self, store):
        """NAMESPACE/KEY of all; none where there is no store yet."""
        found = re.findall(r'"namespace":"([^"]*)","key":"([^"]*)"', self.give(store).output)
        return {f"{namespace}/{key}" for namespace, key in found}

    def start(self, *words, env=None, **more):
        """A command that the test feeds, reads from or sends signals to: a Popen."""
        return subprocess.Popen(
            [binary(), *map(str, words)], cwd=self.folder, env=environment(env), **more
        )


def end_of(process):
    """(exit status, what it wrote to standard error), once it has ended."""
    _, log = process.communicate(timeout=PATIENCE_S)
    log = (log or b"").decode()
    assert not SANITIZER_REPORT.search(log), log
    return process.returncode, log
