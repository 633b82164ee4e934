"""A workspace with one of everything in it, for tests that walk over all routes."""

from dataclasses import dataclass

from accounts.api import WorkspaceRef
from tests.client import ApiClient
from tests.executor.runs import accept, perform_all, publish
from tests.factories import (
    make_file,
    make_finished_execution,
    make_key,
    make_published_workflow,
    make_version,
)
from tests.graphs import graph


@dataclass(frozen=True, slots=True)
class Things:
    """One of everything that a workspace can have; each is the end of an id in a path."""

    workflow: str
    version: int
    execution: str
    review: str
    file: str


def furnish(workspace: WorkspaceRef, text: str) -> Things:
    """Give a workspace one of everything, with `text` wherever a text can stand."""
    ask = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "ask": ("review.approve", {"title": text, "message": text}),
            "out": ("output", {"name": "text"}),
        },
        ["in.value -> ask.value", "ask.value -> out.value"],
    )
    workflow = make_published_workflow(workspace)
    finished = make_finished_execution(workflow, inputs={"text": text})
    accept(workspace, publish(workspace, ask), {"text": text}, metadata={"note": text})
    perform_all()
    api = ApiClient(make_key(workspace).secret)
    api.patch(f"/workflows/{workflow.id}", {"name": text, "description": text})
    (review,) = api.get("/reviews", {"limit": "1"}).json()["items"]
    version = make_version(workflow).number
    assert version is not None
    return Things(
        workflow=workflow.id,
        version=version,
        execution=finished.execution_id,
        review=review["reviewId"],
        file=make_file(workspace, text.encode()).id,
    )
