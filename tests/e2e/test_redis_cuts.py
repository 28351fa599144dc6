"""The link to Redis is cut at every byte of what is said on it, and at random while many visit:
each visit is counted once, and one whose answer was lost is told its number all the same."""

import contextlib
import os
import random
import signal
import threading
import time

import pytest

from cutting_proxy import DIRECTIONS, REPLY, REQUEST, CuttingProxies
from history import Record, Visit
from http_client import Client
from lives import Lives
from load import SCALE, Load, many
from resp_stream import pieces
from waiting import BRIEF, PATIENCE_S, SANITIZED, eventually, scaled

#: Longer than any wait between two attempts to connect, twice: no visit need be refused.
STORE_TIMEOUT_S = 10 if SANITIZED else 5
HANG_S = 3 * STORE_TIMEOUT_S
#: Footfalls that work through the cuts at the same time, since each mostly waits to reconnect.
LANES = 12 if SANITIZED else 32
#: How often each cut is made: once, and in the long form 20 times.
TIMES = max(1, int(SCALE * 2)) if SCALE > 1 else 1
#: Numbers in what is said have more digits at some times than at others.
DIGITS = 12
SECRET = "open-sesame-4711"

BOTH_LOOPS = pytest.mark.parametrize(
    "loop", ["epoll", pytest.param("io_uring", marks=pytest.mark.once)]
)


@pytest.fixture
def proxies():
    with CuttingProxies() as hub:
        yield hub


# ---- one visitor, one footfall, one link


class Lane:
    """A single footfall that counts on a key of its own through a proxy of its own."""

    def __init__(self, index, start_footfall, proxies, redis, parameters=""):
        self.redis = redis
        self.key = f"visits{index:02}"
        self.proxy = proxies.proxy(("127.0.0.1", redis.port))
        self.proxy.records = index == 0
        url = f"redis://default:{SECRET}@127.0.0.1:{self.proxy.port}/1{parameters}"
        options = ("--key", self.key, "--store-timeout", STORE_TIMEOUT_S)
        footfall = start_footfall(*options, store=url, workers=0)
        self.client = Client(footfall.address)
        self.record = Record()
        self.error = None

    def visit(self):
        """One visit, whatever its answer is."""
        made = Visit(0, len(self.record.visits))
        response = self.client.ask()
        made.ended_ns = time.monotonic_ns()
        made.status = response.status
        made.retry_after = "retry-after" in response.headers
        if response.status == 200:
            made.number, made.pid = response.visit
        self.record.visits.append(made)
        return made

    def visit_undisturbed(self):
        self.proxy.disarm()
        made = self.visit()
        assert made.status == 200, f"although the link is whole: {made}"

    def visit_cut(self, direction, after_bytes, in_opening=False, forgotten=False):
        """A visit whose batch is cut there; or, in_opening, whose answer is lost, and the next
        connection is cut there. The server has `forgotten` the script before. Whether it came to
        that cut."""
        self.visit_undisturbed()
        if forgotten:
            self.redis.command("SCRIPT", "FLUSH")
        if in_opening:
            self.proxy.arm(REPLY, 0)
        cut = self.proxy.arm(direction, after_bytes, on_new=in_opening)
        self.visit()
        return cut.is_done

    def total(self):
        return int(self.redis.command("GET", self.key, db=1))

    def assert_counted_once(self):
        self.visit_undisturbed()
        self.record.assert_counted_right()
        self.record.assert_exact(1, self.total())


def start_lanes(count, *more, redis=None, start_redis=None, parameters=""):
    start_footfall, proxies = more
    return [
        Lane(
            index, start_footfall, proxies, redis or start_redis(requirepass=SECRET), parameters
        )
        for index in range(count)
    ]


