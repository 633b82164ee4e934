"""What a model costs follows what staff decide, in estimates, in refusals, and in what is held."""

from decimal import Decimal

import pytest

from tests.client import ApiClient
from tests.factories import make_key, make_published_workflow, make_workspace
from tests.graphs import graph
from tests.http.problem import assert_problem
from tests.workflows.model_documents import STAFF, document
from workflows.catalogue.overrides import Override
from workflows.models import CatalogueState, ModelOverride
from workflows.services.models import add_model, override_model, set_margin

KEY = "house-painter"
GRAPH = graph(
    {
        "paint": ("model.house-painter", {"prompt": "a house", "count": 3}),
        "out": ("output", {"name": "image"}),
    },
    ["paint.image -> out.value"],
)


@pytest.fixture(autouse=True)
def _painter(staff_catalogue, settings) -> None:
    settings.PROVIDER_ACCOUNTS = {"fal": {"key": "fal-key", "secret": "", "base_url": ""}}
    add_model(actor=STAFF, document=document())


class Shop:
    """A workspace with so many credits, and a workflow of three pictures."""

    def __init__(self, credits_: int) -> None:
        self.workspace = make_workspace(credits=credits_)
        self.api = ApiClient(make_key(self.workspace).secret)
        self.workflow = make_published_workflow(self.workspace, graph=GRAPH).id

    def estimate(self) -> int:
        answer = self.api.post(f"/workflows/{self.workflow}/estimate", {})
        assert answer.status_code == 200, answer.content
        assert answer.json()["nodes"][0]["type"] == "model.house-painter"
        return int(answer.json()["credits"])

    def execute(self):
        return self.api.post(f"/workflows/{self.workflow}/execute", {"inputs": {}})

    def held(self) -> int:
        return int(self.api.get("/usage/balance").json()["held"])


def test_an_estimate_follows_the_file_then_staffs_price_then_the_margin() -> None:
    shop = Shop(1_000)

    as_filed = shop.estimate()
    override_model(actor=STAFF, key=KEY, override=Override(price="7 * count"))
    as_decided = shop.estimate()
    set_margin(actor=STAFF, percent=Decimal("12.5"))

    assert (as_filed, as_decided) == (120, 21)
    assert shop.estimate() == 24  # 23.625, rounded up once and not for each picture


def test_a_price_of_staff_is_what_is_asked_for_and_held() -> None:
    shop = Shop(130)
    override_model(actor=STAFF, key=KEY, override=Override(price="50 * count"))

    problem = assert_problem(shop.execute(), 402, "insufficient_credits")
    set_margin(actor=STAFF, percent=Decimal("12.5"))
    dearer = assert_problem(shop.execute(), 402, "insufficient_credits")
    override_model(actor=STAFF, key=KEY, override=Override(price="10 * count"))
    taken = shop.execute()

    assert (problem["required"], problem["shortfall"]) == (150, 20)
    assert problem["nodes"][0] == {
        "nodeId": "paint", "type": "model.house-painter", "label": "House Painter", "credits": 150, "quantity": 1,
    }  # fmt: skip
    assert dearer["required"] == 169  # 168.75
    assert (taken.status_code, taken.json()["estimatedCredits"], shop.held()) == (202, 34, 34)


def test_a_model_that_staff_switch_off_is_run_by_nobody() -> None:
    shop = Shop(1_000)
    override_model(actor=STAFF, key=KEY, override=Override(is_off=True))

    problem = assert_problem(shop.execute(), 422, "invalid_graph")

    assert [(item["path"], item["code"]) for item in problem["errors"]] == [
        ("nodes/paint", "unavailable")
    ]
    override_model(actor=STAFF, key=KEY, override=Override())
    assert shop.execute().status_code == 202


def test_a_price_that_fits_no_longer_makes_a_model_unavailable_and_not_cheaper(
    staff_catalogue,
) -> None:
    shop = Shop(1_000)
    override_model(actor=STAFF, key=KEY, override=Override(price="90 * count"))
    ModelOverride.objects.update(price="90 * pictures")  # a newer release named it otherwise
    CatalogueState.objects.update(revision=99)

    assert_problem(shop.execute(), 422, "invalid_graph")
    assert "no parameter or input" in staff_catalogue.state().problems[KEY]
