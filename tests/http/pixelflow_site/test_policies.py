"""Terms, privacy and content policy: shipped as files, edited by staff, shown as prose."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.api import POLICIES, SYSTEM_ACTOR, Role, get_policy
from accounts.errors import RoleTooLow
from accounts.models import AuditEntry, PolicyPage, User
from accounts.services.policies import save_policy
from common.errors import InvalidInputs
from pixelflow_site.pages.policies import render_prose
from tests.factories import as_actor, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    """A signed-in superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", "correct horse"))
    return client


def save(slug="terms", title="Terms", body="## One\n\nText."):
    return save_policy(actor=SYSTEM_ACTOR, slug=slug, title=title, body=body)


@pytest.mark.parametrize("slug", sorted(POLICIES))
def test_a_shipped_text_is_shown_with_its_version_and_date(slug):
    answer = Client().get(f"/{slug}")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert POLICIES[slug] in page
    assert "Version 1" in page
    assert page.count("<h1") == 1
    assert not PolicyPage.objects.exists()
    for other in POLICIES:
        assert f'href="/{other}"' in page


@pytest.mark.parametrize("slug", sorted(POLICIES))
def test_every_link_in_a_shipped_text_leads_to_a_page(slug):
    prose = render_prose(get_policy(slug).body)

    linked = [part.partition('"')[0] for part in prose.html.split('href="')[1:]]
    assert len(prose.headings) >= 5
    assert all(Client().get(path).status_code == 200 for path in linked)


def test_what_staff_write_is_shown_and_its_version_grows_with_the_body():
    first = save(body="## One")
    titled = save(title="Our terms", body="## One")
    second = save(title="Our terms", body="## Two")
    same = save(title="Our terms", body="## Two\r\n")

    assert [item.version for item in (first, titled, second, same)] == [2, 2, 3, 3]
    page = Client().get("/terms").content.decode()
    assert "Version 3" in page
    assert "Our terms" in page
    assert ">Two</h2>" in page


def test_the_shipped_body_saved_as_it_is_keeps_its_version():
    shipped = get_policy("terms")

    assert save(body=shipped.body).version == shipped.version == 1


def test_every_change_is_in_the_audit_log():
    save(body="## One")
    save(body="## One")  # nothing new

    (entry,) = AuditEntry.objects.filter(object_type="policy")
    assert (entry.object_id, entry.verb, entry.after["version"]) == ("terms", "change", 2)


@pytest.mark.parametrize(
    "fields",
    [{"slug": "imprint"}, {"title": ""}, {"title": "a\0"}, {"body": " "}, {"body": "a\0b"},
     {"body": "x" * 200_001}],
)  # fmt: skip
def test_what_is_no_policy_is_refused(fields):
    with pytest.raises(InvalidInputs):
        save(**fields)

    assert not PolicyPage.objects.exists()


def test_no_customer_writes_a_policy(workspace):
    with pytest.raises(RoleTooLow):
        save_policy(
            actor=as_actor(make_member(workspace, role=Role.OWNER)),
            slug="terms",
            title="Mine",
            body="Mine",
        )


def test_html_and_scripts_in_a_text_are_shown_and_not_run():
    save(body="<script>alert(1)</script>\n\n[x](javascript:alert(1)) <b onclick=x>y</b>")

    page = Client().get("/terms").content.decode()

    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "<b onclick" not in page


def test_headings_have_anchors_of_their_own_and_the_page_keeps_its_one_h1():
    prose = render_prose("# Top\n\n## Same\n\n## Same\n\n## 漢字")

    assert prose.headings == (
        ("top", "Top"), ("same", "Same"), ("same-2", "Same"), ("part", "漢字"),
    )  # fmt: skip
    assert "<h1" not in prose.html
    assert 'id="same-2"' in prose.html


def test_staff_edit_a_policy_in_the_admin_beginning_with_the_text_of_now(staff):
    add = reverse("admin:accounts_policypage_add")
    shown = staff.get(add, {"slug": "privacy"}).content.decode()

    staff.post(add, {"slug": "privacy", "title": "Privacy", "body": "## Ours"})
    change = reverse("admin:accounts_policypage_change", args=["privacy"])
    refused = staff.post(change, {"title": "Privacy", "body": "a\0b"})
    staff.post(change, {"title": "Privacy", "body": "## Ours, again"})

    assert "There is no tracking by third parties" in shown
    assert refused.status_code == 200
    policy = get_policy("privacy")
    assert (policy.body, policy.version) == ("## Ours, again\n", 3)
    assert PolicyPage.objects.get().updated_by.startswith("staff:")


def test_a_policy_is_not_deleted_in_the_admin(staff):
    save()

    answer = staff.post(
        reverse("admin:accounts_policypage_delete", args=["terms"]), {"post": "yes"}
    )

    assert answer.status_code == 403
    assert PolicyPage.objects.exists()
