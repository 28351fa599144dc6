"""The checks of a history (history.py) see what is wrong, each for its own reason, and believe what
only looks wrong. A check that cannot fail checks nothing."""

import itertools
import random

import pytest

from history import Record, Visit


def counted(number, began, ended, connection=None, place=0):
    """A visit with that number. Without a `connection` it has one of its own."""
    return made(began, ended, connection, place, status=200, number=number, pid=1)


def refused(began, ended, connection=None, place=0):
    return made(began, ended, connection, place, status=503)


def failed(began, ended, failure="reset", connection=None, place=0):
    return made(began, ended, connection, place, failure=failure)


own_connections = itertools.count(1000)


def made(began, ended, connection, place, **what):
    visit = Visit(next(own_connections) if connection is None else connection, place)
    visit.started_ns, visit.ended_ns = began, ended
    for name, value in what.items():
        setattr(visit, name, value)
    return visit


def one_connection(*visits):
    """The same visits as requests of one connection, in that order."""
    connection = next(own_connections)
    for place, visit in enumerate(visits):
        visit.connection, visit.place = connection, place
    return list(visits)


# ---- wrong histories

INCONSISTENT = {
    "a number twice": (
        [counted(1, 0, 9), counted(1, 0, 9)],
        r"answered more than once: \[1\]",
    ),
    "a number twice, long after": (
        [counted(n, n, n + 0.5) for n in range(1, 50)] + [counted(7, 10, 60)],
        r"answered more than once: \[7\]",
    ),
    "a number went down on a connection": (
        one_connection(counted(5, 0, 1), counted(4, 1, 2)),
        "does not grow: <200 5 of 1: request 0 .*, then <200 4 of 1: request 1",
    ),
    "a number went down in a pipeline, where all requests overlap": (
        one_connection(counted(1, 0, 7), counted(3, 0, 8), counted(2, 0, 9)),
        "does not grow: <200 3 of 1: request 1 .*, then <200 2 of 1: request 2",
    ),
    "a number went down on a connection with a refusal in between": (
        one_connection(counted(2, 0, 7), refused(0, 8), counted(1, 0, 9)),
        "does not grow: <200 2 of 1: request 0 .*, then <200 1 of 1: request 2",
    ),
    "time goes back from one connection to another": (
        [counted(2, 0, 1), counted(1, 2, 3)],
        "answered before the other began: <200 2 .*, then <200 1 ",
    ),
    "time goes back although numbers are unique and grow on each connection": (
        one_connection(counted(1, 0, 1), counted(4, 2, 3))
        + one_connection(counted(2, 0, 1), counted(3, 4, 5)),
        "answered before the other began: <200 4 .*, then <200 3 ",
    ),
    "time goes back behind an answer that ended while many were under way": (
        [counted(n, 0, 100) for n in range(1, 20)] + [counted(40, 5, 6), counted(30, 7, 100)],
        "answered before the other began: <200 40 .*, then <200 30 ",
    ),
    "time goes back by one nanosecond": (
        [counted(2, 0, 10), counted(1, 11, 12)],
        "answered before the other began: <200 2 .*, then <200 1 ",
    ),
    "a hang": (
        [counted(1, 0, 1), failed(2, 9, "hang")],
        "1 requests got nothing: .*<hang: request 0",
    ),
    "a refusal with a number": (
        [made(0, 1, None, 0, status=503, number=1)],
        "has a number without a 200",
    ),
    "a 200 without a number": (
        [made(0, 1, None, 0, status=200)],
        "a 200 without a number",
    ),
    "no answer but a number": (
        [made(0, 1, None, 0, failure="reset", number=1)],
        "has a number without a 200",
    ),
    "an answer and none": (
        [made(0, 1, None, 0, status=503, failure="reset")],
        "has an answer and none",
    ),
    "neither an answer nor none": ([made(0, 1, None, 0)], "has an answer and none"),
    "number 0": ([counted(0, 0, 1)], "has no number from 1 on"),
    "a visit that never ended": ([made(0, None, None, 0)], "still under way> never ended"),
    "a visit that ended before it began": ([counted(1, 5, 4)], "ended before it began"),
    "a visit nobody wrote down": (
        [counted(1, 0, 1, connection=3, place=0), counted(2, 1, 2, connection=3, place=2)],
        "request 0 of connection 3.* is not the one before .*request 2 of connection 3",
    ),
    "a visit written down twice": (
        [failed(0, 1, connection=3), failed(0, 1, connection=3)],
        "is not the one before",
    ),
    "answers on one connection out of order": (
        one_connection(counted(1, 0, 5), counted(2, 0, 4)),
        "request 1 .* ended before .*request 0",
    ),
    "requests on one connection out of order": (
        one_connection(counted(1, 3, 5), counted(2, 2, 6)),
        "request 1 .* began before .*request 0",
    ),
}


