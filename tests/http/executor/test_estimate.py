"""`POST /workflows/{id}/estimate`."""

import pytest

from executor.models import Execution
from tests.client import ApiClient
from tests.factories import (
    make_finished_execution,
    make_graph,
    make_key,
    make_published_workflow,
    make_workflow,
)
from tests.http.problem import assert_problem, items_of


@pytest.fixture
def workflow(workspace):
    return make_published_workflow(workspace)


@pytest.fixture
def path(workflow):
    return f"/workflows/{workflow.id}/estimate"


def test_an_estimate_prices_every_node_and_runs_nothing(api, path):
    response = api.post(path, {"inputs": {"text": "x"}})

    answer = response.json()
    assert response.status_code == 200
    assert set(answer) == {"credits", "maxCredits", "balance", "nodes"}
    assert (answer["credits"], answer["maxCredits"], answer["balance"]) == (0, 0, 100_000)
    assert answer["nodes"][1] == {
        "nodeId": "case",
        "type": "text.case",
        "label": answer["nodes"][1]["label"],
        "credits": 0,
        "minCredits": 0,
        "quantity": 1,
        "cached": False,
    }
    assert not Execution.objects.across_workspaces().exists()


def test_an_estimate_knows_what_the_cache_will_answer(api, workspace, workflow, path):
    make_finished_execution(workflow, inputs={"text": "x"})

    nodes = {
        text: api.post(path, {"inputs": {"text": text}}).json()["nodes"] for text in ("x", "y")
    }

    assert [node["cached"] for node in nodes["x"]] == [False, True, False]
    assert [node["cached"] for node in nodes["y"]] == [False, False, False]


def test_an_estimate_of_a_test_key_knows_nothing_of_live_runs(workspace, workflow, path):
    make_finished_execution(workflow, inputs={"text": "x"})
    api = ApiClient(make_key(workspace, mode="test").secret)

    nodes = api.post(path, {"inputs": {"text": "x"}}).json()["nodes"]

    assert not any(node["cached"] for node in nodes)


@pytest.mark.parametrize("body", [None, {}, {"inputs": {}}])
def test_the_inputs_may_be_left_out(api, path, body):
    assert api.post(path, body).status_code == 200


def test_inputs_that_are_given_must_fit(api, path):
    problem = assert_problem(
        api.post(path, {"inputs": {"text": 5, "hat": 1}}), 422, "invalid_inputs"
    )

    assert sorted(items_of(problem)) == [
        ("/inputs/hat", "unknown_input"),
        ("/inputs/text", "wrong_kind"),
    ]


def test_B11_metadata_are_no_field_of_an_estimate(api, path):
    problem = assert_problem(api.post(path, {"metadata": {}}), 422, "invalid_inputs")

    assert items_of(problem) == [("/metadata", "unknown_field")]


@pytest.mark.parametrize(("version", "nodes"), [(None, 3), (1, 3), ("draft", 4)])
def test_any_version_can_be_estimated(api, workflow, path, version, nodes):
    graph = make_graph()
    graph["nodes"].append({"id": "more", "type": "input.text", "params": {"name": "more"}})
    api.patch(f"/workflows/{workflow.id}", {"graph": graph})

    answer = api.post(path, {"version": version}).json()

    assert len(answer["nodes"]) == nodes


def test_only_what_a_node_needs_is_estimated(api, path):
    answer = api.post(path, {"toNode": "case", "inputs": {"text": "x"}}).json()

    assert [node["nodeId"] for node in answer["nodes"]] == ["in", "case"]


def test_what_was_never_published_has_no_price(api, workspace):
    workflow = make_workflow(workspace)

    assert_problem(api.post(f"/workflows/{workflow.id}/estimate"), 409, "not_published")


def test_T1_a_foreign_workflow_reads_like_one_that_is_not_there(api, stranger_workspace):
    foreign = make_published_workflow(stranger_workspace)

    answers = [
        assert_problem(api.post(f"/workflows/{id_}/estimate"), 404, "not_found")["detail"]
        for id_ in (foreign.id, f"wf_{'0' * 26}")
    ]

    assert answers[0] == answers[1]


def test_a_key_without_the_scope_is_refused(workspace, path):
    key = make_key(workspace, scopes=["read"])

    problem = assert_problem(ApiClient(key.secret).post(path), 403, "insufficient_scope")

    assert problem["requiredScope"] == "execute"


def test_B14_other_methods_are_refused(api, path):
    assert_problem(api.get(path), 405, "method_not_allowed")
