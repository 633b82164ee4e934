"""Starting a run that is not paid for: 402 with what it would cost, and what is charged otherwise."""

from typing import Any

import pytest

from accounts.api import SYSTEM_ACTOR, KeyMode, KeyRestrictions, create_api_key
from tests.client import ApiClient
from tests.executor import priced_nodes
from tests.executor.runs import perform_all
from tests.factories import ALL_SCOPES, make_key, make_published_workflow, make_workspace
from tests.graphs import graph
from tests.http.problem import assert_problem
from workflows.selectors import get_catalogue

NODES = [
    {"nodeId": "first", "type": "p.fixed", "label": "Fixed", "credits": 5, "quantity": 1},
    {"nodeId": "last", "type": "p.costly", "label": "Twice", "credits": 14, "quantity": 1},
]
PRICE = 19


@pytest.fixture(autouse=True)
def _priced_nodes(settings):
    settings.EXTRA_NODES = [priced_nodes.__name__]
    get_catalogue.cache_clear()
    yield
    settings.EXTRA_NODES = []
    get_catalogue.cache_clear()


def document() -> dict[str, Any]:
    """An input, a node for 5 credits that may be refused, one for 14, and a free one."""
    made = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "first": "p.fixed",
            "case": "text.case",
            "last": ("p.costly", {"effort": "high", "copies": 2}),
            "out": ("output", {"name": "text"}),
        },
        [
            "in.value -> first.text",
            "first.text -> case.text",
            "case.text -> last.text",
            "last.text -> out.value",
        ],
    )
    made["nodes"][3]["label"] = "Twice"
    return made


class Shop:
    """A workspace with so many credits, a workflow for 19, and a key."""

    def __init__(self, credits: int, *, mode: KeyMode = "live", graph_: Any = None) -> None:  # noqa: A002
        self.workspace = make_workspace(credits=credits)
        self.workflow = make_published_workflow(self.workspace, graph=graph_ or document())
        self.api = ApiClient(make_key(self.workspace, mode=mode).secret)

    def execute(self, text: str = "hello", **body: Any) -> Any:
        """Ask for a run."""
        sent = {"inputs": {"text": text}, **body}
        return self.api.post(f"/workflows/{self.workflow.id}/execute", sent)

    def run(self, text: str = "hello", **body: Any) -> dict[str, Any]:
        """Run it to its end; returns the poll answer."""
        accepted = self.execute(text, **body).json()
        perform_all()
        return self.poll(accepted["executionId"])

    def poll(self, execution_id: str) -> dict[str, Any]:
        """How a run stands."""
        answer: dict[str, Any] = self.api.get(f"/workflows/executions/{execution_id}/poll").json()
        return answer

    def balance(self) -> tuple[int, int]:
        """What is available, and what is held."""
        answer = self.api.get("/usage/balance").json()
        assert answer["balance"] == answer["available"] + answer["held"]
        return answer["available"], answer["held"]

    def used(self) -> tuple[int, int]:
        """Executions and credits of the last days; the same by whatever they are grouped."""
        groups = ("day", "workflow", "key", "model")
        found = [self.api.get("/usage", {"groupBy": group}).json() for group in groups]
        for answer in found:
            credits_of_items = sum(item["credits"] for item in answer["items"])
            assert credits_of_items == answer["totals"]["credits"]
        totals = {(answer["totals"]["executions"], answer["totals"]["credits"]) for answer in found}
        assert len(totals) == 1
        return totals.pop()

    def runs(self) -> list[Any]:
        """The list of runs."""
        found: list[Any] = self.api.get("/workflows/executions").json()["items"]
        return found


def charged(poll: dict[str, Any]) -> dict[str, int]:
    """What each node that cost something was charged."""
    return {node["nodeId"]: node["credits"] for node in poll["nodes"] if node["credits"]}


# --- refused


@pytest.mark.django_db
@pytest.mark.parametrize("available", [0, 1, PRICE - 1])
def test_a_run_that_cannot_be_paid_is_refused_with_what_it_would_cost(available):
    shop = Shop(available)

    problem = assert_problem(shop.execute(), 402, "insufficient_credits")

    assert (problem["required"], problem["balance"]) == (PRICE, available)
    assert problem["shortfall"] == PRICE - available
    assert problem["nodes"] == NODES
    assert shop.runs() == []
    assert shop.balance() == (available, 0)
    assert shop.used() == (0, 0)


