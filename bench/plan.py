"""What is measured: sections, each a workload over servers that take turns, round after round."""

from dataclasses import dataclass, field, replace

SATURATION, CONSTANT_RATE, IDLE, HOSTS = "saturation", "constant rate", "idle", "hosts"
KEYS = "keys at random"

# What a cell takes beside its seconds of load, measured: reading what grows, starting wrk.
CELL_OVERHEAD_S = 0.3
START_S = 1.2
IDLE_OVERHEAD_S = 5.5
KEYS_PASSED_PER_S = 50000


@dataclass(frozen=True)
class Workload:
    connections: int = 64
    depth: int = 1
    close: bool = False
    idle_connections: int = 0
    rate: float = 0  # of CONSTANT_RATE: requests per second; 0: a share of the saturation
    hosts: int = 1


@dataclass(frozen=True)
class Section:
    """`name` is for data, `title` for people, and `note` stands below it."""

    name: str
    title: str
    kind: str
    servers: tuple
    workload: Workload = field(default_factory=Workload)
    rounds: int = 5
    seconds: int = 2
    note: str = ""

    def expected_seconds(self):
        cell = self.seconds + (IDLE_OVERHEAD_S if self.kind == IDLE else CELL_OVERHEAD_S)
        starts = START_S * len(self.servers) * self.workload.hosts
        if self.workload.close:
            starts += 2 * self.seconds * len(self.servers)
        if self.kind == KEYS:
            starts += sum(self._passes_seconds(server) for server in self.servers)
        return starts + len(self.servers) * self.rounds * cell

    def _passes_seconds(self, server):
        """A pass over all keys before the first cell, or before each where that matters."""
        passes = self.rounds if server.startswith("footfall") else 1
        return passes * int(server.partition(":")[2]) / KEYS_PASSED_PER_S


FOOTFALLS = ("footfall-memory", "footfall-lmdb", "footfall-redis")
RATE_SHARE = 0.7  # of the smallest saturation of the servers that a constant rate compares


def keep_alive(connections, servers, **more):
    plural = "1 connection" if connections == 1 else f"{connections:,} connections"
    return Section(
        f"keep-alive-{connections}", f"Keep-alive, {plural}", SATURATION, servers,
        Workload(connections=connections), **more,
    )


PIPELINED = Section(
    "pipelined", "Pipelined ×16, 64 connections", SATURATION,
    ("ceiling", "nginx", "nginx-lua-dict", "node3", *FOOTFALLS, "footfall-redis-epoll"),
    Workload(depth=16),
)
NEW_CONNECTIONS = Section(
    "new-connections", "A new connection for each request, 64 at once", SATURATION,
    ("ceiling-close", "nginx", "nginx-reuseport", "nginx-lua-redis", "node3", "footfall-memory",
     "footfall-redis", "footfall-redis-epoll", "footfall-redis-kernel",
     "footfall-redis-epoll-kernel"),
    Workload(close=True),
)
IDLE_BESIDE = Section(
    "idle-10000", "10,000 idle connections beside 64 busy ones", IDLE,
    ("nginx", "node3", "footfall-redis", "footfall-redis-epoll"),
    Workload(idle_connections=10000),
)
AT_70 = Section(
    "rate-nginx", "Constant rate, 64 connections, against nginx", CONSTANT_RATE,
    ("ceiling", "nginx", "footfall-memory", "footfall-redis", "footfall-redis-epoll"),
)
AT_70_ALL = Section(
    "rate-all", "Constant rate, 64 connections, all that count through Redis", CONSTANT_RATE,
    ("nginx", "nginx-lua-redis", "webdis", "node3", "footfall-redis", "footfall-lmdb"),
)
MANY_KEYS = Section(
    "many-keys", "Keys at random, 64 connections", KEYS,
    tuple(
        f"{name}:{keys}"
        for name in (*FOOTFALLS, "nginx-lua-expire", "webdis")
        for keys in (1, 1000, 100000)
    ),
    note="Each hit is on one of so many keys, drawn at random, the same ones in each run. All of "
    "them were there before: each was hit before the first round. A worker of footfall keeps for a "
    "minute what it knows of a key, so each of its workers was hit on each key before each round. "
    "`CPU/1 key` is CPU over that of the same server with one key in the same round. `memory` is "
    "that of all of the server's processes afterwards, shared pages counted once.",
)
WORKERS = tuple(
    Section(
        f"workers-{count}", f"{count} worker{'s' if count > 1 else ''}, 64 connections", SATURATION,
        tuple(f"{name}@{count}" for name in ("nginx", "node3", "footfall-redis")), rounds=5,
    )
    for count in (1, 2, 4)
)
HOST_COUNTS = tuple(
    Section(
        f"hosts-{count}",
        f"{count} footfall{'s' if count > 1 else ''} with one worker each, one Redis",
        HOSTS, ("footfall-redis@1",), Workload(hosts=count), rounds=5,
    )
    for count in (1, 2, 3, 4)
)
LOADS = tuple(
    Section(
        f"load-{rate}", f"{rate:,} requests/s", CONSTANT_RATE, servers, Workload(rate=rate),
        rounds=5,
    )
    for servers, rates in (
        (("node3", "footfall-redis"), (1000, 5000, 10000, 20000, 40000)),
        (("footfall-redis",), (60000, 80000)),  # Node reaches about 50,000 on two cores
    )
    for rate in rates
)

