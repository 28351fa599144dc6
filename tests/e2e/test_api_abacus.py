"""Each row of Abacus' table: what changes a counter is POST, with the token of its owner."""

import re

import pytest

from api_client import CORS, GREATEST, LEAST, UUID, new_name

DRAWN = re.compile(r"[A-Za-z0-9_-]{16}")
OWNERS = [("set", {"value": 15}), ("update", {"value": 15}), ("reset", {}), ("delete", {})]
each_owners_call = pytest.mark.parametrize(("verb", "arguments"), OWNERS, ids=[o[0] for o in OWNERS])


def object_of(answer, status):
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/json"
    assert CORS.items() <= answer.headers.items()
    return answer.object


# ---- hit, get


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_hit_counts_and_creates_at_1(api, method):
    name = new_name()
    assert object_of(api.call(f"/hit/{name}", method), 200) == {"value": 1}
    assert object_of(api.call(f"/hit/{name}", method), 200) == {"value": 2}


def test_a_body_of_a_hit_is_read_and_ignored(api):
    name = new_name()
    with api.connect() as client:
        for body in (b"", b"value=5", b"x" * 5000):
            assert client.ask("POST", f"/hit/{name}", body=body).status == 200
    assert api.value(name) == 3


def test_names_that_are_none_say_what_is_wrong(api):
    for verb in ("hit", "get"):
        error = object_of(api.call(f"/{verb}/ab/key"), 400)["error"]
        assert error.startswith("Invalid namespace: ")
        error = object_of(api.call(f"/{verb}/space/ke"), 400)["error"]
        assert error.startswith("Invalid key: ")


def test_get_of_an_absent_counter_is_404(api):
    assert object_of(api.call(f"/get/{new_name()}"), 404)["error"] == "Key not found"


# ---- create


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_create_makes_a_counter_and_tells_its_key_once(api, method):
    name = new_name()
    namespace, key = name.split("/")
    made = object_of(api.call(f"/create/{name}", method), 201)
    assert UUID.fullmatch(made.pop("admin_key"))
    assert made == {"namespace": namespace, "key": key, "value": 0}
    assert "admin_key" not in api.call(f"/info/{name}").object
    assert api.value(name) == 0


@pytest.mark.parametrize("value", [42, -42, GREATEST, LEAST])
def test_create_with_a_start_value(api, value):
    name = new_name()
    assert object_of(api.call(f"/create/{name}", "POST", initializer=value), 201)["value"] == value
    assert api.value(name) == value


@pytest.mark.parametrize("value", ["x", "1.5", "1e3", 2**63, LEAST - 1])
def test_create_with_what_is_no_whole_number_is_400_and_makes_nothing(api, value):
    name = new_name()
    assert object_of(api.call(f"/create/{name}", initializer=value), 400)["error"]
    assert api.value(name) is None


def test_create_of_what_is_there_is_409_and_its_owner_stays(api):
    name = new_name()
    key = api.create(name, 5)
    answer = object_of(api.call(f"/create/{name}", initializer=9), 409)
    assert answer["error"] and "admin_key" not in answer
    assert api.call(f"/set/{name}", "POST", bearer=key, value=6)["value"] == 6


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_create_without_a_name_draws_both_parts(api, method):
    made = object_of(api.call("/create/", method, initializer=3), 201)
    assert DRAWN.fullmatch(made["namespace"]) and DRAWN.fullmatch(made["key"])
    assert made["namespace"] != made["key"] and made["value"] == 3
    assert api.value(f"{made['namespace']}/{made['key']}") == 3


# ---- info


def test_info_of_a_counter_with_an_owner_is_not_genuine(api):
    name = new_name()
    api.create(name, 42)
    info = object_of(api.call(f"/info/{name}"), 200)
    assert info["value"] == 42 and info["exists"] is True and info["is_genuine"] is False
    assert info["full_key"] and info["expires_str"] and info["expires_in"] == -1
    assert (info["update_lowerbound"], info["update_upperbound"]) == (0, 0)
    assert info["last_counted"] is None


def test_info_of_an_absent_counter_is_404_as_documented(api):
    info = object_of(api.call(f"/info/{new_name()}"), 404)
    assert info["exists"] is False and info["value"] is None


# ---- what an owner does


def test_delete(api):
    name = new_name()
    key = api.create(name, 5)
    answer = object_of(api.call(f"/delete/{name}", "POST", bearer=key), 200)
    assert answer["status"] == "ok" and answer["message"].startswith("Deleted key: ")
    assert api.value(name) is None
    assert api.hit(name) == 1  # another one, that nobody owns
    assert api.call(f"/info/{name}")["is_genuine"] is True
    assert api.call(f"/reset/{name}", "POST", bearer=key).status == 401


def test_set(api):
    name = new_name()
    key = api.create(name, 5)
    answer = object_of(api.call(f"/set/{name}", "POST", bearer=key, value=15), 200)
    assert answer == {"old_value": 5, "value": 15}
    assert api.hit(name) == 16


def test_reset(api):
    name = new_name()
    key = api.create(name, 5)
    api.hit(name)
    assert object_of(api.call(f"/reset/{name}", "POST", bearer=key), 200) == {"value": 0}
    assert api.hit(name) == 1