def share_out(lanes, cases, work):
    """Calls work(lane, case) for every case, each lane in a thread of its own. Returns all results;
    what went wrong in any lane fails the test."""
    left, results, lock = list(reversed(cases)), [], threading.Lock()

    def run(lane):
        try:
            while True:
                with lock:
                    if not left or any(other.error for other in lanes):
                        return
                    case = left.pop()
                results.append((case, work(lane, case)))
        except BaseException as error:  # shown below
            lane.error = error

    threads = [threading.Thread(target=run, args=(lane,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    # Each case waits for at most two visits.
    deadline = time.monotonic() + PATIENCE_S + 2 * HANG_S * (1 + len(cases) / len(lanes))
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
        assert not thread.is_alive(), "a lane hangs"
    for lane in lanes:
        if lane.error is not None:
            raise AssertionError(f"{lane.key}: {lane.error}") from lane.error
    return results


# ---- what is said, learned from a run that nothing disturbs


class Conversation:
    """How many bytes of each direction which part of it takes, by direction.

    opening   what comes before the first batch, on a server that knows the script
    script    (begin, end) of the script's text in an opening, on one that does not
    hit       a batch and its answer
    hit_with_script  the same on a server that does not know the script
    """

    def __init__(self, lane):
        lane.visit()
        unknown = lane.proxy.recorded[-1]
        lane.proxy.cut()
        lane.visit()
        known = lane.proxy.recorded[-1]
        self.opening = self._of_last(known, lane.key, begin=0)[0]
        self.hit = self._length_of(known, lane)
        self.script = self._script_in(unknown)
        lane.redis.command("SCRIPT", "FLUSH")
        self.hit_with_script = self._length_of(known, lane)
        assert known is lane.proxy.recorded[-1], "the link fell in a run that nothing disturbs"

    @staticmethod
    def _length_of(link, lane):
        before = dict(link.passed)
        lane.visit()
        return {direction: link.passed[direction] - before[direction] for direction in DIRECTIONS}

    @staticmethod
    def _of_last(link, key, begin):
        """Where the last batch begins in each direction, and ends."""
        commands, answers = (pieces(link.recorded[direction]) for direction in DIRECTIONS)
        assert len(commands) == len(answers)
        at = max(i for i, command in enumerate(commands) if key.encode() in command.words)
        begins = {REQUEST: commands[at].begin, REPLY: answers[at].begin}
        return begins, {REQUEST: commands[at].end, REPLY: answers[at].end}

    @staticmethod
    def _script_in(link):
        """Where the command with the script's text, and its answer, begin and end; the answer that
        it is not known comes first. None without one."""
        commands, answers = (pieces(link.recorded[direction]) for direction in DIRECTIONS)
        for at, command in enumerate(commands):
            if command.starts_with(b"EVAL") or command.starts_with(b"SCRIPT", b"LOAD"):
                refusal = next(a for a in answers if a.words[0].startswith(b"NOSCRIPT"))
                return {
                    REQUEST: [range(command.begin, command.end + 1)],
                    REPLY: [
                        range(refusal.begin, refusal.end + 1),
                        range(answers[at].begin, answers[at].end + DIGITS),
                    ],
                }
        return None


def some(cases, share=1.0):
    """Which of these cuts are made, in any order: that share of them, fewer on the sanitized build,
    and all of them again and again in the long form."""
    if SCALE <= 1:
        share *= 0.125 if BRIEF else 1.0
        cases = random.sample(cases, max(1, int(scaled(len(cases), 0.04) * share)))
    elif SANITIZED:
        cases = random.sample(cases, scaled(len(cases)))
    return random.sample(cases, len(cases)) * TIMES


#: Of the script's text, of which each byte is like another; in the long form it is cut at every one.
SHARE_OF_SCRIPT = {REQUEST: 0.1, REPLY: 1.0}
SHARE_IN_OPENING = {REQUEST: 0.3, REPLY: 1.0}


def assert_cuts_count_once(lanes, cases, lengths, **how):
    """Makes the cuts. Each visit has counted once, and a cut within what is always said was made, so
    the test has tested something."""
    results = share_out(lanes, cases, lambda lane, case: lane.visit_cut(*case, **how))
    print(f"{len(cases)} cuts")
    for lane in lanes:
        lane.assert_counted_once()
    missed = [
        case for (case, was_cut) in results if not was_cut and case[1] <= lengths[case[0]] - DIGITS
    ]
    assert not missed, f"the link was not cut at {missed[:5]}"


# ---- every byte


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_link_cut_at_any_byte_of_the_opening_counts_once(
    start_footfall, start_redis, proxies, direction
):
    redis = start_redis(requirepass=SECRET)
    lanes = start_lanes(LANES, start_footfall, proxies, redis=redis)
    length = Conversation(lanes[0]).opening
    # What INFO and CONFIG tell is long, and each byte of it is like another.
    answers = [*range(64), *range(64, length[REPLY], 16)]
    cuts = answers if direction == REPLY else range(length[REQUEST] + 1)
    cases = some([(direction, after_bytes) for after_bytes in cuts])
    assert_cuts_count_once(lanes, cases, length, in_opening=True)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_link_cut_at_any_byte_of_a_visit_counts_it_once(
    start_footfall, start_redis, proxies, direction
):
    redis = start_redis(requirepass=SECRET)
    lanes = start_lanes(LANES, start_footfall, proxies, redis=redis)
    length = Conversation(lanes[0]).hit
    cases = some([(direction, after) for after in range(length[direction] + DIGITS)])
    assert_cuts_count_once(lanes, cases, length)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_link_cut_at_any_byte_of_the_script_in_the_opening_counts_once(
    start_footfall, start_redis, proxies, direction
):
    lanes = start_lanes(LANES, start_footfall, proxies, start_redis=start_redis)
    script = Conversation(lanes[0]).script
    assert script, "the script was not sent to a server that does not know it"
    cases = some(
        [(direction, after) for part in script[direction] for after in part],
        SHARE_IN_OPENING[direction],
    )
    lengths = {d: script[d][-1].stop for d in DIRECTIONS}
    assert_cuts_count_once(lanes, cases, lengths, in_opening=True, forgotten=True)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_link_cut_at_any_byte_of_a_visit_with_the_script_counts_it_once(
    start_footfall, start_redis, proxies, direction
):
    lanes = start_lanes(LANES, start_footfall, proxies, start_redis=start_redis)
    said = Conversation(lanes[0])
    length = said.hit_with_script
    assert length[REQUEST] > 2 * said.hit[REQUEST], "the script was not sent"
    cases = some(
        [(direction, after) for after in range(length[direction] + DIGITS)],
        SHARE_OF_SCRIPT[direction],
    )
    assert_cuts_count_once(lanes, cases, length, forgotten=True)


def test_without_the_script_a_visit_whose_answer_is_lost_is_refused_and_may_leave_a_gap(
    start_footfall, start_redis, proxies
):
    redis = start_redis(requirepass=SECRET)
    lanes = start_lanes(8, start_footfall, proxies, redis=redis, parameters="?mode=plain")
    length = Conversation(lanes[0]).hit
    cases = [(d, after) for d in DIRECTIONS for after in range(length[d] + 1)]
    cases = random.sample(cases, len(cases)) * TIMES
    share_out(lanes, cases, lambda lane, case: lane.visit_cut(*case))
    gaps = 0
    for lane in lanes:
        lane.visit_undisturbed()
        lane.record.assert_consistent()
        lane.record.assert_gaps_explained(1, lane.total())
        gaps += lane.total() - len(lane.record.numbers)
    refused = [visit for lane in lanes for visit in lane.record.refused]
    assert refused and all(visit.status == 503 and visit.retry_after for visit in refused)
    assert gaps > 0, "no lost answer was counted: this mode is like the other"


# ---- at random


def arm_at_random(proxy, bytes_max=3000):
    """Mostly within the visits, now and then within the opening of the next connection."""
    if random.random() < 0.3:
        cut = proxy.arm(random.choice(DIRECTIONS), random.randrange(bytes_max), on_new=True)
        proxy.cut()
        return cut
    return proxy.arm(random.choice(DIRECTIONS), random.randrange(bytes_max))


def start_at_proxy(start_footfall, proxies, redis, *options, workers=2):
    proxy = proxies.proxy(("127.0.0.1", redis.port))
    url = f"redis://127.0.0.1:{proxy.port}"
    return proxy, start_footfall(*options, store=url, workers=workers)


def assert_total(record, redis, store_timeout_s):
    """Nothing was counted that nobody asked for; without refusals nothing that nobody was told."""
    time.sleep(2 * store_timeout_s)  # nothing that was given up may be counted later
    total = int(redis.command("GET", "counter"))
    record.assert_consistent()
    record.assert_gaps_explained(1, total)
    if not record.refused and not record.failed:
        record.assert_exact(1, total)


@BOTH_LOOPS
def test_a_link_cut_at_random_under_load_counts_every_visit_once(
    start_footfall, redis, proxies, loop
):
    timeout = ("--store-timeout", STORE_TIMEOUT_S, "--loop", loop)
    proxy, footfall = start_at_proxy(start_footfall, proxies, redis, *timeout)
    cuts = int(scaled(100) * max(1, 2 * SCALE if SCALE > 1 else SCALE))
    with Load(footfall.address, 8, hang_s=HANG_S) as load:
        load.wait_answered(50)
        for _ in range(cuts):
            arm_at_random(proxy).wait()
        load.wait_answered(50)
        record = load.stop()
    assert not record.failed, record.failed[:5]
    assert_total(record, redis, STORE_TIMEOUT_S)


@BOTH_LOOPS
def test_a_link_that_stays_away_refuses_visits_and_counts_none_twice(
    start_footfall, redis, proxies, loop
):
    timeout_s = 0.5
    timeout = ("--store-timeout", timeout_s, "--loop", loop)
    proxy, footfall = start_at_proxy(start_footfall, proxies, redis, *timeout)
    with Load(footfall.address, 8) as load:
        for turn in range(many(16)):
            load.wait_answered(20)
            arm_at_random(proxy).wait()
            if turn % 3 == 2:
                proxy.is_away = True
                proxy.cut()
                load.wait_refused(8)
                proxy.is_away = False
        load.wait_answered(20)
        record = load.stop()
    assert not record.failed, record.failed[:5]
    assert record.refused
    assert all(refused.status == 503 and refused.retry_after for refused in record.refused)
    assert_total(record, redis, timeout_s)


class Trouble:
    """Cuts a link at random until the end of the block."""

    def __init__(self, proxy):
        self._proxy = proxy
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join(PATIENCE_S)
        self._proxy.disarm()

    def _run(self):
        while not self._is_over.is_set():
            cut = arm_at_random(self._proxy)
            with contextlib.suppress(AssertionError):  # nobody may be there to be cut
                cut.wait(1.0)
            self._proxy.disarm()
            self._is_over.wait(random.uniform(0, 0.1))


def test_workers_killed_while_the_link_is_cut_count_no_visit_twice(
    start_footfall, redis, proxies
):
    proxy, footfall = start_at_proxy(start_footfall, proxies, redis, workers=4)
    lives = Lives(footfall)
    with Load(footfall.address, 8, each_connection=5, hang_s=HANG_S) as load, Trouble(proxy):
        for _ in range(many(8)):
            load.wait_answered(10)
            os.kill(lives.next_victim(), signal.SIGKILL)
        load.wait_answered(20)
        record = load.stop()
    record.assert_consistent()
    record.assert_gaps_explained(1, int(redis.command("GET", "counter")))


def test_masters_killed_while_the_link_is_cut_count_no_visit_twice(
    start_footfall, redis, proxies
):
    proxy, footfall = start_at_proxy(start_footfall, proxies, redis)
    generations = [footfall]
    same_port = ("--listen", f"127.0.0.1:{footfall.port}")
    with Load(footfall.address, 8, hang_s=HANG_S) as load, Trouble(proxy):
        for _ in range(many(4)):
            load.wait_answered(20)
            os.kill(generations[-1].pid, signal.SIGKILL)
            store = f"redis://127.0.0.1:{proxy.port}"
            generations.append(start_footfall(*same_port, store=store, workers=2))
        load.wait_answered(20)
        record = load.stop()
    record.assert_consistent()
    record.assert_gaps_explained(1, int(redis.command("GET", "counter")))
    for old in generations[:-1]:
        eventually(lambda old=old: not old.family(), "the old workers have left")