@pytest.mark.django_db
def test_what_other_runs_hold_is_not_there_for_the_next():
    shop = Shop(2 * PRICE - 1)

    assert shop.execute("one").status_code == 202
    problem = assert_problem(shop.execute("two"), 402, "insufficient_credits")

    assert (problem["balance"], problem["shortfall"]) == (PRICE - 1, 1)
    assert shop.balance() == (PRICE - 1, PRICE)


@pytest.mark.django_db
@pytest.mark.parametrize("cap", [0, PRICE - 1])
def test_a_run_that_may_cost_more_than_its_cap_is_refused(cap):
    shop = Shop(1_000)

    problem = assert_problem(shop.execute(maxCredits=cap), 402, "over_max_credits")

    assert (problem["required"], problem["balance"], problem["shortfall"]) == (PRICE, 1_000, 0)
    assert problem["nodes"] == NODES
    assert shop.runs() == []
    assert shop.balance() == (1_000, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("cap", [-1, 1.5, "19", True, [], 2**53 + 1, 10**40])
def test_a_cap_that_is_no_number_of_credits_is_refused(cap):
    shop = Shop(1_000)

    response = shop.execute(maxCredits=cap)

    assert response.status_code in (400, 422)
    assert shop.runs() == []


@pytest.mark.django_db
def test_a_key_spends_no_more_in_a_month_than_its_cap():
    shop = Shop(1_000)
    issued = create_api_key(
        actor=SYSTEM_ACTOR,
        workspace_id=shop.workspace.id,
        name="Capped",
        mode="live",
        scopes=ALL_SCOPES,
        restrictions=KeyRestrictions(monthly_cap=2 * PRICE - 1),
    )
    shop.api = ApiClient(issued.secret)

    done = shop.run("one")
    problem = assert_problem(shop.execute("two"), 402, "insufficient_credits")

    assert done["credits"]["charged"] == PRICE
    assert (problem["required"], problem["balance"]) == (PRICE, PRICE - 1)
    assert problem["nodes"] == NODES
    assert shop.balance() == (1_000 - PRICE, 0)


@pytest.mark.django_db
def test_a_retry_that_cannot_be_paid_is_refused_and_one_that_can_takes_over_what_was_paid():
    shop = Shop(PRICE + 13)
    failed = shop.run("bad")
    path = f"/workflows/executions/{failed['executionId']}/retry"
    other = shop.run("other")
    left = shop.balance()

    problem = assert_problem(
        shop.api.post(path, {"inputs": {"text": "good"}}), 402, "insufficient_credits"
    )

    assert failed["credits"]["charged"] == 0
    assert other["credits"]["charged"] == PRICE
    assert (problem["required"], problem["balance"], left) == (PRICE, 13, (13, 0))
    assert problem["nodes"] == NODES


# --- paid


@pytest.mark.django_db
@pytest.mark.parametrize("cap", [None, PRICE, 10**6])
def test_i3_an_estimate_is_held_then_charged_and_the_same_everywhere(cap):
    shop = Shop(PRICE)
    estimate = shop.api.post(
        f"/workflows/{shop.workflow.id}/estimate", {"inputs": {"text": "hello"}}
    ).json()

    accepted = shop.execute(maxCredits=cap).json()
    held = shop.balance()
    perform_all()
    poll = shop.poll(accepted["executionId"])

    assert (estimate["credits"], estimate["maxCredits"], estimate["balance"]) == (PRICE,) * 3
    assert accepted["estimatedCredits"] == PRICE
    assert held == (0, PRICE)
    assert poll["status"] == "COMPLETED"
    assert poll["credits"] == {"estimated": PRICE, "charged": PRICE}
    assert charged(poll) == {"first": 5, "last": 14}
    assert shop.balance() == (0, 0)
    assert shop.used() == (1, PRICE)
    models = shop.api.get("/usage", {"groupBy": "model"}).json()["items"]
    assert [(item["model"], item["credits"]) for item in models] == [
        ("p.costly", 14),
        ("p.fixed", 5),
    ]


@pytest.mark.django_db
def test_what_fails_and_what_is_skipped_cost_nothing():
    shop = Shop(PRICE)

    poll = shop.run("bad")

    assert poll["status"] == "FAILED"
    assert poll["credits"] == {"estimated": PRICE, "charged": 0}
    assert charged(poll) == {}
    assert shop.balance() == (PRICE, 0)
    assert shop.used() == (1, 0)


@pytest.mark.django_db
def test_what_completed_before_a_failure_is_paid():
    made = document()
    made["nodes"][1]["type"], made["nodes"][3] = "p.words", {**made["nodes"][3], "type": "p.fixed"}
    made["nodes"][3]["params"] = {}
    made["nodes"][2]["type"] = "text.template"
    made["nodes"][2]["params"] = {"template": "bad"}
    made["edges"] = [edge for edge in made["edges"] if edge["target"] != "case"]
    shop = Shop(1_000, graph_=made)

    poll = shop.run("ten letter")

    assert poll["status"] == "FAILED"
    assert poll["credits"]["charged"] == sum(charged(poll).values()) <= 2
    assert "last" not in charged(poll)
    assert shop.balance() == (1_000 - poll["credits"]["charged"], 0)
    assert shop.used() == (1, poll["credits"]["charged"])


@pytest.mark.django_db
def test_a_run_that_is_cancelled_before_it_begins_costs_nothing():
    shop = Shop(PRICE)
    run = shop.execute().json()["executionId"]

    assert shop.api.post(f"/workflows/executions/{run}/cancel").json()["cancelled"] is True

    assert shop.poll(run)["credits"] == {"estimated": PRICE, "charged": 0}
    assert shop.balance() == (PRICE, 0)
    assert shop.used() == (1, 0)


@pytest.mark.django_db
def test_what_the_cache_knows_costs_nothing_unless_it_is_made_anew():
    shop = Shop(2 * PRICE)

    polls = [shop.run(), shop.run(), shop.run(cache="refresh")]

    assert [poll["credits"]["charged"] for poll in polls] == [PRICE, 0, PRICE]
    assert shop.balance() == (0, 0)
    assert shop.used() == (3, 2 * PRICE)
    assert shop.execute().status_code == 202
    assert_problem(shop.execute("something else"), 402, "insufficient_credits")


@pytest.mark.django_db
def test_a_test_key_holds_and_pays_nothing_whatever_the_cap():
    shop = Shop(0, mode="test")

    poll = shop.run(maxCredits=0)

    assert poll["status"] == "COMPLETED"
    assert poll["credits"] == {"estimated": 0, "charged": 0}
    assert shop.balance() == (0, 0)
    assert shop.used() == (1, 0)


@pytest.mark.django_db
def test_a_workflow_without_a_price_runs_without_credits():
    free = document()
    for index in (1, 3):
        free["nodes"][index] = {**free["nodes"][index], "type": "text.case", "params": {}}
    shop = Shop(0, graph_=free)

    poll = shop.run(maxCredits=0)

    assert poll["status"] == "COMPLETED"
    assert poll["credits"] == {"estimated": 0, "charged": 0}


@pytest.mark.django_db
def test_what_is_not_used_of_a_range_comes_back():
    made = document()
    made["nodes"][1] = {**made["nodes"][1], "type": "p.words"}
    made["nodes"][3] = {**made["nodes"][3], "type": "p.words", "params": {}}
    shop = Shop(10**9, graph_=made)
    path = f"/workflows/{shop.workflow.id}/estimate"

    estimate = shop.api.post(path, {"inputs": {"text": "ten letter"}}).json()
    accepted = shop.execute("ten letter").json()
    held = shop.balance()
    perform_all()
    poll = shop.poll(accepted["executionId"])

    assert estimate["credits"] < estimate["maxCredits"] == accepted["estimatedCredits"]
    assert held == (10**9 - accepted["estimatedCredits"], accepted["estimatedCredits"])
    assert charged(poll) == {"first": 2, "last": 4}
    assert poll["credits"]["charged"] == 6
    assert shop.balance() == (10**9 - 6, 0)
    assert shop.used() == (1, 6)


@pytest.mark.django_db
def test_a_stranger_neither_pays_nor_sees():
    shop, other = Shop(PRICE), Shop(PRICE)

    shop.run()
    response = other.api.post(f"/workflows/{shop.workflow.id}/execute", {"inputs": {"text": "x"}})

    assert_problem(response, 404, "not_found")
    assert other.balance() == (PRICE, 0)
    assert other.used() == (0, 0)
