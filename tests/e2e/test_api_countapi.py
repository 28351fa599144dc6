"""Each row of CountAPI's table, as a page written for it sees it: all calls are GET."""

import pytest

from api_client import CORS, GREATEST, LEAST, UUID, new_name

NULLS = {"namespace": None, "key": None, "value": None}
INFO = {
    "namespace", "key", "value", "full_key", "exists", "is_genuine", "ttl", "expires_in",
    "expires_str", "enable_reset", "update_lowerbound", "update_upperbound", "created",
}


def object_of(answer, status):
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/json"
    assert CORS.items() <= answer.headers.items()
    return answer.object


# ---- get, hit


def test_get_reads_and_does_not_count(api):
    name = new_name()
    assert [api.hit(name) for _ in range(3)] == [1, 2, 3]
    for _ in range(3):
        assert object_of(api.call(f"/get/{name}"), 200) == {"value": 3}
    assert api.hit(name) == 4


def test_get_of_an_absent_counter_is_404_with_null_and_makes_none(api):
    name = new_name()
    for _ in range(2):
        answer = object_of(api.call(f"/get/{name}"), 404)
        assert answer == {"value": None, "error": "Key not found"}
    assert api.hit(name) == 1


def test_hit_makes_the_counter_and_returns_1(api):
    assert object_of(api.call(f"/hit/{new_name()}"), 200) == {"value": 1}


def test_one_segment_is_a_key_of_the_namespace_default(api):
    key = new_name().partition("/")[2]
    assert api.hit(key) == 1
    assert api.hit(f"default/{key}") == 2
    assert api.value(key) == 2
    assert api.value(f"space/{key}") is None
    answer = api.call(f"/get/{key}")
    assert answer.headers["x-path"] == f"default/{key}"


# ---- set


def test_set_of_a_counter_that_may_be_set(api):
    name = new_name()
    api.create_listed(name, value=42, enable_reset=1)
    assert object_of(api.call(f"/set/{name}", value=69), 200) == {"old_value": 42, "value": 69}
    assert object_of(api.call(f"/set/{name}", value=-5), 200) == {"old_value": 69, "value": -5}
    assert api.value(name) == -5
    assert api.hit(name) == -4


@pytest.mark.parametrize("arguments", [{}, {"enable_reset": 0}], ids=["left out", "0"])
def test_set_of_one_that_may_not_be_is_403_and_it_stays(api, arguments):
    name = new_name()
    api.create_listed(name, value=1234, **arguments)
    answer = object_of(api.call(f"/set/{name}", value=1), 403)
    assert (answer["old_value"], answer["value"]) == (1234, 1234)
    assert api.value(name) == 1234


def test_set_of_one_that_visits_made_is_403(api):
    name = new_name()
    api.hit(name)
    answer = object_of(api.call(f"/set/{name}", value=7), 403)
    assert (answer["old_value"], answer["value"]) == (1, 1)


def test_set_of_an_absent_counter_is_404_and_makes_none(api):
    name = new_name()
    answer = object_of(api.call(f"/set/{name}", value=7), 404)
    assert (answer["old_value"], answer["value"]) == (None, None)
    assert api.value(name) is None


@pytest.mark.parametrize("query", ["", "?value=", "?value=x", "?value=1.5", f"?value={2**63}"])
def test_set_without_a_whole_number_is_400(api, query):
    name = new_name()
    api.create_listed(name, enable_reset=1)
    answer = object_of(api.call(f"/set/{name}{query}"), 400)
    assert list(answer) == ["error"] and isinstance(answer["error"], str)
    assert api.value(name) == 0


# ---- update


def test_update_within_the_bounds(api):
    name = new_name()
    api.create_listed(name, value=42, update_lowerbound=-3, update_upperbound=5)
    assert object_of(api.call(f"/update/{name}", amount=5), 200) == {"value": 47}
    assert object_of(api.call(f"/update/{name}", amount=-3), 200) == {"value": 44}
    assert object_of(api.call(f"/update/{name}", amount=0), 200) == {"value": 44}
    for amount in (6, -4, GREATEST, LEAST):
        assert object_of(api.call(f"/update/{name}", amount=amount), 403)["value"] == 44
    assert api.value(name) == 44


