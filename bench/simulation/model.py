"""What a simulation is asked and what it tells: one hot key, many workers, one Redis.

Times carry their unit in their names; rates are per second.
"""

import dataclasses
import math

#: Of src/process/worker.c: hits of a worker that nobody was told of; one more gets 503.
WAITING_HITS_MAX = 65536

#: The default of --store-timeout.
STORE_TIMEOUT_MS = 2000


@dataclasses.dataclass(frozen=True)
class Question:
    """`hosts` times `workers` processes count `hits_per_second`, all together, on one key.

    rtt_ms       from a host to Redis and back, without Redis' own work; the same for all hosts but
                 for rtt_spread: 0.2 spreads them evenly between 0.8 and 1.2 times that
    jitter_ms    mean of what a message may be late, exponential, each way
    service_us   what one command costs Redis when it comes alone on its connection
    request_us   what one request costs a worker; half when it comes, half when it is answered
    turn_us      what a turn of the worker's loop costs beside the requests
    """

    hosts: int = 1
    workers: int = 2
    rtt_ms: float = 0.2
    hits_per_second: float = 10000.0
    rtt_spread: float = 0.2
    jitter_ms: float = 0.02
    service_us: float = 14.0
    request_us: float = 12.0
    turn_us: float = 10.0
    waiting_hits_max: int = WAITING_HITS_MAX
    timeout_ms: float = STORE_TIMEOUT_MS
    seconds: float = 2.0
    seed: int = 1

    @property
    def workers_total(self):
        return self.hosts * self.workers

    @property
    def hits_per_us(self):
        """Of one worker."""
        return self.hits_per_second / self.workers_total / 1e6


@dataclasses.dataclass
class Figures:
    """What came of it, after the warm-up. The last four are of the whole run, so that they add up:
    arrived = answered + refused (503) + unfinished when the time was over."""

    commands_per_second: float
    answers_per_second: float
    refusals_per_second: float
    batch_hits: float
    redis_busy: float
    redis_wait_ms: float
    in_flight: float
    hit_mean_ms: float
    hit_p99_ms: float
    hits_arrived: int = 0
    hits_answered: int = 0
    hits_refused: int = 0
    hits_unfinished: int = 0

    def as_dict(self):
        return dataclasses.asdict(self)


class Latencies:
    """Waiting times in bins, each a twentieth wider than the one before."""

    STEP = math.log(1.05)

    def __init__(self):
        self.bins = {}
        self.count = 0
        self.total_us = 0.0

    def add(self, latency_us, count=1):
        place = int(math.log(max(latency_us, 1.0)) / self.STEP)
        self.bins[place] = self.bins.get(place, 0) + count
        self.count += count
        self.total_us += latency_us * count

    def mean_ms(self):
        return self.total_us / self.count / 1000 if self.count else 0.0

    def quantile_ms(self, share):
        seen = 0
        for place in sorted(self.bins):
            seen += self.bins[place]
            if seen >= share * self.count:
                return math.exp((place + 0.5) * self.STEP) / 1000
        return 0.0


def poisson(random, mean):
    """A draw of that distribution; rounded from the normal one where that is as good."""
    if mean > 50:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    limit = math.exp(-mean)
    count = 0
    product = random.random()
    while product > limit:
        count += 1
        product *= random.random()
    return count