WHOLE = (
    keep_alive(64, (
        "ceiling", "nginx", "nginx-reuseport", "nginx-lua-dict", "nginx-lua-redis", "webdis",
        "node1", "node2", "node3", "node3-plain", *FOOTFALLS, "footfall-memory-epoll",
        "footfall-lmdb-epoll", "footfall-redis-epoll", "footfall-redis-kernel", "footfall-redis-epoll-kernel",
    )),
    keep_alive(1, (
        "ceiling", "nginx", "nginx-lua-redis", "webdis", "node3", *FOOTFALLS,
        "footfall-redis-epoll",
    )),
    *(
        keep_alive(connections, (
            "ceiling", "nginx", "nginx-lua-redis", "webdis", "node3", "footfall-lmdb",
            "footfall-redis", "footfall-redis-epoll",
        ), seconds=seconds)
        # A thousand connections take their time to open, and wrk counts from the first.
        for connections, seconds in ((256, 2), (1000, 4))
    ),
    PIPELINED, NEW_CONNECTIONS, IDLE_BESIDE, AT_70, AT_70_ALL, MANY_KEYS,
)
GROWTH = (*WORKERS, *HOST_COUNTS, *LOADS)

QUICK = tuple(
    replace(section, rounds=2, seconds=1)
    for section in (
        keep_alive(64, ("ceiling", "nginx", "nginx-lua-dict", "nginx-lua-redis", "node3",
                        *FOOTFALLS)),
        keep_alive(1, ("webdis", "footfall-redis")),
        replace(PIPELINED, servers=("ceiling", "nginx", "footfall-redis")),
        replace(NEW_CONNECTIONS, servers=("ceiling-close", "nginx", "node3", "footfall-redis",
                                          "footfall-redis-kernel")),
        replace(AT_70, servers=("nginx", "footfall-redis")),
        replace(MANY_KEYS, servers=("footfall-memory:1", "footfall-memory:100000",
                                    "footfall-lmdb:1", "footfall-lmdb:100000")),
    )
) + (replace(IDLE_BESIDE, servers=("footfall-redis",), rounds=1, seconds=1),)

SMOKE = (
    replace(keep_alive(64, ("nginx", "footfall-memory")), rounds=1, seconds=1),
    replace(AT_70, servers=("footfall-memory",), rounds=1, seconds=1, workload=Workload(rate=500)),
    replace(MANY_KEYS, servers=("footfall-memory:1", "footfall-memory:1000", "footfall-lmdb:1000"),
            rounds=1, seconds=1),
)


def choose(name, only=None, rounds=None, seconds=None):
    """The sections of a run. `only` is a regular expression over "section/server": what it does
    not find is left out."""
    sections = {
        "whole": WHOLE + GROWTH, "quick": QUICK, "smoke": SMOKE, "growth": GROWTH,
    }[name]
    chosen = []
    for section in sections:
        servers = section.servers
        if only:
            servers = tuple(
                server for server in servers if only.search(f"{section.name}/{server}")
            )
        if servers:
            chosen.append(replace(
                section, servers=servers, rounds=rounds or section.rounds,
                seconds=seconds or section.seconds,
            ))
    return chosen
