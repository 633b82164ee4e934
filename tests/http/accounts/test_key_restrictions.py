"""Keys that are good from certain networks, or for certain workflows, only."""

import pytest
from django.test import Client

from accounts.api import SYSTEM_ACTOR, KeyRestrictions, change_api_key, create_api_key
from accounts.services.key_cache import KEY_CACHE
from common.ids import new_id
from executor.models import Execution, File, Review
from executor.services.usage import count_usage
from tests.client import ApiClient
from tests.executor.runs import accept, perform_all, publish
from tests.factories import (
    ALL_SCOPES,
    make_execution,
    make_file,
    make_finished_execution,
    make_graph,
    make_published_workflow,
)
from tests.graphs import graph
from tests.http.problem import assert_problem

ASK = graph(
    {
        "in": ("input.text", {"name": "text"}),
        "ask": ("review.approve", {"title": "Fine?"}),
        "out": ("output", {"name": "text"}),
    },
    ["in.value -> ask.value", "ask.value -> out.value"],
)


def make_restricted(workspace, **restrictions) -> str:
    """The secret of a key with every scope and these restrictions."""
    key = create_api_key(
        actor=SYSTEM_ACTOR,
        workspace_id=workspace.id,
        name="Restricted",
        mode="live",
        scopes=ALL_SCOPES,
        restrictions=KeyRestrictions(**restrictions),
    )
    return key.secret


def from_address(key, address, path="/api/v1/me", **headers):
    return Client().get(
        path, headers={"Authorization": f"Bearer {key}", **headers}, REMOTE_ADDR=address
    )


# --- addresses


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("192.0.2.1", 200),
        ("192.0.2.255", 200),
        ("::ffff:192.0.2.1", 200),
        ("192.0.3.1", 403),
        ("2001:db8::1", 200),
        ("2001:db9::1", 403),
        ("", 403),
    ],
)
def test_a_key_is_good_from_its_networks_only(workspace, address, status):
    key = make_restricted(workspace, addresses=("192.0.2.0/24", "2001:db8::/32"))

    assert from_address(key, address).status_code == status


def test_a_refused_address_is_told_so_and_not_which_ones_are_good(workspace):
    key = make_restricted(workspace, addresses=("192.0.2.0/24",))

    response = from_address(key, "198.51.100.7")

    problem = assert_problem(response, 403, "forbidden")
    assert problem["detail"] == "This key may not be used from this address."
    assert "192.0.2" not in response.content.decode()


def test_R2_a_header_names_no_address_unless_a_proxy_is_trusted(workspace, settings):
    key = make_restricted(workspace, addresses=("192.0.2.0/24",))
    named = {"X-Forwarded-For": "192.0.2.1"}

    assert from_address(key, "10.0.0.9", **named).status_code == 403
    settings.TRUSTED_PROXIES = ("10.0.0.0/8",)
    assert from_address(key, "10.0.0.9", **named).status_code == 200
    assert from_address(key, "198.51.100.7", **named).status_code == 403


def test_a_changed_list_is_in_force_with_the_next_call(
    workspace, django_capture_on_commit_callbacks
):
    key = make_restricted(workspace)
    assert from_address(key, "198.51.100.7").status_code == 200
    key_id = from_address(key, "198.51.100.7").json()["key"]["id"]

    with django_capture_on_commit_callbacks(execute=True):
        change_api_key(
            actor=SYSTEM_ACTOR,
            workspace_id=workspace.id,
            key_id=key_id,
            restrictions=KeyRestrictions(addresses=("192.0.2.0/24",)),
        )

    assert from_address(key, "198.51.100.7").status_code == 403


# --- workflows


@pytest.fixture
def mine(workspace):
    """The workflow that the key is good for."""
    return make_published_workflow(workspace)


@pytest.fixture
def other(workspace):
    """A workflow beside it."""
    return make_published_workflow(workspace)


@pytest.fixture
def narrow(workspace, mine):
    """A client whose key is good for `mine`."""
    return ApiClient(make_restricted(workspace, workflows=(mine.id,)))


ROUTES = [
    ("GET", "", None, 200),
    ("PATCH", "", {"name": "Renamed"}, 200),
    ("POST", "/publish", None, 201),
    ("GET", "/schema", None, 200),
    ("GET", "/versions", None, 200),
    ("GET", "/versions/1", None, 200),
    ("POST", "/versions/1/restore", None, 200),
    ("POST", "/estimate", {"inputs": {"text": "a"}}, 200),
    ("POST", "/execute", {"inputs": {"text": "a"}}, 202),
    ("DELETE", "", None, 204),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), ROUTES)
def test_a_key_is_good_for_its_workflows_only(narrow, mine, other, method, path, body, status):
    assert_problem(narrow.send(method, f"/workflows/{other.id}{path}", body), 403, "forbidden")
    assert narrow.send(method, f"/workflows/{mine.id}{path}", body).status_code == status


