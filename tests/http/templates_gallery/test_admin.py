"""The staff's pages of the gallery: what waits, what was reported, and who may decide."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from templates_gallery.api import report_template
from templates_gallery.models import Template, TemplateReport
from tests.factories import make_own_template, make_template, make_user

pytestmark = pytest.mark.django_db

TEMPLATES = "/admin/templates_gallery/template/"
REPORTS = "/admin/templates_gallery/templatereport/"


def client_of(*, permissions: tuple[str, ...]) -> Client:
    """A member of staff with these permissions, signed in."""
    user = get_user_model().objects.get(pk=make_user().id)
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def moderator() -> Client:
    return client_of(permissions=("view_template", "change_template", "view_templatereport"))


@pytest.fixture
def watcher() -> Client:
    return client_of(permissions=("view_template", "view_templatereport"))


def act(client: Client, action: str, pk: object, path: str = TEMPLATES, **fields: str):
    return client.post(path, {"action": action, "_selected_action": str(pk), **fields}, follow=True)


def test_what_waits_is_listed_with_a_way_to_look_at_it(moderator, workspace):
    own, other = make_own_template(workspace, is_listed=False), make_template()

    page = moderator.get(TEMPLATES, {"waiting": "yes"}).content.decode()

    assert f"/templates/{own.slug}?preview=1" in page
    assert other.slug not in page
    assert moderator.get(f"{TEMPLATES}{own.id}/change/").status_code == 200


def test_a_moderator_approves_features_and_takes_down(moderator, workspace):
    own = make_own_template(workspace, is_listed=False)
    row = Template.objects.across_workspaces().filter(pk=own.id)

    seen = []
    for action, fields in (
        ("approve", {}),
        ("feature", {}),
        ("unfeature", {}),
        ("take_down", {"note": "Rights"}),
    ):
        assert act(moderator, action, own.id, **fields).status_code == 200
        seen.append(row.values_list("status", "is_featured", "moderation_note").get())

    assert seen == [
        ("listed", False, ""),
        ("listed", True, ""),
        ("listed", False, ""),
        ("removed", False, "Rights"),
    ]


def test_a_rejection_without_a_note_is_refused_and_says_so(moderator, workspace):
    own = make_own_template(workspace, is_listed=False)

    refused = act(moderator, "reject", own.id).content.decode()
    done = act(moderator, "reject", own.id, note="Too dark").content.decode()

    assert "Say why" in refused
    assert "was rejected" in done
    assert Template.objects.across_workspaces().get(pk=own.id).moderation_note == "Too dark"


def test_staff_without_the_right_decide_nothing(watcher, workspace):
    own = make_own_template(workspace, is_listed=False)

    for action in ("approve", "reject", "feature", "take_down"):
        act(watcher, action, own.id, note="Mine")

    assert Template.objects.across_workspaces().get(pk=own.id).status == "submitted"


def test_reports_are_listed_and_closed(moderator, watcher):
    report_template(actor=None, slug=make_template().slug, reason="broken", text="It <b>fails</b>")
    report = TemplateReport.objects.get()

    page = moderator.get(REPORTS, {"open": "yes"}).content.decode()
    act(watcher, "close", report.pk, REPORTS)
    still_open = TemplateReport.objects.filter(closed_at=None).exists()
    act(moderator, "close", report.pk, REPORTS)

    assert "It &lt;b&gt;fails&lt;/b&gt;" in page
    assert still_open
    assert not TemplateReport.objects.filter(closed_at=None).exists()
