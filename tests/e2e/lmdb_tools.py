"""An LMDB folder of footfall, written from outside with the tools of Debian's lmdb-utils."""

import subprocess

from waiting import PATIENCE_S


def put(folder, database, key, value):
    """Stores value (bytes) at key (bytes) of the named database, which is made if missing."""
    text = (
        "VERSION=3\nformat=bytevalue\n"
        f"database={database}\ntype=btree\nmapsize={1 << 30}\nHEADER=END\n"
        f" {key.hex()}\n {value.hex()}\nDATA=END\n"
    )
    subprocess.run(
        ["mdb_load", "-f", "/dev/stdin", folder],
        input=text.encode(), timeout=PATIENCE_S, check=True, capture_output=True,
    )


def set_lmdb_counter(folder, name, number):
    """Layout 1 keeps a counter as eight bytes, the lowest first."""
    put(folder, "counters", name.encode(), number.to_bytes(8, "little"))


def set_layout(folder, layout):
    """`layout` as text, which is how a layout is kept."""
    put(folder, "meta", b"layout", layout.encode())
