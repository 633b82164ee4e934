"""The trouble that `metadata.simulate` asks for."""

from typing import Any

import pytest

from executor.models import Execution
from executor.services.retry import RetryRequest, retry_execution
from tests.client import ApiClient
from tests.executor.mode_runs import accept, entry, finish, paint, run
from tests.executor.runs import answer_of, publish
from tests.executor.simulated import write_models
from tests.factories import make_graph, make_key
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


@pytest.mark.parametrize(
    ("trouble", "code", "retryable"),
    [
        ("fail", "provider_error", False),
        ("refuse", "content_policy", False),
        ("rate_limit", "provider_rate_limited", True),
    ],
)
def test_trouble_that_is_asked_for_comes(course, trouble, code, retryable):
    answer = run(course, paint(), metadata={"simulate": trouble})

    assert answer["status"] == "FAILED"
    assert (answer["error"]["code"], answer["error"]["retryable"]) == (code, retryable)
    assert entry(answer, "paint")["simulated"] is True
    assert "provider" not in answer["error"]


def test_a_rate_limit_comes_after_waiting_for_it(course):
    run(course, paint(), metadata={"simulate": "rate_limit"})

    assert course.naps == [0.5, 1.0]


def test_a_slow_model_takes_its_time_and_says_how_far_it_is(course):
    answer = run(course, paint(), metadata={"simulate": "slow"})

    assert answer["status"] == "COMPLETED"
    assert sum(course.naps) == pytest.approx(3)


def test_a_slow_model_stops_when_its_run_is_cancelled(course, workspace):
    accepted = accept(workspace, publish(workspace, paint()), metadata={"simulate": "slow"})

    def cancel(task: Any) -> None:
        course.cancel(accepted.execution_id)
        task._is_over = True

    course.at_nap = cancel
    finish(course)

    assert answer_of(workspace, accepted.execution_id)["status"] == "CANCELLED"
    assert len(course.naps) == 1


def test_trouble_may_be_asked_for_one_node_alone(course):
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "one": ("model.test-text-to-image", {"width": 32, "height": 32}),
            "two": ("model.test-text-to-image", {"width": 32, "height": 32}),
            "a": ("output", {"name": "a"}),
            "b": ("output", {"name": "b"}),
        },
        ["p.value -> one.prompt", "p.value -> two.prompt", "one.image -> a.value",
         "two.image -> b.value"],
    )  # fmt: skip

    answer = run(course, document, metadata={"simulate": {"two": "fail"}})

    assert answer["error"]["nodeId"] == "two"
    assert entry(answer, "one")["status"] == "COMPLETED"


@pytest.mark.parametrize("asked", ["fail", {"call": "fail"}, {"call/paint": "fail"}])
def test_trouble_reaches_into_the_runs_that_nodes_start(course, workspace, asked):
    inner = publish(workspace, paint())
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "call": ("workflow.run", {"workflowId": inner}),
            "o": ("output", {"name": "image"}),
        },
        ["p.value -> call.prompt", "call.image -> o.value"],
    )

    answer = run(course, document, metadata={"simulate": asked})

    assert answer["status"] == "FAILED"
    child = Execution.objects.across_workspaces().exclude(parent_id=None).get()
    assert answer_of(workspace, child.id)["error"]["nodeId"] == "paint"


def test_a_retry_meets_no_trouble(course, workspace):
    flow = publish(workspace, paint())
    first = accept(workspace, flow, metadata={"simulate": "fail"})
    finish(course)

    again = retry_execution(RetryRequest(workspace.id, first.execution_id, "test"))
    finish(course)

    assert answer_of(workspace, again.execution_id)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("asked", "path", "code"),
    [
        ("explode", "/metadata/simulate", "not_allowed"),
        (7, "/metadata/simulate", "wrong_kind"),
        (["fail"], "/metadata/simulate", "wrong_kind"),
        ({"paint": "explode"}, "/metadata/simulate/paint", "not_allowed"),
        ({"paint": None}, "/metadata/simulate/paint", "wrong_kind"),
        ({"nobody": "fail"}, "/metadata/simulate/nobody", "not_found"),
        ({"p": "fail"}, "/metadata/simulate/p", "not_allowed"),
    ],
)
def test_trouble_that_there_is_not_is_refused(models, workspace, asked, path, code):
    flow, api = publish(workspace, paint()), ApiClient(make_key(workspace, mode="test").secret)

    answer = api.post(
        f"/workflows/{flow}/execute",
        {"inputs": {"prompt": "tea"}, "metadata": {"simulate": asked}},
    )

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_inputs"
    assert [(item["path"], item["code"]) for item in answer.json()["errors"]] == [(path, code)]


def test_live_runs_meet_no_trouble_whatever_their_metadata_says(workspace):
    flow = publish(workspace, make_graph())

    accepted = accept(
        workspace, flow, mode="live", inputs={"text": "a"}, metadata={"simulate": "explode"}
    )

    execution = Execution.objects.of(workspace.id).get(pk=accepted.execution_id)
    assert "simulate" not in execution.options
