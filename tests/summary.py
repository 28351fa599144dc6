#!/usr/bin/python3
"""Adds up the results of a test run; the last line is `N passed, N failed[, N skipped]`.

    summary.py [--meson LABEL testlog.json | --pytest LABEL junit.xml | --failed SENTENCE]...

Reads the log of `meson test`, where a cmocka program counts by its TAP lines and any other by its
exit status, and the JUnit file of pytest. A file that is missing, unreadable or without any test
counts as a failure, and so does every --failed. Exit status 0 only when nothing failed and
something passed.
"""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree

TAP_RESULT = re.compile(r"^(not )?ok \d+(?: - )?(.*?)(?: # SKIP ?(.*))?$")
TAP_PLAN = re.compile(r"^1\.\.\d+$", re.MULTILINE)


def print_end(text, lines_max=60):
    lines = text.strip().splitlines()
    if len(lines) > lines_max:
        print(f"[{len(lines) - lines_max} lines before]")
    for line in lines[-lines_max:]:
        print(line)


class Results:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def read_meson(self, label, path):
        """One JSON object a line, each a test program."""
        with open(path, encoding="utf-8", errors="replace") as log:
            programs = [json.loads(line) for line in log if line.strip()]
        for program in programs:
            self.read_program(f"{label}: {program['name'].split(' / ')[-1]}", program)
        return len(programs)

    def read_program(self, name, program):
        result = program["result"]
        output, errors = program.get("stdout", ""), program.get("stderr", "")
        failed_before = len(self.failed)
        if TAP_PLAN.search(output):
            self.read_tap(name, output)
        elif result in ("OK", "EXPECTEDFAIL"):
            self.passed += 1
        elif result == "SKIP":
            reason = (errors or output).strip().splitlines()
            self.skipped.append((name, reason[-1] if reason else "no reason given"))
        # Crashed, timed out, a leak found at the end: no single test says so.
        if result not in ("OK", "EXPECTEDFAIL", "SKIP") and len(self.failed) == failed_before:
            self.failed.append(f"{name} ({result.lower()}, exit status {program['returncode']})")
        if len(self.failed) > failed_before:
            print(f"---- {name}")
            for text in (output, errors):
                print_end(text)

    def read_tap(self, name, output):
        for line in output.splitlines():
            match = TAP_RESULT.match(line)
            if not match:
                continue
            bad, test, skip_reason = match.groups()
            if skip_reason is not None:
                self.skipped.append((f"{name}: {test}", skip_reason or "no reason given"))
            elif bad:
                self.failed.append(f"{name}: {test}")
            else:
                self.passed += 1

    def read_pytest(self, label, path):
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
        for case in cases:
            name = f"{label}: {case.get('classname', '')}.{case.get('name', '')}"
            skipped = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed.append(name)
            elif skipped is not None:
                self.skipped.append((name, skipped.get("message") or "no reason given"))
            else:
                self.passed += 1
        return len(cases)

    def read(self, kind, label, path):
        try:
            count = (self.read_meson if kind == "--meson" else self.read_pytest)(label, path)
        except (OSError, ValueError, KeyError, ElementTree.ParseError) as error:
            self.failed.append(f"{label}: no results ({error})")
            return
        if count == 0:
            self.failed.append(f"{label}: ran no test")


def main(arguments):
    results = Results()
    words = iter(arguments)
    for word in words:
        if word in ("--meson", "--pytest"):
            results.read(word, next(words), next(words))
        elif word == "--failed":
            results.failed.append(next(words))
        else:
            sys.exit(__doc__)
    if results.passed == 0 and not results.failed:
        results.failed.append("no test ran")

    for name, reason in results.skipped:
        print(f"skipped: {name}: {reason}")
    for name in results.failed:
        print(f"failed: {name}")
    line = f"{results.passed} passed, {len(results.failed)} failed"
    if results.skipped:
        line += f", {len(results.skipped)} skipped"
    print(line)
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
