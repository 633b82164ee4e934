"""What the tables refuse by themselves."""

import pytest
from django.contrib.admin.sites import site
from django.db import IntegrityError, transaction

from common.clock import utc_now
from common.tenancy import ScopeError
from tests.factories import make_workflow
from workflows.models import Workflow, WorkflowVersion


def insert_version(workflow, **fields):
    with transaction.atomic():
        return WorkflowVersion.objects.insert(
            **{
                "id": fields["graph_digest"],
                "workspace_id": workflow.workspace_id,
                "workflow_id": workflow.id,
                "graph": {},
                "input_schema": {},
                "output_schema": {},
                "catalogue_digest": "c",
                "published_by": "system:system",
                "created_at": utc_now(),
                **fields,
            }
        )


def test_a_number_is_given_once(workspace):
    workflow = make_workflow(workspace)
    insert_version(workflow, number=1, graph_digest="a")

    with pytest.raises(IntegrityError):
        insert_version(workflow, number=1, graph_digest="b")


def test_a_content_has_one_snapshot_and_any_number_of_versions(workspace):
    workflow = make_workflow(workspace)
    insert_version(workflow, number=None, graph_digest="a")
    insert_version(workflow, number=1, graph_digest="a", id="v1")
    insert_version(workflow, number=2, graph_digest="a", id="v2")

    with pytest.raises(IntegrityError):
        insert_version(workflow, number=None, graph_digest="a", id="again")


@pytest.mark.parametrize("model", [Workflow, WorkflowVersion])
def test_a_query_without_a_workspace_raises(model):
    with pytest.raises(ScopeError):
        model.objects.all()


@pytest.mark.parametrize("model", [Workflow, WorkflowVersion])
def test_the_admin_only_looks(model, rf):
    admin = site.get_model_admin(model)
    request = rf.get("/")

    assert not admin.has_add_permission(request)
    assert not admin.has_change_permission(request)
    assert not admin.has_delete_permission(request)
    assert admin.list_select_related


@pytest.mark.parametrize("path", ["workflow", "workflowversion"])
def test_the_admin_lists_and_searches(admin_client, workspace, path):
    workflow = make_workflow(workspace, name="Findable")

    listed = admin_client.get(f"/admin/workflows/{path}/?q={workflow.id}")

    assert listed.status_code == 200


def test_a_draft_can_be_looked_at_in_the_admin(admin_client, workspace):
    workflow = make_workflow(workspace, name="Findable")

    page = admin_client.get(f"/admin/workflows/workflow/{workflow.id}/change/")

    assert page.status_code == 200
    assert "Findable" in page.content.decode()
