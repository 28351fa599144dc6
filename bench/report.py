"""What a run found, as Markdown for people and JSON for programs."""

import json
import os
import platform
import subprocess

import targets
from processes import read

COLUMNS = (
    # figure, head, format, with its spread
    ("requests_per_second", "requests/s", "{:,.0f}", True),
    ("cpu_us", "CPU µs", "{:.2f}", True),
    ("cpu_over_one_key", "CPU/1 key", "{:.2f}", True),
    ("redis_cpu_us", "Redis µs", "{:.2f}", False),
    ("commands_per_hit", "commands/hit", "{:.3f}", False),
    ("commands_per_second", "commands/s", "{:,.0f}", False),
    ("p50_us", "p50 µs", "{:,.0f}", False),
    ("p99_us", "p99 µs", "{:,.0f}", True),
    ("p999_us", "p99.9 µs", "{:,.0f}", False),
    ("late_p99_us", "sent late, p99 µs", "{:,.0f}", True),
    ("bytes_per_idle_connection", "bytes/idle connection", "{:,.0f}", True),
    ("memory_mib", "memory MiB", "{:,.0f}", False),
    ("generator_share", "generator", "{:.0%}", False),
)


class Report:
    """`sections` is the plan that was run."""

    def __init__(self, run, sections):
        self.run = run
        self.sections = sections
        self.figures = targets.Figures(run)
        self.verdicts = targets.judge(self.figures)

    # ---- Markdown

    def markdown(self):
        parts = [self.targets_table(), self.read_me()]
        parts += [self.section_table(section) for section in self.sections]
        parts += [self.memory_table(), self.settings_list(), self.skipped_list()]
        parts += [self.problems_list()]
        return "\n\n".join(part for part in parts if part) + "\n"

    def targets_table(self):
        lines = ["## Targets", "", "| | figure | target | measured (min–max) | stretch | |"]
        lines.append("|---|---|---|---|---|---|")
        for verdict in self.verdicts:
            for index, goal in enumerate(verdict["goals"]):
                lines.append(self._target_line(verdict, goal, index == 0))
        return "\n".join(lines)

    def _target_line(self, verdict, goal, first):
        measured = goal["measured"]
        cells = [
            verdict["title"] if first else "",
            targets.NAMES[goal["figure"]],
            f"{goal['sign']} {ratio(goal['target'])}",
            spread_text(measured, ratio) if measured else "not measured",
            ratio(goal["stretch"]) + (" ✓" if goal["stretch_met"] else "")
            if goal["stretch"] is not None else "–",
            self._verdict_text(verdict) if first else "",
        ]
        return "| " + " | ".join(cells) + " |"

    def _verdict_text(self, verdict):
        if verdict["met"] is None:
            return "–"
        text = "met" if verdict["met"] else "**missed**"
        figures = [goal["figure"] for goal in verdict["goals"]]
        if targets.RATE in figures and verdict["generator_share"] is not None:
            text += f" (wrk at {verdict['generator_share']:.0%})"
        return text

    def read_me(self):
        machine = self.machine()
        return (
            f"Measured on {machine['cores']} cores of {machine['processor']}, Linux "
            f"{machine['kernel']}; servers, Redis and the load share them. Figures are medians "
            "over the rounds, in brackets least and most; ratios are taken within a round. CPU is "
            "user and system time of the server's processes for one request, without Redis, whose "
            "own stands beside it. Latencies are those of wrk at saturation, except for constant "
            "rates, where they count from when a request was due. `generator` is the share of one "
            f"core that the load took: from {targets.GENERATOR_LIMIT_SHARE:.0%} on, requests/s "
            "measures wrk."
        )

    def section_table(self, section):
        rows = []
        for server in section.servers:
            spreads = [
                self.figures.spread(section.name, server, column[0]) for column in COLUMNS
            ]
            if any(spreads):
                rows.append((self.run.servers[server]["title"], spreads))
        if not rows:
            return ""
        used = [i for i in range(len(COLUMNS)) if any(row[1][i] for row in rows)]
        lines = [f"## {section.title}", ""]
        lines += [section.note, ""] if section.note else []
        lines.append("| server | " + " | ".join(COLUMNS[i][1] for i in used) + " |")
        lines.append("|---" + "|---:" * len(used) + "|")
        for title, spreads in rows:
            cells = [column_text(COLUMNS[i], spreads[i]) for i in used]
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def memory_table(self):
        lines = ["## Memory when idle, all processes of the server", ""]
        lines.append("| server | processes | resident MiB | proportional MiB |")
        lines.append("|---|---:|---:|---:|")
        for server, starts in self.run.memory.items():
            if "@" not in server and ":" not in server:
                start = starts[0]
                resident, proportional = start["resident"] / 2**20, start["proportional"] / 2**20
                title = self.run.servers[server]["title"]
                lines.append(
                    f"| {title} | {start['processes']} | {resident:.1f} | {proportional:.1f} |"
                )
        return "\n".join(lines) if len(lines) > 4 else ""

    def settings_list(self):
        lines = [
            f"- {server['kind']}{', keys at random' if server['keys'] else ''}: {server['settings']}"
            for name, server in self.run.servers.items()
            if "@" not in name
        ]
        if self.run.context.redis:
            lines.append(f"- Redis: {self.run.context.redis.settings}")
        return "\n".join(["## Settings", "", *dict.fromkeys(lines)])

    def skipped_list(self):
        if not self.run.skipped:
            return ""
        lines = [f"- {name}: {reason}" for name, reason in self.run.skipped.items()]
        return "\n".join(["## Skipped", "", *lines])

    def problems_list(self):
        lines = [
            f"- {cell['section']}, {cell['server']}, round {cell['round'] + 1}: "
            + "; ".join(cell["problems"])
            for cell in self.run.cells
            if cell["problems"]
        ]
        return "\n".join(["## Invalid, left out above", "", *lines]) if lines else ""

    # ---- JSON

    def data(self):
        return {
            "machine": self.machine(),
            "versions": versions(self.run.context),
            "sections": [
                {"name": section.name, "title": section.title, "kind": section.kind,
                 "rounds": section.rounds, "seconds": section.seconds}
                for section in self.sections
            ],
            "servers": self.run.servers,
            "skipped": self.run.skipped,
            "memory": self.run.memory,
            "targets": self.verdicts,
            "cells": [rounded(cell) for cell in self.run.cells],
        }

    def machine(self):
        processor = "an unknown processor"
        for line in read("/proc/cpuinfo").splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
        return {
            "cores": len(os.sched_getaffinity(0)), "processor": processor,
            "kernel": platform.release(),
        }

    def write(self, folder):
        """Both into the folder."""
        with open(os.path.join(folder, "bench.md"), "w", encoding="utf-8") as file:
            file.write(self.markdown())
        with open(os.path.join(folder, "bench.json"), "w", encoding="utf-8") as file:
            json.dump(self.data(), file, indent=1, ensure_ascii=False)
            file.write("\n")


def versions(context):
    """What each program says of itself; those that are not there are left out."""
    commands = {
        "footfall": [context.footfall, "--version"],
        "nginx": ["/usr/sbin/nginx", "-v"],
        "redis": ["redis-server", "--version"],
        "node": ["node", "--version"],
        "wrk": ["wrk", "-v"],
    }
    found = {}
    for name, command in commands.items():
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
        except OSError:
            continue
        lines = (done.stdout + done.stderr).strip().splitlines()
        if lines:
            found[name] = lines[0].strip()
    return found


def ratio(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def spread_text(spread, form):
    if spread["rounds"] == 1:
        return form(spread["median"])
    return f"{form(spread['median'])} ({form(spread['min'])}–{form(spread['max'])})"


def column_text(column, spread):
    if spread is None:
        return ""
    _, _, form, with_spread = column
    if with_spread:
        return spread_text(spread.as_dict(), form.format)
    return form.format(spread.median)


def rounded(cell):
    """Six digits are more than there is to know."""
    return {
        name: float(f"{value:.6g}") if isinstance(value, float) else value
        for name, value in cell.items()
    }
