"""The same at close quarters: every request, every turn of every loop, on few cores.

For some workers on one machine. Processes (a load generator, the workers, Redis) take turns: each
takes all that has come, works on it for so long, and hands on what comes of it. A process that has
something to do waits for a core; without anything to do it sleeps, and waking takes a while. This
is what check.py compares with real processes.
"""

import collections
import dataclasses
import heapq
import random

from model import Latencies

#: Of the loop: events of one turn.
EVENTS_PER_TURN = 256

#: Share of the simulated time that is not measured.
WARM_UP = 0.25


@dataclasses.dataclass(frozen=True)
class Costs:
    """Microseconds of a core: a turn's own, and what each request or command in it adds.
    `wake_us` is nobody's: from a message to the turn of a process that slept."""

    client_turn_us: float = 5.0
    client_request_us: float = 4.0
    worker_turn_us: float = 5.0
    worker_request_us: float = 9.0
    worker_batch_us: float = 9.0
    redis_turn_us: float = 10.0
    redis_command_us: float = 13.0
    wake_us: float = 10.0


@dataclasses.dataclass(frozen=True)
class Scene:
    """`connections` of all generators, with one request outstanding each, or, when hits_per_second
    is given, visitors who come as they like. `cores` None: one for everybody."""

    workers: int = 1
    generators: int = 1
    connections: int = 16
    hits_per_second: float = 0.0
    rtt_ms: float = 0.0
    cores: int | None = 2
    seconds: float = 1.0
    seed: int = 1
    costs: Costs = Costs()


@dataclasses.dataclass
class Counts:
    answers_per_second: float
    commands_per_second: float
    batch_hits: float
    hit_mean_ms: float
    worker_us: float  # of CPU, a hit
    redis_us: float
    in_flight_max: int
    hits_arrived: int
    hits_answered: int
    hits_unfinished: int


class Machine:
    """The clock, what is to happen, and the cores."""

    def __init__(self, cores):
        self.now_us = 0.0
        self.events = []
        self.order = 0
        self.cores_free = cores
        self.runnable = collections.deque()

    def post(self, at_us, call, *arguments):
        self.order += 1
        heapq.heappush(self.events, (at_us, self.order, call, arguments))

    def run(self, end_us):
        while self.events and self.events[0][0] < end_us:
            self.now_us, _, call, arguments = heapq.heappop(self.events)
            call(*arguments)

    def want_core(self, process):
        if self.cores_free is None:
            process.take_turn()
        elif self.cores_free > 0:
            self.cores_free -= 1
            process.take_turn()
        else:
            self.runnable.append(process)

    def give_core(self):
        if self.cores_free is None:
            return
        if self.runnable:
            self.runnable.popleft().take_turn()
        else:
            self.cores_free += 1


class Process:
    """One loop. turn(messages) answers how long it takes, having posted what comes of it."""

    def __init__(self, machine, wake_us):
        self.machine = machine
        self.wake_us = wake_us
        self.inbox = collections.deque()
        self.is_awake = False
        self.busy_us = 0.0

    def receive(self, message):
        self.inbox.append(message)
        if not self.is_awake:
            self.is_awake = True
            self.machine.post(self.machine.now_us + self.wake_us, self.machine.want_core, self)

    def take_turn(self):
        messages = [self.inbox.popleft() for _ in range(min(len(self.inbox), EVENTS_PER_TURN))]
        duration_us = self.turn(messages)
        self.busy_us += duration_us
        self.machine.post(self.machine.now_us + duration_us, self.end_turn)

    def end_turn(self):
        if self.inbox:
            # Behind whoever is waiting for a core: the scheduler is fair.
            self.machine.give_core()
            self.machine.want_core(self)
        else:
            self.is_awake = False
            self.machine.give_core()


class Clients(Process):
    """The load generator: whoever gets an answer asks again."""

    def __init__(self, simulation):
        super().__init__(simulation.machine, simulation.scene.costs.wake_us)
        self.simulation = simulation

    def turn(self, messages):
        costs = self.simulation.scene.costs
        after_us = costs.client_turn_us
        for connection, came_us in messages:
            after_us += costs.client_request_us
            self.simulation.hit_answered(came_us)
            self.simulation.hit_comes(connection, self.machine.now_us + after_us)
        return after_us


