#!/usr/bin/python3
"""The rules of script/lint that need nothing but the text of the files.

Prints FILE:LINE: SENTENCE for each finding; exit status 1 when there is one. Run from the root.
"""

import pathlib
import re
import sys

# Who may include whom: includes go one way. A folder that is not here has no place in the list yet.
MAY_INCLUDE = {
    "base": {"base"},
    "loop": {"base", "loop"},
    "http": {"base", "loop", "http"},
    "store": {"base", "loop", "store"},
    "visits": {"base", "loop", "http", "store", "visits"},
    "admin": {"base", "loop", "http", "store", "visits", "admin"},
    "commands": {"base", "loop", "http", "store", "visits", "commands"},
    "process": {"base", "loop", "process"},
}
# Where everything is put together.
MAY_INCLUDE_ALL = {
    "src/main.c", "src/process/program.c", "src/process/program.h", "src/process/worker.c",
    "src/process/worker_drain.c", "src/process/worker_serve.c", "src/process/worker_state.h",
}

BANNED = {
    "atoi": "strtol() tells what is not a number",
    "gets": "it knows no bound",
    "sprintf": "use snprintf()",
    "strcat": "it knows no bound",
    "strcpy": "it knows no bound",
    "strncpy": "it may leave out the NUL",
    "strtok": "it keeps state and writes into its input",
    "system": "it runs a shell",
}

LINES_MAX = 500

TEXT_FOLDERS = ("src", "tests", "script", ".ci", "docs", "bench", "examples")
TEXT_SUFFIXES = {
    ".c", ".h", ".py", ".sh", ".md", ".txt", ".toml", ".ini", ".cfg", ".conf", ".service", ".yml",
    ".logrotate", ".js", ".mjs", ".lua",
    ".build", "",
}
SKIPPED_FOLDERS = {"__pycache__", "corpus"}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
# Comments, strings and characters: what stands in them is not code.
NOT_CODE = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""",
    re.DOTALL | re.VERBOSE,
)

findings = []


def find(path, line, sentence):
    findings.append((str(path), line, sentence))


def code_only(text):
    """The same lines and columns, with blanks where no code is."""
    return NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def check_includes(path, lines):
    folder = path.parts[1] if len(path.parts) > 2 else None
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, target = match.groups()
        first = target.split("/")[0]
        if quote == "<":
            if "/" in target and first in MAY_INCLUDE:
                find(path, number, f'write "{target}": it is a file of ours')
            continue
        made_of = pathlib.Path("src", target.removesuffix(".h"))
        if made_of.suffix in (".lua", ".js") and made_of.is_file():
            continue  # made from a script beside it, when it is built
        if ".." in target.split("/") or not pathlib.Path("src", target).is_file():
            find(path, number, f'"{target}" is not a path from src/, as includes are written')
        elif str(path) in MAY_INCLUDE_ALL:
            continue
        elif folder not in MAY_INCLUDE:
            find(path, number, f"{path.parent} has no place in the list of script/lint_text.py")
        elif first not in MAY_INCLUDE[folder]:
            find(path, number, f"{folder} may not know {first}: includes go one way")


def check_banned(path, code):
    for number, line in enumerate(code.split("\n"), 1):
        for match in re.finditer(rf"\b({'|'.join(BANNED)})\b(?=\s*\()", line):
            find(path, number, f"{match[1]}() is banned: {BANNED[match[1]]}")


def check_guard(path, text):
    guard = "FOOTFALL_" + re.sub(r"[^A-Z0-9]", "_", "/".join(path.parts[1:]).upper())
    if f"#ifndef {guard}\n#define {guard}\n" not in text:
        find(path, 1, f"the guard of this header is {guard}")


def check_source(path):
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    check_includes(path, lines)
    check_banned(path, code_only(text))
    if len(lines) > LINES_MAX:
        find(path, LINES_MAX + 1, f"{len(lines)} lines: past {LINES_MAX} it holds two nouns")
    if not text.startswith(f"/*\n * {path.name} - "):
        find(path, 1, f'begin with "/*", " * {path.name} - what lives here"')
    if path.suffix == ".h":
        check_guard(path, text)


def check_tests_includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match and match[2].startswith(".."):
            find(path, number, "includes are written from src/, or name a file beside this one")


def check_whitespace(path):
    data = path.read_bytes()
    if b"\0" in data:
        return
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.endswith(b"\r"):
            find(path, number, "ends in CR LF")
        elif line != line.rstrip():
            find(path, number, "blanks at the end of the line")
        if b"\t" in line:
            find(path, number, "a tab")
    if data and not data.endswith(b"\n"):
        find(path, data.count(b"\n") + 1, "the last line has no end")


def check_lists():
    """A file that no list names would silently not be built, or not be run."""
    lists = (
        ("src", "**/*.c", "src/meson.build", lambda path: str(path.relative_to("src"))),
        ("tests/unit", "test_*.c", "tests/unit/meson.build", lambda path: path.stem[len("test_"):]),
        ("tests/fuzz", "fuzz_*.c", "tests/fuzz/meson.build", lambda path: path.stem[len("fuzz_"):]),
    )
    for folder, pattern, list_path, name_of in lists:
        names = pathlib.Path(list_path).read_text(encoding="utf-8")
        for path in sorted(pathlib.Path(folder).glob(pattern)):
            if str(path) != "src/main.c" and f"'{name_of(path)}'" not in names:
                find(path, 1, f"{list_path} does not name it")


def text_files():
    for path in sorted(pathlib.Path().iterdir()):
        if path.is_file() and (path.suffix in TEXT_SUFFIXES or path.name.startswith(".")):
            yield path
    for folder in TEXT_FOLDERS:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if SKIPPED_FOLDERS.isdisjoint(path.parts) and path.suffix in TEXT_SUFFIXES:
                if path.is_file():
                    yield path


def main():
    for path in text_files():
        check_whitespace(path)
    for path in sorted(pathlib.Path("src").rglob("*.[ch]")):
        check_source(path)
    for path in sorted(pathlib.Path("tests").rglob("*.[ch]")):
        check_tests_includes(path)
    check_lists()
    for path, line, sentence in sorted(findings):
        print(f"{path}:{line}: {sentence}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
