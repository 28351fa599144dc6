"""The targets as data, and what a run says about them."""

import statistics
from dataclasses import dataclass

RATE, CPU, CPU_WITH_REDIS = "requests_per_second", "cpu_us", "cpu_with_redis_us"
NAMES = {
    RATE: "requests/s",
    CPU: "CPU/request",
    CPU_WITH_REDIS: "CPU/request with Redis",
    "p99_us": "p99",
    "p50_us": "p50",
    "commands_per_hit": "commands/hit",
    "bytes_per_idle_connection": "bytes",
    "resident": "resident memory",
    "cpu_over_one_key": "CPU/hit",
}
GENERATOR_LIMIT_SHARE = 0.97  # of one core: from here on requests/s measures wrk


@dataclass(frozen=True)
class Goal:
    """`stretch` is a number as well, or "ceiling": what the ceiling reaches against the same."""

    figure: str
    sign: str
    target: float
    stretch: object


@dataclass(frozen=True)
class Row:
    """Ratios are taken within a round and their median is compared. Without `against` the figure
    itself is. Of a row with requests/s and CPU/request, CPU/request decides where wrk stood at its
    limit; other rows need all of their goals."""

    title: str
    section: str
    server: str
    against: str
    goals: tuple


def at_least(target, stretch, figure=RATE):
    return Goal(figure, "≥", target, stretch)


def at_most(target, stretch, figure=CPU):
    return Goal(figure, "≤", target, stretch)


ROWS = (
    Row("Redis store against the ceiling", "keep-alive-64", "footfall-redis", "ceiling",
        (at_least(0.9, 0.97), at_most(1.25, 1.1))),
    Row("Redis store against nginx, constant", "keep-alive-64", "footfall-redis", "nginx",
        (at_least(1.0, 1.1), at_most(1.0, 0.9))),
    Row("Redis store against Node stage 3", "keep-alive-64", "footfall-redis", "node3",
        (at_least(2.3, 2.8),)),
    Row("Redis store against Node stage 3", "keep-alive-64", "footfall-redis", "node3",
        (at_most(0.4, 0.33), at_most(1 / 3, 0.28, CPU_WITH_REDIS))),
    Row("Redis store against nginx + Lua + Redis", "keep-alive-64", "footfall-redis",
        "nginx-lua-redis", (at_least(2.3, 2.8),)),
    Row("Redis store at 70 % of saturation against nginx, constant", "rate-nginx",
        "footfall-redis", "nginx", (at_most(1.0, 0.5, "p99_us"),)),
    Row("Commands to Redis at saturation", "keep-alive-64", "footfall-redis", "",
        (at_most(0.1, 0.05, "commands_per_hit"),)),
    Row("memory store against nginx + Lua shared dict", "keep-alive-64", "footfall-memory",
        "nginx-lua-dict", (at_least(1.2, 1.35), at_most(0.8, 0.7))),
    Row("LMDB store, durable, against footfall's Redis store", "keep-alive-64", "footfall-lmdb",
        "footfall-redis", (at_least(0.8, 1.0),)),
    Row("Pipelined ×16 against nginx, constant", "pipelined", "footfall-redis", "nginx",
        (at_least(5, "ceiling"),)),
    Row("Connection per request, dealt, against Node stage 3", "new-connections",
        "footfall-redis", "node3", (at_least(3, 3.5), at_most(1 / 5, 1 / 6))),
    Row("Connection per request, dealt, against nginx, constant", "new-connections",
        "footfall-redis", "nginx", (at_least(0.75, 1.0),)),
    Row("Connection per request, --balance kernel, against nginx, constant", "new-connections",
        "footfall-redis-kernel", "nginx",
        (at_least(1.0, "ceiling"), at_most(1.0, "ceiling"))),
    Row("Memory per idle connection", "idle-10000", "footfall-redis", "",
        (at_most(512, 320, "bytes_per_idle_connection"),)),
    Row("Resident memory when idle against Node stage 3", "memory", "footfall-redis", "node3",
        (at_most(1 / 10, 1 / 20, "resident"),)),
    Row("100,000 keys at random against one, memory store", "many-keys", "footfall-memory:100000",
        "", (at_most(2.0, None, "cpu_over_one_key"),)),
    Row("100,000 keys at random against one, LMDB store", "many-keys", "footfall-lmdb:100000",
        "", (at_most(4.0, None, "cpu_over_one_key"),)),
    Row("A single hit over Redis against webdis", "keep-alive-1", "footfall-redis", "webdis",
        (at_most(1.0, 0.8, "p50_us"),)),
)


