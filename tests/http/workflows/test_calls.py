"""Nodes that run other workflows: what they may run, and what is written down of it."""

import pytest
from PIL import Image

from executor.services.files import take_upload
from tests.factories import (
    make_graph,
    make_published_workflow,
    make_workflow,
    run_all,
)
from tests.graphs import graph
from tests.http.problem import assert_problem, items_of


def calling(workflow_id, **params):
    """A graph of one node that runs a workflow, with its text as an input and an output."""
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "call": ("workflow.run", {"workflowId": workflow_id, **params}),
            "out": ("output", {"name": "text"}),
        },
        ["in.value -> call.text", "call.text -> out.value"],
    )


@pytest.fixture
def callee(workspace):
    """A published workflow that takes and gives `text`."""
    return make_published_workflow(workspace)


def make_picture(workspace, folder):
    """The id of an uploaded picture."""
    source = folder / "photo.png"
    Image.new("RGB", (8, 8), "#336699").save(source)
    return take_upload(workspace_id=workspace.id, source=source).id


def problems_of(api, document):
    """What a new draft with this graph is told, as `(path, code)`."""
    made = api.post("/workflows", {"name": "Caller", "graph": document}).json()
    return [(item["path"], item["code"]) for item in made["problems"]]


def test_a_call_has_the_ports_of_what_it_runs(api, callee):
    made = api.post("/workflows", {"name": "Caller", "graph": calling(callee.id)}).json()

    assert made["problems"] == []
    assert made["outputs"]["properties"]["text"]["x-kind"] == "text"
    assert api.post(f"/workflows/{made['id']}/publish").status_code == 201


def test_ports_that_it_does_not_have_are_problems_like_those_of_any_node(api, callee):
    document = graph(
        {"in": ("input.image", {"name": "a"}), "call": ("workflow.run", {"workflowId": callee.id})},
        ["in.value -> call.text", "in.value -> call.hat"],
    )

    assert problems_of(api, document) == [
        ("edges/e1", "not_found"),
        ("edges/e0", "wrong_kind"),
    ]


def test_a_required_input_must_be_wired(api, callee):
    document = graph({"call": ("workflow.run", {"workflowId": callee.id})}, [])

    assert problems_of(api, document) == [("nodes/call", "missing")]


def test_publishing_pins_the_version_that_is_published_then(api, callee):
    caller = api.post("/workflows", {"name": "Caller", "graph": calling(callee.id)}).json()
    path = f"/workflows/{caller['id']}"
    api.post(f"{path}/publish")
    api.post(f"/workflows/{callee.id}/publish")
    api.post(f"{path}/publish")

    pinned = [
        api.get(f"{path}/versions/{number}").json()["graph"]["nodes"][1]["params"]["version"]
        for number in (1, 2)
    ]

    assert pinned == [1, 2]
    assert "version" not in api.get(path).json()["graph"]["nodes"][1]["params"]


def test_a_draft_runs_what_is_published_at_each_moment(api, callee):
    caller = api.post("/workflows", {"name": "Caller", "graph": calling(callee.id)}).json()
    results = []

    for case in ("upper", "lower"):
        api.patch(f"/workflows/{callee.id}", {"graph": make_graph(case=case)})
        api.post(f"/workflows/{callee.id}/publish")
        accepted = api.post(
            f"/workflows/{caller['id']}/execute", {"version": "draft", "inputs": {"text": "Both"}}
        ).json()
        run_all()
        poll = api.get(f"/workflows/executions/{accepted['executionId']}/poll").json()
        results.append(poll["outputs"]["text"])

    assert results == ["BOTH", "both"]


@pytest.mark.parametrize("case", ["missing", "foreign", "deleted", "unpublished"])
def test_what_cannot_be_run_reads_like_what_is_not_there(
    api, workspace, stranger_workspace, callee, case
):
    ids = {
        "missing": f"wf_{'0' * 26}",
        "foreign": make_published_workflow(stranger_workspace).id,
        "deleted": callee.id,
        "unpublished": make_workflow(workspace).id,
    }
    if case == "deleted":
        api.delete(f"/workflows/{callee.id}")

    expected = [("nodes/call/params/workflowId", "not_found"), ("nodes/out", "missing")]
    assert problems_of(api, calling(ids[case])) == expected
    caller = make_workflow(workspace, graph=calling(ids[case]))
    for path, body in (("publish", None), ("execute", {"version": "draft"})):
        problem = assert_problem(
            api.post(f"/workflows/{caller.id}/{path}", body), 422, "invalid_graph"
        )
        assert items_of(problem) == expected


