"""CPU time and memory of running processes and all their children, as the kernel accounts them."""

import os

CLOCK_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def read(path):
    """A file of /proc; "" when its process is gone."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def children_of(pid):
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    return [
        int(child)
        for thread in threads
        for child in read(f"/proc/{pid}/task/{thread}/children").split()
    ]


def family_of(pid):
    """The process and everything below it."""
    found = [pid]
    for member in found:
        found += children_of(member)
    return found


def cpu_seconds(pids):
    """User and system time so far. schedstat counts nanoseconds, stat only ticks of 10 ms."""
    return sum(cpu_seconds_of(pid) for pid in pids)


def cpu_seconds_of(pid):
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return 0.0
    spent = [read(f"/proc/{pid}/task/{thread}/schedstat").split() for thread in threads]
    if any(spent):
        return sum(int(fields[0]) for fields in spent if fields) / 1e9
    fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_SECOND if fields else 0.0


class Memory:
    """Bytes of a family: `resident` counts shared pages in each process, `proportional` once over
    all that share them, `private` only those that nobody shares."""

    def __init__(self, resident, proportional, private):
        self.resident = resident
        self.proportional = proportional
        self.private = private


def memory_of(pids):
    sums = {}
    for pid in pids:
        for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
            name, _, rest = line.partition(":")
            words = rest.split()
            if len(words) == 2 and words[1] == "kB":
                sums[name] = sums.get(name, 0) + int(words[0]) * 1024
    private = sums.get("Private_Clean", 0) + sums.get("Private_Dirty", 0)
    return Memory(sums.get("Rss", 0), sums.get("Pss", 0), private)


def idle_seconds_of_machine():
    """Idle time of all cores together so far."""
    fields = read("/proc/stat").splitlines()[0].split()
    return (int(fields[4]) + int(fields[5])) / CLOCK_TICKS_PER_SECOND