def test_a_workflow_that_there_is_not_is_refused_alike(narrow, other):
    known = narrow.get(f"/workflows/{other.id}").json()
    unknown = narrow.get(f"/workflows/{new_id('wf')}").json()

    assert (known["status"], known["detail"]) == (unknown["status"], unknown["detail"])


def test_a_refused_execute_leaves_no_run(narrow, other):
    narrow.post(f"/workflows/{other.id}/execute", {"inputs": {"text": "a"}})

    assert not Execution.objects.of(other.workspace_id).exists()


def test_such_a_key_makes_no_workflows(narrow, workspace):
    response = narrow.post("/workflows", {"name": "New", "graph": make_graph()})

    assert_problem(response, 403, "forbidden")


def test_lists_show_its_own_only(api, narrow, mine, other):
    ours = make_execution(mine).execution_id
    theirs = make_execution(other).execution_id

    def listed(client, path, name, query=None):
        return [item[name] for item in client.get(path, query).json()["items"]]

    assert listed(narrow, "/workflows", "id") == [mine.id]
    assert listed(narrow, "/workflows/executions", "executionId") == [ours]
    assert listed(narrow, "/workflows/executions", "executionId", {"workflowId": other.id}) == []
    assert listed(api, "/workflows", "id") == [other.id, mine.id]
    assert listed(api, "/workflows/executions", "executionId") == [theirs, ours]


def test_usage_is_that_of_its_own_workflows(api, narrow, mine, other):
    make_execution(mine)
    make_execution(other)
    perform_all()

    def used(client):
        items = client.get("/usage", {"groupBy": "workflow"}).json()["items"]
        return {item["workflowId"] for item in items}

    before = used(narrow)
    count_usage()

    assert before == used(narrow) == {mine.id}
    assert used(api) == {mine.id, other.id}


RUN_ROUTES = [
    ("GET", ""),
    ("GET", "/poll"),
    ("GET", "/events"),
    ("POST", "/cancel"),
    ("POST", "/ticket"),
    ("POST", "/retry"),
]


@pytest.mark.parametrize(("method", "path"), RUN_ROUTES)
def test_a_run_of_another_workflow_is_not_there(narrow, mine, other, method, path):
    ours = make_finished_execution(mine).execution_id
    theirs = make_finished_execution(other).execution_id

    hidden = narrow.send(method, f"/workflows/executions/{theirs}{path}")
    unknown = narrow.send(method, f"/workflows/executions/{new_id('exec')}{path}")

    assert narrow.send(method, f"/workflows/executions/{ours}{path}").status_code < 300
    problem = assert_problem(hidden, 404, "not_found")
    assert problem["detail"] == unknown.json()["detail"]


def test_a_run_that_its_own_run_started_is_within_reach(narrow, mine, other):
    above = make_execution(mine).execution_id
    below = make_execution(other).execution_id
    Execution.objects.of(mine.workspace_id).filter(pk=below).update(parent_id=above)

    assert narrow.get(f"/workflows/executions/{below}/poll").status_code == 200


def test_files_of_other_workflows_runs_are_not_there(narrow, api, workspace, mine, other):
    uploaded, ours, theirs = (make_file(workspace, b"words %d" % number) for number in range(3))
    rows = File.objects.of(workspace.id)
    rows.filter(pk=ours.id).update(execution_id=make_execution(mine).execution_id)
    rows.filter(pk=theirs.id).update(execution_id=make_execution(other).execution_id)

    shown = [narrow.get(f"/files/{file.id}").status_code for file in (uploaded, ours, theirs)]

    assert shown == [200, 200, 404]
    assert narrow.delete(f"/files/{theirs.id}").status_code == 404
    assert api.get(f"/files/{theirs.id}").status_code == 200
    assert narrow.get(f"/files/{new_id('file')}").status_code == 404


def test_questions_of_other_workflows_runs_are_not_there(workspace):
    asked = [publish(workspace, ASK) for _ in range(2)]
    for workflow_id in asked:
        accept(workspace, workflow_id, {"text": "hi"})
    perform_all()
    client = ApiClient(make_restricted(workspace, workflows=(asked[0],)))
    by_workflow = {row.execution.workflow_id: row.pk for row in Review.objects.of(workspace.id)}
    ours, theirs = (by_workflow[workflow_id] for workflow_id in asked)

    assert [item["reviewId"] for item in client.get("/reviews").json()["items"]] == [ours]
    assert client.get(f"/reviews/{ours}").status_code == 200
    assert client.get(f"/reviews/{theirs}").status_code == 404
    assert client.post(f"/reviews/{theirs}/decide", {"approved": True}).status_code == 404
    assert client.post(f"/reviews/{theirs}/link", {}).status_code == 404


def test_a_key_for_all_workflows_costs_no_query_more(api, execution_id, django_assert_num_queries):
    api.get("/me")
    KEY_CACHE.clear()
    api.get("/me")

    with django_assert_num_queries(2):  # the run, and its nodes' results
        assert api.get(f"/workflows/executions/{execution_id}/poll").status_code == 200
