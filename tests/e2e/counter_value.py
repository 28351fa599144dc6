"""The count as a store holds it, read past footfall; and an LMDB folder held from outside."""

import ctypes
import os
import subprocess

from waiting import PATIENCE_S

_LMDB_READ_ONLY = 0x20000


def count_in(store):
    """What the store of a test (conftest.Store) holds for the front counter; 0 when nothing."""
    if store.redis is not None:
        return int(store.redis.command("GET", "counter") or 0)
    return lmdb_count(store.url.removeprefix("lmdb:"))


def lmdb_count(path):
    dump = subprocess.run(
        ["mdb_dump", "-s", "counters", str(path)],
        capture_output=True, text=True, timeout=PATIENCE_S, check=True,
    )
    lines = dump.stdout.split("HEADER=END\n")[1].split("DATA=END")[0].split()
    pairs = dict(zip(lines[::2], lines[1::2], strict=True))
    return int.from_bytes(bytes.fromhex(pairs.get(b"counter".hex(), ""))[:8], "little")


class LmdbTransaction:
    """A transaction that this process has in an LMDB folder, until end().

    One that writes holds the lock that every commit needs. One that reads keeps the pages of its
    time from being used again, so that every commit makes the file grow.
    """

    def __init__(self, path, writes):
        self._lmdb = ctypes.CDLL("liblmdb.so.0")
        for name in ("mdb_txn_begin", "mdb_env_open"):
            getattr(self._lmdb, name).restype = ctypes.c_int
        self._env = ctypes.c_void_p()
        self._transaction = ctypes.c_void_p()
        self._check(self._lmdb.mdb_env_create(ctypes.byref(self._env)))
        self._check(self._lmdb.mdb_env_open(self._env, os.fsencode(path), 0, 0o600))
        flags = 0 if writes else _LMDB_READ_ONLY
        self._check(
            self._lmdb.mdb_txn_begin(self._env, None, flags, ctypes.byref(self._transaction))
        )

    @staticmethod
    def _check(result):
        assert result == 0, f"LMDB says {result}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self._env:
            if self._transaction:
                self._lmdb.mdb_txn_abort(self._transaction)
            self._lmdb.mdb_env_close(self._env)
            self._env = None
