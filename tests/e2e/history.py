"""What visitors were told and when, and what must hold for it.

A Record is a history of one counter: every visit with the time it began and the time its answer was
whole. Its checks know nothing of who counted or how, only what a counter may say.
"""

import time
from collections import Counter, deque


class Visit:
    """One request and how it ended.

    connection   its connection's number over all clients; `place` counts requests on it from 0
    started_ns   before it was sent (monotonic)
    ended_ns     when its answer was whole, or it was known to have failed
    status       of the answer; None without one
    number, pid  of a 200; pid 0 where the answer tells none
    target       what was asked for
    retry_after  whether the answer had that field
    failure      None, or why there is no answer: "ended", "reset", "hang", or "behind close" for
                 one sent before an earlier answer said that the connection closes
    """

    __slots__ = (
        "connection", "place", "started_ns", "ended_ns", "status", "number", "pid", "retry_after",
        "failure", "target",
    )

    def __init__(self, connection, place, target="/"):
        self.connection = connection
        self.place = place
        self.target = target
        self.started_ns = time.monotonic_ns()
        self.ended_ns = self.status = self.number = self.pid = self.failure = None
        self.retry_after = False

    @property
    def took_s(self):
        return (self.ended_ns - self.started_ns) / 1e9

    def __repr__(self):
        what = self.failure or f"{self.status} {self.number} of {self.pid}"
        where = f"request {self.place} of connection {self.connection}"
        took = "still under way" if self.ended_ns is None else f"{self.took_s:.3f} s"
        return f"<{what}: {where}, {took}>"


def _what_is_odd(visit):
    """What no visit can be, whatever the counter says; None for what one can."""
    if visit.ended_ns is None:
        return "never ended"
    if visit.ended_ns < visit.started_ns:
        return "ended before it began"
    if (visit.failure is None) != (visit.status is not None):
        return "has an answer and none"
    if (visit.status == 200) != (visit.number is not None):
        return "has a number without a 200, or a 200 without a number"
    if visit.number is not None and visit.number < 1:
        return "has no number from 1 on"
    return None


