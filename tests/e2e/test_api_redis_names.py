"""The names of counters in Redis: written behind the counting, limited, put right, and rights."""

import os
import re
import threading
from pathlib import Path

import pytest

from api_client import Api
from test_api_lists import TOKEN, write_token
from waiting import eventually, scaled

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "redis.md"
SECRET = "open-sesame-4711"
NAMES = "footfall:1:counters"
SURVEYED = "footfall:1:surveyed"


def start(start_footfall, folder, url, *options, workers=2):
    return start_footfall(
        "--admin-token-file", write_token(folder), *options, store=url, workers=workers
    )


def values(api, namespace):
    counters = api.call(f"/list/{namespace}", bearer=TOKEN, n=1000)["counters"]
    return {counter["key"]: counter["value"] for counter in counters}


def test_all_workers_and_hosts_write_one_list(start_footfall, redis, folder):
    apis = [Api(start(start_footfall, folder, redis.url).address) for _ in range(2)]
    for number in range(40):
        apis[number % 2].hit(f"space/key-{number}")
    apis[0].create("space/made", 5)
    wanted = {f"key-{number}": 1 for number in range(40)} | {"made": 5}
    for api in apis:
        eventually(lambda api=api: values(api, "space") == wanted, "everything is listed")
        assert api.call("/stats")["total_keys"] == 41
    assert apis[1].call("/delete/space/made", "POST", bearer=TOKEN).status == 200
    eventually(lambda: "made" not in values(apis[0], "space"), "what is deleted is not listed")
    assert redis.command("ZSCORE", NAMES, "space/made") is None


def test_a_known_counter_costs_what_it_did(start_footfall, redis, folder):
    api = Api(start(start_footfall, folder, redis.url, workers=1).address)
    api.hit("space/key")
    eventually(lambda: redis.command("PTTL", SURVEYED) > 60_000, "the survey is over")
    eventually(lambda: redis.command("ZSCORE", NAMES, "space/key"), "its name is written")
    redis.command("CONFIG", "RESETSTAT")
    for _ in range(50):
        api.hit("space/key")
    calls = dict(re.findall(r"cmdstat_(\w+):calls=(\d+)", redis.command("INFO", "commandstats")))
    assert int(calls["evalsha"]) == 50
    assert not {"zadd", "zcard", "zlexcount", "scan"} & set(calls)


def test_counters_that_others_made_and_removed_are_put_right(start_footfall, redis, folder):
    for number in range(300):
        redis.command("SET", f"footfall:older/key-{number}", number)
    redis.command("SET", "footfall:older/no number", 1)
    redis.command("SET", "something:else/entirely", 1)
    redis.command("ZADD", NAMES, 0, "older/gone", 0, "other/gone")
    footfall = start(start_footfall, folder, redis.url)
    api = Api(footfall.address)
    assert api.hit("older/key-7") == 8
    eventually(lambda: redis.command("PTTL", SURVEYED) > 3_600_000, "the survey is over")
    assert values(api, "older") == {f"key-{number}": number for number in range(300)} | {"key-7": 8}
    assert api.call("/top/older", bearer=TOKEN, n=1)["counters"] == [
        {"key": "key-299", "value": 299}
    ]
    assert api.call("/stats")["total_keys"] == 300
    assert redis.command("ZSCORE", NAMES, "other/gone") is None
    # Another worker, or host, leaves it alone for a day.
    redis.command("SET", "footfall:older/later", 1)
    other = Api(start(start_footfall, folder, redis.url).address)
    other.hit("older/key-8")
    assert "later" not in values(other, "older")
    other.hit("older/later")
    eventually(lambda: values(other, "older").get("later") == 2, "what is counted is listed")


