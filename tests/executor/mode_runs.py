"""Making runs of test keys, and doing all that they ask for, in the calling thread."""

from typing import Any

from accounts.api import WorkspaceRef
from executor.models import Task
from executor.runtime.perform import Performer
from executor.services.accept import accept_execution
from executor.types import Accepted, ExecutionRequest, Trigger
from tests.executor.runs import answer_of, publish
from tests.graphs import graph
from tests.provider.course import Course

FAL = {"fal": {"key": "secret", "secret": "", "base_url": ""}}


def paint(node: str = "paint", **params: Any) -> dict[str, Any]:
    """A graph whose one node makes a small picture from the input `prompt`."""
    given = {"width": 64, "height": 48, **params}
    return graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            node: ("model.test-text-to-image", given),
            "o": ("output", {"name": "image"}),
        },
        [f"p.value -> {node}.prompt", f"{node}.image -> o.value"],
    )


def accept(workspace: WorkspaceRef, flow: str, mode: str = "test", **more: Any) -> Accepted:
    """An accepted run of a test key."""
    given = {"inputs": {"prompt": "tea"}, **more}
    return accept_execution(
        ExecutionRequest(
            workspace_id=workspace.id,
            workflow_id=flow,
            version=None,
            mode=mode,
            trigger=Trigger.API,
            **given,
        )
    )


def finish(course: Course) -> None:
    """Do all that is left, each task where it belongs."""
    performer = Performer("runs")
    while tasks := Task.objects.filter(state="ready").order_by("wake_at", "id"):
        if tasks[0].queue == "remote":
            course.work()
        else:
            performer.perform(tasks[0].id)


def run(course: Course, document: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Publish, accept for a test key, do all; returns the poll answer."""
    accepted = accept(course.workspace, publish(course.workspace, document), **more)
    finish(course)
    return answer_of(course.workspace, accepted.execution_id)


def entry(answer: dict[str, Any], node: str) -> dict[str, Any]:
    """A node of the poll answer."""
    return next(shown for shown in answer["nodes"] if shown["nodeId"] == node)
