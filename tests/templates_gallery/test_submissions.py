"""A workspace's own templates: handed in, checked, moderated, updated, taken back."""

from typing import Any

import pytest

from accounts.api import SYSTEM_ACTOR, Role, RoleTooLow, WorkspaceNotFound, WorkspaceRef, list_audit
from common.errors import Conflict, InvalidGraph, InvalidInputs, NotFound
from executor.api import open_stored
from templates_gallery.api import (
    TemplateFields,
    Viewer,
    ensure_trial,
    find_own_template,
    get_card,
    get_template,
    list_own_templates,
    submit_template,
    unpublish_template,
)
from templates_gallery.models import Template, TemplateAsset, TemplateReport, TemplateVersion
from templates_gallery.services.moderation import (
    approve_template,
    close_report,
    feature_template,
    reject_template,
    take_down_template,
)
from templates_gallery.services.opinions import report_template
from tests.executor.media_files import make_image
from tests.executor.runs import accept, perform_all, publish
from tests.factories import (
    as_actor,
    make_file,
    make_graph,
    make_member,
    make_own_template,
    make_template,
    make_workflow,
)
from tests.graphs import graph
from tests.templates_gallery.staff import STAFF
from workflows.api import NotPublished

pytestmark = pytest.mark.django_db

KEY = "sk-live-" + "a1B2c3D4" * 4
FIELDS: dict[str, Any] = {
    "title": "Say it louder",
    "description": "Turns a text into capitals, for notes that must be read.",
    "category": "text-llm",
}


def submit(workspace: WorkspaceRef, workflow_id: str, run: str, **fields: Any):
    return submit_template(
        actor=fields.pop("actor", SYSTEM_ACTOR),
        workspace_id=workspace.id,
        workflow_id=workflow_id,
        fields=TemplateFields(**{**FIELDS, "example_execution_id": run, **fields}),
    )


def published_and_run(
    workspace: WorkspaceRef, document: Any = None, inputs: Any = None
) -> tuple[str, str]:
    """A published workflow, and a completed run of it."""
    flow = publish(workspace, document or make_graph())
    run = accept(workspace, flow, inputs or {"text": "hello"}).execution_id
    perform_all()
    return flow, run


def with_param(value: Any, name: str = "placeholder") -> Any:
    document = make_graph()
    document["nodes"][0]["params"][name] = value
    return document


def test_what_is_handed_in_waits_and_is_listed_when_staff_approve(workspace, owner):
    flow, run = published_and_run(workspace)

    own = submit(workspace, flow, run, actor=as_actor(owner), tags=("Loud Text", "notes"))
    waits = get_card(own.slug)
    approve_template(actor=STAFF, template_id=own.id)

    assert (own.status, own.listed_number, own.pending_number) == ("submitted", None, 1)
    assert waits is None
    card = get_card("say-it-louder")
    assert card is not None
    assert (card.author, card.is_official, card.tags) == ("Studio", False, ("loud-text", "notes"))
    (example,) = get_template(own.slug).version.examples
    assert [each.value for each in (*example.inputs, *example.outputs)] == ["hello", "HELLO"]
    verbs = [entry.verb for entry in list_audit(workspace.id, object_type="template")]
    assert verbs == ["approve", "submit"]


def test_an_update_waits_while_the_old_version_stays_with_its_words(workspace):
    own = make_own_template(workspace)
    flow = own.workflow_id
    run = accept(workspace, flow, {"text": "again"}).execution_id
    perform_all()

    updated = submit(workspace, flow, run, title="New words", notes="Shorter")

    card = get_card(own.slug)
    assert card is not None
    assert (updated.listed_number, updated.pending_number) == (1, 2)
    assert (updated.fields.title, card.title, card.version) == ("New words", own.fields.title, 1)
    member = Viewer("1", frozenset({workspace.id}))
    assert get_template(own.slug, viewer=member, pending=True).version.number == 2
    assert get_template(own.slug, pending=True).version.number == 1
    approve_template(actor=STAFF, template_id=own.id)
    card = get_card(own.slug)
    assert card is not None
    assert (card.title, card.version) == ("New words", 2)


def test_a_rejected_update_leaves_what_is_listed(workspace):
    own = make_own_template(workspace)
    run = accept(workspace, own.workflow_id, {"text": "again"}).execution_id
    perform_all()
    submit(workspace, own.workflow_id, run)

    reject_template(actor=STAFF, template_id=own.id, note="Not better")

    found = find_own_template(workspace.id, own.workflow_id)
    assert found is not None
    assert (found.status, found.pending_number, found.moderation_note) == (
        "listed",
        None,
        "Not better",
    )
    assert TemplateVersion.objects.count() == 1