def test_a_limit_is_kept_over_workers_but_for_a_moment(
    start_footfall, redis, folder, write_settings
):
    settings = write_settings("[namespace full]\nkeys_max = 50\nrate = off\n")
    footfall = start(start_footfall, folder, redis.url, "--config", settings)
    statuses = []

    def make(first):
        api = Api(footfall.address)
        for number in range(first, scaled(300, 0.5), 4):
            statuses.append(api.call(f"/hit/full/key-{number}").status)

    threads = [threading.Thread(target=make, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = statuses.count(200)
    assert set(statuses) == {200, 507}
    assert 50 <= made <= 50 + 8  # those under way at once
    api = Api(footfall.address)
    assert api.call("/hit/full/new").status == 507
    assert api.call("/create/full/new").status == 507
    assert api.call("/hit/other/new").status == 200
    assert len(values(api, "full")) == made
    assert redis.command("ZCARD", NAMES) == made + 1


def test_a_full_memory_is_over_when_it_is_over(start_footfall, redis, folder, write_settings):
    """A name that could not be written then ended lists and limits for good."""
    settings = write_settings("[defaults]\nkeys_max = 2000\nrate = off\n")
    footfall = start(start_footfall, folder, redis.url, "--config", settings, workers=1)
    api = Api(footfall.address)
    api.hit("space/first")
    used = int(re.search(r"used_memory:(\d+)", redis.command("INFO", "memory")).group(1))
    redis.command("CONFIG", "SET", "maxmemory", used + 200_000)
    statuses = [api.call(f"/hit/space/key-{number}").status for number in range(1500)]
    assert set(statuses) == {200, 503}
    redis.command("CONFIG", "SET", "maxmemory", 0)
    made = statuses.count(200) + 1
    for number in range(3000):
        made += api.call(f"/hit/space/more-{number}").status == 200
    assert 2000 <= made <= 2000 + 30  # names that could not be written do not count
    assert api.call("/list/space", bearer=TOKEN).status == 200
    assert not footfall.events("redis_unlisted")


def test_what_is_imported_is_listed(start_footfall, redis, folder, run_footfall):
    """The last names were lost with the link of the import, which ended before they were sent."""
    path = os.path.join(folder, "lines")
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"space key-{number} {number}\n" for number in range(3000))
    for round in range(10):
        redis.command("FLUSHALL")
        outcome = run_footfall("import", path, "--store", redis.url)
        assert outcome.output == "lines taken: 3000, refused: 0\n", outcome
        assert redis.command("ZCARD", NAMES) == 3000, round
        assert redis.command("EXISTS", SURVEYED) == 0  # it leaves that to whoever stays


def test_a_stranger_with_long_keys_hides_nothing(start_footfall, redis, folder):
    for number in range(8):
        redis.command("SET", "footfall:" + "x" * 66_000 + f"/{number}", number)
    for number in range(300):
        redis.command("SET", f"footfall:older/key-{number}", number)
    api = Api(start(start_footfall, folder, redis.url, workers=1).address)
    api.hit("older/key-7")
    eventually(lambda: redis.command("PTTL", SURVEYED) > 3_600_000, "the survey is over")
    assert redis.command("ZCARD", NAMES) == 300


def test_without_eval_what_changes_a_counter_is_refused_and_hits_go_on(
    start_footfall, redis, folder
):
    """Each change ended the link of all: the script that counts was known, that of changes not."""
    redis.command(*document_rights())
    footfall = start(start_footfall, folder, redis.url_with(f"footfall:{SECRET}"), workers=1)
    api = Api(footfall.address)
    assert api.hit("space/key") == 1
    redis.command("ACL", "SETUSER", "footfall", "-eval")
    for number in range(2, 6):
        assert api.call("/set/space/key", "POST", bearer=TOKEN, value=9).status == 501
        assert api.hit("space/key") == number
    assert not footfall.events("redis_link_down")


def document_rights():
    """The user of the document that counts counters of the API."""
    text = DOCUMENT.read_text()
    visits, calls = re.findall(r"^127.0.0.1:6379> (ACL SETUSER .*)$", text, re.MULTILINE)
    (more,) = re.findall(r"For the counters of the API `([^`]*)` as well", text)
    assert sorted(calls.split()) == sorted(visits.split() + more.split())
    return calls.replace("PASSWORD", SECRET).split()


def test_the_rights_of_the_document_are_enough(start_footfall, redis, folder):
    redis.command(*document_rights())
    footfall = start(start_footfall, folder, redis.url_with(f"footfall:{SECRET}"), workers=1)
    api = Api(footfall.address)
    api.hit("space/key")
    key = api.create("space/made", 3)
    assert api.call("/set/space/made", "POST", bearer=key, value=4).status == 200
    assert api.call("/info/space/made").status == 200
    assert values(api, "space") == {"key": 1, "made": 4}
    assert api.call("/delete/space/made", "POST", bearer=key).status == 200
    assert api.call("/stats")["total_keys"] == 1
    eventually(lambda: redis.command("PTTL", SURVEYED) > 60_000, "the survey is over")
    assert redis.command("ACL", "LOG") == []
    assert not footfall.errors() and not footfall.events("redis_unlisted")


@pytest.mark.parametrize("right", ["+zadd", "+zrangebylex", "+zlexcount"])
def test_without_a_right_to_the_names_counting_goes_on(start_footfall, redis, folder, right):
    redis.command(*[word for word in document_rights() if word != right])
    footfall = start(start_footfall, folder, redis.url_with(f"footfall:{SECRET}"), workers=1)
    api = Api(footfall.address)
    for number in range(5):
        assert api.hit(f"space/key-{number}") == 1
        assert api.hit("space/key-0") == number + 2
    assert api.call("/list/space", bearer=TOKEN).status == 501
    assert api.hit("space/key-0") == 7
    line = footfall.wait_for_log("redis_unlisted")
    assert len(footfall.events("redis_unlisted")) == 1
    assert line.level == "warn" and "NOPERM" in line.fields["detail"]
    assert not footfall.errors()


def test_whoever_counts_visits_alone_needs_no_right_to_names(start_footfall, redis, folder):
    redis.command(*[word for word in document_rights() if word not in ("~footfall:*", "+zadd")])
    footfall = start(start_footfall, folder, redis.url_with(f"footfall:{SECRET}"), workers=1)
    for _ in range(3):
        assert Api(footfall.address).raw("/").status == 200
    assert redis.command("ACL", "LOG") == []
    assert not footfall.events("redis_unlisted")