@pytest.mark.parametrize("number", [2, 2**53 - 1])
def test_a_version_that_is_not_there_is_a_problem_of_its_own(api, callee, number):
    document = calling(callee.id, version=number)

    assert problems_of(api, document)[0] == ("nodes/call/params/version", "not_found")


@pytest.mark.parametrize(
    ("params", "item"),
    [
        ({}, ("workflowId", "missing")),
        ({"workflowId": 5}, ("workflowId", "wrong_kind")),
        ({"workflowId": "x" * 65}, ("workflowId", "out_of_range")),
        ({"workflowId": "wf_x", "version": "draft"}, ("version", "wrong_kind")),
        ({"workflowId": "wf_x", "version": 0}, ("version", "out_of_range")),
        ({"workflowId": "wf_x", "hat": 1}, ("hat", "unknown_field")),
    ],
)
def test_the_parameters_of_a_call_are_checked(api, callee, params, item):
    document = graph({"call": ("workflow.run", params)}, [])

    name, code = item
    assert (f"nodes/call/params/{name}", code) in problems_of(api, document)


def test_a_workflow_that_gives_nothing_is_not_run(api, workspace):
    silent = make_published_workflow(
        workspace, graph=graph({"in": ("input.text", {"name": "text"})}, [])
    )
    document = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "call": ("workflow.run", {"workflowId": silent.id}),
        },
        ["in.value -> call.text"],
    )

    assert problems_of(api, document) == [("nodes/call/params/workflowId", "not_allowed")]


def test_null_that_could_come_out_of_a_workflow_is_a_problem_where_a_value_is_needed(
    api, workspace
):
    passing = make_published_workflow(
        workspace,
        graph=graph(
            {
                "in": ("input.text", {"name": "text", "required": False}),
                "out": ("output", {"name": "text"}),
            },
            ["in.value -> out.value"],
        ),
    )
    document = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "call": ("workflow.run", {"workflowId": passing.id}),
            "split": "text.split",
        },
        ["in.value -> call.text", "call.text -> split.text"],
    )

    assert problems_of(api, document) == [("nodes/split", "missing")]


def test_a_disabled_call_is_passed_through(api, workspace, callee):
    document = calling(callee.id)
    document["nodes"][1]["disabled"] = True
    caller = make_published_workflow(workspace, graph=document)

    accepted = api.post(f"/workflows/{caller.id}/execute", {"inputs": {"text": "Same"}}).json()
    run_all()

    poll = api.get(f"/workflows/executions/{accepted['executionId']}/poll").json()
    assert poll["outputs"] == {"text": "Same"}


def test_G3_a_workflow_cannot_run_itself(api, callee):
    api.patch(f"/workflows/{callee.id}", {"graph": calling(callee.id)})

    problem = assert_problem(api.post(f"/workflows/{callee.id}/publish"), 422, "invalid_graph")

    assert items_of(problem) == [("nodes/call", "cycle")]


def test_G3_a_circle_of_workflows_is_refused_when_it_is_published_and_when_it_is_run(
    api, workspace, callee
):
    middle = make_published_workflow(workspace, graph=calling(callee.id))
    api.patch(f"/workflows/{callee.id}", {"graph": calling(middle.id, version=1)})

    answers = [
        api.post(f"/workflows/{callee.id}/publish"),
        api.post(f"/workflows/{callee.id}/execute", {"version": "draft", "inputs": {"text": "x"}}),
        api.post(
            f"/workflows/{callee.id}/execute",
            {"version": "draft", "toNode": "call", "inputs": {"text": "x"}},
        ),
    ]

    for answer in answers:
        problem = assert_problem(answer, 422, "invalid_graph")
        assert items_of(problem) == [("nodes/call", "cycle")]
    shown = api.get(f"/workflows/{callee.id}").json()["problems"]
    assert [(item["path"], item["code"]) for item in shown] == [("nodes/call", "cycle")]