def test_handing_in_again_takes_the_place_of_what_waits_and_of_its_files(workspace):
    photo = make_file(workspace, make_image("PNG"))
    document = graph(
        {
            "in": ("input.image", {"name": "photo"}),
            "size": ("image.resize", {"width": 32, "height": 32}),
            "out": ("output", {"name": "picture"}),
        },
        ["in.value -> size.image", "size.image -> out.value"],
    )
    flow, run = published_and_run(workspace, document, {"photo": {"fileId": photo.id}})
    submit(workspace, flow, run)
    old = set(TemplateAsset.objects.values_list("storage_key", flat=True))

    own = submit(workspace, flow, run)

    assert (own.pending_number, TemplateVersion.objects.count()) == (1, 1)
    rows = list(TemplateAsset.objects.order_by("name"))
    assert [(row.name, row.kind, row.mime_type) for row in rows] == [
        ("1-photo.png", "image", "image/png"),
        ("2-picture.png", "image", "image/png"),
    ]
    assert rows[1].width == 32
    assert not old & {row.storage_key for row in rows}
    with open_stored(rows[0].storage_key) as stream:
        assert stream.read(4) == b"\x89PNG"


def test_after_a_rejection_it_can_be_handed_in_again(workspace):
    own = make_own_template(workspace, is_listed=False)
    reject_template(actor=STAFF, template_id=own.id, note="Say more")
    run = accept(workspace, own.workflow_id, {"text": "again"}).execution_id
    perform_all()

    again = submit(workspace, own.workflow_id, run)

    assert (again.id, again.status, again.moderation_note) == (own.id, "submitted", "")


def test_unpublishing_takes_it_out_of_the_gallery_and_staff_cannot_list_it(workspace, owner):
    own = make_own_template(workspace, is_listed=False)

    gone = unpublish_template(
        actor=as_actor(owner), workspace_id=workspace.id, workflow_id=own.workflow_id
    )

    assert gone.status == "unlisted"
    with pytest.raises(Conflict):
        approve_template(actor=STAFF, template_id=own.id)


def test_what_staff_removed_stays_removed(workspace, owner):
    own = make_own_template(workspace)
    report_template(actor=None, slug=own.slug, reason="spam")
    take_down_template(actor=STAFF, template_id=own.id, note="Spam")
    run = accept(workspace, own.workflow_id, {"text": "again"}).execution_id
    perform_all()

    with pytest.raises(Conflict):
        submit(workspace, own.workflow_id, run)
    with pytest.raises(Conflict):
        unpublish_template(
            actor=as_actor(owner), workspace_id=workspace.id, workflow_id=own.workflow_id
        )
    assert Template.objects.across_workspaces().get(pk=own.id).status == "removed"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"title": "No"}, "/title"),
        ({"title": "x" * 61}, "/title"),
        ({"title": "Evil \u202etitle"}, "/title"),
        ({"description": "Short"}, "/description"),
        ({"category": "nonsense"}, "/category"),
        ({"licence": "All mine"}, "/licence"),
        ({"tags": tuple(f"tag{number}" for number in range(9))}, "/tags"),
        ({"tags": ("<script>",)}, "/tags"),
        ({"readme": "x" * 20_001}, "/readme"),
        ({"example_execution_id": ""}, "/exampleExecutionId"),
        ({"example_execution_id": "exec_nobody"}, "/exampleExecutionId"),
    ],
)
def test_v_fields_that_cannot_be_taken_are_named(workspace, fields, path):
    flow, run = published_and_run(workspace)

    with pytest.raises(InvalidInputs) as caught:
        submit(workspace, flow, run, **fields)

    assert [issue.path for issue in caught.value.issues] == [path]
    assert not Template.objects.across_workspaces().exists()


def test_p9_markup_is_kept_as_the_text_that_it_is(workspace):
    flow, run = published_and_run(workspace)
    readme = "# Use\n\n    <script>alert(1)</script>\n\n- one\n  - two"

    own = submit(workspace, flow, run, readme=readme)

    assert own.fields.readme == readme


def test_g11_what_looks_like_a_key_is_taken_out(workspace):
    flow, run = published_and_run(workspace, with_param(f"my key {KEY}", "help"))

    own = submit(workspace, flow, run)

    version = Template.objects.across_workspaces().get(pk=own.id).pending
    assert version is not None
    assert KEY not in str(version.graph)
    assert version.graph["nodes"][0]["params"] == {"name": "text"}


