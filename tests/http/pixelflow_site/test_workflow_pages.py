"""`/workflows`: the list, a workflow's page and what is done there, and its way into the gallery."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from accounts.api import Role
from templates_gallery.api import ensure_trial, find_own_template, fork_template, load_library
from templates_gallery.types import TemplateStatus
from tests.factories import (
    as_actor,
    library_template,
    make_finished_execution,
    make_member,
    make_own_template,
    make_published_workflow,
    make_template,
)
from tests.graphs import chain
from workflows.api import WorkflowChanges, change_workflow, create_workflow, get_workflow

pytestmark = pytest.mark.django_db

FIELDS = {
    "title": "Shout it out",
    "description": "Turns a text into capitals, for notes that must be read.",
    "category": "text-llm",
    "tags": "text, capitals",
    "licence": "CC-BY-4.0",
}


def signed_in(user) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.get(pk=user.id))
    return client


@pytest.fixture
def browser(owner, workspace) -> Client:
    return signed_in(owner)


def shown(browser, path, **query):
    response = browser.get(path, query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_of_a_new_workspace_says_how_to_begin(browser):
    page = shown(browser, "/workflows")

    assert "No workflows yet" in page
    assert 'href="/templates"' in page


def test_the_list_shows_what_is_published_and_finds_by_name(browser, workspace):
    flow = make_published_workflow(workspace)
    name = get_workflow(workspace.id, flow.id).name

    assert "Published v1" in shown(browser, "/workflows")
    assert name in shown(browser, "/workflows", q=name.upper())
    assert "No workflow matches" in shown(browser, "/workflows", q="nothing like it")


def test_a_trial_of_a_template_is_in_no_list(browser, owner, workspace):
    card = make_template()
    ensure_trial(actor=as_actor(owner), workspace_id=workspace.id, slug=card.slug)

    assert "No workflows yet" in shown(browser, "/workflows")


def test_a_workflows_page_has_its_graph_its_api_and_its_versions(browser, workspace):
    flow = make_published_workflow(workspace)

    page = shown(browser, f"/workflows/{flow.id}")

    for words in ("pf-graph", f"/api/v1/workflows/{flow.id}/execute", "Published v1", "noindex"):
        assert words in page
    assert page.count("<h1") == 1


def test_problems_are_told_by_the_names_of_nodes_and_stand_against_publishing(
    browser, owner, workspace
):
    broken = {
        "schema": 1,
        "nodes": [{"id": "n1", "type": "text.case", "label": "Shout"}],
        "edges": [],
    }
    flow = create_workflow(
        actor=as_actor(owner), workspace_id=workspace.id, name="Half", graph=broken
    )

    page = shown(browser, f"/workflows/{flow.id}")
    response = browser.post(f"/workflows/{flow.id}/publish", follow=True)

    assert "<strong>Shout</strong>" in page
    assert f"/workflows/{flow.id}/publish" not in page
    assert "The draft has problems" in response.content.decode()
    assert get_workflow(workspace.id, flow.id).published_number is None


def test_a_draft_that_went_on_is_published_as_the_next_version(browser, owner, workspace):
    flow = make_published_workflow(workspace)
    change_workflow(
        actor=as_actor(owner),
        workspace_id=workspace.id,
        workflow_id=flow.id,
        changes=WorkflowChanges(graph=chain(2)),
        expected_revision=None,
    )

    before = shown(browser, f"/workflows/{flow.id}")
    after = browser.post(f"/workflows/{flow.id}/publish", follow=True).content.decode()

    assert "Draft ahead of v1" in before
    assert "Published as version 2" in after
    assert "Draft ahead" not in after


def test_an_old_version_is_copied_into_the_draft(browser, owner, workspace):
    flow = make_published_workflow(workspace)
    first = get_workflow(workspace.id, flow.id).graph
    change_workflow(
        actor=as_actor(owner),
        workspace_id=workspace.id,
        workflow_id=flow.id,
        changes=WorkflowChanges(graph=chain(2)),
        expected_revision=None,
    )

    browser.post(f"/workflows/{flow.id}/restore", {"number": "1"})

    assert get_workflow(workspace.id, flow.id).graph == first


@pytest.mark.parametrize("number", ["", "0", "-1", "99", "٣", "9" * 30])
def test_a_version_that_is_not_there_is_404(browser, workspace, number):
    flow = make_published_workflow(workspace)

    assert browser.post(f"/workflows/{flow.id}/restore", {"number": number}).status_code == 404


def test_a_name_that_cannot_be_taken_is_told_beside_its_field(browser, workspace):
    flow = make_published_workflow(workspace)

    refused = browser.post(f"/workflows/{flow.id}/rename", {"name": ""})
    taken = browser.post(f"/workflows/{flow.id}/rename", {"name": "Better"}, follow=True)

    assert refused.status_code == 422
    assert 'id="id_name_error"' in refused.content.decode()
    assert "Better" in taken.content.decode()


def test_a_deleted_workflow_is_gone(browser, workspace):
    flow = make_published_workflow(workspace)

    said = browser.post(f"/workflows/{flow.id}/delete", follow=True).content.decode()

    assert "is deleted" in said
    assert browser.get(f"/workflows/{flow.id}").status_code == 404


def test_a_viewer_looks_and_changes_nothing(workspace):
    browser = signed_in(make_member(workspace, role=Role.VIEWER))
    flow = make_published_workflow(workspace)

    page = shown(browser, f"/workflows/{flow.id}")
    found = {
        verb: browser.post(f"/workflows/{flow.id}/{verb}", {"number": "1", "name": "Mine"})
        for verb in ("publish", "restore", "rename", "delete", "template")
    }

    assert "Delete" not in page
    assert all(response.status_code in (403, 404) for response in found.values()), found
    assert get_workflow(workspace.id, flow.id).name != "Mine"


def test_a_fork_says_where_it_is_from_and_what_is_new_there(browser, owner, workspace):
    card = make_template(slug="shout", title="Shout it out")
    fork = fork_template(actor=as_actor(owner), workspace_id=workspace.id, slug=card.slug)
    before = shown(browser, f"/workflows/{fork.id}")
    load_library(
        [library_template(slug="shout", title="Shout it out", graph=chain(3), digest="newer")]
    )

    after = shown(browser, f"/workflows/{fork.id}")

    assert re.search(r"Forked from\s+<a href=\"/templates/shout\">Shout it out</a>\s+v1", before)
    assert "A newer version" not in before
    assert "A newer version of the original is there: v2" in after


def test_a_workflow_becomes_a_template_that_waits_for_a_look(browser, workspace):
    flow = make_published_workflow(workspace)
    run = make_finished_execution(flow).execution_id

    form = shown(browser, f"/workflows/{flow.id}/template")
    said = browser.post(
        f"/workflows/{flow.id}/template", {**FIELDS, "example": run}, follow=True
    ).content.decode()

    assert run in form
    own = find_own_template(workspace.id, flow.id)
    assert own is not None
    assert (own.status, own.fields.tags) == (TemplateStatus.SUBMITTED, ("text", "capitals"))
    assert "is handed in" in said
    assert "v1 waits for a look" in said


def test_what_is_wrong_with_a_template_stands_beside_its_fields(browser, workspace):
    flow = make_published_workflow(workspace)

    response = browser.post(
        f"/workflows/{flow.id}/template", {**FIELDS, "title": "x", "category": "nope"}
    )

    page = response.content.decode()
    assert response.status_code == 422
    assert 'id="id_title_error"' in page
    assert 'id="id_category_error"' in page
    assert FIELDS["description"] in page
    assert find_own_template(workspace.id, flow.id) is None


def test_a_listed_template_is_taken_out_of_the_gallery(browser, workspace):
    own = make_own_template(workspace)

    browser.post(f"/workflows/{own.workflow_id}/template/unpublish")

    found = find_own_template(workspace.id, own.workflow_id)
    assert found is not None
    assert found.status is TemplateStatus.UNLISTED
    assert Client().get(f"/templates/{own.slug}").status_code == 404


def test_a_draft_is_published_before_it_is_a_template(browser, owner, workspace):
    flow = create_workflow(
        actor=as_actor(owner), workspace_id=workspace.id, name="Draft", graph=chain(1)
    )

    said = browser.post(f"/workflows/{flow.id}/template", FIELDS, follow=True).content.decode()

    assert "Publish the workflow first" in said
