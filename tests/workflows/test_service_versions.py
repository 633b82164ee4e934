"""Publishing, snapshots, and finding what to run."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.api import SYSTEM_ACTOR
from common.errors import InvalidGraph, NotFound
from tests.factories import (
    make_graph,
    make_published_workflow,
    make_version,
    make_workflow,
)
from workflows import api, selectors
from workflows.api import NotPublished, WorkflowChanges
from workflows.models import WorkflowVersion


def change_graph(workflow, graph):
    return api.change_workflow(
        actor=SYSTEM_ACTOR,
        workspace_id=workflow.workspace_id,
        workflow_id=workflow.id,
        changes=WorkflowChanges(graph=graph),
        expected_revision=None,
    )


def find(workflow, which=None):
    return api.find_runnable(workflow.workspace_id, workflow.id, which)


def snapshot(workflow):
    return api.snapshot_draft(workflow.workspace_id, workflow.id)


def test_publishing_counts_versions_from_one(workspace):
    workflow = make_workflow(workspace)

    first, second = make_version(workflow), make_version(workflow)

    assert (first.number, second.number) == (1, 2)
    assert first.id.startswith("wfv_")
    assert first.published_by == "system:system"
    assert selectors.get_workflow(workspace.id, workflow.id).published_number == 2


def test_publishing_leaves_the_revision_alone(workspace):
    workflow = make_workflow(workspace)

    make_version(workflow)

    assert selectors.get_workflow(workspace.id, workflow.id).revision == 1


def test_a_version_keeps_its_graph_and_schemas_when_the_draft_changes(workspace):
    workflow = make_published_workflow(workspace)

    change_graph(workflow, {"nodes": []})

    document = selectors.get_version(workspace.id, workflow.id, 1)
    assert document.graph == make_graph()
    assert document.input_schema["required"] == ["text"]
    assert list(document.output_schema["properties"]) == ["text"]


@pytest.mark.parametrize("write", [make_version, snapshot])
def test_G1_G19_a_draft_with_problems_is_no_version(workspace, write):
    workflow = make_workflow(workspace, graph={"nodes": []})

    with pytest.raises(InvalidGraph) as caught:
        write(workflow)

    assert [issue.path for issue in caught.value.issues] == ["nodes"]
    assert not WorkflowVersion.objects.of(workspace.id).exists()


def test_versions_are_listed_newest_first_without_snapshots(workspace):
    workflow = make_workflow(workspace)
    for _ in range(3):
        make_version(workflow)
    snapshot(workflow)

    listed = selectors.list_versions(workspace.id, workflow.id, limit=2)
    rest = selectors.list_versions(workspace.id, workflow.id, limit=2, after=2)

    assert [version.number for version in listed] == [3, 2]
    assert [version.number for version in rest] == [1]


def test_versions_of_an_unpublished_workflow_are_none_and_of_a_missing_one_not_found(workspace):
    workflow = make_workflow(workspace)

    assert selectors.list_versions(workspace.id, workflow.id, limit=9) == []
    with pytest.raises(NotFound):
        selectors.list_versions(workspace.id, "wf_gone", limit=9)


def test_restoring_copies_an_old_graph_into_the_draft(workspace):
    workflow = make_published_workflow(workspace)
    change_graph(workflow, make_graph(case="lower"))

    restored = api.restore_version(
        actor=SYSTEM_ACTOR, workspace_id=workspace.id, workflow_id=workflow.id, number=1
    )

    assert restored.graph == make_graph()
    assert restored.revision == 3
    assert restored.published_number == 1


def test_equal_drafts_share_one_snapshot_and_others_do_not(workspace):
    workflow = make_workflow(workspace)

    first, again = snapshot(workflow), snapshot(workflow)
    change_graph(workflow, make_graph(case="lower"))
    other = snapshot(workflow)

    assert first.id == again.id
    assert first.number is None
    assert other.id != first.id


def test_a_snapshot_does_not_publish(workspace):
    workflow = make_workflow(workspace)

    find(workflow, "draft")

    with pytest.raises(NotPublished):
        find(workflow)


def test_what_runs_is_the_published_version_a_number_or_the_draft(workspace):
    workflow = make_workflow(workspace, callback_url="https://example.com/hook")
    first, second = make_version(workflow), make_version(workflow)

    assert find(workflow) == second
    assert find(workflow).callback_url == "https://example.com/hook"
    assert find(workflow, 1) == first
    assert find(workflow, "draft").number is None


@pytest.mark.parametrize("which", [None, 1])
def test_finding_what_runs_is_one_query_that_reads_no_graph(workspace, which):
    workflow = make_published_workflow(workspace)
    find(workflow)  # a version never changes, so what was read of it once is kept

    with CaptureQueriesContext(connection) as queries:
        find(workflow, which)

    assert len(queries) == 1
    assert '"graph"' not in queries[0]["sql"]


@pytest.mark.parametrize("number", [0, 2, -1, 10**30])
def test_an_unknown_number_is_not_found(workspace, number):
    with pytest.raises(NotFound):
        find(make_published_workflow(workspace), number)


@pytest.mark.parametrize("which", [None, 1, "draft"])
def test_T1_another_workspaces_workflow_is_not_found(workspace, stranger_workspace, which):
    workflow = make_published_workflow(stranger_workspace)

    with pytest.raises(NotFound):
        api.find_runnable(workspace.id, workflow.id, which)


def test_a_version_is_resolved_once_in_a_process(workspace, django_assert_num_queries):
    version = make_version(make_workflow(workspace))

    with django_assert_num_queries(1):
        graph = selectors.resolved_version(version.id)
        interface = selectors.interface_of_version(version.id)

    assert selectors.resolved_version(version.id) is graph
    assert selectors.interface_of_version(version.id) is interface
    assert [field.name for field in interface.inputs] == ["text"]


def test_resolving_a_version_that_is_not_there_is_not_found(db):
    with pytest.raises(NotFound):
        selectors.resolved_version("wfv_gone")


def test_G16_a_version_that_can_no_longer_run_says_so(workspace):
    version = make_version(make_workflow(workspace))
    graph = make_graph()
    graph["nodes"][1]["type"] = "text.withdrawn"
    WorkflowVersion.objects.of(workspace.id).filter(id=version.id).update(graph=graph)

    with pytest.raises(InvalidGraph) as caught:
        selectors.resolved_version(version.id)

    assert "text.withdrawn" in caught.value.detail
