"""The same by formula: what one sheet of paper says about one hot key.

A worker's cycle is one batch: out, wait at Redis, be served, back, and when nobody has come
meanwhile, wait for the next visitor. Workers are the customers of one server, and there are never
more of them than W:

    commands/s = W / (rtt + worker's turn + wait + service + idle)    at most 1 / service

The wait is the one where arrivals and the queue they make agree.
"""

import math

from model import Figures

#: More than any wait: hours.
WAIT_MAX_US = 1e10


def flight_for_wait(question, wait_us):
    """From a batch's leaving to its answer."""
    return (question.rtt_ms + 2 * question.jitter_ms) * 1000 + wait_us + question.service_us


def cycle_for_wait(question, wait_us):
    """(the part of a cycle in which hits gather, the whole with its idle time), in us."""
    # Answering a batch takes time in which the next gathers: a geometric sum.
    load = min(question.hits_per_us * question.request_us / 2, 0.999)
    busy_us = (flight_for_wait(question, wait_us) + question.turn_us) / (1 - load)
    come = question.hits_per_us * busy_us
    return busy_us, busy_us + nobody_comes(come) / question.hits_per_us


def nobody_comes(mean):
    """Poisson's chance of none."""
    return math.exp(-mean) if mean < 700 else 0.0


def queue_wait(question, busy):
    """Mean wait of an M/D/1 queue at that utilisation, among W customers."""
    if busy >= 1:
        return WAIT_MAX_US
    others = (question.workers_total - 1) / question.workers_total
    wait_us = others * busy * question.service_us / (2 * (1 - busy))
    return min(wait_us, (question.workers_total - 1) * question.service_us)


def solve_wait(question):
    """A longer wait means fewer commands, a shorter queue: the two curves cross once."""
    low_us, high_us = 0.0, question.workers_total * question.service_us
    for _ in range(100):
        wait_us = (low_us + high_us) / 2
        _, cycle_us = cycle_for_wait(question, wait_us)
        busy = question.workers_total / cycle_us * question.service_us
        if queue_wait(question, busy) > wait_us:
            low_us = wait_us
        else:
            high_us = wait_us
    return (low_us + high_us) / 2


def estimate(question):
    """Figures without time-outs or refusals: where they begin is for limits()."""
    wait_us = solve_wait(question)
    flight_us = flight_for_wait(question, wait_us)
    busy_us, cycle_us = cycle_for_wait(question, wait_us)
    commands_per_us = min(question.workers_total / cycle_us, 1 / question.service_us)
    batch_hits = question.hits_per_us * question.workers_total / commands_per_us
    come = question.hits_per_us * busy_us
    gathered = come / (come + nobody_comes(come))
    waits_to_leave_us = gathered * busy_us + (1 - gathered) * 2 * question.turn_us
    own_us = question.turn_us + question.request_us / 2
    answers_us = batch_hits * question.request_us / 2
    return Figures(
        commands_per_second=commands_per_us * 1e6,
        answers_per_second=question.hits_per_second,
        refusals_per_second=0.0,
        batch_hits=batch_hits,
        redis_busy=commands_per_us * question.service_us,
        redis_wait_ms=wait_us / 1000,
        in_flight=commands_per_us * flight_us,
        hit_mean_ms=(flight_us + own_us + (waits_to_leave_us + answers_us) / 2) / 1000,
        hit_p99_ms=(flight_us + own_us + 0.99 * (waits_to_leave_us + answers_us)) / 1000,
    )


def limits(question):
    """Where each limit begins, for these costs."""
    service_s = question.service_us / 1e6
    cycle_s = question.rtt_ms / 1000 + question.workers_total * service_s
    return {
        "commands_per_second_max": 1 / service_s,
        # More in flight than this, and they queue at Redis.
        "workers_that_fill_redis": (question.rtt_ms / 1000 + service_s) / service_s,
        # A hit may wait almost a cycle for its batch to leave, and one more for the answer.
        "workers_at_timeout": max(0.0, question.timeout_ms / 2000 - question.rtt_ms / 1000)
        / service_s,
        # One cycle's hits in flight and the next's waiting.
        "hits_per_worker_at_bound": question.waiting_hits_max / (2 * cycle_s),
        "hits_per_worker_of_its_cpu": 1e6 / question.request_us,
    }
