"""The front counter is default/counter: "/" and the API count the same, and nobody may set it."""

import os

import pytest

from api_client import Api
from conftest import API_FORMS, make_store
from http_client import visit
from load import Load


TOKEN = "a-token-for-everything"


@pytest.fixture(params=API_FORMS, ids=lambda form: f"{form[0]}-{form[1]}")
def start_front(request, start_footfall, folder):
    """A server of the test's own, with more options."""
    name, workers = request.param

    def start(*options):
        footfall = start_footfall(*options, store=make_store(name, folder, request), workers=workers)
        return Api(footfall.address, name)

    return start


def test_it_is_the_counter_of_the_front_page(start_front):
    api = start_front()
    assert visit(api.address)[0] == 1
    assert api.hit("default/counter") == 2
    assert api.hit("counter") == 3
    assert api.value("counter") == 3
    assert visit(api.address)[0] == 4
    assert api.call("/hit/%63ounter")["value"] == 5
    assert api.call("/hit/counter").headers["x-path"] == "default/counter"


def test_it_has_another_name_with_another_key(start_front):
    api = start_front("--key", "visits")
    assert visit(api.address)[0] == 1
    assert api.hit("default/visits") == 2
    assert api.hit("counter") == 1
    assert visit(api.address)[0] == 3


def test_before_the_first_visit_it_is_not_there(start_front):
    api = start_front()
    assert api.value("counter") is None
    assert api.call("/info/counter").status == 404
    assert api.call("/update/counter", amount=1).status == 404
    assert visit(api.address)[0] == 1


def test_nobody_sets_or_deletes_it(start_front):
    api = start_front()
    visit(api.address)
    assert api.call("/set/counter", value=9).status == 403
    assert api.call("/update/counter", amount=-1).status == 403
    assert api.call("/create/counter").status == 409
    key = api.create("other/counter")
    for verb in ("set", "update", "reset", "delete"):
        assert api.call(f"/{verb}/counter", "POST", bearer=key, value=9).status == 401
        assert api.call(f"/{verb}/counter", "POST", value=9).status == 400
    assert visit(api.address)[0] == 2


@pytest.fixture
def token_file(folder):
    path = os.path.join(folder, "token")
    with open(path, "w", encoding="ascii") as file:
        file.write(TOKEN)
    return path


@pytest.mark.parametrize(
    "verb, old_value, value", [("set", 0, 5000), ("update", None, 5000), ("reset", None, 0)]
)
def test_the_servers_token_sets_it_before_the_first_visit(
    start_front, token_file, verb, old_value, value
):
    """Whoever brought a number along had to visit first."""
    api = start_front("--admin-token-file", token_file)
    answer = api.call(f"/{verb}/default/counter", "POST", bearer=TOKEN, value=5000)
    assert answer.status == 200, answer
    assert answer["value"] == value and answer.object.get("old_value") == old_value
    assert api.value("counter") == value
    info = api.call("/info/counter")
    assert info["value"] == info["adjusted"] == value and info["is_genuine"] is True
    assert (info["enable_reset"], info["update_lowerbound"], info["update_upperbound"]) == (
        False, 0, 1,
    )
    assert visit(api.address)[0] == value + 1
    answer = api.call("/set/counter", "POST", bearer=TOKEN, value=9)
    assert answer.object == {"old_value": value + 1, "value": 9}
    assert api.call("/delete/counter", "POST", bearer=TOKEN).status == 200
    assert api.call("/delete/counter", "POST", bearer=TOKEN).status == 404
    assert api.call("/set/counter", "POST", bearer=TOKEN, value=-1)["value"] == -1
    assert api.call("/stats")["key_misses__since_restart"] == "1"


def test_it_is_set_though_visits_make_it_and_somebody_deletes_it_meanwhile(
    start_front, token_file
):
    api = start_front("--admin-token-file", token_file)
    with Load(api.address, 2) as load, api.connect() as client:
        fields = [f"Authorization: Bearer {TOKEN}"]
        for _ in range(200):
            assert client.ask("POST", "/delete/counter", fields).status in (200, 404)
            assert client.ask("POST", "/set/counter?value=7", fields).status == 200
        record = load.stop()
    record.assert_all_answered()


def test_other_counters_are_made_by_create_alone(start_front, token_file):
    api = start_front("--admin-token-file", token_file)
    assert api.call("/set/some/other", "POST", bearer=TOKEN, value=5).status == 404
    assert api.call("/set/counter", "POST", bearer="another", value=5).status in (401, 404)
    assert api.call("/set/counter", value=5).status == 404
    assert api.value("counter") is None and api.value("some/other") is None


def test_info_of_it(start_front):
    api = start_front()
    visit(api.address)
    info = api.call("/info/counter")
    assert info.status == 200
    assert (info["namespace"], info["key"], info["value"]) == ("default", "counter", 1)
    assert info["exists"] is True and info["is_genuine"] is True


def test_nobody_becomes_its_owner_before_the_first_visit(start_front):
    api = start_front()
    answer = api.call("/create/default/counter", "POST", initializer=1000)
    assert answer.status == 409
    assert visit(api.address)[0] == 1


@pytest.mark.parametrize("store", ["lmdb", "redis"])
def test_a_key_with_a_slash_names_one_counter_however_it_is_asked_for(
    store, start_footfall, folder, request
):
    footfall = start_footfall(
        "--key", "site/blog", store=make_store(store, folder, request), workers=2
    )
    api = Api(footfall.address)
    assert api.call("/create/site/blog").status == 409  # nobody becomes its owner
    numbers = []
    for _ in range(5):
        numbers += [visit(footfall.address)[0], api.hit("site/blog")]
    assert numbers == list(range(1, 11))
    assert api.value("site/blog") == 10
