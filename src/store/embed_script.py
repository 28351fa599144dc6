"""Writes a Lua script as a C header: its text and its SHA1, by which EVALSHA names it.

usage: embed_script.py NAME.lua HEADER.h        defines NAME_SCRIPT and NAME_SHA1, in capitals
"""

import hashlib
import pathlib
import sys


def main():
    script_path, header_path = sys.argv[1:]
    name = pathlib.Path(script_path).stem.upper()
    with open(script_path, encoding="ascii") as script:
        lines = [line.strip() for line in script]
    text = "".join(f"{line}\n" for line in lines if line and not line.startswith("--"))
    assert '"' not in text and "\\" not in text, "would have to be escaped in C"
    with open(header_path, "w", encoding="ascii") as header:
        header.write(f"#define {name}_SCRIPT \\\n")
        for line in text.splitlines():
            header.write(f'    "{line}\\n" \\\n')
        header.write('    ""\n')
        header.write(f'#define {name}_SHA1 "{hashlib.sha1(text.encode()).hexdigest()}"\n')


main()