class Record:
    """What happened: every visit, and the checks."""

    def __init__(self, visits=()):
        self.visits = list(visits)

    def __add__(self, other):
        return Record(self.visits + other.visits)

    @property
    def answered(self):
        """Those with a number."""
        return [visit for visit in self.visits if visit.number is not None]

    @property
    def refused(self):
        """Those answered without one."""
        return [visit for visit in self.visits if visit.failure is None and visit.number is None]

    @property
    def failed(self):
        """Those without an answer."""
        return [visit for visit in self.visits if visit.failure is not None]

    @property
    def numbers(self):
        return [visit.number for visit in self.answered]

    def _on_each_connection(self):
        """The visits of one connection after the other, in the order of their requests."""
        return sorted(self.visits, key=lambda visit: (visit.connection, visit.place))

    # ---- what holds for any history

    def assert_possible(self):
        """It is a history at all: each visit has one end, and none is left out between two others
        of its connection, where answers come in the order of the requests."""
        for visit in self.visits:
            odd = _what_is_odd(visit)
            assert odd is None, f"{visit} {odd}"
        before = None
        for visit in self._on_each_connection():
            if before is not None and before.connection == visit.connection:
                assert visit.place == before.place + 1, f"{before} is not the one before {visit}"
                assert before.started_ns <= visit.started_ns, f"{visit} began before {before}"
                assert before.ended_ns <= visit.ended_ns, f"{visit} ended before {before}"
            before = visit

    def assert_none_hung(self):
        hung = [visit for visit in self.visits if visit.failure == "hang"]
        assert not hung, f"{len(hung)} requests got nothing: {hung[:5]}"

    def assert_unique(self):
        twice = [number for number, times in Counter(self.numbers).items() if times > 1]
        assert not twice, f"answered more than once: {sorted(twice)[:10]}"

    def assert_growing_on_each_connection(self):
        before = None
        for visit in self._on_each_connection():
            if visit.number is None:
                continue
            if before is not None and before.connection == visit.connection:
                assert before.number < visit.number, f"does not grow: {before}, then {visit}"
            before = visit

    def assert_linearizable(self):
        """A visit that began after another was answered has the greater number."""
        by_end = deque(sorted(self.answered, key=lambda v: v.ended_ns))
        greatest = None
        for visit in sorted(self.answered, key=lambda v: v.started_ns):
            while by_end and by_end[0].ended_ns < visit.started_ns:
                ended = by_end.popleft()
                if greatest is None or ended.number > greatest.number:
                    greatest = ended
            assert greatest is None or greatest.number < visit.number, (
                f"answered before the other began: {greatest}, then {visit}"
            )

    def assert_consistent(self):
        """What holds whatever has been killed or cut, as long as all share one store."""
        self.assert_possible()
        self.assert_none_hung()
        self.assert_unique()
        self.assert_growing_on_each_connection()
        self.assert_linearizable()

    def without_idle_ends(self, idle_s):
        """Without those who met the end of a connection on which they had been silent for so long:
        it may be closed then (a client that stood still, on a busy machine)."""
        kept = []
        before = None
        for visit in self._on_each_connection():
            was_idle = (
                before is not None and before.connection == visit.connection
                and visit.started_ns - before.ended_ns > idle_s * 1e9
            )
            if visit.failure not in ("ended", "reset") or not was_idle:
                kept.append(visit)
            before = visit
        return Record(kept)

    # ---- which numbers there are

    def assert_all_answered(self):
        others = self.refused + self.failed
        assert not others, f"{len(others)} of {len(self.visits)} got no number: {others[:5]}"

    def assert_exact(self, first=1, last=None):
        """The numbers are first, first + 1 …, last; none is missing."""
        numbers = sorted(self.numbers)
        last = first + len(numbers) - 1 if last is None else last
        wanted = range(first, last + 1)
        assert numbers == list(wanted), (
            f"of {first} to {last} missing: {sorted(set(wanted) - set(numbers))[:10]}, "
            f"beyond: {sorted(set(numbers) - set(wanted))[:10]}"
        )

    def assert_gaps_explained(self, first, last):
        """What of first to last nobody was answered is at most one number for each request without
        an answer or with a refusal, and one that had begun by then: before anybody was answered a
        greater number. And nobody was answered anything else."""
        numbers = set(self.numbers)
        wanted = set(range(first, last + 1))
        assert numbers <= wanted, f"not of {first} to {last}: {sorted(numbers - wanted)[:10]}"
        missing = sorted(wanted - numbers)
        begun_ns = sorted(visit.started_ns for visit in self.refused + self.failed)
        assert len(missing) <= len(begun_ns), (
            f"{len(missing)} numbers are missing and {len(begun_ns)} requests got none: "
            f"{missing[:10]}"
        )
        # From the greatest number down: `passed` is the first answer beyond the missing number, and
        # the latest requests that had begun by then explain it. One later than that explains none.
        answered = deque(sorted(self.answered, key=lambda v: v.number))
        passed = None
        for number in reversed(missing):
            while answered and answered[-1].number > number:
                visit = answered.pop()
                if passed is None or visit.ended_ns < passed.ended_ns:
                    passed = visit
            while passed is not None and begun_ns and begun_ns[-1] > passed.ended_ns:
                begun_ns.pop()
            assert begun_ns, f"{number} is missing, and no request was lost before {passed}"
            begun_ns.pop()

    def of_each_target(self):
        """{target: Record} of what was asked for. Places of a connection are not one after the
        other in these: assert_possible() is for the whole."""
        targets = {}
        for visit in self.visits:
            targets.setdefault(visit.target, []).append(visit)
        return {target: Record(visits) for target, visits in targets.items()}

    def assert_counted_right(self, first=1):
        """Nothing was in the way: everybody has a number, and none is missing."""
        self.assert_all_answered()
        self.assert_consistent()
        self.assert_exact(first)

    def of_each_process(self):
        """Records of one process each: for memory:, where every worker counts for itself."""
        pids = {visit.pid for visit in self.answered}
        return [Record(v for v in self.visits if v.pid == pid) for pid in sorted(pids)]