def test_the_bounds_are_1_and_minus_1_unless_said_otherwise(api):
    name = new_name()
    api.create_listed(name)
    answers = [api.call(f"/update/{name}", amount=amount) for amount in (1, 1, -1, 2, -2)]
    assert [answer.status for answer in answers] == [200, 200, 200, 403, 403]
    assert [answer["value"] for answer in answers] == [1, 2, 1, 1, 1]


def test_of_a_counter_that_visits_made_they_are_0_and_1(api):
    name = new_name()
    api.hit(name)
    answers = [api.call(f"/update/{name}", amount=amount) for amount in (1, 0, -1, 2)]
    assert [answer.status for answer in answers] == [200, 200, 403, 403]
    assert [answer["value"] for answer in answers] == [2, 2, 2, 2]


def test_update_of_an_absent_counter_is_404_and_makes_none(api):
    name = new_name()
    assert object_of(api.call(f"/update/{name}", amount=1), 404)["value"] is None
    assert api.value(name) is None


@pytest.mark.parametrize("query", ["", "?amount=", "?amount=x", f"?amount={2**63}"])
def test_update_without_a_whole_number_is_400(api, query):
    assert object_of(api.call(f"/update/{new_name()}{query}"), 400)["error"]


def test_hits_are_open_whatever_the_bounds(api):
    name = new_name()
    api.create_listed(name, update_lowerbound=0, update_upperbound=0)
    assert api.call(f"/update/{name}", amount=1).status == 403
    assert api.hit(name) == 1


# ---- create


def test_create_without_anything_makes_a_uuid_in_default(api):
    answer = object_of(api.call("/create"), 200)
    assert answer["namespace"] == "default" and answer["value"] == 0
    assert UUID.fullmatch(answer["key"]) and UUID.fullmatch(answer["admin_key"])
    assert answer["key"] != answer["admin_key"]
    assert object_of(api.call("/create"), 200)["key"] != answer["key"]
    assert api.value(answer["key"]) == 0


def test_create_with_everything(api):
    name = new_name()
    namespace, key = name.split("/")
    answer = api.call(
        "/create", namespace=namespace, key=key, value=33, enable_reset=1, update_lowerbound=-10,
        update_upperbound=20, expiration=60, name="x",
    )
    made = object_of(answer, 200)
    assert (made["namespace"], made["key"], made["value"]) == (namespace, key, 33)
    assert answer.headers["x-path"] == name
    info = api.call(f"/info/{name}").object
    assert info["enable_reset"] is True
    assert (info["update_lowerbound"], info["update_upperbound"]) == (-10, 20)


@pytest.mark.parametrize("yes", ["1", "true", "True"])
def test_enable_reset_is_1_or_true(api, yes):
    name = new_name()
    api.create_listed(name, enable_reset=yes)
    assert api.call(f"/set/{name}", value=1).status == 200


def test_create_of_what_is_there_is_409_with_nulls_and_changes_nothing(api):
    name = new_name()
    api.hit(name)
    namespace, key = name.split("/")
    answer = object_of(
        api.call("/create", namespace=namespace, key=key, value=9, enable_reset=1), 409
    )
    assert NULLS.items() <= answer.items() and answer["error"]
    assert api.value(name) == 1
    assert api.call(f"/set/{name}", value=1).status == 403


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"key": "ab"}, "Malformed Namespace/Key"),
        ({"key": "a" * 65}, "Malformed Namespace/Key"),
        ({"key": "abc/def"}, "Malformed Namespace/Key"),
        ({"key": "abc", "namespace": "a b c"}, "Malformed Namespace/Key"),
        ({"key": "abc", "namespace": ":HOST:"}, "Malformed Namespace/Key"),
        ({"update_lowerbound": 1}, "update_lowerbound must be negative"),
        ({"update_upperbound": -1}, "update_upperbound must be positive"),
        ({"value": "x"}, None),
        ({"value": 2**63}, None),
        ({"value": LEAST - 1}, None),
    ],
)
def test_create_of_what_cannot_be_is_400(api, arguments, error):
    answer = object_of(api.call("/create", **arguments), 400)
    assert answer["error"] == error or error is None


