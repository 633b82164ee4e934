"""What people try on the gallery's pages: texts no database takes, what was taken away, caches."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.api import UserRef, delete_workspace
from accounts.models import User
from common.clock import SYSTEM_CLOCK
from executor.models import Execution
from templates_gallery.models import Template, TemplateAsset, TemplateRun
from templates_gallery.selectors.assets import signature_of
from templates_gallery.services.moderation import approve_template, take_down_template
from templates_gallery.services.runs import share_run
from templates_gallery.services.submissions import withdraw_orphans
from tests.executor.media_files import make_image
from tests.executor.runs import accept, perform_all, publish
from tests.factories import (
    as_actor,
    make_file,
    make_finished_execution,
    make_key,
    make_own_template,
    make_published_workflow,
    make_user,
)
from tests.graphs import graph
from tests.http.playing import SHOUT, Browser, list_templates
from tests.templates_gallery.staff import STAFF
from tests.templates_gallery.test_submissions import submit
from workflows.api import get_workflow

pytestmark = pytest.mark.django_db

NUL = "\x00"
PAGES = ("/", "/pricing", "/docs/nodes", "/docs/models", "/docs/errors", "/terms", "/templates")


def signed_in(user: UserRef) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.id))
    return client


def make_picture_template(workspace):
    """A template that waits, whose result is a picture of its workspace."""
    shrink = graph(
        {
            "in": ("input.image", {"name": "photo", "label": "Photo"}),
            "size": ("image.resize", {"width": 64, "height": 64, "fit": "cover"}),
            "out": ("output", {"name": "picture", "label": "Small picture"}),
        },
        ["in.value -> size.image", "size.image -> out.value"],
    )
    photo = make_file(workspace, make_image("png"))
    flow = publish(workspace, shrink)
    run = accept(workspace, flow, {"photo": {"fileId": photo.id}}).execution_id
    perform_all()
    return submit(workspace, flow, run)


def test_texts_that_no_database_takes_are_refused(workspace, owner):
    list_templates()
    browser = Browser(owner)

    answers = [
        browser.client.get("/shared/%00"),
        browser.get("/runs", workspace=NUL, template=SHOUT),
        browser.get("/runs", workspace=workspace.id, template=NUL),
        browser.get("/runs", workspace=workspace.id, workflowId=NUL),
        signed_in(owner).post(f"/templates/{SHOUT}/run", {"cancel": NUL}),
    ]

    assert [answer.status_code for answer in answers] == [404, 400, 400, 400, 404]


def test_no_page_may_be_kept_by_shared_caches(workspace, owner):
    client = signed_in(owner)

    kept = {path: client.get(path).headers.get("Cache-Control", "") for path in PAGES}

    assert [path for path, told in kept.items() if "private" not in told] == []


def test_v4_what_staff_remove_takes_its_files_and_forms_along(workspace):
    own = make_picture_template(workspace)
    approve_template(actor=STAFF, template_id=own.id)
    links = [
        f"/media/templates/{row.id}/{signature_of(row.id)}" for row in TemplateAsset.objects.all()
    ]
    before = [read(link) for link in links]

    take_down_template(actor=STAFF, template_id=own.id, note="It shows somebody.")

    pages = [f"/templates/{own.slug}{end}" for end in ("", "/run", "/report")]
    assert before == [200] * len(links)
    assert links
    assert [read(path) for path in (*links, *pages)] == [410] * (len(links) + len(pages))


def read(path: str) -> int:
    """The status of a GET; what it brings is read to its end."""
    answer = Client().get(path)
    assert answer.getvalue()
    return answer.status_code


def test_a_template_whose_cover_is_a_persons_picture_has_one_for_shared_links(workspace):
    own = make_picture_template(workspace)
    approve_template(actor=STAFF, template_id=own.id)

    answer = Client().get(f"/og/template/{own.slug}.png")

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")


def test_t7_what_a_deleted_workspace_showed_is_gone(workspace, owner):
    own = make_own_template(workspace)
    run = make_finished_execution(make_published_workflow(workspace))
    actor = as_actor(owner)
    share = share_run(actor=actor, workspace_id=workspace.id, execution_id=run.execution_id)

    delete_workspace(actor=actor, workspace_id=workspace.id)
    withdraw_orphans(SYSTEM_CLOCK, lambda: False)

    assert Client().get(f"/shared/{share}").status_code == 410
    assert Client().get(f"/templates/{own.slug}").status_code == 404
    assert own.slug not in Client().get("/templates").content.decode()


def test_a_trial_cannot_be_made_into_another_graph(workspace, owner):
    list_templates()
    started = Browser(owner).start(workspace, template=SHOUT, inputs={"text": "a"}).json()
    client = Client(headers={"Authorization": f"Bearer {make_key(workspace).secret}"})
    trial = f"/api/v1/workflows/{started['workflowId']}"

    answers = [
        client.patch(trial, {"name": "Mine"}, content_type="application/json"),
        client.post(f"{trial}/publish", {}, content_type="application/json"),
    ]

    assert [answer.status_code for answer in answers] == [409, 409]


def test_feeds_notice_that_an_entry_was_taken_away(workspace):
    first, second = (make_own_template(workspace, title=title) for title in ("One it", "Two it"))
    client = Client()
    known = {"If-None-Match": client.get("/templates.rss").headers["ETag"]}
    same = client.get("/templates.rss", headers=known)

    take_down_template(actor=STAFF, template_id=first.id, note="It is spam.")

    answer = client.get("/templates.rss", headers=known)
    assert (same.status_code, answer.status_code) == (304, 200)
    assert (first.slug in answer.content.decode(), second.slug in answer.content.decode()) == (
        False,
        True,
    )


def test_a_moderator_approves_only_what_was_there_to_be_seen(workspace):
    own = make_own_template(workspace, is_listed=False)
    staff = User.objects.get(pk=make_user().id)
    staff.is_staff = True
    staff.save()
    wanted = Permission.objects.filter(codename__in=("view_template", "change_template"))
    staff.user_permissions.set(wanted)
    client = Client()
    client.force_login(staff)
    path = "/admin/templates_gallery/template/"
    seen = re.search(r'name="seen" value="([^"]+)"', client.get(path).content.decode())
    assert seen is not None

    run = make_finished_execution(get_workflow(workspace.id, own.workflow_id))
    submit(workspace, own.workflow_id, run.execution_id, title="Another thing entirely")
    form = {"action": "approve", "_selected_action": own.id, "seen": seen[1]}
    page = client.post(path, form, follow=True).content.decode()

    assert "A newer version was handed in meanwhile" in page
    assert Template.objects.across_workspaces().get(pk=own.id).status == "submitted"


def test_a_form_that_was_changed_is_another_run(workspace, owner):
    list_templates()
    client = signed_in(owner)

    for text in ("one", "one", "two"):
        client.post(f"/templates/{SHOUT}/run", {"once": "a1", "in-text": text})

    assert Execution.objects.of(workspace.id).count() == 2


def test_a_shared_result_without_end_is_shown_by_its_beginning(workspace, owner):
    document = graph(
        {"in": ("input.json", {"name": "rows"}), "out": ("output", {"name": "rows"})},
        ["in.value -> out.value"],
    )
    rows = [{"name": "<b>", "number": number} for number in range(20_000)]
    run = make_finished_execution(
        make_published_workflow(workspace, graph=document), inputs={"rows": rows}
    )
    share = share_run(
        actor=as_actor(owner), workspace_id=workspace.id, execution_id=run.execution_id
    )

    page = Client().get(f"/shared/{share}").content

    assert b"The first 100,000 of" in page
    assert len(page) < 1_000_000


def test_runs_of_ones_own_template_make_it_no_more_popular(
    workspace, owner, stranger, stranger_workspace
):
    own = make_own_template(workspace)

    mine = Browser(owner).start(workspace, template=own.slug, inputs={"text": "a"})
    other = Browser(stranger).start(stranger_workspace, template=own.slug, inputs={"text": "a"})

    counted = TemplateRun.objects.across_workspaces().values_list("execution_id", flat=True)
    assert mine.status_code == 202
    assert list(counted) == [other.json()["executionId"]]


def test_nobody_is_asked_to_rate_what_is_their_own(workspace, owner, stranger):
    own = make_own_template(workspace)
    page, rate = f"/templates/{own.slug}", f'action="/templates/{own.slug}/rate"'

    told = signed_in(owner).post(f"{page}/rate", {"stars": "5"}, follow=True).content.decode()

    assert "One&#x27;s own template is for others to rate." in told
    assert rate not in told
    assert rate in signed_in(stranger).get(page).content.decode()
