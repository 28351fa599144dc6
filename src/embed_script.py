"""Writes a script as a C header: its text and its SHA1.

usage: embed_script.py SCRIPT HEADER.h NAME

Lua or JavaScript. Lines that are comments, and blanks at the ends of lines, are left out. The
header defines NAME_SCRIPT and NAME_SHA1, both strings.
"""

import hashlib
import pathlib
import sys

COMMENT = {".lua": "--", ".js": "//"}


def main():
    script_path, header_path, name = sys.argv[1:]
    comment = COMMENT[pathlib.Path(script_path).suffix]
    with open(script_path, encoding="ascii") as script:
        lines = [line.strip() for line in script]
    lines = [line for line in lines if line and not line.startswith(comment)]
    digest = hashlib.sha1("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    with open(header_path, "w", encoding="ascii") as header:
        header.write(f"#define {name}_SCRIPT \\\n")
        for line in lines:
            escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
            header.write(f'    "{escaped}\\n" \\\n')
        header.write('    ""\n')
        header.write(f'#define {name}_SHA1 "{digest}"\n')


main()
