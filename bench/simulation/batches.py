"""The simulation: one event a command, so that 10,000 workers take seconds.

A worker has at most one batch in flight. Hits that come meanwhile are not events: when the batch
is answered, their number is drawn (Poisson) for the time it took, and they leave with the next.
Redis serves what arrives in order of arrival, one command after another.
"""

import heapq
import random

from model import Figures, Latencies, poisson

#: Share of the simulated time that is not measured.
WARM_UP = 0.25

#: Connecting again after a command was given up: TCP, greeting, and the batch itself.
RECONNECT_ROUND_TRIPS = 2


class Worker:
    """The batch in flight: `hits` that came between opened_us and closed_us, when it left. The
    first of a batch that nobody waited for came exactly at opened_us."""

    __slots__ = ("place", "half_rtt_us", "opened_us", "closed_us", "hits", "was_idle")

    def __init__(self, place, half_rtt_us):
        self.place = place
        self.half_rtt_us = half_rtt_us
        self.opened_us = self.closed_us = 0.0
        self.hits = 0
        self.was_idle = False


class Simulation:
    def __init__(self, question):
        self.question = question
        self.random = random.Random(question.seed)
        self.queue = []
        self.end_us = question.seconds * 1e6
        self.start_us = self.end_us * WARM_UP
        self.latencies = Latencies()
        self.free_us = 0.0
        self.arrived = self.answered = self.refused = 0
        self.measured_commands = self.measured_hits = self.measured_refused = 0
        self.wait_us = self.flight_us = 0.0
        self.workers = []
        for host in range(question.hosts):
            factor = 1 + question.rtt_spread * ((2 * host + 1) / question.hosts - 1)
            for _ in range(question.workers):
                self.workers.append(Worker(len(self.workers), question.rtt_ms * 500 * factor))

    # ---- a worker

    def late_us(self):
        mean_us = self.question.jitter_ms * 1000
        return self.random.expovariate(1 / mean_us) if mean_us > 0 else 0.0

    def send(self, worker, hits, opened_us, closed_us, was_idle):
        worker.hits = hits
        worker.opened_us, worker.closed_us, worker.was_idle = opened_us, closed_us, was_idle
        at_redis_us = closed_us + worker.half_rtt_us + self.late_us()
        heapq.heappush(self.queue, (at_redis_us, worker.place, worker))

    def wait_for_visitor(self, worker, now_us):
        """Nobody waits: the next hit to come leaves at the end of its turn."""
        come_us = now_us + self.random.expovariate(self.question.hits_per_us)
        closed_us = come_us + self.question.turn_us
        more = poisson(self.random, self.question.hits_per_us * self.question.turn_us)
        self.arrived += 1 + more
        self.send(worker, 1 + more, come_us, closed_us, True)

    def accept(self, span_us, places, now_us):
        """Hits that come in that time and find one of the places; the others get 503."""
        come = poisson(self.random, self.question.hits_per_us * max(span_us, 0.0))
        taken = min(come, max(places, 0))
        self.arrived += come
        self.refuse(come - taken, now_us)
        return taken

    def refuse(self, hits, now_us):
        self.refused += hits
        if self.start_us <= now_us < self.end_us:
            self.measured_refused += hits

    def next_batch(self, worker, answered_us, hits_answered):
        """Sends what has gathered since the last batch left, once the worker's turn is over."""
        question = self.question
        gathered = self.accept(
            answered_us - worker.closed_us, question.waiting_hits_max - worker.hits, answered_us
        )
        work_us = question.turn_us + (hits_answered + gathered) * question.request_us / 2
        turn_end_us = max(
            answered_us + question.turn_us + hits_answered * question.request_us / 2,
            worker.closed_us + question.turn_us + work_us,
        )
        gathered += self.accept(
            turn_end_us - answered_us, question.waiting_hits_max - gathered, answered_us
        )
        opened_us = worker.closed_us
        worker.hits = 0
        gathered -= self.drop_expired(gathered, opened_us, turn_end_us)
        if gathered == 0:
            self.wait_for_visitor(worker, turn_end_us)
        else:
            self.send(worker, gathered, opened_us, turn_end_us, False)

    def drop_expired(self, hits, opened_us, closed_us):
        """Hits that ran out of patience before their batch could leave."""
        expired = share_older(opened_us, closed_us, closed_us - self.question.timeout_ms * 1000)
        dropped = round(hits * expired)
        self.refuse(dropped, closed_us)
        return dropped

    # ---- Redis

    def serve(self, arrives_us, worker):
        """One command: it waits its turn, is executed, and its answer goes back."""
        done_us = max(arrives_us, self.free_us) + self.question.service_us
        self.free_us = done_us
        timeout_us = self.question.timeout_ms * 1000
        answered_us = done_us + worker.half_rtt_us + self.late_us()
        if self.start_us <= done_us < self.end_us:
            self.measured_commands += 1
            self.wait_us += done_us - self.question.service_us - arrives_us
            self.flight_us += min(answered_us - worker.closed_us, timeout_us)
        if answered_us - worker.closed_us > timeout_us:
            self.give_up(worker, arrives_us, worker.closed_us + timeout_us)
        else:
            self.answer(worker, answered_us, answered_us - timeout_us)

    def answer(self, worker, answered_us, oldest_us):
        hits = worker.hits
        late = round(hits * share_older(worker.opened_us, worker.closed_us, oldest_us))
        self.refuse(late, answered_us)
        self.answered += hits - late
        if self.start_us <= answered_us < self.end_us:
            self.measured_hits += hits - late
            if hits > late:
                self.measure_latency(worker, answered_us, oldest_us, hits - late)
        self.next_batch(worker, answered_us, hits)

    def measure_latency(self, worker, answered_us, oldest_us, hits):
        """One hit drawn from the batch stands for all; its answer leaves when its turn comes."""
        place = self.random.random()
        came_us = worker.opened_us + (worker.closed_us - worker.opened_us) * place
        if worker.was_idle and place * worker.hits < 1:
            came_us = worker.opened_us
        answers_us = self.question.turn_us + (place * hits + 1) * self.question.request_us / 2
        self.latencies.add(answered_us + answers_us - max(came_us, oldest_us), hits)

    def give_up(self, worker, now_us, given_up_us):
        """The link falls and is made anew: the batch is counted, and its visitors get 503."""
        given_up_us = max(now_us, given_up_us)
        self.refuse(worker.hits, given_up_us)
        up_us = given_up_us + RECONNECT_ROUND_TRIPS * 2 * worker.half_rtt_us
        self.next_batch(worker, up_us, worker.hits)

    # ---- the run

    def run(self):
        for worker in self.workers:
            self.wait_for_visitor(worker, 0.0)
        while self.queue and self.queue[0][0] < self.end_us:
            arrives_us, _, worker = heapq.heappop(self.queue)
            self.serve(arrives_us, worker)
        return self.figures()

    def figures(self):
        seconds = (self.end_us - self.start_us) / 1e6
        commands = max(self.measured_commands, 1)
        return Figures(
            commands_per_second=self.measured_commands / seconds,
            answers_per_second=self.measured_hits / seconds,
            refusals_per_second=self.measured_refused / seconds,
            batch_hits=self.measured_hits / commands,
            redis_busy=self.measured_commands * self.question.service_us / seconds / 1e6,
            redis_wait_ms=self.wait_us / commands / 1000,
            in_flight=self.flight_us / seconds / 1e6,
            hit_mean_ms=self.latencies.mean_ms(),
            hit_p99_ms=self.latencies.quantile_ms(0.99),
            hits_arrived=self.arrived,
            hits_answered=self.answered,
            hits_refused=self.refused,
            hits_unfinished=sum(worker.hits for worker in self.workers),
        )


def share_older(opened_us, closed_us, limit_us):
    """Which share of hits that came evenly between the two came before the limit."""
    if limit_us <= opened_us:
        return 0.0
    return 1.0 if limit_us >= closed_us else (limit_us - opened_us) / (closed_us - opened_us)


def simulate(question):
    """Figures of that question; the same question gives the same figures."""
    return Simulation(question).run()