class Spread:
    """The median of some values, and how far they lie apart."""

    def __init__(self, values):
        self.values = list(values)
        self.median = statistics.median(self.values)
        self.least = min(self.values)
        self.most = max(self.values)

    def as_dict(self):
        return {"median": self.median, "min": self.least, "max": self.most,
                "rounds": len(self.values)}


class Figures:
    """What a run measured, without its invalid cells."""

    def __init__(self, run):
        self.cells = {}
        for cell in run.cells:
            if not cell["problems"]:
                key = (cell["section"], cell["server"])
                self.cells.setdefault(key, {})[cell["round"]] = cell
        self._compare_with_one_key()
        for server, starts in run.memory.items():
            self.cells["memory", server] = {
                number: {"resident": start["resident"]} for number, start in enumerate(starts)
            }

    def _compare_with_one_key(self):
        """Adds to the cells of "name:1000" what a hit costs in those of "name:1"."""
        for (section, server), cells in self.cells.items():
            name, _, keys = server.partition(":")
            ones = self.cells.get((section, f"{name}:1"), {}) if keys else {}
            for number, cell in cells.items():
                one_us = ones.get(number, {}).get("cpu_us")
                if one_us and cell.get("cpu_us"):
                    cell["cpu_over_one_key"] = cell["cpu_us"] / one_us

    def spread(self, section, server, figure):
        """Over the rounds; None where it was not measured."""
        rounds = self.cells.get((section, server), {}).values()
        values = [cell[figure] for cell in rounds if cell.get(figure) is not None]
        return Spread(values) if values else None

    def ratio(self, section, server, against, figure):
        """Over the rounds that have both."""
        ours = self.cells.get((section, server), {})
        theirs = self.cells.get((section, against), {})
        values = [
            ours[number][figure] / theirs[number][figure]
            for number in sorted(ours.keys() & theirs.keys())
            if ours[number].get(figure) is not None and theirs[number].get(figure)
        ]
        return Spread(values) if values else None


def judge_goal(figures, row, goal):
    """One goal as a dict; `met` is None where nothing was measured."""
    if row.against:
        spread = figures.ratio(row.section, row.server, row.against, goal.figure)
    else:
        spread = figures.spread(row.section, row.server, goal.figure)
    stretch = goal.stretch
    if stretch == "ceiling":
        name = "ceiling-close" if row.section == "new-connections" else "ceiling"
        reached = figures.ratio(row.section, name, row.against, goal.figure)
        stretch = reached.median if reached else None
    verdict = {
        "figure": goal.figure, "sign": goal.sign, "target": goal.target, "stretch": stretch,
        "measured": spread.as_dict() if spread else None, "met": None, "stretch_met": None,
    }
    if spread:
        verdict["met"] = reaches(spread.median, goal.sign, goal.target)
        if stretch is not None:
            verdict["stretch_met"] = reaches(spread.median, goal.sign, stretch)
    return verdict


def reaches(value, sign, bound):
    return value >= bound if sign == "≥" else value <= bound


def judge(figures):
    """Every row with its verdict."""
    verdicts = []
    for row in ROWS:
        goals = [judge_goal(figures, row, goal) for goal in row.goals]
        wrk = figures.spread(row.section, row.server, "generator_share")
        at_limit = wrk is not None and wrk.median >= GENERATOR_LIMIT_SHARE
        either = [goal.figure for goal in row.goals] == [RATE, CPU]
        met = [goal["met"] for goal in goals]
        if None in met:
            row_met = None
        elif either:
            row_met = met[0] or (at_limit and met[1])
        else:
            row_met = all(met)
        verdicts.append({
            "title": row.title, "section": row.section, "server": row.server,
            "against": row.against, "goals": goals, "met": row_met,
            "generator_share": wrk.median if wrk else None, "generator_at_limit": at_limit,
        })
    return verdicts
