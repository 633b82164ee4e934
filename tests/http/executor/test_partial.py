"""`toNode` of execute and estimate: a node and what it needs."""

import pytest

from tests.factories import make_published_workflow, make_workflow, run_all
from tests.graphs import graph
from tests.http.problem import assert_problem, items_of
from workflows.models import WorkflowVersion

TWO_BRANCHES = graph(
    {
        "a": ("input.text", {"name": "a"}),
        "b": ("input.text", {"name": "b"}),
        "left": ("text.case", {"case": "upper"}),
        "right": ("text.case", {"case": "lower"}),
        "both": ("text.join", {"separator": "+"}),
        "out": ("output", {"name": "text"}),
    },
    [
        "a.value -> left.text",
        "b.value -> right.text",
        "left.text -> both.texts",
        "right.text -> both.texts",
        "both.text -> out.value",
    ],
)


@pytest.fixture
def workflow(workspace):
    return make_published_workflow(workspace, graph=TWO_BRANCHES)


@pytest.fixture
def path(workflow):
    return f"/workflows/{workflow.id}/execute"


def polled(api, accepted):
    run_all()
    return api.get(f"/workflows/executions/{accepted['executionId']}/poll").json()


def test_a_node_is_run_with_what_it_needs_and_nothing_else(api, path):
    accepted = api.post(path, {"toNode": "left", "inputs": {"a": "Word"}})

    answer = polled(api, accepted.json())
    assert accepted.status_code == 202
    assert accepted.json()["version"] == 1
    assert (answer["status"], answer["progress"], answer["outputs"]) == ("COMPLETED", 1.0, {})
    assert [node["nodeId"] for node in answer["nodes"]] == ["a", "left"]
    assert answer["nodes"][1]["outputs"] == {"text": "WORD"}


def test_inputs_that_the_node_does_not_need_are_ignored(api, path):
    accepted = api.post(path, {"toNode": "right", "inputs": {"a": 5, "b": "Word"}}).json()

    assert polled(api, accepted)["nodes"][1]["outputs"] == {"text": "word"}
    shown = api.get(f"/workflows/executions/{accepted['executionId']}").json()
    assert shown["inputs"] == {"b": "Word"}


def test_an_output_can_be_run_to_as_well(api, path):
    accepted = api.post(path, {"toNode": "out", "inputs": {"a": "X", "b": "Y"}}).json()

    assert polled(api, accepted)["outputs"] == {"text": "X+y"}


@pytest.mark.parametrize("version", [None, 1, "draft"])
def test_a_node_that_is_not_there_is_named(api, path, version):
    problem = assert_problem(
        api.post(path, {"toNode": "gone", "version": version}), 422, "invalid_graph"
    )

    assert items_of(problem) == [("nodes/gone", "not_found")]


def test_what_the_node_needs_must_be_given_and_fit(api, path):
    problem = assert_problem(
        api.post(path, {"toNode": "left", "inputs": {"hat": 1}}), 422, "invalid_inputs"
    )

    assert sorted(items_of(problem)) == [
        ("/inputs/a", "missing"),
        ("/inputs/hat", "unknown_input"),
    ]


def test_a_draft_with_problems_elsewhere_runs_to_a_node_without(api, workspace):
    broken = graph(
        {
            "a": ("input.text", {"name": "a"}),
            "left": ("text.case", {"case": "upper"}),
            "odd": "text.magic",
            "late": "text.case",
        },
        ["a.value -> left.text", "left.text -> odd.text", "odd.text -> late.text"],
    )
    path = f"/workflows/{make_workflow(workspace, graph=broken).id}/execute"
    body = {"version": "draft", "inputs": {"a": "Word"}}

    accepted = api.post(path, {**body, "toNode": "left"}).json()

    assert accepted["version"] == "draft"
    assert polled(api, accepted)["nodes"][1]["outputs"] == {"text": "WORD"}
    problem = assert_problem(api.post(path, {**body, "toNode": "late"}), 422, "invalid_graph")
    assert ("nodes/odd", "unknown_type") in items_of(problem)


def test_a_disabled_node_cannot_be_run_to(api, workspace):
    document = graph({"a": ("input.text", {"name": "a"}), "left": "text.case"}, [])
    document["nodes"][1]["disabled"] = True
    path = f"/workflows/{make_published_workflow(workspace, graph=document).id}/execute"

    problem = assert_problem(api.post(path, {"toNode": "left"}), 422, "invalid_graph")

    assert items_of(problem) == [("nodes/left", "not_allowed")]


def test_running_to_a_node_again_makes_no_second_version(api, path, workflow):
    for _ in range(2):
        api.post(path, {"toNode": "left", "inputs": {"a": "x"}})

    rows = WorkflowVersion.objects.of(workflow.workspace_id).filter(workflow_id=workflow.id)
    assert sorted(rows.values_list("number", flat=True), key=str) == [1, None]


@pytest.mark.parametrize("value", ["", 5, "x" * 65])
def test_B11_a_node_is_named_by_a_text_of_64_characters_at_most(api, path, value):
    problem = assert_problem(api.post(path, {"toNode": value}), 422, "invalid_inputs")

    assert [item[0] for item in items_of(problem)] == ["/toNode"]


def test_what_lies_between_is_kept_though_outputs_alone_are_asked_for(api, path):
    body = {"toNode": "both", "keep": "outputs", "inputs": {"a": "X", "b": "Y"}}

    answer = polled(api, api.post(path, body).json())

    assert answer["nodes"][-1]["outputs"] == {"text": "X+y"}
