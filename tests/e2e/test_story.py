"""The story of footfall, as its README tells it: three stages and the embedded default.

Each visitor is a curl of its own, and what it prints is compared byte for byte.
"""

import subprocess

import pytest

from waiting import PATIENCE_S


def curl(address):
    """What curl prints for one visit."""
    host, port = address
    done = subprocess.run(
        ["curl", "--silent", "--show-error", f"{host}:{port}"],
        capture_output=True, timeout=PATIENCE_S, check=True,
    )
    return done.stdout.decode()


def three_visits(footfall):
    """What three visitors after each other get; and the workers A and B by their first answer."""
    answers = [curl(footfall.address) for _ in range(3)]
    workers = footfall.workers()
    assert len(workers) == 2
    a = next(pid for pid in workers if answers[0].endswith(f'"pid":{pid}}}'))
    b = next(pid for pid in workers if pid != a)
    return answers, a, b


def visit_line(number, pid):
    return f'{{"counter":{number},"pid":{pid}}}'


def test_stage_1_one_process_counts_1_2_3(start_footfall):
    footfall = start_footfall("--workers", "0", "--store", "memory:")
    answers = [curl(footfall.address) for _ in range(3)]
    assert answers == [visit_line(number, footfall.pid) for number in (1, 2, 3)]


def test_stage_2_two_workers_count_each_for_itself(start_footfall):
    footfall = start_footfall("--workers", "2", "--store", "memory:")
    answers, a, b = three_visits(footfall)
    assert answers == [visit_line(1, a), visit_line(1, b), visit_line(2, a)]


def test_stage_3_two_workers_count_together_in_redis(start_footfall, redis):
    footfall = start_footfall("--workers", "2", "--store", f"redis://127.0.0.1:{redis.port}")
    answers, a, b = three_visits(footfall)
    assert answers == [visit_line(1, a), visit_line(2, b), visit_line(3, a)]
    redis_cli = subprocess.run(
        ["redis-cli", "-p", str(redis.port), "GET", "counter"],
        capture_output=True, timeout=PATIENCE_S, check=True,
    )
    assert redis_cli.stdout == b"3\n"


def test_the_default_counts_together_in_a_folder(start_footfall, folder):
    footfall = start_footfall("--workers", "2")
    answers, a, b = three_visits(footfall)
    assert answers == [visit_line(1, a), visit_line(2, b), visit_line(3, a)]
    assert "store=lmdb:./footfall-data" in footfall.log_text()


@pytest.mark.parametrize("ending", ["stop", "kill -9 of everything"])
def test_the_default_goes_on_after(ending, start_footfall):
    for expected in ([1, 2, 3], [4, 5, 6], [7, 8, 9]):
        footfall = start_footfall("--workers", "2")
        answers, a, b = three_visits(footfall)
        assert answers == [visit_line(n, p) for n, p in zip(expected, (a, b, a))]
        if ending == "stop":
            assert footfall.stop() == 0
        else:
            footfall.kill()


def test_with_redis_it_goes_on_after_a_stop_and_a_start(start_footfall, redis):
    for expected in ([1, 2, 3], [4, 5, 6]):
        footfall = start_footfall(store=redis, workers=2)
        answers, a, b = three_visits(footfall)
        assert answers == [visit_line(n, p) for n, p in zip(expected, (a, b, a))]
        assert footfall.stop() == 0
    assert redis.command("GET", "counter") == "6"


def test_a_second_footfall_on_another_port_goes_on_from_there(start_footfall, redis):
    first = start_footfall(store=redis, workers=2)
    three_visits(first)
    second = start_footfall(store=redis, workers=2)
    answers, a, b = three_visits(second)
    assert answers == [visit_line(4, a), visit_line(5, b), visit_line(6, a)]
    assert curl(first.address).startswith('{"counter":7,')
    assert curl(second.address).startswith('{"counter":8,')


def test_an_incr_by_somebody_else_is_one_more_visitor(start_footfall, redis):
    footfall = start_footfall(store=redis, workers=2)
    assert curl(footfall.address).startswith('{"counter":1,')
    assert redis.command("INCR", "counter") == 2
    assert curl(footfall.address).startswith('{"counter":3,')
    assert redis.command("GET", "counter") == "3"


def test_a_missing_key_counts_as_0(start_footfall, redis):
    footfall = start_footfall(store=redis, workers=2)
    assert curl(footfall.address).startswith('{"counter":1,')
    assert curl(footfall.address).startswith('{"counter":2,')
    redis.command("DEL", "counter")
    assert curl(footfall.address).startswith('{"counter":1,')


@pytest.mark.parametrize("value", [None, "41"])
def test_starting_adding_and_stopping_never_sets_the_key(value, start_footfall, redis):
    if value is not None:
        redis.command("SET", "counter", value)
    footfalls = [start_footfall(store=redis, workers=2) for _ in range(2)]
    for footfall in footfalls:
        # Both workers have a link to Redis, so whatever a start may do is done.
        footfall.wait_for_log("redis_link_up", count=2)
        assert redis.command("GET", "counter") == value
    for footfall in footfalls:
        assert footfall.stop() == 0
        assert redis.command("GET", "counter") == value
    footfall = start_footfall(store=redis, workers=2)
    footfall.kill()
    assert redis.command("GET", "counter") == value
    assert redis.counters() == ([] if value is None else ["counter"])