@pytest.mark.parametrize("visits, why", INCONSISTENT.values(), ids=INCONSISTENT)
def test_what_no_counter_may_say_is_inconsistent(visits, why):
    for _ in range(3):  # in whatever order it was written down
        with pytest.raises(AssertionError, match=why):
            Record(visits).assert_consistent()
        random.shuffle(visits)


UNEXPLAINED = {
    "a gap where nobody was refused": (
        [counted(1, 0, 1), counted(3, 0, 1)], 1, 3,
        r"1 numbers are missing and 0 requests got none: \[2\]",
    ),
    "a gap at the start": ([counted(2, 0, 1)], 1, 2, r"1 numbers are missing .*: \[1\]"),
    "a gap at the end, which only the store knows of": (
        [counted(n, 0, 1) for n in (1, 2, 3)], 1, 4,
        r"1 numbers are missing .*: \[4\]",
    ),
    "two gaps and one refusal": (
        [counted(2, 0, 1), refused(0, 1), counted(4, 0, 1)], 1, 4,
        r"2 numbers are missing and 1 requests got none: \[1, 3\]",
    ),
    "a number beyond the store's total": (
        [counted(n, 0, 1) for n in (1, 2, 3, 5)] + [refused(0, 1)], 1, 4,
        r"not of 1 to 4: \[5\]",
    ),
    "a number from before the first": ([counted(4, 0, 1)], 5, 5, r"not of 5 to 5: \[4\]"),
    "a gap from before the only refusal": (
        [counted(1, 0, 1), counted(3, 2, 3), refused(4, 5), counted(4, 6, 7)], 1, 4,
        "2 is missing, and no request was lost before <200 3 ",
    ),
    "two gaps told of at 5, and the second failure began at 8": (
        [counted(1, 0, 1), failed(2, 3), counted(4, 4, 5), failed(8, 9)], 1, 4,
        "2 is missing, and no request was lost before <200 4 ",
    ),
    "a late gap and an early one, and only one refusal in time for either": (
        [counted(1, 0, 1), refused(2, 2), counted(3, 2, 3), counted(5, 4, 5), refused(6, 7)], 1, 5,
        "2 is missing, and no request was lost before <200 3 ",
    ),
}


@pytest.mark.parametrize("visits, first, last, why", UNEXPLAINED.values(), ids=UNEXPLAINED)
def test_gaps_that_no_lost_request_explains_are_seen(visits, first, last, why):
    with pytest.raises(AssertionError, match=why):
        Record(visits).assert_gaps_explained(first, last)


def test_a_number_left_out_or_too_great_is_not_exact():
    with pytest.raises(AssertionError, match=r"of 1 to 2 missing: \[2\], beyond: \[3\]"):
        Record([counted(1, 0, 1), counted(3, 0, 1)]).assert_exact()
    with pytest.raises(AssertionError, match=r"of 2 to 3 missing: \[3\], beyond: \[1\]"):
        Record([counted(1, 0, 1), counted(2, 0, 1)]).assert_exact(first=2)
    with pytest.raises(AssertionError, match=r"of 1 to 3 missing: \[3\], beyond: \[\]"):
        Record([counted(1, 0, 1), counted(2, 0, 1)]).assert_exact(last=3)
    with pytest.raises(AssertionError, match=r"of 1 to 2 missing: \[2\], beyond: \[\]"):
        Record([counted(1, 0, 1), counted(1, 0, 1)]).assert_exact()
    with pytest.raises(AssertionError, match=r"of 1 to 1 missing: \[\], beyond: \[2\]"):
        Record([counted(1, 0, 1), counted(2, 0, 1)]).assert_exact(last=1)


@pytest.mark.parametrize("other", [refused(0, 1), failed(0, 1)], ids=["refused", "failed"])
def test_who_got_no_number_was_not_counted_right(other):
    with pytest.raises(AssertionError, match="1 of 2 got no number"):
        Record([counted(1, 0, 1), other]).assert_counted_right()


def test_counted_right_is_consistent_and_exact():
    with pytest.raises(AssertionError, match="more than once"):
        Record([counted(1, 0, 1), counted(1, 0, 1)]).assert_counted_right()
    with pytest.raises(AssertionError, match="missing"):
        Record([counted(1, 0, 1), counted(3, 0, 1)]).assert_counted_right()


# ---- right ones

