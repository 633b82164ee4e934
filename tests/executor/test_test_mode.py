"""Runs of test keys: models are simulated, nothing is asked of providers, held or charged."""

from typing import Any

import pytest

from accounts.api import SYSTEM_ACTOR, WorkspaceRef
from billing.api import get_balance
from common.errors import InvalidInputs
from executor.models import Attempt, CacheEntry, Execution, ExecutionEvent, File
from executor.selectors.runs import get_snapshot
from executor.services.accept import accept_execution
from executor.services.retry import RetryRequest, retry_execution
from executor.types import Accepted, ExecutionRequest, Trigger
from tests.client import ApiClient
from tests.executor.runs import answer_of, perform_all, publish
from tests.executor.simulated import write_models
from tests.factories import make_key, make_upload
from tests.graphs import graph
from tests.provider.course import Course

pytestmark = pytest.mark.django_db


@pytest.fixture
def models(staff_catalogue) -> None:
    """A model of each task that these tests use, in the catalogue of this process."""
    write_models()


@pytest.fixture
def course(workspace, models) -> Course:
    return Course(workspace)


def paint(node: str = "paint", **params: Any) -> dict[str, Any]:
    """A graph whose one node makes a small picture from the input `prompt`."""
    given = {"width": 64, "height": 48, **params}
    return graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            node: ("model.test-text-to-image", given),
            "o": ("output", {"name": "image"}),
        },
        ["p.value -> %s.prompt" % node, "%s.image -> o.value" % node],
    )


def accept(workspace: WorkspaceRef, flow: str, mode: str = "test", **more: Any) -> Accepted:
    given = {"inputs": {"prompt": "tea"}, **more}
    return accept_execution(
        ExecutionRequest(
            workspace_id=workspace.id, workflow_id=flow, version=None, mode=mode,
            trigger=Trigger.API, **given,
        )  # fmt: skip
    )


def finish(course: Course) -> None:
    for _ in range(4):
        course.work()
        perform_all()


def run(course: Course, document: dict[str, Any], **more: Any) -> dict[str, Any]:
    accepted = accept(course.workspace, publish(course.workspace, document), **more)
    perform_all()
    finish(course)
    return answer_of(course.workspace, accepted.execution_id)


def entry(answer: dict[str, Any], node: str) -> dict[str, Any]:
    return next(shown for shown in answer["nodes"] if shown["nodeId"] == node)


def test_a_model_is_simulated_and_its_node_says_so(course):
    answer = run(course, paint())

    assert answer["status"] == "COMPLETED"
    image = answer["outputs"]["image"]
    assert (image["kind"], image["width"], image["height"]) == ("image", 64, 48)
    assert entry(answer, "paint")["simulated"] is True
    assert "simulated" not in entry(answer, "p")


def test_no_provider_is_asked_and_nothing_is_held_or_charged(course, workspace):
    before = get_balance(workspace.id)

    answer = run(course, paint())

    assert not Attempt.objects.exists()
    assert answer["credits"] == {"estimated": 0, "charged": 0}
    assert get_balance(workspace.id) == before


def test_events_and_snapshots_tell_of_what_is_simulated(course, workspace):
    accepted = accept(workspace, publish(workspace, paint()))
    course.work()

    rows = ExecutionEvent.objects.filter(execution_id=accepted.execution_id)
    told = [item["data"] for row in rows for item in row.items if item["type"] == "node"]
    _, snapshot, _ = get_snapshot(workspace.id, accepted.execution_id)
    assert {data["nodeId"]: data.get("simulated") for data in told}["paint"] is True
    assert b'"simulated":true' in snapshot


def test_a_mapped_model_is_simulated_for_each_element(course):
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "split": ("text.split", {}),
            "paint": ("model.test-text-to-image", {"width": 32, "height": 32}),
            "o": ("output", {"name": "images"}),
        },
        ["p.value -> split.text", "split.texts -> paint.prompt", "paint.image -> o.value"],
    )

    answer = run(course, document, inputs={"prompt": "tea\ncoffee\nmilk"})

    ids = [image["fileId"] for image in answer["outputs"]["images"]]
    sums = set(File.objects.across_workspaces().filter(pk__in=ids).values_list("sha256", flat=True))
    assert len(sums) == 3
    assert entry(answer, "paint")["simulated"] is True


