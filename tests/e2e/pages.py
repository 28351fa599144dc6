"""Pages of docs/ whose examples are run: what is in them, and who runs it.

A page that a test runs keeps to these rules, and its reader may do the same by hand:

- ```console has commands behind "$ " (with further lines behind a "\\") and below each of them all
  that it writes. They are run by bash, all of a page in one folder, in their order.
- "$ footfall --…" is a server. It stays until the page starts another one. `localhost:9999` is
  where it serves, and `redis://127.0.0.1:6379` a Redis that is empty at first.
- ```ini NAME is the file NAME, there from the start.
- ```html is not run, but what it names of https://counter.example has to be there, on a server
  without settings.
- A word of WORDS in an output stands for something that is another one each time. The variable of
  that name has it from then on.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]

#: Words of an output, and what they stand for.
WORDS = {
    "ADMIN_KEY": "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "SOME_KEY": "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "SOME_NAMESPACE": "[A-Za-z0-9_-]{16}",
    "SOME_NAME": "[A-Za-z0-9_-]{16}",
    "MILLISECONDS": "[0-9]{13}",
    "SECONDS": "[0-9]+",
    "SOME_DATE": "[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT",
    "SOME_PID": "[0-9]+",
    "SOME_VERSION": "[0-9.]+",
    "SIXTEEN_DIGITS": "[0-9a-f]{16}",
    "WRITER": "[0-9a-f]+(?:-[0-9a-f]+){3}",
}

_WORD = re.compile("|".join(sorted(WORDS, key=len, reverse=True)))


class Page:
    """`files`, name to text; `blocks`, each a list of (command, output); `addresses`, the paths
    behind https://counter.example that its HTML names."""

    def __init__(self, name):
        self.name = name
        text = (ROOT / "docs" / name).read_text()
        self.files = {}
        self.blocks = []
        self.addresses = set()
        for kind, body in re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            words = kind.split()
            if words == ["console"]:
                self.blocks.append(_commands(body))
            elif words[:1] == ["ini"]:
                self.files[words[1]] = body
            elif words == ["html"]:
                self.addresses |= set(re.findall(r"https://counter\.example(/[^\s\"'<]*)", body))
        self.uses_redis = "redis://127.0.0.1:6379" in text


def _commands(block):
    commands = []
    goes_on = False
    for line in block.splitlines():
        if goes_on:
            commands[-1][0] += "\n" + line
        elif line.startswith("$ "):
            commands.append([line[2:], ""])
        else:
            assert commands, f"there is no command above {line!r}"
            commands[-1][1] += line + "\n"
        goes_on = line.endswith("\\") and (goes_on or line.startswith("$ "))
    return commands


def pattern_of(shown):
    """The expression of what a page shows: each word stands for any of its kind."""
    pattern, end, seen = "", 0, {}
    for found in _WORD.finditer(shown):
        seen[found[0]] = seen.get(found[0], 0) + 1
        pattern += re.escape(shown[end:found.start()])
        name = f"?P<{found[0]}>" if seen[found[0]] == 1 else ""
        pattern += f"({name}{WORDS[found[0]]})"
        end = found.end()
    return re.compile(pattern + re.escape(shown[end:]))


class Reader:
    """Runs the commands of one page in `folder`. `start` starts a server, `redis` may be None."""

    def __init__(self, page, folder, program, start, redis):
        self.folder = Path(folder)
        self.program = program
        self.start = start
        self.redis = redis
        self.footfall = None
        self.variables = {}
        self.programs = self.folder / ".programs"
        self.programs.mkdir()
        self._give("footfall", f'"{program}" "$@"')
        self._give("curl", f'{shutil.which("curl")} --disable --no-progress-meter "$@"')
        if redis is not None:
            client = shutil.which("redis-cli")  # it is to write as on a terminal
            self._give("redis-cli", f'env FAKETTY=1 {client} -p {redis.port} "$@"')
        for name, text in page.files.items():
            (self.folder / name).write_text(text)

    def _give(self, name, command):
        path = self.programs / name
        path.write_text(f"#!/bin/sh\nexec {command}\n")
        path.chmod(0o755)

    def run(self, command, shown):
        """Runs it. What is wrong when it does not write what is shown, else ""."""
        if command.startswith("footfall --"):
            self._serve(command)
            return "a server's log is shown" if shown else ""
        said = self._say(command).strip()
        found = pattern_of(shown.strip()).fullmatch(said)
        if not found:
            return f"$ {command}\n---- is shown to write\n{shown}---- and writes\n{said}\n"
        self.variables.update(found.groupdict())
        return ""

    def _serve(self, command):
        if self.footfall is not None:
            self.footfall.stop()
        if self.redis is not None:
            command = command.replace("redis://127.0.0.1:6379", self.redis.url)
        self.footfall = self.start(*command.split()[1:])

    def _say(self, command):
        if self.footfall is not None:
            command = command.replace("localhost:9999", f"127.0.0.1:{self.footfall.port}")
        if self.redis is not None:
            command = command.replace("redis://127.0.0.1:6379", self.redis.url)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env={
                **{name: value for name, value in os.environ.items() if "FOOTFALL" not in name},
                **self.variables,
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                "LC_ALL": "C.UTF-8",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.stdout.decode("utf-8", "replace").replace("\r", "")