def test_G3_of_two_that_publish_a_circle_at_once_neither_runs_for_ever(api, workspace):
    """Each pins the version of the other that was there before, which does not call back."""
    first, second = (make_published_workflow(workspace) for _ in range(2))
    api.patch(f"/workflows/{first.id}", {"graph": calling(second.id)})
    api.patch(f"/workflows/{second.id}", {"graph": calling(first.id)})

    assert api.post(f"/workflows/{first.id}/publish").status_code == 201
    problem = assert_problem(api.post(f"/workflows/{second.id}/publish"), 422, "invalid_graph")

    assert items_of(problem) == [("nodes/call", "cycle")]
    accepted = api.post(f"/workflows/{first.id}/execute", {"inputs": {"text": "x"}}).json()
    run_all()
    poll = api.get(f"/workflows/executions/{accepted['executionId']}/poll").json()
    assert (poll["status"], poll["outputs"]) == ("COMPLETED", {"text": "X"})


def test_two_ways_to_one_workflow_are_no_circle(api, workspace, callee):
    middle = make_published_workflow(workspace, graph=calling(callee.id))
    document = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "one": ("workflow.run", {"workflowId": callee.id}),
            "two": ("workflow.run", {"workflowId": middle.id}),
        },
        ["in.value -> one.text", "one.text -> two.text"],
    )

    assert problems_of(api, document) == []


@pytest.mark.parametrize("type_", ["workflow.run", "loop.while"])
def test_the_catalogue_shows_the_generic_node(api, type_):
    entry = api.get(f"/nodes/{type_}").json()

    assert entry["cost"] == "wait"
    assert entry["inputs"] == []
    assert entry["params"]["required"] == ["workflowId"]


def test_G6_a_call_saved_by_a_newer_server_is_refused(api, callee):
    document = calling(callee.id)
    document["nodes"][1]["version"] = 99

    assert problems_of(api, document)[0] == ("nodes/call", "unknown_type")


def test_C15_a_run_that_was_accepted_outlives_its_workflow(api, workspace, callee):
    caller = make_published_workflow(workspace, graph=calling(callee.id))
    path = f"/workflows/{caller.id}"
    accepted = api.post(f"{path}/execute", {"inputs": {"text": "x"}}).json()

    assert api.delete(path).status_code == 204

    assert_problem(api.post(f"{path}/execute", {"inputs": {"text": "x"}}), 404, "not_found")
    run_all()
    poll = api.get(f"/workflows/executions/{accepted['executionId']}/poll").json()
    assert (poll["status"], poll["outputs"]) == ("COMPLETED", {"text": "X"})


def test_C15_publishing_in_the_middle_changes_no_run_that_was_accepted(api, callee):
    path = f"/workflows/{callee.id}"
    accepted = api.post(f"{path}/execute", {"inputs": {"text": "Both"}}).json()
    api.patch(path, {"graph": make_graph(case="lower")})

    assert api.post(f"{path}/publish").json()["number"] == 2

    run_all()
    poll = api.get(f"/workflows/executions/{accepted['executionId']}/poll").json()
    assert (accepted["version"], poll["outputs"]) == (1, {"text": "BOTH"})


def test_G12_a_file_of_another_workspace_as_a_default_reads_like_one_that_is_not_there(
    api, workspace, stranger_workspace, tmp_path
):
    answers = []
    for file_id in (make_picture(stranger_workspace, tmp_path), f"file_{'0' * 26}"):
        default = {"fileId": file_id}
        document = graph(
            {
                "in": ("input.image", {"name": "photo", "default": default}),
                "out": ("output", {"name": "image"}),
            },
            ["in.value -> out.value"],
        )
        workflow = make_published_workflow(workspace, graph=document)
        problem = assert_problem(
            api.post(f"/workflows/{workflow.id}/execute"), 422, "invalid_inputs"
        )
        answers.append(problem["errors"])

    assert answers[0] == answers[1]
    assert [(item["path"], item["code"]) for item in answers[0]] == [("/inputs/photo", "not_found")]


def test_G12_a_file_id_in_metadata_is_a_text_and_nothing_more(
    api, callee, stranger_workspace, tmp_path
):
    metadata = {"photo": {"fileId": make_picture(stranger_workspace, tmp_path)}}
    body = {"inputs": {"text": "x"}, "metadata": metadata}

    accepted = api.post(f"/workflows/{callee.id}/execute", body).json()

    shown = api.get(f"/workflows/executions/{accepted['executionId']}").json()
    assert shown["metadata"] == metadata
