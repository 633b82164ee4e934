"""What test runs know of others, and what nodes that choose a model do in them."""

from typing import Any

import pytest

from accounts.api import SYSTEM_ACTOR
from common.clock import utc_now
from common.errors import Conflict, InvalidGraph
from executor.engine.state import RunState
from executor.engine.step import TaskSpec
from executor.models import CacheEntry, Execution
from executor.selectors.planning import plan_of
from executor.selectors.routing import models_of
from executor.services.estimates import preview_run
from executor.services.known import look_up_task, outer_forms
from executor.services.retry import RetryRequest, retry_execution
from executor.types import Accepted
from tests.executor.mode_runs import FAL, accept, entry, finish, paint, run
from tests.executor.runs import answer_of, publish
from tests.executor.simulated import document_of, write_models
from tests.graphs import graph
from tests.provider.course import Course
from workflows.api import find_runnable
from workflows.services.models import add_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def models(staff_catalogue) -> None:
    """A model of each task that these tests use, in the catalogue of this process."""
    write_models()


@pytest.fixture
def course(workspace, models) -> Course:
    return Course(workspace)


# --- what is known


def file_of(answer: dict[str, Any]) -> str:
    return str(answer["outputs"]["image"]["fileId"])


def test_what_was_simulated_is_known_to_test_runs_and_still_marked(course, workspace):
    flow = publish(workspace, paint(seed=7))
    first = accept(workspace, flow)
    finish(course)

    again = accept(workspace, flow)

    known = answer_of(workspace, again.execution_id)
    assert entry(known, "paint")["cached"] is True
    assert entry(known, "paint")["simulated"] is True
    assert file_of(known) == file_of(answer_of(workspace, first.execution_id))


def test_what_was_simulated_is_unknown_to_live_runs(course, workspace, settings):
    settings.PROVIDER_ACCOUNTS = FAL
    flow = publish(workspace, paint(seed=7))
    accept(workspace, flow)
    finish(course)
    assert CacheEntry.objects.of(workspace.id).count() == 1

    live = accept(workspace, flow, mode="live")

    answer = answer_of(workspace, live.execution_id)
    assert answer["status"] == "QUEUED"
    assert entry(answer, "paint")["cached"] is False
    assert "simulated" not in entry(answer, "paint")


@pytest.mark.parametrize(("mode", "cached"), [("test", {"paint"}), ("live", set())])
def test_an_estimate_knows_what_a_run_of_its_mode_would(course, workspace, settings, mode, cached):
    settings.PROVIDER_ACCOUNTS = FAL
    flow = publish(workspace, paint(seed=7))
    accept(workspace, flow)
    finish(course)

    preview = preview_run(find_runnable(workspace.id, flow, None), {"prompt": "tea"}, mode=mode)

    assert preview.cached == cached


def test_a_run_is_retried_in_its_own_mode_alone(course, workspace):
    first = accept(workspace, publish(workspace, paint()))
    finish(course)

    with pytest.raises(Conflict, match="test mode"):
        retry_execution(RetryRequest(workspace.id, first.execution_id, "live"))


def test_what_live_runs_gave_is_unknown_to_test_runs(course, workspace, settings):
    """As a provider would have given it: a live run's key is that of the entry, which test runs
    must not ask for."""
    settings.PROVIDER_ACCOUNTS = FAL
    flow = publish(workspace, paint(seed=7))
    live, test = accept(workspace, flow, mode="live"), accept(workspace, flow)
    rows = {row.id: row for row in Execution.objects.of(workspace.id)}

    live_keys, test_keys = (keys_of(rows[made.execution_id]) for made in (live, test))

    assert live_keys.keys() == test_keys.keys() == {"paint"}
    assert live_keys["paint"] != test_keys["paint"]


def keys_of(execution: Execution) -> dict[str, str]:
    """The keys of a run's one task of a model."""
    plan, state = plan_of(execution.version_id), RunState.from_json(execution.state)
    spec = TaskSpec(plan.segment_of["paint"])
    forms = outer_forms(execution, plan, state, spec)
    keys = look_up_task(execution, plan, state, spec, forms, now=utc_now()).keys
    return dict(keys or {})


def test_a_retry_takes_over_what_was_simulated(course, workspace):
    flow = publish(workspace, paint())
    first = accept(workspace, flow)
    finish(course)

    again = retry_execution(RetryRequest(workspace.id, first.execution_id, "test"))

    answer = answer_of(workspace, again.execution_id)
    assert answer["status"] == "COMPLETED"
    assert entry(answer, "paint")["cached"] is True
    assert entry(answer, "paint")["simulated"] is True


# --- nodes on top of language models


def test_a_plan_and_its_prompts_are_simulated_and_run_on(course):
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "plan": ("text.plan", {"count": 3, "model": "test-chat"}),
            "write": ("text.expandPrompt", {"model": "test-chat", "seed": 1}),
            "paint": ("model.test-text-to-image", {"width": 32, "height": 32}),
            "o": ("output", {"name": "images"}),
            "t": ("output", {"name": "prompts"}),
        },
        [
            "p.value -> plan.prompt", "plan.texts -> write.prompt", "write.text -> paint.prompt",
            "paint.image -> o.value", "write.text -> t.value",
        ],
    )  # fmt: skip

    answer = run(course, document)

    assert answer["status"] == "COMPLETED"
    assert len(answer["outputs"]["images"]) == 3
    assert all(text.startswith("[TEST]") for text in answer["outputs"]["prompts"])
    assert all(entry(answer, node)["simulated"] for node in ("plan", "write", "paint"))


def test_a_node_on_top_of_a_model_is_known_by_the_model_and_the_seed(course, workspace):
    def keys(**params: Any) -> int:
        document = graph(
            {
                "p": ("input.text", {"name": "prompt"}),
                "write": ("text.expandPrompt", {"model": "test-chat", **params}),
                "o": ("output", {"name": "text"}),
            },
            ["p.value -> write.prompt", "write.text -> o.value"],
        )
        run(course, document)
        return CacheEntry.objects.of(workspace.id).count()

    add_model(actor=SYSTEM_ACTOR, document=document_of("chat", key="test-other"))

    assert [
        keys(), keys(seed=1), keys(seed=1), keys(seed=1, model="test-other"), keys(seed=1, length="long"),
    ] == [0, 1, 1, 2, 3]  # fmt: skip


def test_a_live_run_holds_what_the_chosen_model_costs_and_asks_its_provider(
    course, workspace, settings
):
    settings.PROVIDER_ACCOUNTS = FAL
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "write": ("text.expandPrompt", {"model": "test-chat"}),
            "o": ("output", {"name": "text"}),
        },
        ["p.value -> write.prompt", "write.text -> o.value"],
    )

    live = accept(workspace, publish(workspace, document), mode="live")

    assert live.estimated_credits == 10
    assert {each.place: each.model.key for each in models_of(version_of(live))} == {
        "write": "test-chat"
    }


def test_a_live_run_of_a_model_without_an_account_is_refused_by_name(models, workspace):
    document = graph(
        {
            "write": ("text.expandPrompt", {"model": "test-chat", "prompt": "a boat"}),
            "o": ("output", {"name": "text"}),
        },
        ["write.text -> o.value"],
    )

    with pytest.raises(InvalidGraph) as refusal:
        accept(workspace, publish(workspace, document), mode="live", inputs={})

    (issue,) = refusal.value.issues
    assert (issue.path, issue.code) == ("nodes/write", "unavailable")
    assert "Test Model" in issue.message


def version_of(accepted: Accepted) -> str:
    row = Execution.objects.across_workspaces().get(pk=accepted.execution_id)
    return row.version_id
