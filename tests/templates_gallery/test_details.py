"""A template's page: to whom it is shown, and what of it."""

import pytest

from common.errors import Gone, NotFound
from templates_gallery.api import VISITOR, Viewer, find_own_template, get_card, get_template
from templates_gallery.services.moderation import reject_template, take_down_template
from templates_gallery.services.opinions import rate_template
from templates_gallery.services.submissions import unpublish_template
from tests.executor.mode_runs import paint
from tests.executor.simulated import write_models
from tests.factories import as_actor, make_own_template, make_template
from tests.templates_gallery.staff import STAFF

pytestmark = pytest.mark.django_db


def test_a_listed_template_is_shown_to_everybody():
    card = make_template()

    detail = get_template(card.slug)

    assert detail.card == card
    assert detail.version.number == 1
    assert detail.version.input_schema["required"] == ["text"]
    (example,) = detail.version.examples
    assert [(each.name, each.value) for each in example.outputs] == [("text", "HELLO")]
    assert [line.number for line in detail.versions] == [1]
    assert (detail.cost, detail.models, detail.is_own, detail.viewer_stars) == ((), (), False, None)


def test_no_template_is_not_found():
    with pytest.raises(NotFound):
        get_template("nobody")


@pytest.mark.parametrize("is_rejected", [False, True])
def test_t1_what_waits_or_was_rejected_is_for_its_workspace_and_staff(
    workspace, stranger_workspace, is_rejected
):
    own = make_own_template(workspace, is_listed=False)
    if is_rejected:
        reject_template(actor=STAFF, template_id=own.id, note="Too dark")
    member, staff = Viewer("1", frozenset({workspace.id})), Viewer("2", is_staff=True)

    for viewer in (VISITOR, Viewer("3", frozenset({stranger_workspace.id}))):
        with pytest.raises(NotFound):
            get_template(own.slug, viewer=viewer)

    note = "Too dark" if is_rejected else ""
    seen = get_template(own.slug, viewer=member)
    assert (seen.is_own, seen.pending_number, seen.moderation_note) == (True, 1, note)
    assert get_template(own.slug, viewer=staff).version.number == 1
    assert get_card(own.slug) is None


def test_what_was_removed_is_gone_for_everybody(workspace):
    own = make_own_template(workspace)
    take_down_template(actor=STAFF, template_id=own.id, note="Not allowed")

    for viewer in (VISITOR, Viewer("1", frozenset({workspace.id}))):
        with pytest.raises(Gone):
            get_template(own.slug, viewer=viewer)


def test_an_unpublished_one_is_for_its_workspace_alone(workspace, owner):
    own = make_own_template(workspace)
    unpublish_template(
        actor=as_actor(owner), workspace_id=workspace.id, workflow_id=own.workflow_id
    )

    with pytest.raises(NotFound):
        get_template(own.slug)
    assert get_template(own.slug, viewer=Viewer("1", frozenset({workspace.id}))).is_own
    found = find_own_template(workspace.id, own.workflow_id)
    assert found is not None
    assert (found.status, found.listed_number) == ("unlisted", None)


def test_t1_a_listed_template_shows_visitors_nothing_of_its_workspaces_inside(workspace):
    own = make_own_template(workspace)

    detail = get_template(own.slug)

    assert (detail.workflow_id, detail.pending_number, detail.moderation_note) == ("", None, "")


def test_cost_and_models_of_a_template_with_a_model(staff_catalogue):
    write_models("text-to-image")
    card = make_template(graph=paint(), examples=())

    detail = get_template(card.slug)

    (line,) = detail.cost
    (model,) = detail.models
    assert (line.model, line.credits) == ("Test Model", card.max_credits)
    assert (model.name, model.licence, model.vendor) == ("Test Model", "none", "Test")


def test_the_viewers_own_rating_is_shown(owner):
    slug = make_template().slug
    rate_template(actor=as_actor(owner), slug=slug, stars=4)

    detail = get_template(slug, viewer=Viewer(owner.id))

    assert (detail.viewer_stars, detail.card.rating, detail.card.ratings) == (4, 4.0, 1)


def test_the_number_of_statements_does_not_grow_with_the_gallery(django_assert_max_num_queries):
    slugs = [make_template().slug for _ in range(3)]

    with django_assert_max_num_queries(4):
        get_template(slugs[0])