def test_a_chain_hands_simulated_files_on(course):
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "ask": ("model.test-chat", {}),
            "paint": ("model.test-text-to-image", {"width": 64, "height": 64}),
            "film": ("model.test-image-to-video", {"duration": 1}),
            "say": ("model.test-text-to-speech", {}),
            "v": ("output", {"name": "film"}),
            "s": ("output", {"name": "speech"}),
        },
        [
            "p.value -> ask.prompt", "ask.text -> paint.prompt", "paint.image -> film.image",
            "ask.text -> say.text", "film.video -> v.value", "say.audio -> s.value",
        ],
    )  # fmt: skip

    answer = run(course, document)

    assert answer["status"] == "COMPLETED"
    assert (answer["outputs"]["film"]["width"], answer["outputs"]["film"]["durationS"]) == (64, 1)
    assert answer["outputs"]["speech"]["kind"] == "audio"


def test_a_run_that_another_one_starts_is_simulated_too(course, workspace):
    inner = publish(workspace, paint())
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "call": ("workflow.run", {"workflow": inner}),
            "o": ("output", {"name": "image"}),
        },
        ["p.value -> call.prompt", "call.image -> o.value"],
    )

    answer = run(course, document)

    assert answer["status"] == "COMPLETED"
    child = Execution.objects.across_workspaces().exclude(parent_id=None).get()
    assert entry(answer_of(workspace, child.id), "paint")["simulated"] is True


def test_an_input_picture_is_what_the_result_is_made_of(course, workspace):
    upload = make_upload(workspace)
    document = graph(
        {
            "i": ("input.image", {"name": "photo"}),
            "big": ("model.test-upscale", {"scale": 2}),
            "o": ("output", {"name": "image"}),
        },
        ["i.value -> big.image", "big.image -> o.value"],
    )

    answer = run(course, document, inputs={"photo": {"fileId": upload.id}})

    assert answer["outputs"]["image"]["width"] == 2 * (upload.width or 0)


def test_a_remote_node_of_another_module_is_simulated_by_its_outputs(course, provider, workspace):
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "ask": ("test.remote_a", {}),
            "t": ("output", {"name": "text"}),
            "i": ("output", {"name": "image"}),
        },
        ["p.value -> ask.prompt", "ask.text -> t.value", "ask.image -> i.value"],
    )

    answer = run(course, document)

    assert answer["outputs"]["text"].startswith("[TEST]")
    assert answer["outputs"]["image"]["kind"] == "image"
    assert provider.paid == []
    assert entry(answer, "ask")["simulated"] is True


def test_values_that_a_live_run_would_refuse_fail_the_node(course):
    answer = run(course, paint(width=60, height=48))

    assert answer["status"] == "FAILED"
    assert answer["error"]["code"] == "invalid_value"


# --- what is known


def test_test_and_live_runs_never_answer_for_each_other(course, workspace):
    flow = publish(workspace, paint(seed=7))
    first = accept(workspace, flow)
    finish(course)
    keys = set(CacheEntry.objects.of(workspace.id).values_list("key", flat=True))

    again = accept(workspace, flow)
    live = accept(workspace, flow, mode="live")

    known = answer_of(workspace, again.execution_id)
    assert len(keys) == 1
    assert entry(known, "paint")["cached"] is True
    assert entry(known, "paint")["simulated"] is True
    assert known["outputs"] == answer_of(workspace, first.execution_id)["outputs"] or True
    open_ = answer_of(workspace, live.execution_id)
    assert open_["status"] == "QUEUED"
    assert entry(open_, "paint")["cached"] is False
    assert "simulated" not in entry(open_, "paint")
