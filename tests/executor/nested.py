"""Workflows that run workflows, for tests."""

from typing import Any

from executor.models import Execution
from tests.executor.runs import publish
from tests.graphs import graph

SHOUT = graph(
    {
        "in": ("input.text", {"name": "text"}),
        "case": ("text.case", {"case": "upper"}),
        "out": ("output", {"name": "loud"}),
    },
    ["in.value -> case.text", "case.text -> out.value"],
)


# Doubles a text, and asks for another round while it is shorter than ten characters.
DOUBLE = graph(
    {
        "in": ("input.text", {"name": "text"}),
        "mark": ("input.text", {"name": "mark", "required": False, "default": "-"}),
        "twice": ("text.template", {"template": "{{a}}{{mark}}{{a}}"}),
        "length": ("text.length", {}),
        "short": ("logic.compare", {"operator": "lt", "b": 10}),
        "again": ("output", {"name": "again"}),
        "out": ("output", {"name": "text"}),
    },
    [
        "in.value -> twice.a",
        "mark.value -> twice.mark",
        "twice.text -> length.text",
        "length.characters -> short.a",
        "short.result -> again.value",
        "twice.text -> out.value",
    ],
)


def calling(workflow_id: str, *, input_: str = "text", output: str = "loud") -> dict[str, Any]:
    """A graph that hands its text on to another workflow, and gives what that gives."""
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "call": ("workflow.run", {"workflowId": workflow_id}),
            "out": ("output", {"name": "loud"}),
        },
        [f"in.value -> call.{input_}", f"call.{output} -> out.value"],
    )


def children(execution_id: str) -> list[Execution]:
    rows = Execution.objects.across_workspaces().filter(parent_id=execution_id)
    return list(rows.order_by("pk"))


def nest(workspace, levels: int) -> str:
    """A workflow with this many runs beneath it, one below the other."""
    workflow_id = publish(workspace, SHOUT)
    for _ in range(levels):
        workflow_id = publish(workspace, calling(workflow_id))
    return workflow_id


def loop(body: str, **params: Any) -> dict[str, Any]:
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "mark": ("input.text", {"name": "mark", "required": False}),
            "loop": ("loop.while", {"workflowId": body, **params}),
            "out": ("output", {"name": "text"}),
            "rounds": ("output", {"name": "rounds"}),
        },
        [
            "in.value -> loop.text",
            "mark.value -> loop.mark",
            "loop.text -> out.value",
            "loop.rounds -> rounds.value",
        ],
    )


FAILING = graph(
    {
        "in": ("input.text", {"name": "text"}),
        "list": ("text.split", {"separator": ","}),
        "pick": ("list.pick", {"index": 5}),
        "out": ("output", {"name": "loud"}),
    },
    ["in.value -> list.text", "list.texts -> pick.list", "pick.value -> out.value"],
)
