"""Models that cannot be run: what the API says of them, in workflows inside of workflows as well."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.api import SYSTEM_ACTOR
from accounts.selectors import forget_own_accounts
from accounts.services.provider_keys import set_provider_key
from common.errors import InvalidGraph
from executor.models import Attempt, Execution, ProviderSetting
from executor.selectors.provider_terms import forget_terms
from executor.services.retry import RetryRequest, retry_execution
from tests.client import ApiClient
from tests.executor.runs import accept, publish
from tests.graphs import graph
from tests.http.problem import assert_problem
from tests.provider.course import Course
from tests.provider.models import add_painter, open_accounts, painting, parts_of
from tests.provider.test_routes import finish
from tests.providers.base import Outcome
from tests.providers.bfl import FakeBfl
from tests.workflows.model_documents import STAFF
from workflows.catalogue.overrides import Override
from workflows.services.models import override_model, retire_model


@pytest.fixture(scope="module")
def _bfl() -> Iterator[FakeBfl]:
    with FakeBfl() as fake:
        yield fake


@pytest.fixture
def bfl(_bfl: FakeBfl, settings: Any) -> FakeBfl:
    _bfl.reset()
    open_accounts(settings, _bfl)
    return _bfl


@pytest.fixture
def flow(workspace, staff_catalogue) -> str:
    """A published workflow with the painter in it, which nobody has an account for."""
    add_painter()
    return publish(workspace, painting())


@pytest.fixture
def nested(workspace, flow) -> str:
    """A workflow that runs it."""
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "run": ("workflow.run", {"workflowId": flow}),
            "o": ("output", {"name": "image"}),
        },
        ["p.value -> run.prompt", "run.image -> o.value"],
    )
    return publish(workspace, document)


def own_key(workspace: Any, fake: FakeBfl) -> None:
    parts = parts_of(fake)
    set_provider_key(
        actor=SYSTEM_ACTOR,
        workspace_id=workspace.id,
        provider=fake.name,
        key=parts["key"],
        base_url=parts["base_url"],
    )
    forget_own_accounts(workspace.id)


def body(prompt: str = "tea") -> dict[str, Any]:
    return {"inputs": {"prompt": prompt}}


def test_a_live_run_of_a_model_that_nobody_has_an_account_for_is_refused(api, flow) -> None:
    answer = api.post(f"/workflows/{flow}/execute", body())

    problem = assert_problem(answer, 422, "invalid_graph")
    (item,) = problem["errors"]
    assert (item["path"], item["code"]) == ("nodes/paint", "unavailable")
    assert "Route Painter" in item["message"]
    assert Execution.objects.across_workspaces().count() == 0


def test_a_test_key_runs_it(workspace, flow, api) -> None:
    from tests.factories import make_key

    answer = ApiClient(make_key(workspace, mode="test").secret).post(
        f"/workflows/{flow}/execute", body()
    )

    assert answer.status_code == 202


def test_a_retired_model_is_refused_to_both(workspace, flow, api, bfl) -> None:
    from tests.factories import make_key

    retire_model(actor=STAFF, key="route-painter")

    for client in (api, ApiClient(make_key(workspace, mode="test").secret)):
        problem = assert_problem(
            client.post(f"/workflows/{flow}/execute", body()), 422, "invalid_graph"
        )
        assert problem["errors"][0]["code"] == "unavailable"


def test_an_estimate_tells_the_price_and_what_is_unavailable(api, flow) -> None:
    answer = api.post(f"/workflows/{flow}/estimate", body()).json()

    assert answer["maxCredits"] == 90
    (item,) = answer["unavailable"]
    assert (item["path"], item["code"]) == ("nodes/paint", "unavailable")


def test_an_estimate_tells_the_fee_of_an_own_key(api, workspace, flow, bfl) -> None:
    own_key(workspace, bfl)
    ProviderSetting.objects.create(provider="bfl", own_key_fee=4)
    forget_terms()

    answer = api.post(f"/workflows/{flow}/estimate", body()).json()

    assert (answer["credits"], answer["maxCredits"]) == (4, 4)
    assert "unavailable" not in answer


def test_a_model_inside_of_a_workflow_that_is_run_is_refused_at_the_node_that_runs_it(
    workspace, nested
) -> None:
    with pytest.raises(InvalidGraph) as refused:
        accept(workspace, nested, {"prompt": "tea"})

    (issue,) = refused.value.issues
    assert (issue.path, issue.code) == ("nodes/run", "unavailable")


@pytest.mark.parametrize(("fee", "own"), [(7, True), (90, False)])
def test_a_model_inside_of_a_workflow_is_charged_as_it_was_accepted(
    workspace, nested, bfl, fee, own
) -> None:
    if own:
        own_key(workspace, bfl)
        ProviderSetting.objects.create(provider="bfl", own_key_fee=fee)
        forget_terms()
    accepted = accept(workspace, nested, {"prompt": "tea"})
    override_model(actor=STAFF, key="route-painter", override=Override(price="1"))
    course = Course(workspace)

    answer = finish_all(course, accepted.execution_id)

    assert accepted.estimated_credits == fee
    assert answer["status"] == "COMPLETED"
    assert answer["credits"]["charged"] == (7 if own else 40)
    assert bool(Attempt.objects.get().account) is own


def finish_all(course: Course, execution: str) -> dict[str, Any]:
    from executor.models import Task
    from executor.runtime.perform import Performer

    course.clock.advance(5)
    performer = Performer("runs", clock=course.clock)
    for _ in range(20):
        for task in Task.objects.filter(state="ready", queue="runs"):
            performer.perform(task.id)
        course.work()
        if course.answer(execution)["status"] in ("COMPLETED", "FAILED"):
            break
        course.advance(5)
    return course.answer(execution)


def test_each_element_of_a_list_takes_its_own_way_and_the_detour_is_told(
    workspace, staff_catalogue, bfl, settings
) -> None:
    from tests.providers.replicate import FakeReplicate

    with FakeReplicate() as replicate:
        open_accounts(settings, bfl, replicate)
        add_painter()
        bfl.script(Outcome.OK, Outcome.OUT_OF_CREDIT)
        document = painting()
        document["nodes"][0] |= {
            "type": "input.list", "params": {"name": "prompt", "items": "text"},
        }  # fmt: skip
        course = Course(workspace)
        execution = course.begin(document, prompt=["one", "two", "three"])

        answer = finish(course, execution)

        node = next(node for node in answer["nodes"] if node["nodeId"] == "paint")
        assert answer["status"] == "COMPLETED"
        assert (bfl.paid, replicate.paid) == (1, 2)
        assert node["route"]["fallbackFrom"] == ["bfl"]
        # Whom a route's price is made for matters not: replicate told no cents, so the most is due.
        assert answer["credits"]["charged"] == 40 + 90 + 90


def test_a_retry_needs_no_model_that_has_done_its_part(workspace, staff_catalogue, bfl) -> None:
    add_painter()
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "paint": "model.route-painter",
            "bad": ("image.crop", {"x": 10_000, "y": 0, "width": 10, "height": 10}),
            "o": ("output", {"name": "image"}),
        },
        ["p.value -> paint.prompt", "paint.image -> bad.image", "bad.image -> o.value"],
    )
    course = Course(workspace)
    execution = course.begin(document)
    before = finish_all(course, execution)
    override_model(actor=STAFF, key="route-painter", override=Override(is_off=True))
    request = RetryRequest(workspace.id, execution, "live")

    made = retry_execution(request)

    assert before["status"] == "FAILED"
    assert made.estimated_credits == 0
    with pytest.raises(InvalidGraph):
        retry_execution(RetryRequest(workspace.id, execution, "live", from_node="paint"))
