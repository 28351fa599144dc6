"""Writes a Lua script as a C header: its text and its SHA1, by which EVALSHA names it.

usage: embed_script.py SCRIPT.lua HEADER.h
"""

import hashlib
import sys


def main():
    script_path, header_path = sys.argv[1:]
    with open(script_path, encoding="ascii") as script:
        lines = [line.strip() for line in script]
    text = "".join(f"{line}\n" for line in lines if line and not line.startswith("--"))
    assert '"' not in text and "\\" not in text, "would have to be escaped in C"
    with open(header_path, "w", encoding="ascii") as header:
        header.write("#define REDIS_COUNT_SCRIPT \\\n")
        for line in text.splitlines():
            header.write(f'    "{line}\\n" \\\n')
        header.write('    ""\n')
        header.write(f'#define REDIS_COUNT_SHA1 "{hashlib.sha1(text.encode()).hexdigest()}"\n')


main()