SUSPICIOUS = {
    "nobody came": [],
    "overlapping visits, the later told the smaller number": [counted(2, 0, 2), counted(1, 1, 3)],
    "the same in the other order": [counted(1, 0, 2), counted(2, 1, 3)],
    "one begins at the instant when the greater was told": [counted(2, 0, 5), counted(1, 5, 6)],
    "all at one instant": [counted(n, 5, 5) for n in (3, 1, 2)],
    "one that lasts over all others and has the first number": [
        *[counted(n, n, n + 1) for n in range(2, 9)],
        counted(1, 0, 100),
    ],
    "one that lasts over all others and has the last number": [
        *[counted(n, n, n + 1) for n in range(1, 9)],
        counted(9, 0, 100),
    ],
    "a pipeline answered at one instant": one_connection(*[counted(n, 0, 9) for n in (1, 2, 5)]),
    "refusals and failures between numbers": one_connection(
        counted(1, 0, 1), refused(1, 2), counted(7, 2, 3), failed(3, 4)
    ),
    "what failed had begun long before": [failed(0, 90), counted(1, 1, 2), counted(3, 3, 4)],
    "two connections that take turns": [
        *one_connection(counted(1, 0, 1), counted(3, 4, 5)),
        *one_connection(counted(2, 2, 3), counted(4, 6, 7)),
    ],
}


@pytest.mark.parametrize("visits", SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_what_only_looks_wrong_is_consistent(visits):
    Record(visits).assert_consistent()


EXPLAINED = {
    "a refusal": [counted(1, 0, 1), refused(2, 3), counted(3, 4, 5)],
    "a failure": [counted(1, 0, 1), failed(2, 3), counted(3, 4, 5)],
    "a refusal that was counted only later": [counted(1, 0, 1), refused(0, 1), counted(3, 99, 100)],
    "a refusal that began when the next number was told": [
        counted(1, 0, 1), counted(3, 2, 3), refused(3, 4),
    ],
    "a failure that began while the next number was under way": [
        counted(1, 0, 1), counted(3, 2, 9), failed(8, 12),
    ],
    "one of many refusals": [counted(1, 0, 1), counted(3, 4, 5)] + [refused(2, 3)] * 5,
    "several in a row": [failed(0, 1), failed(0, 1), counted(3, 2, 3)],
    "behind the last number, at any time": [counted(n, n, n) for n in (1, 2)] + [refused(9, 10)],
    "the early gap by the early failure, the late by the late": [
        failed(0, 1), counted(2, 2, 3), failed(4, 5), counted(4, 6, 7),
    ],
}


@pytest.mark.parametrize("visits", EXPLAINED.values(), ids=EXPLAINED)
def test_gaps_that_a_lost_request_may_have_left_are_explained(visits):
    last = max(3, max(visit.number or 0 for visit in visits))
    Record(visits).assert_gaps_explained(1, last)


def test_a_lost_request_need_not_leave_a_gap():
    Record([counted(1, 0, 1), refused(1, 2), failed(2, 3)]).assert_gaps_explained(1, 1)
    Record([refused(0, 1)]).assert_gaps_explained(1, 0)


def test_processes_that_count_for_themselves_are_told_apart():
    visits = [counted(1, 0, 1), counted(1, 0, 1), counted(2, 2, 3)]
    visits[1].pid = 2
    first, second = Record(visits).of_each_process()
    assert (first.numbers, second.numbers) == ([1, 2], [1])
    first.assert_counted_right()
    second.assert_counted_right()


# ---- histories made by a counter

def history_of_a_counter(draw, visits, lost):
    """One counter and eight clients in one time: each visit is counted at an instant between its
    start and its end. A share of `lost` is counted or not, and is told nothing."""
    moments = []  # (when it is counted, visit)
    for connection in range(8):
        now = 0
        for place in range(visits):
            began = now + draw.randrange(1, 5)
            counts = began + draw.randrange(5)
            now = counts + draw.randrange(5)
            visit = made(began, now, connection, place)
            moments.append((counts, draw.random(), visit))
    number = 0
    for _, _, visit in sorted(moments, key=lambda moment: moment[:2]):
        is_lost = draw.random() < lost
        number += not is_lost or draw.random() < 0.5
        if is_lost:
            visit.status = 503
        else:
            visit.status, visit.number, visit.pid = 200, number, 1
    return Record(visit for _, _, visit in moments), number


@pytest.mark.parametrize("seed", range(20))
def test_what_a_counter_says_passes_and_two_numbers_swapped_in_time_do_not(seed):
    draw = random.Random(seed)
    record, total = history_of_a_counter(draw, visits=40, lost=0.1 if seed % 2 else 0)
    record.assert_consistent()
    record.assert_gaps_explained(1, total)
    if seed % 2 == 0:
        record.assert_counted_right()
    # Two that did not overlap have each other's number: unique and without a gap as before.
    earlier, later = next(
        (one, other)
        for one in draw.sample(record.answered, len(record.answered))
        for other in record.answered
        if one.ended_ns < other.started_ns and one.connection != other.connection
    )
    earlier.number, later.number = later.number, earlier.number
    record.assert_unique()
    with pytest.raises(AssertionError, match="answered before the other began"):
        record.assert_linearizable()
