"""Writes a script as a C header: its text and its SHA1.

usage: embed_script.py SCRIPT HEADER.h NAME

Lua or JavaScript. Lines that are comments, and blanks at the ends of lines, are left out; but the
comment "include FILE" stands for the lines of that file beside the script. The header defines
NAME_SCRIPT and NAME_SHA1, both strings.
"""

import hashlib
import pathlib
import sys

COMMENT = {".lua": "--", ".js": "//"}


def lines_of(path, comment):
    lines = []
    with open(path, encoding="ascii") as script:
        for line in map(str.strip, script):
            if line.startswith(f"{comment} include "):
                lines += lines_of(path.with_name(line.split()[-1]), comment)
            elif line and not line.startswith(comment):
                lines.append(line)
    return lines


def main():
    script_path, header_path, name = sys.argv[1:]
    path = pathlib.Path(script_path)
    lines = lines_of(path, COMMENT[path.suffix])
    digest = hashlib.sha1("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    with open(header_path, "w", encoding="ascii") as header:
        header.write(f"#define {name}_SCRIPT \\\n")
        for line in lines:
            escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
            header.write(f'    "{escaped}\\n" \\\n')
        header.write('    ""\n')
        header.write(f'#define {name}_SHA1 "{digest}"\n')


main()
