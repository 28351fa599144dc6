"""The simulation behind docs/scaling.md keeps the rules of what it simulates."""

import dataclasses
import os
import subprocess
import sys

import pytest

SIMULATION = os.path.join(os.path.dirname(__file__), "..", "..", "bench", "simulation")
sys.path.insert(0, os.path.abspath(SIMULATION))

from batches import simulate  # noqa: E402
from estimate import estimate  # noqa: E402
from model import Question  # noqa: E402
from turns import Costs, Scene, simulate_turns  # noqa: E402

QUIET = Question(hosts=4, workers=2, rtt_ms=0.5, hits_per_second=4000)
BUSY = Question(hosts=25, workers=8, rtt_ms=0.5, hits_per_second=1e6, seconds=0.3)
PATIENT_MS = 1e9


def more_hits(question, factor):
    return dataclasses.replace(question, hits_per_second=question.hits_per_second * factor)


def crowd_at_a_slow_redis(timeout_ms):
    """1,000 workers whose commands take 0.3 s to get through."""
    return Question(
        hosts=125,
        workers=8,
        hits_per_second=1e5,
        service_us=300,
        timeout_ms=timeout_ms,
        seconds=3,
    )


@pytest.mark.parametrize("question", [QUIET, BUSY, crowd_at_a_slow_redis(200)])
def test_every_hit_is_answered_or_refused_or_still_on_its_way(question):
    figures = simulate(question)
    told = figures.hits_answered + figures.hits_refused
    assert figures.hits_arrived > 0
    assert figures.hits_arrived == told + figures.hits_unfinished


@pytest.mark.parametrize("question", [QUIET, BUSY, crowd_at_a_slow_redis(PATIENT_MS)])
def test_redis_does_no_more_than_it_can_for_no_more_than_all_workers(question):
    figures = simulate(question)
    measured_s = question.seconds * 0.75
    one_more = 1 / measured_s  # it may be at work when the measuring begins
    assert figures.commands_per_second <= 1e6 / question.service_us + one_more
    # A worker has one batch in flight, so the sum of their flights is bounded by the time.
    assert figures.in_flight <= question.workers_total * 1.02


def test_a_busier_counter_makes_batches_larger_and_commands_no_more():
    batches = [simulate(more_hits(BUSY, factor)) for factor in (0.1, 1, 10)]
    hits = [figures.batch_hits for figures in batches]
    assert hits[0] < hits[1] / 5 < hits[2] / 25
    assert batches[2].commands_per_second <= batches[1].commands_per_second * 1.01


def test_more_workers_than_redis_serves_wait_and_are_not_served_faster():
    few = simulate(BUSY)
    many = simulate(dataclasses.replace(BUSY, hosts=BUSY.hosts * 10, seconds=0.6))
    assert many.commands_per_second == pytest.approx(few.commands_per_second, rel=0.02)
    assert many.redis_wait_ms > few.redis_wait_ms * 5


@pytest.mark.parametrize("question", [QUIET, BUSY, dataclasses.replace(QUIET, hits_per_second=4e5)])
def test_it_agrees_with_the_formula_at_both_ends(question):
    figures, formula = simulate(question), estimate(question)
    assert figures.commands_per_second == pytest.approx(formula.commands_per_second, rel=0.05)
    assert figures.batch_hits == pytest.approx(formula.batch_hits, rel=0.05)
    assert figures.in_flight == pytest.approx(formula.in_flight, rel=0.05)
    assert figures.hit_mean_ms == pytest.approx(formula.hit_mean_ms, rel=0.05)


def test_the_same_seed_gives_the_same_figures_and_another_seed_others():
    assert simulate(QUIET) == simulate(QUIET)
    assert simulate(QUIET) != simulate(dataclasses.replace(QUIET, seed=2))


def test_visits_are_refused_once_a_cycle_outlasts_their_patience():
    assert simulate(crowd_at_a_slow_redis(1000)).refusals_per_second == 0
    # A cycle is 0.3 s; the oldest of a batch waits two, its youngest one.
    impatient = simulate(crowd_at_a_slow_redis(500))
    assert 0 < impatient.refusals_per_second < impatient.answers_per_second


def test_a_worker_holds_no_more_hits_than_its_bound():
    question = Question(
        hosts=1, workers=1, rtt_ms=100, hits_per_second=50000, waiting_hits_max=500, seconds=4
    )
    figures = simulate(question)
    assert figures.refusals_per_second > 0
    assert figures.in_flight <= 1
    assert figures.batch_hits <= 500


@pytest.mark.parametrize(
    ("workers", "hits_per_second", "rtt_ms"), [(2, 20000, 0.5), (8, 100000, 1.0)]
)
def test_turn_by_turn_and_batch_by_batch_make_the_same_commands(workers, hits_per_second, rtt_ms):
    question = Question(
        hosts=1, workers=workers, rtt_ms=rtt_ms, hits_per_second=hits_per_second, jitter_ms=0
    )
    costs = Costs(
        worker_turn_us=question.turn_us,
        worker_request_us=question.request_us,
        worker_batch_us=0,
        redis_turn_us=0,
        redis_command_us=question.service_us,
        wake_us=0,
    )
    scene = Scene(
        workers=workers, hits_per_second=hits_per_second, rtt_ms=rtt_ms, cores=None, costs=costs
    )
    figures, counts = simulate(question), simulate_turns(scene)
    assert counts.commands_per_second == pytest.approx(figures.commands_per_second, rel=0.05)
    assert counts.hit_mean_ms == pytest.approx(figures.hit_mean_ms, rel=0.15)
    assert counts.in_flight_max <= workers


def test_each_connection_has_one_request_outstanding():
    counts = simulate_turns(Scene(workers=2, connections=16, seconds=0.2))
    assert counts.hits_unfinished == 16
    assert counts.hits_arrived == counts.hits_answered + counts.hits_unfinished
    assert counts.in_flight_max <= 2


def test_the_command_line_prints_a_row_for_each_combination(folder):
    command = [sys.executable, os.path.join(SIMULATION, "run.py"), "--hosts", "1", "10"]
    command += ["--rtt-ms", "0.2", "2", "--seconds", "0.1", "--json", os.path.join(folder, "out")]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert len(text.splitlines()) == 1 + 4
    assert os.path.getsize(os.path.join(folder, "out")) > 0
