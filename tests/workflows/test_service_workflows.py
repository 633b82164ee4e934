"""Writes of drafts: who may, what is taken, and that nobody's change is lost."""

import unicodedata
from datetime import UTC, datetime

import pytest

from accounts.api import SYSTEM_ACTOR, Role, RoleTooLow, WorkspaceNotFound
from common.clock import FixedClock
from common.errors import Conflict, InvalidGraph, InvalidInputs, NotFound
from tests.factories import as_actor, make_graph, make_member, make_version, make_workflow
from workflows import api, selectors
from workflows.models import Workflow
from workflows.types import WorkflowChanges

NOW = datetime(2026, 1, 31, 10, tzinfo=UTC)


def create(workspace, **fields):
    given = {"name": "Shout", "graph": make_graph(), **fields}
    return api.create_workflow(actor=SYSTEM_ACTOR, workspace_id=workspace.id, **given)


def change(workflow, *, expected=None, clock=None, **changes):
    return api.change_workflow(
        actor=SYSTEM_ACTOR,
        workspace_id=workflow.workspace_id,
        workflow_id=workflow.id,
        changes=WorkflowChanges(**changes),
        expected_revision=expected,
        **({"clock": clock} if clock else {}),
    )


def issues_of(call):
    with pytest.raises((InvalidInputs, InvalidGraph)) as caught:
        call()
    return [(issue.path, issue.code) for issue in caught.value.issues]


def test_a_new_workflow_is_revision_one_and_unpublished(workspace):
    workflow = create(workspace, description="Loud.", clock=FixedClock(NOW))

    assert workflow.id.startswith("wf_")
    assert workflow.revision == 1
    assert workflow.published_number is None
    assert workflow.callback_url is None
    assert workflow.problems == []
    assert workflow.graph == make_graph()
    assert workflow.created_at == workflow.updated_at == NOW


def test_an_incomplete_draft_is_saved_with_its_problems(workspace):
    graph = make_graph()
    graph["edges"] = graph["edges"][1:]

    workflow = create(workspace, graph=graph)

    assert [problem["path"] for problem in workflow.problems] == ["nodes/case"]


def test_a_malformed_graph_is_not_saved(workspace):
    assert issues_of(lambda: create(workspace, graph={"nodes": 1})) == [
        ("/graph/nodes", "wrong_kind")
    ]
    assert not selectors.list_workflows(workspace.id, limit=1)


def test_names_are_kept_in_nfc_and_trimmed(workspace):
    assert create(workspace, name=" Cafe\u0301 ").name == unicodedata.normalize("NFC", "Café")


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 201, "a\nb", "a\x07b", "a\u202eb", "a\u2066b", "a\u200bb"]
)
def test_a_name_that_cannot_be_shown_is_refused(workspace, name):
    assert issues_of(lambda: create(workspace, name=name)) == [("/name", "not_allowed")]


def test_a_description_may_have_lines_and_no_other_control_characters(workspace):
    assert create(workspace, description="One\r\n two\n").description == "One\ntwo"
    assert issues_of(lambda: create(workspace, description="a\x00b")) == [
        ("/description", "not_allowed")
    ]


@pytest.mark.parametrize(
    "url", ["http://127.1/", "file:///etc/passwd", "https://u:p@example.com/", "nonsense"]
)
def test_F1_F7_F8_a_callback_url_that_is_plainly_not_allowed_is_refused(workspace, url):
    found = issues_of(lambda: create(workspace, callback_url=url))

    assert found == [("/callbackUrl", "url_not_allowed")]


def test_a_callback_url_is_kept_and_cleared(workspace):
    workflow = create(workspace, callback_url="https://example.com/hook?a=1")

    assert workflow.callback_url == "https://example.com/hook?a=1"
    assert change(workflow, callback_url="").callback_url is None


def test_a_change_raises_the_revision_and_leaves_the_rest(workspace):
    workflow = create(workspace, description="Loud.")
    later = FixedClock(NOW)

    changed = change(workflow, name="Whisper", clock=later)

    assert (changed.name, changed.description) == ("Whisper", "Loud.")
    assert changed.revision == 2
    assert changed.graph == workflow.graph
    assert changed.updated_at == NOW
    assert changed.created_at == workflow.created_at


def test_no_change_is_no_revision(workspace):
    assert change(create(workspace)).revision == 1


def test_a_changed_graph_renews_the_problems(workspace):
    workflow = create(workspace, graph={"nodes": []})

    changed = change(workflow, graph=make_graph())

    assert workflow.problems != []
    assert changed.problems == []


