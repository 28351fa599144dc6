"""The sweep of docs/scaling.md: which questions it asks, and its table and charts."""

import dataclasses
import json
import pathlib

import log_chart
from batches import simulate
from estimate import estimate
from model import Question

#: (hosts, workers of each)
FLEETS = ((1, 2), (5, 4), (25, 8), (125, 8), (1250, 8))
LOADS = (1e3, 1e4, 1e5, 1e6, 1e7, 1e8)
RTTS_MS = (0.2, 2.0, 20.0, 100.0)
#: One Redis has its limit by then, and a worker is far from its own.
LOAD_OF_RTTS = 1e6
RTT_OF_LOADS_MS = 1.0

#: How finely the formula's lines are drawn: per tenfold load, and as hosts of 4 workers.
STEPS_OF_LINES = 8
LEAST_FLEET_OF_RTTS = (5, 4)
HOSTS_OF_LINES = (5, 8, 12, 18, 26, 36, 50, 80, 120, 180, 250, 400, 600, 1000, 1600, 2500)

#: A worker is asked for no more than this share of a core.
WORKER_BUSY_MAX = 0.9


def is_possible(question):
    return question.hits_per_us * question.request_us <= WORKER_BUSY_MAX


def questions_of_loads():
    for fleet in FLEETS:
        for load in LOADS:
            yield Question(*fleet, RTT_OF_LOADS_MS, load)


def questions_of_rtts():
    for rtt_ms in RTTS_MS:
        for fleet in FLEETS:
            yield Question(*fleet, rtt_ms, LOAD_OF_RTTS, jitter_ms=rtt_ms / 10)


def between_loads(questions):
    """For the lines: the same with steps between."""
    for question in questions:
        for step in range(STEPS_OF_LINES if question.hits_per_second < max(LOADS) else 1):
            load = question.hits_per_second * 10 ** (step / STEPS_OF_LINES)
            yield dataclasses.replace(question, hits_per_second=load)


def between_fleets(questions):
    for question in questions:
        least = (question.hosts, question.workers) == LEAST_FLEET_OF_RTTS
        for hosts in HOSTS_OF_LINES if least else ():
            yield dataclasses.replace(question, hosts=hosts)


def ask(questions, **others):
    """[(question, figures, estimate)] of those that the workers' own CPU allows."""
    answers = []
    for question in questions:
        question = dataclasses.replace(question, **others)
        if is_possible(question):
            answers.append((question, simulate(question), estimate(question)))
    return answers


def series_of(answers, lines, group, x, y):
    """(name, points, line) for each value of group(question), in order."""
    series = {}
    for question, figures, _ in answers:
        points, _ = series.setdefault(group(question), ([], []))
        points.append((x(question), y(figures)))
    for question in filter(is_possible, lines):
        _, line = series[group(question)]
        line.append((x(question), y(estimate(question))))
    return [(name, points, line) for name, (points, line) in series.items()]


def fleet_name(question):
    return f"{question.workers_total:,} workers"


def rtt_name(question):
    return f"{question.rtt_ms:g} ms"


Y_AXES = (
    ("commands", "commands/s at Redis", lambda figures: figures.commands_per_second),
    ("latency", "mean time of a visit, ms", lambda figures: figures.hit_mean_ms),
    ("batch", "visits in a command", lambda figures: figures.batch_hits),
)


def write_charts(folder, of_loads, of_rtts):
    lines_of_loads = list(between_loads(question for question, _, _ in of_loads))
    lines_of_rtts = list(between_fleets(question for question, _, _ in of_rtts))
    for name, title, y in Y_AXES:
        series = series_of(
            of_loads, lines_of_loads, fleet_name, lambda question: question.hits_per_second, y
        )
        head = f"{title}, {RTT_OF_LOADS_MS:g} ms to Redis"
        text = log_chart.chart(head, "visits/s, all together", title, series)
        (folder / f"{name}-over-visits.svg").write_text(text, encoding="utf-8")
        series = series_of(
            of_rtts, lines_of_rtts, rtt_name, lambda question: question.workers_total, y
        )
        head = f"{title}, {LOAD_OF_RTTS / 1e6:g} M visits/s, by round trip"
        text = log_chart.chart(head, "workers", title, series)
        (folder / f"{name}-over-workers.svg").write_text(text, encoding="utf-8")


def write(folder, **others):
    """Writes charts and sweep.json into the folder; returns the answers."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    of_loads = ask(questions_of_loads(), **others)
    of_rtts = ask(questions_of_rtts(), **others)
    write_charts(folder, of_loads, of_rtts)
    entries = [entry_of(*answer) for answer in (*of_loads, *of_rtts)]
    text = "[\n" + ",\n".join(map(json.dumps, entries)) + "\n]\n"
    (folder / "sweep.json").write_text(text, encoding="utf-8")
    return of_loads + of_rtts


def entry_of(question, figures, formula):
    """What tells it from the others, and what came of it."""
    names = ("hosts", "workers", "rtt_ms", "hits_per_second")
    return {
        **{name: getattr(question, name) for name in names},
        "simulation": rounded(figures),
        "formula": rounded(formula),
    }


def rounded(figures):
    """The rates and times; how many hits the run had says nothing."""
    return {
        name: float(f"{value:.4g}")
        for name, value in figures.as_dict().items()
        if not name.startswith("hits_")
    }
