"""A browser that a test opens pages in: Debian's Chromium, driven by tests/browser/driver.mjs.

Where there is no Chromium, Node or playwright-core, its tests are skipped.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from node_modules import install_modules
from waiting import PATIENCE_S, eventually

BROWSER = Path(__file__).resolve().parents[1] / "browser"


class Browser:
    """A context manager. Pages are opened one after the other."""

    def __init__(self):
        names = ("chromium-headless-shell", "chromium")
        program = next(filter(None, map(shutil.which, names)), None)
        if program is None:
            pytest.skip("neither of these is installed: " + ", ".join(names))
        modules = install_modules(BROWSER, "browser")
        self.process = subprocess.Popen(
            ["node", BROWSER / "driver.mjs", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "NODE_PATH": str(modules)},
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.close()  # it closes the browser, then ends
            self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            self.process.wait()

    def _do(self, action, **more):
        self.process.stdin.write(json.dumps({"do": action, **more}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the browser's driver has ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def open(self, url, init=None, clock=False):
        """`init` runs before the page's scripts; with `clock` its timers wait for forward()."""
        self._do("open", url=url, init=init, clock=clock)

    def evaluate(self, expression):
        return self._do("evaluate", expression=expression)

    def forward(self, seconds):
        self._do("forward", ms=1000 * seconds)

    def troubles(self):
        return self._do("troubles")

    def wait_for(self, expression):
        eventually(lambda: self.evaluate(expression), expression)

    def texts(self):
        """Of all elements that show a counter."""
        return self.evaluate(
            "[...document.querySelectorAll('[data-footfall]')].map(one => one.textContent)"
        )

    def wait_texts(self, *expected):
        def are_there():
            self.seen = self.texts()
            return self.seen == list(expected)

        try:
            eventually(are_there, "the page shows its numbers")
        except AssertionError:
            raise AssertionError(f"{self.seen} instead of {list(expected)}") from None