def test_B20_a_stale_write_is_a_conflict_with_both_revisions(workspace):
    workflow = create(workspace)
    change(workflow, name="First")

    with pytest.raises(Conflict) as caught:
        change(workflow, expected=1, name="Second")

    assert caught.value.fields == {"expectedRevision": 1, "actualRevision": 2}
    assert selectors.get_workflow(workspace.id, workflow.id).name == "First"


def test_C13_of_two_writes_with_one_revision_one_wins(workspace):
    workflow = create(workspace)

    change(workflow, expected=1, name="First")
    with pytest.raises(Conflict):
        change(workflow, expected=1, name="Second")

    assert selectors.get_workflow(workspace.id, workflow.id).revision == 2


def test_a_deleted_workflow_is_gone_and_keeps_its_row(workspace):
    workflow = make_workflow(workspace)
    make_version(workflow)

    api.delete_workflow(actor=SYSTEM_ACTOR, workspace_id=workspace.id, workflow_id=workflow.id)

    assert selectors.list_workflows(workspace.id, limit=10) == []
    assert Workflow.objects.of(workspace.id).get(id=workflow.id).deleted_at is not None
    for call in (
        lambda: selectors.get_workflow(workspace.id, workflow.id),
        lambda: selectors.get_version(workspace.id, workflow.id, 1),
        lambda: selectors.list_versions(workspace.id, workflow.id, limit=1),
        lambda: change(workflow, name="x"),
        lambda: api.find_runnable(workspace.id, workflow.id, None),
        lambda: api.delete_workflow(
            actor=SYSTEM_ACTOR, workspace_id=workspace.id, workflow_id=workflow.id
        ),
    ):
        with pytest.raises(NotFound):
            call()


def test_an_editor_may_write_and_a_runner_may_not(workspace, member, stranger):
    runner = make_member(workspace, role=Role.RUNNER)

    def create_as(user):
        return api.create_workflow(
            actor=as_actor(user), workspace_id=workspace.id, name="x", graph={}
        )

    assert create_as(member).workspace_id == workspace.id
    with pytest.raises(RoleTooLow):
        create_as(runner)
    with pytest.raises(WorkspaceNotFound):
        create_as(stranger)


@pytest.mark.parametrize("verb", ["change", "delete", "publish", "restore"])
def test_every_write_asks_for_the_right_to_edit(workspace, verb):
    workflow = make_workflow(workspace)
    make_version(workflow)
    given = {
        "actor": as_actor(make_member(workspace, role=Role.RUNNER)),
        "workspace_id": workspace.id,
        "workflow_id": workflow.id,
    }
    calls = {
        "change": lambda: api.change_workflow(
            **given, changes=WorkflowChanges(name="x"), expected_revision=None
        ),
        "delete": lambda: api.delete_workflow(**given),
        "publish": lambda: api.publish_workflow(**given),
        "restore": lambda: api.restore_version(**given, number=1),
    }

    with pytest.raises(RoleTooLow):
        calls[verb]()


def test_search_finds_any_case_in_names_and_descriptions(workspace):
    by_name = create(workspace, name="ÜBER Büro")
    by_text = create(workspace, name="Plain", description="about the BÜRO")
    create(workspace, name="Other 100%", description="a_b")

    def found(query):
        return [row.id for row in selectors.list_workflows(workspace.id, limit=9, query=query)]

    assert found("büro") == [by_text.id, by_name.id]
    assert found("%_%") == []
    assert len(found("0%")) == 1
    assert found("über") == [by_name.id]


def test_search_follows_a_changed_name(workspace):
    workflow = create(workspace, name="Before", description="kept")

    change(workflow, name="After")

    assert selectors.list_workflows(workspace.id, limit=9, query="before") == []
    assert len(selectors.list_workflows(workspace.id, limit=9, query="after")) == 1
    assert len(selectors.list_workflows(workspace.id, limit=9, query="KEPT")) == 1


def test_reads_cost_one_query(workspace, django_assert_num_queries):
    workflow = make_workflow(workspace)
    make_version(workflow)

    with django_assert_num_queries(1):
        selectors.get_workflow(workspace.id, workflow.id)
    with django_assert_num_queries(1):
        selectors.list_workflows(workspace.id, limit=10)
    with django_assert_num_queries(1):
        selectors.list_versions(workspace.id, workflow.id, limit=10)
    with django_assert_num_queries(1):
        selectors.get_version(workspace.id, workflow.id, 1)
    with django_assert_num_queries(1):
        selectors.get_published_schemas(workspace.id, workflow.id)
