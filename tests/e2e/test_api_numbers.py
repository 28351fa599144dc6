"""The numbers of many counters at once: each has its own, unique, without a hole that nobody
explains, whoever dies; and what changes a counter has one place in the order of its hits."""

import os
import random
import signal
import threading
import time
from collections import Counter

import pytest

from api_client import Api
from conftest import API_FORMS, make_store
from cutting_proxy import DIRECTIONS, CuttingProxies
from lives import Lives
from load import Load, many
from ring import wait_for_workers

SHARED = [form for form in API_FORMS if form[0] != "memory"]
TOKEN = "the-servers-own-token"
STEP = 1_000_000  # more than are counted between two changes


def name_of(form):
    return f"{form[0]}-{form[1]}"


@pytest.fixture
def start(request, start_footfall, folder):
    def start(form):
        path = os.path.join(folder, "token")
        with open(path, "w", encoding="ascii") as file:
            file.write(TOKEN + "\n")
        os.chmod(path, 0o600)
        name, workers = form
        footfall = start_footfall(
            "--admin-token-file", path, store=make_store(name, folder, request), workers=workers
        )
        return footfall, Api(footfall.address, name)

    return start


def assert_each_counter_is_right(record, api, may_have_gaps):
    record.assert_possible()
    record.assert_none_hung()
    for target, own in record.of_each_target().items():
        last = api.value(target.removeprefix("/hit/"))
        own.assert_unique()
        own.assert_growing_on_each_connection()
        own.assert_linearizable()
        if may_have_gaps:
            own.assert_gaps_explained(1, last or 0)
        else:
            own.assert_all_answered()
            own.assert_exact(1, last)


@pytest.mark.parametrize("form", API_FORMS, ids=name_of)
def test_200_counters_of_16_clients_count_each_for_itself(start, form):
    footfall, api = start(form)
    targets = [f"/hit/space{i % 7}/key{i}" for i in range(200)]
    with Load(footfall.address, 16, many(150), pipelined=8, targets=targets) as load:
        load.finish()
    assert_each_counter_is_right(load.record, api, may_have_gaps=False)


@pytest.mark.parametrize("form", [form for form in SHARED if form[1] > 0], ids=name_of)
def test_and_so_they_do_while_workers_are_killed(start, form):
    footfall, api = start(form)
    lives = Lives(footfall)
    targets = [f"/hit/space{i % 7}/key{i}" for i in range(200)]
    with Load(footfall.address, 16, each_connection=20, pipelined=4, targets=targets) as load:
        load.wait_answered(200)
        for _ in range(many(6)):
            os.kill(lives.next_victim(), signal.SIGKILL)
            time.sleep(random.uniform(0, 0.05))
            load.wait_answered(100)
        record = load.stop()
    wait_for_workers(footfall, form[1])
    assert record.failed, "nobody was cut"
    assert_each_counter_is_right(record, api, may_have_gaps=True)


def cut_somewhere(proxy):
    """Any byte of what a moment has under way."""
    cut = proxy.arm(random.choice(DIRECTIONS), random.randrange(3000))
    cut.wait()


def test_and_so_they_do_while_the_link_to_redis_is_cut(start_footfall, redis):
    targets = [f"/hit/space{i % 7}/key{i}" for i in range(200)]
    with CuttingProxies() as proxies:
        proxy = proxies.proxy(("127.0.0.1", redis.port))
        footfall = start_footfall(store=f"redis://127.0.0.1:{proxy.port}", workers=2)
        api = Api(footfall.address, "redis")
        with Load(footfall.address, 16, pipelined=4, targets=targets) as load:
            load.wait_answered(200)
            for _ in range(many(20)):
                cut_somewhere(proxy)
                load.wait_answered(100)
            record = load.stop()
        assert_each_counter_is_right(record, api, may_have_gaps=False)
        assert footfall.stop() == 0


def test_changes_whose_answer_is_lost_are_made_once(start_footfall, redis):
    with CuttingProxies() as proxies:
        proxy = proxies.proxy(("127.0.0.1", redis.port))
        footfall = start_footfall(store=f"redis://127.0.0.1:{proxy.port}", workers=2)
        api = Api(footfall.address, "redis")
        key = api.create("space/key", 1000)
        value = 1000
        for _ in range(many(20)):
            cut = proxy.arm(random.choice(DIRECTIONS), random.randrange(900))
            while not cut.is_done:
                amount = random.choice([-3, 7, STEP])
                answer = api.call("/update/space/key", "POST", bearer=key, value=amount)
                value += amount
                assert answer.status == 200 and answer["value"] == value
                answer = api.call("/set/space/key", "POST", bearer=key, value=value + 1)
                assert answer.object == {"old_value": value, "value": value + 1}
                value += 1
        assert footfall.stop() == 0