class Visitors:
    """An open world: nobody waits for an answer before the next one comes."""

    def __init__(self, simulation):
        self.simulation = simulation

    def receive(self, message):
        self.simulation.hit_answered(message[1])

    def come(self):
        simulation = self.simulation
        scene = simulation.scene
        now_us = simulation.machine.now_us
        simulation.hit_comes(simulation.random.randrange(scene.workers), now_us)
        gap_us = simulation.random.expovariate(scene.hits_per_second / 1e6)
        simulation.machine.post(now_us + gap_us, self.come)


class Worker(Process):
    """As visits/tally.c does it: the hits of a turn and those that came while a batch was in flight
    leave as one batch at the end of the turn, after that turn's answers."""

    def __init__(self, simulation):
        super().__init__(simulation.machine, simulation.scene.costs.wake_us)
        self.simulation = simulation
        self.waiting = []
        self.flying = []

    def turn(self, messages):
        costs = self.simulation.scene.costs
        after_us = costs.worker_turn_us
        answered = []
        for message in messages:
            if message == "numbers":
                after_us += costs.worker_batch_us / 2
                answered, self.flying = self.flying, []
                self.simulation.in_flight -= 1
            else:
                after_us += costs.worker_request_us / 2
                self.waiting.append(message)
        for hit in answered:
            after_us += costs.worker_request_us / 2
            self.machine.post(
                self.machine.now_us + after_us, self.simulation.client_of(hit).receive, hit
            )
        if self.waiting and not self.flying:
            after_us += costs.worker_batch_us / 2
            self.flying, self.waiting = self.waiting, []
            self.simulation.send_batch(self, self.machine.now_us + after_us)
        return after_us


class Redis(Process):
    """Reads and executes all commands of a turn, then writes their answers."""

    def __init__(self, simulation):
        super().__init__(simulation.machine, simulation.scene.costs.wake_us)
        self.simulation = simulation

    def turn(self, workers):
        costs = self.simulation.scene.costs
        after_us = costs.redis_turn_us + len(workers) * costs.redis_command_us / 2
        for worker in workers:
            after_us += costs.redis_command_us / 2
            self.simulation.send_numbers(worker, self.machine.now_us + after_us)
        return after_us


class Simulation:
    def __init__(self, scene):
        self.scene = scene
        self.random = random.Random(scene.seed)
        self.machine = Machine(scene.cores)
        self.end_us = scene.seconds * 1e6
        self.start_us = self.end_us * WARM_UP
        self.latencies = Latencies()
        self.in_flight = self.in_flight_max = 0
        self.measured_hits = self.measured_commands = 0
        self.arrived = self.answered = 0
        self.redis = Redis(self)
        self.workers = [Worker(self) for _ in range(scene.workers)]
        if scene.hits_per_second:
            self.clients = [Visitors(self)]
        else:
            self.clients = [Clients(self) for _ in range(scene.generators)]

    def client_of(self, hit):
        return self.clients[hit[0] % len(self.clients)]

    def hit_comes(self, connection, at_us):
        self.arrived += 1
        worker = self.workers[connection % self.scene.workers]
        self.machine.post(at_us, worker.receive, (connection, at_us))

    def hit_answered(self, came_us):
        self.answered += 1
        if self.machine.now_us >= self.start_us:
            self.measured_hits += 1
            self.latencies.add(self.machine.now_us - came_us)

    def send_batch(self, worker, at_us):
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        self.machine.post(at_us + self.scene.rtt_ms * 500, self.redis.receive, worker)

    def send_numbers(self, worker, at_us):
        if at_us >= self.start_us:
            self.measured_commands += 1
        self.machine.post(at_us + self.scene.rtt_ms * 500, worker.receive, "numbers")

    def run(self):
        if self.scene.hits_per_second:
            self.clients[0].come()
        else:
            for connection in range(self.scene.connections):
                self.hit_comes(connection, connection * self.scene.costs.client_request_us)
        self.machine.run(self.end_us)
        seconds = (self.end_us - self.start_us) / 1e6
        return Counts(
            answers_per_second=self.measured_hits / seconds,
            commands_per_second=self.measured_commands / seconds,
            batch_hits=self.measured_hits / max(self.measured_commands, 1),
            hit_mean_ms=self.latencies.mean_ms(),
            worker_us=sum(worker.busy_us for worker in self.workers) / max(self.answered, 1),
            redis_us=self.redis.busy_us / max(self.answered, 1),
            in_flight_max=self.in_flight_max,
            hits_arrived=self.arrived,
            hits_answered=self.answered,
            hits_unfinished=self.arrived - self.answered,
        )


def simulate_turns(scene):
    """Counts of that scene; the same scene gives the same counts."""
    return Simulation(scene).run()
