"""`GET /models`, for everybody: what each model takes and costs, and whether it runs here."""

import pytest
from jsonschema import Draft202012Validator

from accounts.api import SYSTEM_ACTOR
from accounts.selectors import forget_own_accounts
from accounts.services.provider_keys import set_provider_key
from tests.http.problem import assert_problem
from tests.workflows.model_documents import STAFF, document
from workflows.api import get_catalogue
from workflows.catalogue.overrides import Override
from workflows.services.models import add_model, override_model, retire_model

FIELDS = {
    "key", "name", "vendor", "task", "modality", "status", "nodeType", "providers", "params",
    "price", "license", "available",
}  # fmt: skip


@pytest.fixture
def anyone(api):
    return api.with_key(None)


@pytest.fixture
def painter(staff_catalogue, settings) -> str:
    """A model that runs by the platform's account."""
    settings.PROVIDER_ACCOUNTS = {"fal": {"key": "fal-key", "secret": "", "base_url": ""}}
    return add_model(actor=STAFF, document=document())


def walk(client, **query):
    """Yield all items of a list, page by page."""
    cursor = ""
    while cursor is not None:
        page = client.get("/models", {**query, "cursor": cursor}).json()
        yield from page["items"]
        cursor = page["nextCursor"]


def test_every_model_is_listed_once_with_the_shape_of_the_contract(anyone):
    models = list(walk(anyone, limit="100"))

    assert [model["key"] for model in models] == sorted(get_catalogue().models)
    for model in models:
        assert model.keys() >= FIELDS
        assert model["nodeType"] == f"model.{model['key']}"
        Draft202012Validator.check_schema(model["params"])


def test_pages_of_any_length_show_the_same(anyone):
    whole = [model["key"] for model in walk(anyone, limit="100", task="text-to-image")]

    assert [model["key"] for model in walk(anyone, limit="15", task="text-to-image")] == whole
    assert whole


def test_a_model_is_read_by_its_key(anyone, painter):
    model = anyone.get(f"/models/{painter}").json()

    assert (model["name"], model["vendor"], model["modality"]) == (
        "House Painter", "The House", "image",
    )  # fmt: skip
    assert model["providers"] == ["fal", "replicate"]
    assert model["price"]["minCredits"] == 40
    assert (model["available"], model["unavailableReason"]) == (True, None)


@pytest.mark.parametrize("name", ["nobody", "A" * 300, "%00", "..%2f"])
def test_an_unknown_model_is_not_found(anyone, name):
    assert_problem(anyone.get(f"/models/{name}"), 404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        {"task": "text-to-image", "provider": "fal", "q": "HOUSE painter"},
        {"modality": "image", "q": "the house"},
        {"q": "house-painter"},
    ],
)
def test_filters_find_what_fits_all_of_them(anyone, painter, query):
    found = [model["key"] for model in walk(anyone, **query)]

    assert painter in found


@pytest.mark.parametrize(
    "query",
    [
        {"task": "chat", "q": "house painter"},
        {"modality": "video", "q": "house painter"},
        {"provider": "kling", "q": "house painter"},
        {"q": "house nonsense"},
    ],
)
def test_filters_leave_out_what_does_not_fit_one(anyone, painter, query):
    assert list(walk(anyone, **query)) == []


@pytest.mark.parametrize(
    "query",
    [
        {"task": "text-to-smell"},
        {"modality": "IMAGE"},
        {"provider": ""},
        {"q": "x" * 201},
        {"limit": "0"},
        {"cursor": "nonsense"},
        {"sort": "name"},
    ],
)
def test_a_value_that_means_nothing_is_malformed(anyone, query):
    assert_problem(anyone.get("/models", query), 400, "malformed_request")


def test_a_cursor_belongs_to_its_list_and_caller(anyone, api):
    cursor = anyone.get("/models", {"limit": "1"}).json()["nextCursor"]

    assert cursor
    assert_problem(anyone.get("/models", {"cursor": cursor, "q": "x"}), 400, "malformed_request")
    assert_problem(api.get("/models", {"cursor": cursor}), 400, "malformed_request")


def test_the_tag_changes_with_what_is_shown(anyone, painter):
    first = anyone.get(f"/models/{painter}")
    etag = first.headers["ETag"]

    assert anyone.get(f"/models/{painter}", If_None_Match=etag).status_code == 304
    override_model(actor=STAFF, key=painter, override=Override(price="5"))
    again = anyone.get(f"/models/{painter}", If_None_Match=etag)
    assert again.status_code == 200
    assert again.json()["price"]["credits"] == 5


def test_what_speaks_against_a_model_is_told(anyone, painter, settings):
    def reason(**override) -> str:
        override_model(actor=STAFF, key=painter, override=Override(**override))
        shown = anyone.get(f"/models/{painter}").json()
        assert shown["available"] is False
        return str(shown["unavailableReason"])

    assert "switched off" in reason(is_off=True)
    assert "key of your own" in reason(providers=("replicate",))
    retire_model(actor=STAFF, key=painter)
    assert "retired" in reason()
    assert anyone.get(f"/models/{painter}").json()["status"] == "retired"
    assert painter in [model["key"] for model in walk(anyone, q="house painter")]


def test_a_model_without_a_price_has_none_and_is_not_available(anyone, staff_catalogue, settings):
    settings.PROVIDER_ACCOUNTS = {"fal": {"key": "fal-key", "secret": "", "base_url": ""}}
    price = document()[document().index("[price]") : document().index("[[params]]")]
    key = add_model(actor=STAFF, document=document((price, "")))

    model = anyone.get(f"/models/{key}").json()
    node = anyone.get(f"/nodes/model.{key}").json()

    assert (model["price"], node["price"], model["available"]) == (None, None, False)
    override_model(actor=STAFF, key=key, override=Override(price="9"))
    assert anyone.get(f"/models/{key}").json()["available"] is True


def test_staffs_positions_come_first_on_every_page(anyone, painter):
    add_model(actor=STAFF, document=document(key="another-painter"))
    override_model(actor=STAFF, key=painter, override=Override(position=-5))
    override_model(actor=STAFF, key="another-painter", override=Override(position=3))

    found = [model["key"] for model in walk(anyone, limit="1", q="house")]

    assert found[:2] == [painter, "another-painter"]
    assert found[2:] == sorted(found[2:])


def test_a_key_sees_what_its_own_workspace_can_run(api, anyone, painter, workspace):
    override_model(actor=STAFF, key=painter, override=Override(providers=("replicate",)))
    assert api.get(f"/models/{painter}").json()["available"] is False

    set_provider_key(
        actor=SYSTEM_ACTOR, workspace_id=workspace.id, provider="replicate", key="their-own-key"
    )
    forget_own_accounts(workspace.id)  # as on commit

    assert api.get(f"/models/{painter}").json()["available"] is True
    assert anyone.get(f"/models/{painter}").json()["available"] is False


def test_a_bad_key_is_refused_here_too(api):
    assert_problem(api.with_key("sk-live-nonsense").get("/models"), 401, "unauthenticated")


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_models_are_not_written_here(api, method):
    assert_problem(api.send(method, "/models"), 405, "method_not_allowed")