# ---- info


def test_info_of_what_visits_made(api):
    name = new_name()
    api.hit(name)
    api.hit(name)
    info = object_of(api.call(f"/info/{name}"), 200)
    assert INFO <= set(info)
    assert f"{info['namespace']}/{info['key']}" == name
    assert info["value"] == 2 and info["exists"] is True and info["is_genuine"] is True
    assert info["enable_reset"] is False
    assert (info["update_lowerbound"], info["update_upperbound"]) == (0, 1)
    assert info["ttl"] == -1 and info["expires_in"] == -1
    assert 1_600_000_000_000 < info["created"] <= info["last_counted"] < 10_000_000_000_000
    assert info["adjusted"] == 0


def test_info_of_an_absent_counter_is_404_with_every_field_null(api):
    info = object_of(api.call(f"/info/{new_name()}"), 404)
    there = new_name()
    api.hit(there)
    assert set(info) - {"error"} == set(api.call(f"/info/{there}").object)
    assert info.pop("exists") is False
    assert info.pop("error") == "Key not found"
    assert set(info.values()) == {None}


def test_what_no_visit_has_added_is_adjusted(api):
    name = new_name()
    api.create_listed(name, value=100, enable_reset=1, update_upperbound=50)
    for _ in range(3):
        api.hit(name)
    assert api.call(f"/info/{name}")["adjusted"] == 100
    api.call(f"/update/{name}", amount=50)
    assert api.call(f"/info/{name}")["adjusted"] == 150
    api.call(f"/set/{name}", value=7)
    info = api.call(f"/info/{name}")
    assert (info["value"], info["adjusted"]) == (7, 4)  # three visits are left


# ---- numbers at their ends


@pytest.mark.parametrize("value", [GREATEST, LEAST, 0, -1])
def test_a_number_of_64_bits_is_told_as_it_is(api, value):
    name = new_name()
    api.create_listed(name, value=value, enable_reset=1)
    assert api.value(name) == value
    assert api.call(f"/info/{name}")["value"] == value
    answer = api.call(f"/set/{name}", value=value)
    assert (answer["old_value"], answer["value"]) == (value, value)


def test_a_hit_beyond_the_end_is_400_and_changes_nothing(api):
    name = new_name()
    api.create_listed(name, value=GREATEST - 1)
    assert api.hit(name) == GREATEST
    for _ in range(2):
        assert object_of(api.call(f"/hit/{name}"), 400)["error"]
    assert api.value(name) == GREATEST


def test_an_update_beyond_the_end_is_400_and_changes_nothing(api):
    name, other = new_name(), new_name()
    api.create_listed(name, value=GREATEST - 1, update_upperbound=GREATEST)
    api.create_listed(other, value=LEAST + 1, update_lowerbound=LEAST)
    assert object_of(api.call(f"/update/{name}", amount=2), 400)["error"]
    assert api.value(name) == GREATEST - 1
    assert api.call(f"/update/{name}", amount=1)["value"] == GREATEST
    assert object_of(api.call(f"/update/{other}", amount=-2), 400)["error"]
    assert api.call(f"/update/{other}", amount=-1)["value"] == LEAST
    assert api.hit(other) == LEAST + 1


def test_a_counter_may_be_set_from_one_end_to_the_other(api):
    name = new_name()
    api.create_listed(name, value=LEAST, enable_reset=1)
    answer = api.call(f"/set/{name}", value=GREATEST)
    assert (answer["old_value"], answer["value"]) == (LEAST, GREATEST)
