"""Lists of counters, the greatest of them, and figures of the whole server."""

import os

import pytest

from api_client import Api
from conftest import make_store

TOKEN = "token-of-the-server"


def write_token(folder):
    path = os.path.join(folder, "token")
    with open(path, "w", encoding="ascii") as file:
        file.write(TOKEN)
    return path


# In Redis one worker: names are written behind the hit, and another worker may be too quick.
@pytest.fixture(params=[("lmdb", 2), ("memory", 0), ("redis", 1)], ids=["lmdb", "memory", "redis"])
def listed(request, start_footfall, folder):
    name, workers = request.param
    store = make_store(name, folder, request)
    footfall = start_footfall(
        "--admin-token-file", write_token(folder), store=store.url, workers=workers
    )
    return Api(footfall.address)


def keys_of(answer):
    assert answer.status == 200
    return [counter["key"] for counter in answer["counters"]]


def test_pages_hold_each_counter_once_in_order(listed):
    names = sorted(f"key-{number * 37 % 250}" for number in range(250))
    for name in names:
        listed.hit(f"space/{name}")
    listed.hit("spac/other")
    listed.hit("space2/other")
    seen, after = [], ""
    while after is not None:
        answer = listed.call("/list/space", bearer=TOKEN, n=70, **({"after": after} if after else {}))
        seen += keys_of(answer)
        after = answer["next"]
        assert after is None or after == seen[-1]
    assert seen == names
    assert len(keys_of(listed.call("/list/space", token=TOKEN))) == 100
    assert keys_of(listed.call("/list/space", token=TOKEN, after="zzz")) == []
    assert listed.call("/list/none", token=TOKEN).object == {"counters": [], "next": None}


def test_the_top_has_the_greatest_first(listed):
    for number in (3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5):
        listed.create(f"space/n{number}x{listed.call('/stats')['keys_created']}", number)
    answer = listed.call("/top/space", bearer=TOKEN, n=3)
    assert [counter["value"] for counter in answer["counters"]] == [9, 6, 5]
    assert answer["next"] is None
    everything = listed.call("/top/space", bearer=TOKEN, by="hits")["counters"]
    values = [counter["value"] for counter in everything]
    assert values == sorted(values, reverse=True) and len(values) == 11


@pytest.mark.parametrize("path", ["/list/space", "/top/space"])
def test_they_are_for_owners_of_the_namespace(listed, path):
    assert listed.call(path).status == 400
    assert listed.call(path, bearer="another-token").status == 401
    for count in ("0", "1001", "x", "-1"):
        assert listed.call(path, bearer=TOKEN, n=count).status == 400
    assert listed.call(path + "/key", bearer=TOKEN).status == 404
    assert listed.call(path, "POST", bearer=TOKEN).status == 405
    response = listed.raw(f"{path}?token={TOKEN}&callback=f")
    assert response.body == b'f({"counters":[],"next":null,"code":200});'


def test_top_by_what_is_not_counted_is_refused(listed):
    for query in ({"by": "uniques"}, {"days": 7}):
        assert listed.call("/top/space", bearer=TOKEN, **query).status == 400


def test_stats_add_up_over_the_workers(listed):
    for _ in range(10):
        listed.hit("space/key")
    listed.value("space/key")
    listed.value("space/none")
    listed.create("space/made")
    answer = listed.call("/stats")
    assert answer.status == 200
    assert answer["commands"] == {"total": 14, "get": 2, "hit": 10, "create": 1}
    assert answer["requests"] == 14
    assert answer["keys_created"] == 2 and answer["keys_updated"] == 10
    assert answer["key_misses__since_restart"] == "1" and answer["total_keys"] == 2
    assert answer["version"] and answer["uptime"].endswith("s")


def test_keys_created_are_those_that_were_not_there_before(listed):
    """A number of 1 was taken for a new counter, and another one for an old."""
    listed.hit("space/key")
    for _ in range(3):
        assert listed.call("/reset/space/key", "POST", token=TOKEN).status == 200
        assert listed.hit("space/key") == 1
    listed.create("space/made", 7)
    assert listed.call("/create/space/made", "POST").status == 409
    lines = b'{"ns":"space","key":"many","n":5}\n{"ns":"space","key":"many","n":1}\n'
    answer = listed.raw("/batch", "POST", [f"Authorization: Bearer {TOKEN}"], body=lines)
    assert answer.status == 200
    listed.raw("/")
    listed.raw("/badge/space/shown.svg")
    answer = listed.call("/stats")
    assert answer["keys_created"] == answer["total_keys"] == 4


def test_what_is_plainly_counted_in_redis_is_not_listed(start_footfall, redis, folder):
    footfall = start_footfall(
        "--admin-token-file", write_token(folder), store=redis.url + "?mode=plain", workers=1
    )
    api = Api(footfall.address)
    assert api.hit("space/key") == 1
    assert api.call("/list/space", bearer=TOKEN).status == 501
    assert api.call("/stats")["total_keys"] is None
    assert not footfall.errors()