def test_update(api):
    name = new_name()
    key = api.create(name, 5)
    for value, after in ((15, 20), (-30, -10), (1, -9)):
        answer = api.call(f"/update/{name}", "POST", bearer=key, value=value)
        assert object_of(answer, 200) == {"value": after}


@pytest.mark.parametrize("value", [None, "", "x", "1.0", 2**63])
@pytest.mark.parametrize("verb", ["set", "update"])
def test_a_value_that_is_missing_or_no_whole_number_is_400(api, verb, value):
    name = new_name()
    key = api.create(name, 5)
    arguments = {} if value is None else {"value": value}
    answer = api.call(f"/{verb}/{name}", "POST", bearer=key, **arguments)
    assert object_of(answer, 400)["error"]
    assert api.value(name) == 5


def test_an_update_by_0_is_400_and_a_set_to_0_is_not(api):
    name = new_name()
    key = api.create(name, 5)
    assert object_of(api.call(f"/update/{name}", "POST", bearer=key, value=0), 400)["error"]
    assert api.call(f"/set/{name}", "POST", bearer=key, value=0)["value"] == 0


@each_owners_call
def test_an_absent_counter_is_404_and_is_not_made(api, verb, arguments):
    name = new_name()
    answer = object_of(api.call(f"/{verb}/{name}", "POST", bearer="x", **arguments), 404)
    assert answer["error"] == "Key not found"
    members = {"set": {"old_value", "value"}, "reset": {"old_value", "value"}, "update": {"value"}}
    for member in members.get(verb, ()):
        assert answer[member] is None
    assert api.value(name) is None


@each_owners_call
def test_another_method_is_405_and_says_which(api, verb, arguments):
    name = new_name()
    key = api.create(name, 5)
    methods = ["PUT", "DELETE", "PATCH"] + (["GET"] if verb in ("reset", "delete") else [])
    for method in methods:
        answer = api.call(f"/{verb}/{name}", method, bearer=key, **arguments)
        assert object_of(answer, 405)["error"]
        assert "POST" in answer.headers["allow"]
    assert api.value(name) == 5


# ---- tokens


@each_owners_call
def test_without_a_token_it_is_400(api, verb, arguments):
    name = new_name()
    api.create(name, 5)
    for fields in ((), ["Authorization: Basic eDp5"], ["Authorization: Bearer"]):
        assert object_of(api.call(f"/{verb}/{name}", "POST", fields, **arguments), 400)["error"]
    assert api.value(name) == 5


@each_owners_call
def test_a_wrong_token_is_401_and_changes_nothing(api, verb, arguments):
    name = new_name()
    key = api.create(name, 5)
    others = [api.create(new_name()), key[:-1], key + "0", key[::-1], "x", "x" * 300]
    for other in others:
        answer = api.call(f"/{verb}/{name}", "POST", bearer=other, **arguments)
        assert object_of(answer, 401)["error"] == "token is invalid"
        assert answer.headers["www-authenticate"] == "Bearer"
    answer = api.call(f"/{verb}/{name}", "POST", token="x" * 300, **arguments)
    assert answer.status == 401
    assert api.value(name) == 5


@each_owners_call
def test_a_token_for_a_counter_without_owner_is_401(api, verb, arguments):
    name = new_name()
    api.hit(name)
    key = api.create(new_name())
    answer = api.call(f"/{verb}/{name}", "POST", bearer=key, **arguments)
    assert object_of(answer, 401)["error"] == "token is invalid"
    assert api.value(name) == 1


@each_owners_call
def test_a_token_is_taken_from_the_query_too(api, verb, arguments):
    name = new_name()
    key = api.create(name, 5)
    answer = api.call(f"/{verb}/{name}", "POST", token=key, **arguments)
    assert answer.status == 200
    assert api.value(name) == {"set": 15, "update": 20, "reset": 0, "delete": None}[verb]


def test_the_key_of_the_form_in_the_query_is_an_owners_key_as_well(api):
    name = new_name()
    key = api.create_listed(name, value=5)
    assert api.call(f"/info/{name}")["is_genuine"] is False
    assert api.call(f"/set/{name}", "POST", bearer=key, value=9).status == 200
    assert api.call(f"/delete/{name}", "POST", bearer=key).status == 200


def test_without_its_token_a_counter_of_an_owner_has_bounds_of_0_and_open_hits(api):
    name = new_name()
    api.create(name, 5)
    answers = [api.call(f"/update/{name}", amount=amount) for amount in (0, 1, -1)]
    assert [answer.status for answer in answers] == [200, 403, 403]
    assert [answer["value"] for answer in answers] == [5, 5, 5]
    assert api.call(f"/set/{name}", value=1).status == 403
    assert api.hit(name) == 6


def test_an_owner_passes_no_end_of_the_numbers(api):
    name = new_name()
    key = api.create(name, GREATEST)
    assert object_of(api.call(f"/update/{name}", "POST", bearer=key, value=1), 400)["error"]
    assert api.call(f"/update/{name}", "POST", bearer=key, value=LEAST)["value"] == -1
    assert api.call(f"/set/{name}", "POST", bearer=key, value=LEAST)["value"] == LEAST
    assert object_of(api.call(f"/update/{name}", "POST", bearer=key, value=-1), 400)["error"]
