"""Processes of this machine as /proc tells them, and a family of them found by a mark.

Whatever a test starts carries a mark of its own in its environment, which children inherit. So
workers whose master was killed are still found, by pid, and nobody else's process is touched.
"""

import os
import signal

from waiting import eventually

MARK = "E2E_FAMILY"


def _stat_fields(pid):
    """The fields of /proc/PID/stat from the third on (state), or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def state_of(pid):
    """The letter of proc(5): R, S, D, T (stopped) …; None for a zombie or nobody."""
    fields = _stat_fields(pid)
    if fields is None or fields[0] in (b"Z", b"X"):
        return None
    return fields[0].decode()


def is_alive(pid):
    """Whether `pid` runs, sleeps or is stopped; a zombie is dead."""
    return state_of(pid) is not None


def children_of(parent):
    """Living children of `parent`, the eldest first."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = _stat_fields(name)
            if fields is not None and int(fields[1]) == parent and fields[0] not in (b"Z", b"X"):
                found.append((int(fields[19]), int(name)))
    return [pid for _, pid in sorted(found)]


def family_of(mark):
    """Living processes that carry `mark` in their environment."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if wanted in file.read().split(b"\0") and is_alive(int(name)):
                        found.append(int(name))
            except OSError:
                pass  # somebody else's, or gone
    return sorted(found)


def kill_family(mark):
    """Ends every process that carries `mark`, and waits until they are gone."""

    def none_left():
        living = family_of(mark)
        for pid in living:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not living

    eventually(none_left, "every process that a test started is gone")


CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def processor_s(pids):
    """User and system time of these processes."""
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / CLOCK_TICKS
