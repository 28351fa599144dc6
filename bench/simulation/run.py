#!/usr/bin/python3
"""run.py: how many commands reach Redis, how long visits wait, how large batches get.

Each of --hosts, --workers, --rtt-ms and --hits-per-second takes several values; every combination
is simulated, and the formula's figure stands beside it. --sweep FOLDER asks the questions of
docs/scaling.md instead and writes their charts there.
"""

import argparse
import itertools
import json

import sweep
import table
from batches import simulate
from estimate import estimate, limits
from model import Question

HEAD = ("hosts", "workers", "rtt ms", "hits/s", "commands/s", "formula", "Redis busy")
HEAD += ("wait ms", "in flight", "hits/command", "visit ms", "formula", "p99 ms", "503/s")


def row_of(question, figures, formula):
    values = (
        question.rtt_ms,
        question.hits_per_second,
        figures.commands_per_second,
        formula.commands_per_second,
        figures.redis_busy,
        figures.redis_wait_ms,
        figures.in_flight,
        figures.batch_hits,
        figures.hit_mean_ms,
        formula.hit_mean_ms,
        figures.hit_p99_ms,
        figures.refusals_per_second,
    )
    return [str(question.hosts), str(question.workers), *map(table.number, values)]


def read_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    several = {"nargs": "+", "metavar": "N"}
    default = Question()
    parser.add_argument("--hosts", type=int, default=[1], **several)
    parser.add_argument("--workers", type=int, default=[2], help="of each host", **several)
    parser.add_argument("--rtt-ms", type=float, default=[default.rtt_ms], **several)
    parser.add_argument(
        "--hits-per-second", type=float, default=[1e4], help="of all hosts together", **several
    )
    for name in ("rtt_spread", "jitter_ms", "service_us", "request_us", "turn_us", "timeout_ms"):
        value = getattr(default, name)
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, type=float, default=value, help=f"default {value:g}")
    parser.add_argument("--seconds", type=float, default=default.seconds, help="to simulate")
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--limits", action="store_true", help="and where the limits are")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument("--sweep", metavar="FOLDER", help="write the charts of docs/scaling.md")
    return parser.parse_args()


def ask(options):
    names = ("rtt_spread", "jitter_ms", "service_us", "request_us", "turn_us", "timeout_ms")
    others = {name: getattr(options, name) for name in (*names, "seconds", "seed")}
    if options.sweep:
        del others["jitter_ms"]  # the sweep has its own
        return sweep.write(options.sweep, **others)
    combinations = itertools.product(
        options.hosts, options.workers, options.rtt_ms, options.hits_per_second
    )
    questions = [Question(*combination, **others) for combination in combinations]
    return [(question, simulate(question), estimate(question)) for question in questions]


def main():
    options = read_options()
    answers = ask(options)
    print(table.text(HEAD, [row_of(*answer) for answer in answers]))
    if options.limits:
        for question, _, _ in answers:
            print(f"\n{question.hosts} hosts, {question.workers} workers, {question.rtt_ms:g} ms:")
            for name, value in limits(question).items():
                print(f"  {name:28} {table.number(value):>12}")
    if options.json:
        entries = [
            {"question": vars(question), "simulation": vars(figures), "formula": vars(formula)}
            for question, figures, formula in answers
        ]
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(entries, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