@pytest.mark.parametrize(
    "value", ["https://me:secret@example.com/x", "see ftp://user@example.com now"]
)
def test_p9_what_must_not_be_shown_is_refused(workspace, value):
    document = make_graph()
    document["nodes"].append({"id": "more", "type": "text.template", "params": {"template": value}})
    flow, run = published_and_run(workspace, document)

    with pytest.raises(InvalidGraph) as caught:
        submit(workspace, flow, run)

    assert [issue.path for issue in caught.value.issues] == ["nodes/more/params/template"]


def test_p9_a_huge_text_is_refused(workspace):
    flow, run = published_and_run(workspace, with_param("x" * 33_000, "default"))

    with pytest.raises(InvalidGraph) as caught:
        submit(workspace, flow, run)

    assert [issue.path for issue in caught.value.issues] == ["nodes/in/params/default"]


def test_p9_an_example_with_a_key_in_it_is_refused(workspace):
    flow, run = published_and_run(workspace, inputs={"text": f"use {KEY}"})

    with pytest.raises(InvalidInputs):
        submit(workspace, flow, run)


def test_t1_a_template_runs_no_other_workflow_of_its_workspace(workspace):
    inner = publish(workspace, make_graph())
    outer = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "call": ("workflow.run", {"workflowId": inner}),
            "out": ("output", {"name": "text"}),
        },
        ["in.value -> call.text", "call.text -> out.value"],
    )
    flow, run = published_and_run(workspace, outer)

    with pytest.raises(InvalidGraph) as caught:
        submit(workspace, flow, run)

    assert [issue.path for issue in caught.value.issues] == ["nodes/call"]


def test_t1_nobody_hands_in_what_is_not_theirs(workspace, stranger_workspace, stranger):
    flow, run = published_and_run(workspace)
    mine, my_run = published_and_run(stranger_workspace)

    with pytest.raises(WorkspaceNotFound):
        submit(workspace, flow, run, actor=as_actor(stranger))
    with pytest.raises(NotFound):
        submit(stranger_workspace, flow, run)
    with pytest.raises(InvalidInputs):
        submit(stranger_workspace, mine, run)
    assert submit(stranger_workspace, mine, my_run).status == "submitted"
    assert list_own_templates(workspace.id) == []


def test_a_runner_hands_in_nothing_and_a_draft_is_not_enough(workspace):
    flow, run = published_and_run(workspace)
    runner = as_actor(make_member(workspace, role=Role.RUNNER))

    with pytest.raises(RoleTooLow):
        submit(workspace, flow, run, actor=runner)
    with pytest.raises(NotPublished):
        submit(workspace, make_workflow(workspace).id, run)


def test_a_trial_is_no_work_of_ones_own(workspace, owner):
    trial = ensure_trial(
        actor=as_actor(owner), workspace_id=workspace.id, slug=make_template().slug
    )

    with pytest.raises(NotFound):
        submit(workspace, trial.workflow_id, "exec_any")


def test_equal_titles_get_addresses_of_their_own(workspace):
    slugs = [make_own_template(workspace, title="The same title").slug for _ in range(3)]

    assert slugs == ["the-same-title", "the-same-title-2", "the-same-title-3"]


def test_staff_feature_a_template_and_close_a_report(workspace):
    own = make_own_template(workspace)
    report_template(actor=None, slug=own.slug, reason="broken")
    report = TemplateReport.objects.get(template_id=own.id)

    feature_template(actor=STAFF, template_id=own.id, is_featured=True)
    for _ in range(2):
        close_report(actor=STAFF, report_id=report.pk)

    card = get_card(own.slug)
    assert card is not None
    assert card.is_featured
    report.refresh_from_db()
    assert report.closed_by == "staff:1"
    verbs = [entry.verb for entry in list_audit(workspace.id, object_type="template")]
    assert verbs == ["close_report", "feature", "approve", "submit"]


@pytest.mark.parametrize("decide", [approve_template, take_down_template])
def test_staff_decide_about_templates_that_exist(decide):
    note = {} if decide is approve_template else {"note": "Why"}

    with pytest.raises(NotFound):
        decide(actor=STAFF, template_id="tpl_nobody", **note)


@pytest.mark.parametrize("note", ["", "  ", "x" * 501])
def test_a_refusal_needs_a_note(workspace, note):
    own = make_own_template(workspace, is_listed=False)

    with pytest.raises(InvalidInputs):
        reject_template(actor=STAFF, template_id=own.id, note=note)
