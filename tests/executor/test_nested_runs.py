"""Lists inside lists through the database: tasks, chunks, what is stored and what is shown."""

from typing import Any

import pytest

from executor.models import Task
from tests.executor.runs import accept, answer_of, perform_all, publish, run
from tests.executor.test_engine_nested import PIECES
from tests.factories import make_workspace
from tests.graphs import graph

pytestmark = pytest.mark.django_db


def nested(items: str, type_: str, port: str) -> dict[str, Any]:
    return graph(
        {
            "in": ("input.list", {"name": "l", "items": items}),
            "n": type_,
            "o": ("output", {"name": "out"}),
        },
        [f"in.value -> n.{port}", f"n.{port} -> o.value"],
    )


def test_lists_in_a_list_are_run_over_stored_and_shown() -> None:
    answer = run(make_workspace(), PIECES, {"texts": ["a b", "", "c d e"]})

    assert answer["status"] == "COMPLETED"
    assert answer["outputs"] == {
        "joined": ["A-B", "", "C-D-E"],
        "pieces": [["A", "B"], [], ["C", "D", "E"]],
    }
    (case,) = (node for node in answer["nodes"] if node["nodeId"] == "case")
    assert case["outputs"] == {"text": [["A", "B"], [], ["C", "D", "E"]]}


def test_a_nested_input_is_run_over_in_chunks() -> None:
    workspace = make_workspace()
    value = [["x"] * 30, [], ["y"] * 100]

    accepted = accept(
        workspace, publish(workspace, nested("list[text]", "text.case", "text")), {"l": value}
    )
    tasks = sorted(Task.objects.values_list("start", "stop"))
    perform_all()

    assert tasks == [(0, 100), (100, 130)]
    assert answer_of(workspace, accepted.execution_id)["outputs"] == {
        "out": [["X"] * 30, [], ["Y"] * 100]
    }


def test_G8_more_elements_than_a_thousand_in_all_fail_the_node_that_maps_them() -> None:
    answer = run(
        make_workspace(), nested("list[text]", "text.case", "text"), {"l": [["x"] * 251] * 4}
    )

    assert answer["status"] == "FAILED"
    assert answer["error"]["code"] == "resource_limit"
    assert answer["error"]["nodeId"] == "n"
