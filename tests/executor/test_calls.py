"""Workflows that run workflows: one below the other, and mapped over lists."""

import pytest
from PIL import Image

from common.errors import InvalidGraph
from executor.models import Execution
from executor.services.files import take_upload
from tests.executor.nested import DOUBLE, FAILING, SHOUT, calling, children, nest
from tests.executor.runs import accept, answer_of, perform_all, publish, run
from tests.graphs import graph

pytestmark = pytest.mark.django_db


def test_a_node_gives_what_the_workflow_gives_that_it_runs(workspace) -> None:
    callee = publish(workspace, SHOUT)

    answer = run(workspace, calling(callee), {"text": "hello"})

    assert answer["status"] == "COMPLETED"
    assert answer["outputs"] == {"loud": "HELLO"}
    (child,) = children(answer["executionId"])
    assert (child.status, child.depth, child.version_number) == ("COMPLETED", 1, 1)
    assert answer_of(workspace, child.id)["outputs"] == {"loud": "HELLO"}


def test_a_list_runs_the_workflow_once_for_each_element(workspace) -> None:
    callee = publish(workspace, SHOUT)
    document = graph(
        {
            "in": ("input.list", {"name": "words", "items": "text"}),
            "call": ("workflow.run", {"workflowId": callee}),
            "out": ("output", {"name": "loud"}),
        },
        ["in.value -> call.text", "call.loud -> out.value"],
    )

    answer = run(workspace, document, {"words": ["a", "b", "c"]})

    assert answer["outputs"] == {"loud": ["A", "B", "C"]}
    assert len(children(answer["executionId"])) == 3


def test_elements_on_a_branch_that_was_not_taken_start_no_run(workspace) -> None:
    callee = publish(workspace, SHOUT)
    document = graph(
        {
            "in": ("input.list", {"name": "words", "items": "text"}),
            "long": ("logic.compare", {"operator": "ne", "b": "b"}),
            "if": "logic.if",
            "call": ("workflow.run", {"workflowId": callee}),
            "out": ("output", {"name": "loud"}),
        },
        [
            "in.value -> long.a",
            "long.result -> if.condition",
            "in.value -> if.value",
            "if.true -> call.text",
            "call.loud -> out.value",
        ],
    )

    answer = run(workspace, document, {"words": ["a", "b", "c"]})

    assert answer["outputs"] == {"loud": ["A", "C"]}
    assert len(children(answer["executionId"])) == 2


def test_workflows_run_each_other_four_deep(workspace) -> None:
    accepted = accept(workspace, nest(workspace, 4), {"text": "deep"})

    perform_all()

    assert answer_of(workspace, accepted.execution_id)["outputs"] == {"loud": "DEEP"}
    depths = Execution.objects.across_workspaces().values_list("depth", flat=True)
    assert sorted(depths) == [0, 1, 2, 3, 4]


def test_five_deep_is_refused_when_it_is_published(workspace) -> None:
    workflow_id = nest(workspace, 4)

    with pytest.raises(InvalidGraph) as refused:
        publish(workspace, calling(workflow_id))

    assert [(issue.path, issue.code) for issue in refused.value.issues] == [
        ("nodes/call", "out_of_range")
    ]


def test_a_run_that_fails_fails_the_node_that_started_it_for_its_reason(workspace) -> None:
    callee = publish(workspace, FAILING)

    answer = run(workspace, calling(publish(workspace, calling(callee))), {"text": "a,b"})

    (child,) = children(answer["executionId"])
    (grandchild,) = children(child.id)
    assert grandchild.error is not None
    assert answer["status"] == "FAILED"
    assert answer["error"]["nodeId"] == "call"
    assert answer["error"]["code"] == grandchild.error["code"] == "invalid_value"
    assert answer["error"]["message"] == grandchild.error["message"]


def test_a_value_that_the_workflow_does_not_take_fails_the_node(workspace) -> None:
    callee = publish(
        workspace,
        graph(
            {
                "in": ("input.text", {"name": "text", "maxLength": 3}),
                "out": ("output", {"name": "loud"}),
            },
            ["in.value -> out.value"],
        ),
    )

    answer = run(workspace, calling(callee), {"text": "four"})

    assert (answer["status"], answer["error"]["code"]) == ("FAILED", "invalid_value")
    assert children(answer["executionId"]) == []


def test_a_run_that_ends_where_it_begins_wakes_its_parent_all_the_same(workspace) -> None:
    callee = publish(
        workspace,
        graph(
            {"in": ("input.text", {"name": "text"}), "out": ("output", {"name": "loud"})},
            ["in.value -> out.value"],
        ),
    )

    assert run(workspace, calling(callee), {"text": "as is"})["outputs"] == {"loud": "as is"}


def test_inputs_with_the_names_of_parameters_are_ports_like_others(workspace) -> None:
    names = ("version", "workflowId", "extra")
    callee = publish(
        workspace,
        graph(
            {name: ("input.text", {"name": name}) for name in names}
            | {"join": ("text.join", {"separator": "/"}), "out": ("output", {"name": "version"})},
            [f"{name}.value -> join.texts" for name in names] + ["join.text -> out.value"],
        ),
    )
    document = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "call": ("workflow.run", {"workflowId": callee}),
            "out": ("output", {"name": "out"}),
        },
        [f"in.value -> call.{name}" for name in names] + ["call.version -> out.value"],
    )

    assert run(workspace, document, {"text": "x"})["outputs"] == {"out": "x/x/x"}


def test_an_input_that_is_left_out_has_the_default_of_the_workflow(workspace) -> None:
    body = publish(workspace, DOUBLE)
    document = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "call": ("workflow.run", {"workflowId": body}),
            "out": ("output", {"name": "text"}),
        },
        ["in.value -> call.text", "call.text -> out.value"],
    )

    assert run(workspace, document, {"text": "a"})["outputs"] == {"text": "a-a"}


def test_files_are_handed_down_and_up_under_their_ids(workspace, tmp_path) -> None:
    source = tmp_path / "photo.png"
    Image.new("RGB", (64, 48), "#336699").save(source)
    photo = take_upload(workspace_id=workspace.id, source=source)
    callee = publish(
        workspace,
        graph(
            {
                "in": ("input.image", {"name": "photo"}),
                "small": ("image.resize", {"width": 8, "height": 8, "fit": "cover"}),
                "out": ("output", {"name": "image"}),
                "same": ("output", {"name": "same"}),
            },
            ["in.value -> small.image", "small.image -> out.value", "in.value -> same.value"],
        ),
    )
    document = graph(
        {
            "in": ("input.image", {"name": "photo"}),
            "call": ("workflow.run", {"workflowId": callee}),
            "out": ("output", {"name": "image"}),
            "same": ("output", {"name": "same"}),
        },
        ["in.value -> call.photo", "call.image -> out.value", "call.same -> same.value"],
    )

    answer = run(workspace, document, {"photo": {"fileId": photo.id}})

    (child,) = children(answer["executionId"])
    below = answer_of(workspace, child.id)["outputs"]
    assert answer["outputs"]["image"]["fileId"] == below["image"]["fileId"]
    assert answer["outputs"]["image"]["width"] == 8
    assert answer["outputs"]["same"]["fileId"] == photo.id
