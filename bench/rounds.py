"""Runs sections: starts their servers, lets them take turns for all rounds, ends them."""

import statistics
import time

import measure
import plan
from catalogue import make
from load import LoadFailed
from server import CannotStart


class Run:
    """`cells` is what was measured, in order; `skipped` says why a server is not there; `servers`
    has the title and settings of each; `memory` its bytes when idle after a first hit."""

    def __init__(self, context, say):
        self.context = context
        self.say = say
        self.cells = []
        self.skipped = {}
        self.servers = {}
        self.memory = {}

    def section(self, section):
        started = time.monotonic()
        self.say(f"{section.title}: {', '.join(section.servers)}")
        groups = self._start(section)
        try:
            if section.kind == plan.CONSTANT_RATE and groups:
                rate = section.workload.rate or self._common_rate([group[0] for group in groups])
            for number in range(section.rounds):
                for group in groups:
                    if section.kind == plan.IDLE:
                        self._restart(group)
                        work = self._idle
                    elif section.kind == plan.CONSTANT_RATE:
                        work = self._paced(rate)
                    elif section.kind == plan.KEYS:
                        work = self._keys_at_random(number)
                    else:
                        work = self._saturated
                    self._cell(section, number, group, work)
        finally:
            for group in groups:
                for server in group:
                    server.stop()
        self.say(f"    took {time.monotonic() - started:.0f} s")

    # ---- servers

    def _start(self, section):
        """A list of lists: for hosts, several servers stand for one."""
        groups = []
        for name in section.servers:
            group = []
            try:
                for _ in range(section.workload.hosts):
                    group.append(self._start_one(name))
                if section.workload.close:
                    measure.warm_up_connecting(group[0], 2 * section.seconds)
            except (CannotStart, LoadFailed) as reason:
                for server in group:
                    server.stop()
                if name not in self.skipped:
                    self.say(f"    skipped: {name}: {reason}")
                self.skipped[name] = str(reason)
                continue
            groups.append(group)
        return groups

    def _start_one(self, name):
        server = make(self.context, name)
        if server.name.startswith("node3"):
            self.context.install_node_modules()
        if server.uses_redis:
            self.context.start_redis()
            if not self.context.redis:
                raise CannotStart(f"no Redis: {self.context.redis_missing}")
        server.start()
        self.servers[name] = {
            "title": server.title, "kind": server.kind, "settings": server.settings,
            "workers": server.workers, "keys": server.keys,
        }
        memory = server.memory()
        self.memory.setdefault(name, []).append({
            "resident": memory.resident, "proportional": memory.proportional,
            "private": memory.private, "processes": len(server.pids()),
        })
        measure.warm_up(self.context, server)
        return server

    def _restart(self, group):
        for server in group:
            server.stop()
            server.start()

    # ---- cells

    def _cell(self, section, number, group, work):
        try:
            figures = work(section, group)
        except (LoadFailed, CannotStart, OSError, ValueError) as reason:
            figures = {"problems": [str(reason) or type(reason).__name__]}
        cell = {"section": section.name, "server": group[0].label, "round": number, **figures}
        self.cells.append(cell)
        rate = figures.get("requests_per_second")
        cpu = figures.get("cpu_us")
        self.say(
            f"    round {number + 1} {cell['server']:28}"
            + (f" {rate:10,.0f}/s {cpu:7.2f} µs" if rate and cpu else "")
            + "".join(f" INVALID: {problem}" for problem in figures["problems"])
        )

    def _saturated(self, section, group):
        return measure.saturation(self.context, group, section.workload, section.seconds)

    def _idle(self, section, group):
        return measure.with_idle_connections(
            self.context, group[0], section.workload, section.seconds
        )

    def _paced(self, rate):
        def work(section, group):
            return measure.constant_rate(
                self.context, group[0], section.workload.connections, rate, section.seconds
            )
        return work

    def _keys_at_random(self, number):
        def work(section, group):
            return measure.keys_at_random(
                self.context, group[0], section.workload, section.seconds, number
            )
        return work

    def _common_rate(self, servers):
        """70 % of the smallest saturation at 64 connections, rounded to three digits."""
        smallest = min(self._saturation_of(server) for server in servers)
        rate = float(f"{smallest * plan.RATE_SHARE:.3g}")
        share = f"{plan.RATE_SHARE:.0%}"
        self.say(f"    at {rate:,.0f} requests/s, {share} of the slowest's saturation")
        return rate

    def _saturation_of(self, server):
        known = [
            cell["requests_per_second"]
            for cell in self.cells
            if (cell["section"], cell["server"]) == ("keep-alive-64", server.label)
            and not cell["problems"]
        ]
        if known:
            return statistics.median(known)
        found = measure.saturation(self.context, [server], plan.Workload(), 1)
        return found["requests_per_second"]