class Owner:
    """Changes one counter, one change after the other, while others count on it."""

    def __init__(self, api, name, load):
        self.api, self.name, self.load = api, name, load

    def ask(self, verb, **arguments):
        answer = self.api.call(f"/{verb}/{self.name}", "POST", bearer=TOKEN, **arguments)
        self.load.wait_answered(random.randrange(1, 30))
        return answer


@pytest.mark.parametrize("form", API_FORMS, ids=name_of)
def test_sets_and_updates_have_their_place_among_the_hits(start, form):
    footfall, api = start(form)
    api.create("space/key")
    epochs = []  # (the number before the first hit of it, the number of its last hit)
    begin = 0
    with Load(footfall.address, 6, pipelined=3, targets=["/hit/space/key"]) as load:
        owner = Owner(api, "space/key", load)
        for i in range(1, many(25) + 1):
            if i % 2 == 0:
                answer = owner.ask("set", value=i * STEP)
                epochs.append((begin, answer["old_value"]))
            else:
                answer = owner.ask("update", value=STEP)
                epochs.append((begin, answer["value"] - STEP))
            assert answer.status == 200
            begin = answer["value"]
        record = load.stop()
    epochs.append((begin, api.value("space/key")))
    record.assert_all_answered()
    record.assert_unique()
    record.assert_growing_on_each_connection()
    record.assert_linearizable()
    wanted = [number for first, last in epochs for number in range(first + 1, last + 1)]
    assert sorted(record.numbers) == wanted
    info = api.call("/info/space/key")
    assert info["value"] - info["adjusted"] == len(record.answered)


@pytest.mark.parametrize("verb", ["reset", "delete"])
@pytest.mark.parametrize("form", API_FORMS, ids=name_of)
def test_resets_and_deletes_have_their_place_among_the_hits(start, form, verb):
    """Each of them begins anew at 1: a number comes no more often than the one before it, and the
    numbers behind the last change end where the counter stands."""
    footfall, api = start(form)
    api.create("space/key")
    changes = many(25)
    with Load(footfall.address, 6, pipelined=3, targets=["/hit/space/key"]) as load:
        owner = Owner(api, "space/key", load)
        load.wait_answered(20)
        for _ in range(changes):
            assert owner.ask(verb).status == 200
        record = load.stop()
    last = api.value("space/key")
    record.assert_all_answered()
    times = Counter(record.numbers)
    assert sorted(times) == list(range(1, max(times) + 1)), "numbers are missing"
    assert times[1] == changes + 1  # behind each change somebody was answered
    falls = [times[n] - times.get(n + 1, 0) for n in sorted(times)]
    assert min(falls) >= 0, "a number without the one before it"
    assert falls[last - 1] >= 1, f"it stands at {last}, where no row of numbers ends"


@pytest.mark.parametrize("form", API_FORMS, ids=name_of)
def test_of_many_who_create_the_same_counter_one_owns_it(start, form):
    _, api = start(form)
    for i in range(5):
        name = f"space/key{i}"
        answers = []
        barrier = threading.Barrier(8)

        def create(name=name, answers=answers, barrier=barrier):
            barrier.wait()
            answers.append(api.call(f"/create/{name}", "POST", initializer=len(answers)))

        threads = [threading.Thread(target=create) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        made = [answer for answer in answers if answer.status == 201]
        assert sorted(answer.status for answer in answers) == [201] + 7 * [409]
        key = made[0]["admin_key"]
        assert api.value(name) == made[0]["value"]
        assert api.call(f"/set/{name}", "POST", bearer=key, value=5).status == 200


@pytest.mark.parametrize("form", SHARED, ids=name_of)
def test_counters_and_their_owners_outlive_the_server(start, start_footfall, form, folder, request):
    footfall, api = start(form)
    key = api.create("space/owned", 5)
    api.create_listed("space/listed", value=7, enable_reset=1, update_lowerbound=-9)
    api.hit("space/visits")
    before = [api.call(f"/info/space/{word}").object for word in ("owned", "listed", "visits")]
    footfall.stop()
    again = start_footfall(store=make_store(form[0], folder, request), workers=form[1])
    api = Api(again.address, form[0])
    assert before == [api.call(f"/info/space/{w}").object for w in ("owned", "listed", "visits")]
    assert api.call("/set/space/owned", "POST", bearer=key, value=9)["old_value"] == 5


@pytest.mark.parametrize("form", [form for form in SHARED if form[1] > 1], ids=name_of)
def test_a_reset_by_another_worker_is_no_counter_that_went_back(start, form):
    footfall, api = start(form)
    key = api.create("space/key", 100)
    for _ in range(4):
        for _ in range(4):
            api.hit("space/key")  # round robin: by each worker
        api.call("/reset/space/key", "POST", bearer=key)
    footfall.stop()
    assert not footfall.events("counter_went_back")
