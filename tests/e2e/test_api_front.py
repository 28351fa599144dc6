"""The front counter is default/counter: "/" and the API count the same, and nobody may set it."""

import pytest

from api_client import Api
from conftest import API_FORMS, make_store
from http_client import visit


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
