"""`/team`, `/invitations/<token>` and workspaces: who may, what is refused, and how pages say so."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from accounts.api import Role, get_membership_role, list_workspaces_of
from accounts.models import Invitation, Membership, User, Workspace
from billing.api import forget_limits, get_balance
from common.clock import utc_now
from pixelflow_site.pages.team import INVITES_BY_ACCOUNT, MAILS_TO_ONE
from pixelflow_site.pages.workspaces import MAX_OWNED
from tests.accounts.test_audit_at_once import at_once
from tests.client import ApiClient
from tests.factories import make_key, make_member, make_user, make_workspace

GUEST = "guest@example.com"
AMPLE = {"seats": 100}


def signed_in(user) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.id))
    return client


@pytest.fixture
def workspace(owner):
    """With seats for a team."""
    return make_workspace(owner=owner, limits=AMPLE)


@pytest.fixture
def browser(owner, workspace) -> Client:
    """The owner's, signed in."""
    return signed_in(owner)


@pytest.fixture
def guest(db):
    """The one who is invited."""
    return make_user(email=GUEST)


@pytest.fixture
def link(browser, workspace, django_capture_on_commit_callbacks):
    """Invite the guest and return the path of the mailed link."""

    def send(email=GUEST, role="editor"):
        with django_capture_on_commit_callbacks(execute=True):
            answer = browser.post("/team/invite", {"email": email, "role": role})
        assert answer.status_code == 302, answer.content.decode()
        (path,) = re.findall(r"/invitations/\w+", str(mail.outbox[-1].body))
        return path

    return send


def role_of(workspace, user):
    return get_membership_role(workspace_id=workspace.id, user_id=user.id)


def text_of(answer):
    return " ".join(answer.content.decode().split())


# --- the team


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_every_member_sees_the_team_and_only_admins_and_owners_can_change_it(workspace, role):
    answer = signed_in(make_member(workspace, role=role)).get("/team")

    page = text_of(answer)
    assert answer.status_code == 200
    assert "owner@example.com" in page
    assert "/team/invite" not in page
    assert "/team/role" not in page
    assert "/team/leave" in page


def test_viewers_are_refused_by_every_form_and_nothing_changes(workspace, owner, member):
    viewer = signed_in(make_member(workspace, role=Role.VIEWER))
    fields = {"member": member.id, "role": "admin", "email": GUEST, "confirm": workspace.name}

    for path in ("invite", "role", "remove", "transfer"):
        assert viewer.post(f"/team/{path}", fields).status_code == 403, path

    assert role_of(workspace, member) is Role.EDITOR
    assert role_of(workspace, owner) is Role.OWNER
    assert not Invitation.objects.of(workspace.id).exists()


def test_who_is_in_no_workspace_is_shown_the_way_to_one(db):
    answer = signed_in(make_user()).get("/team")

    assert answer.status_code == 200
    assert "/workspaces/new" in answer.content.decode()


def test_members_can_be_searched_and_an_empty_result_can_be_cleared(browser, workspace, member):
    found = text_of(browser.get("/team", {"q": member.email.upper()}))
    none = text_of(browser.get("/team", {"q": "nobody there"}))

    assert "/team/role" in found
    assert member.email in found
    assert "No member matches" in none
    assert "Clear the search" in none


@pytest.mark.parametrize(
    "query", [{"page": "9" * 50}, {"page": "x"}, {"q": "\0"}, {"q": "x" * 9_999}]
)
def test_odd_queries_show_the_page_all_the_same(browser, query):
    assert browser.get("/team", query).status_code == 200


def test_a_role_is_changed_and_the_page_says_so(browser, workspace, member):
    answer = browser.post("/team/role", {"member": member.id, "role": "admin"}, follow=True)

    assert answer.redirect_chain == [(f"/team?workspace={workspace.id}", 302)]
    assert "The role is now admin." in answer.content.decode()
    assert role_of(workspace, member) is Role.ADMIN


def test_a_member_is_removed_and_loses_the_workspace_at_once(browser, workspace, member):
    theirs = signed_in(member)
    assert theirs.get("/team", {"workspace": workspace.id}).status_code == 200

    browser.post("/team/remove", {"member": member.id})

    assert theirs.get("/team", {"workspace": workspace.id}).status_code == 404


@pytest.mark.parametrize("role", ["", "king", "OWNER", "owner\0"])
def test_an_unknown_role_is_refused_beside_its_field(browser, member, role):
    answer = browser.post("/team/invite", {"email": GUEST, "role": role})

    assert answer.status_code == 422
    assert "Choose one of these roles." in answer.content.decode()


def test_an_admin_gives_nobody_a_role_above_the_own(workspace, owner, member):
    admin = signed_in(make_member(workspace, role=Role.ADMIN))

    page = admin.get("/team").content.decode()
    answers = [
        admin.post("/team/role", {"member": member.id, "role": "owner"}),
        admin.post("/team/role", {"member": owner.id, "role": "viewer"}),
        admin.post("/team/remove", {"member": owner.id}),
        admin.post("/team/invite", {"email": GUEST, "role": "owner"}),
    ]

    assert 'value="owner"' not in page
    assert [answer.status_code for answer in answers] == [403] * 4
    assert role_of(workspace, owner) is Role.OWNER
    assert role_of(workspace, member) is Role.EDITOR


def test_T1_a_stranger_reads_like_somebody_who_never_was(browser, stranger, stranger_workspace):
    for path in ("role", "remove", "transfer"):
        fields = {"role": "viewer", "confirm": "Studio"}
        foreign = browser.post(f"/team/{path}", {**fields, "member": stranger.id})
        unknown = browser.post(f"/team/{path}", {**fields, "member": "usr_unknown"})

        assert foreign.status_code == unknown.status_code == 404
        # the form's tokens and the request's id differ between any two answers
        assert len(foreign.content) == len(unknown.content)
        assert stranger.email not in foreign.content.decode()

    assert role_of(stranger_workspace, stranger) is Role.OWNER


def test_T1_a_strangers_invitation_reads_like_none(browser, link, stranger, stranger_workspace):
    link()
    (waiting,) = Invitation.objects.across_workspaces()
    theirs = signed_in(stranger)

    for path in ("resend", "revoke"):
        assert theirs.post(f"/team/{path}", {"invitation": waiting.id}).status_code == 404
        assert theirs.post(f"/team/{path}", {"invitation": "inv_unknown"}).status_code == 404

    waiting.refresh_from_db()
    assert waiting.revoked_at is None
    assert len(mail.outbox) == 1


def test_T4_the_form_says_which_workspace_and_no_other_is_written_to(owner, workspace, browser):
    second = make_workspace(owner=owner, name="Second", limits=AMPLE)
    browser.get("/team", {"workspace": workspace.id})  # the tab that was looked at last

    browser.post("/team/invite", {"workspace": second.id, "email": GUEST, "role": "viewer"})

    (waiting,) = Invitation.objects.across_workspaces()
    assert waiting.workspace_id == second.id
    assert GUEST in browser.get("/team", {"workspace": second.id}).content.decode()
    assert GUEST not in browser.get("/team", {"workspace": workspace.id}).content.decode()


def test_A10_the_last_owner_neither_leaves_nor_steps_down(browser, workspace, owner, member):
    left = browser.post("/team/leave")
    demoted = browser.post("/team/role", {"member": owner.id, "role": "viewer"})

    assert (left.status_code, demoted.status_code) == (409, 409)
    assert "needs at least one owner" in left.content.decode()
    assert role_of(workspace, owner) is Role.OWNER


@pytest.mark.django_db(transaction=True)
def test_A10_of_two_owners_who_demote_each_other_at_once_one_is_refused_with_409():
    first = make_user()
    workspace = make_workspace(owner=first, limits=AMPLE)
    second = make_member(workspace, role=Role.OWNER)
    pairs = [(signed_in(first), second), (signed_in(second), first)]

    def demote(number):
        browser, whom = pairs[number]
        fields = {"member": whom.id, "role": "editor", "acting_as": "owner"}
        return browser.post("/team/role", fields).status_code

    assert sorted(at_once(demote, 2)) == [302, 409]
    roles = Membership.objects.of(workspace.id).values_list("role", flat=True)
    assert sorted(roles) == ["editor", "owner"]


def test_A10_an_outdated_page_of_somebody_demoted_meanwhile_is_told_so(browser, workspace, owner):
    second = make_member(workspace, role=Role.OWNER)
    theirs = signed_in(second)
    browser.post("/team/role", {"member": second.id, "role": "editor"})

    answer = theirs.post("/team/role", {"member": owner.id, "role": "viewer", "acting_as": "owner"})

    assert answer.status_code == 409
    assert "Your own role has changed meanwhile" in answer.content.decode()
    assert role_of(workspace, owner) is Role.OWNER


def test_leaving_takes_effect_at_once(workspace, member):
    browser = signed_in(member)

    answer = browser.post("/team/leave", {"workspace": workspace.id}, follow=True)

    assert "You left" in answer.content.decode()
    assert role_of(workspace, member) is None


def test_the_ownership_is_handed_over_once_the_name_was_typed(browser, workspace, owner, member):
    wrong = browser.post("/team/transfer", {"member": member.id, "confirm": "studio"})
    kept = role_of(workspace, owner)
    browser.post("/team/transfer", {"member": member.id, "confirm": f" {workspace.name} "})

    assert wrong.status_code == 422
    assert "Type the name exactly" in wrong.content.decode()
    assert kept is Role.OWNER
    assert (role_of(workspace, owner), role_of(workspace, member)) == (Role.ADMIN, Role.OWNER)


def test_A8_no_form_of_the_team_works_without_its_token(owner, workspace, member):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.get(pk=owner.id))

    answer = browser.post("/team/remove", {"member": member.id})

    assert answer.status_code == 403
    assert role_of(workspace, member) is Role.EDITOR


# --- inviting


def test_an_invitation_is_mailed_listed_sent_again_and_withdrawn(browser, workspace, link):
    path = link()
    (waiting,) = Invitation.objects.of(workspace.id)
    listed = GUEST in browser.get("/team").content.decode()

    again = browser.post("/team/resend", {"invitation": waiting.id}, follow=True)
    old = Client().get(path)
    browser.post("/team/revoke", {"invitation": waiting.id})

    assert listed
    assert "A new link is on its way" in again.content.decode()
    assert old.status_code == 404
    assert GUEST not in browser.get("/team").content.decode().split("notices")[0]
    assert not Invitation.objects.of(workspace.id).filter(revoked_at=None).exists()


@pytest.mark.parametrize("email", ["", "nobody", "a\0b@example.com", "x" * 10_000, "\u202ea@b.com"])
def test_A12_what_is_no_address_is_refused_beside_its_field(browser, workspace, email):
    answer = browser.post("/team/invite", {"email": email, "role": "viewer"})

    assert answer.status_code == 422
    assert 'id="id_email_error"' in answer.content.decode()
    assert not mail.outbox


def test_an_expired_invitation_and_one_whose_sender_left_say_so(browser, workspace, link):
    link()
    Invitation.objects.of(workspace.id).update(expires_at=utc_now() - timedelta(days=1))
    admin = make_member(workspace, role=Role.ADMIN)
    signed_in(admin).post("/team/invite", {"email": "b@example.com", "role": "viewer"})
    browser.post("/team/remove", {"member": admin.id})

    page = browser.get("/team").content.decode()

    assert "Expired" in page
    assert "Its sender may no longer invite" in page


def test_the_seats_of_the_plan_are_kept_and_the_page_says_what_to_do(owner):
    workspace = make_workspace(owner=owner, limits={})  # a free plan has one seat
    browser = signed_in(owner)

    answer = browser.post("/team/invite", {"email": GUEST, "role": "viewer"})

    assert answer.status_code == 409
    assert f"/billing?workspace={workspace.id}" in answer.content.decode()
    assert not Invitation.objects.of(workspace.id).exists()


def test_G_too_many_invitations_are_refused_by_account_whatever_the_address(workspace):
    admin = signed_in(make_member(workspace, role=Role.ADMIN))
    limit = int(INVITES_BY_ACCOUNT.partition("/")[0])

    statuses = [
        admin.post(
            "/team/invite",
            {"email": f"g{number}@example.com", "role": "viewer"},
            REMOTE_ADDR=f"192.0.2.{number}",
        ).status_code
        for number in range(limit + 1)
    ]

    assert set(statuses[:limit]) == {302}
    assert statuses[-1] == 429


def test_too_many_invitations_are_refused_by_address(browser, workspace):
    statuses = [
        browser.post("/team/invite", {"email": "none", "role": "viewer"}) for _ in range(25)
    ]

    assert statuses[0].status_code == 422
    assert statuses[-1].status_code == 429
    assert statuses[-1].headers["Retry-After"]


def test_one_mailbox_is_not_flooded_from_many_workspaces(db):
    limit = int(MAILS_TO_ONE.partition("/")[0])
    browsers = []
    for _ in range(limit + 1):
        person = make_user()
        make_workspace(owner=person, limits=AMPLE)
        browsers.append(signed_in(person))

    statuses = [
        browser.post("/team/invite", {"email": GUEST, "role": "viewer"}).status_code
        for browser in browsers
    ]

    assert statuses == [302] * limit + [429]


# --- opening the link


def test_the_invited_person_joins_by_a_button_and_lands_in_the_workspace(workspace, link, guest):
    path = link(role="runner")
    browser = signed_in(guest)

    shown = browser.get(path)
    before = role_of(workspace, guest)
    answer = browser.post(path, {"answer": "join"}, follow=True)

    assert f"Join {workspace.name}" in text_of(shown)
    assert before is None  # looking joins nobody
    assert answer.redirect_chain == [(f"/team?workspace={workspace.id}", 302)]
    assert role_of(workspace, guest) is Role.RUNNER


def test_a_visitor_is_shown_the_way_through_sign_up_and_sign_in(link, workspace):
    path = link()

    shown = Client().get(path).content.decode()
    posted = Client().post(path, {"answer": "join"})

    assert f"/accounts/signup/?next={path.replace('/', '%2F')}" in shown
    assert f"/accounts/login/?next={path.replace('/', '%2F')}" in shown
    assert posted.headers["Location"].startswith("/accounts/login/?next=")
    assert Membership.objects.of(workspace.id).count() == 1


def test_A9_for_somebody_else_the_link_reads_like_an_unknown_one(workspace, link, stranger):
    path = link()
    browser = signed_in(stranger)

    foreign, unknown = browser.get(path), browser.get("/invitations/unknown")
    posted = browser.post(path, {"answer": "join"})

    assert foreign.status_code == unknown.status_code == posted.status_code == 404
    assert workspace.name not in foreign.content.decode()
    assert GUEST not in foreign.content.decode()
    assert text_of(foreign).count("no such invitation") == text_of(unknown).count(
        "no such invitation"
    )
    assert role_of(workspace, stranger) is None


def test_A9_a_link_that_was_used_is_410_also_after_removal(browser, workspace, link, guest):
    path = link()
    theirs = signed_in(guest)
    theirs.post(path, {"answer": "join"})

    twice = theirs.post(path, {"answer": "join"})
    browser.post("/team/remove", {"member": guest.id})
    after = theirs.post(path, {"answer": "join"})

    assert (twice.status_code, after.status_code) == (410, 410)
    assert "You are in" in text_of(twice)
    assert "used already" in text_of(after)
    assert role_of(workspace, guest) is None


def _expires(workspace):
    Invitation.objects.of(workspace.id).update(expires_at=utc_now() - timedelta(seconds=1))


def _is_revoked(workspace):
    Invitation.objects.of(workspace.id).update(revoked_at=utc_now())


def _loses_its_sender(workspace):
    Membership.objects.of(workspace.id).update(role=Role.EDITOR)


@pytest.mark.parametrize("end", [_expires, _is_revoked, _loses_its_sender])
def test_A9_a_link_that_is_no_longer_good_is_410_to_visitors_and_to_the_invited(
    workspace, link, guest, end
):
    path = link()
    end(workspace)

    for browser in (Client(), signed_in(guest)):
        assert browser.get(path).status_code == 410
        assert browser.post(path, {"answer": "join"}).status_code == 410
    assert role_of(workspace, guest) is None


def test_A9_a_declined_link_is_dead(workspace, link, guest):
    path = link()
    browser = signed_in(guest)

    browser.post(path, {"answer": "decline"})

    assert browser.post(path, {"answer": "join"}).status_code == 410
    assert role_of(workspace, guest) is None


def test_a_full_workspace_keeps_the_link_good_for_later(workspace, link, guest):
    path = link()
    Workspace.objects.filter(pk=workspace.id).update(limit_overrides={"seats": 1})
    forget_limits()
    browser = signed_in(guest)

    answer = browser.post(path, {"answer": "join"})

    assert answer.status_code == 409
    assert "make room" in text_of(answer)
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize("token", ["x", "x" * 5_000, "%00", "%F0%9F%98%80"])
def test_A9_a_link_that_never_was_is_404(db, token):
    assert Client().get(f"/invitations/{token}").status_code == 404


def test_guessing_links_is_refused_after_a_while(db):
    statuses = [Client().get("/invitations/guess").status_code for _ in range(61)]

    assert statuses[0] == 404
    assert statuses[-1] == 429


# --- workspaces


def test_somebody_makes_a_workspace_and_owns_it(browser, owner, workspace):
    answer = browser.post("/workspaces/new", {"name": " Ame\u0301lie & Co "}, follow=True)

    (mine,) = [
        place for place in list_workspaces_of(owner.id) if place.workspace.id != workspace.id
    ]
    assert mine.role is Role.OWNER
    assert mine.workspace.name == "Am\u00e9lie & Co"
    assert answer.redirect_chain == [(f"/team?workspace={mine.workspace.id}", 302)]


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "x" * 10_000, "\u202eoidutS", "a\nb"])
def test_A12_a_workspace_has_a_proper_name(browser, owner, workspace, name):
    for path, fields in (
        ("/workspaces/new", {"name": name}),
        ("/settings/workspace", {"name": name, "workspace": workspace.id}),
    ):
        answer = browser.post(path, fields)

        assert answer.status_code == 422
        assert 'id="id_name_error"' in answer.content.decode()
    (place,) = list_workspaces_of(owner.id)
    assert place.workspace.name == workspace.name


def test_A13_a_second_workspace_brings_no_second_months_credits(browser, owner):
    for name in ("One", "Two", "Three"):
        browser.post("/workspaces/new", {"name": name})

    fresh = [place.workspace.id for place in list_workspaces_of(owner.id)][1:]
    assert len(fresh) == 3
    assert sum(get_balance(workspace_id).available > 0 for workspace_id in fresh) <= 1


def test_A13_nobody_owns_more_workspaces_than_there_may_be(browser, owner):
    for _ in range(MAX_OWNED - 1):
        make_workspace(owner=owner)

    answer = browser.post("/workspaces/new", {"name": "One more"})

    assert answer.status_code == 409
    assert len(list_workspaces_of(owner.id)) == MAX_OWNED


def test_a_workspace_is_renamed_by_admins_alone(browser, workspace, member):
    refused = signed_in(member).post("/settings/workspace", {"name": "Mine"})
    saved = browser.post("/settings/workspace", {"name": "Ours"}, follow=True)

    assert refused.status_code == 403
    assert "The name is saved." in saved.content.decode()
    assert Workspace.objects.get(pk=workspace.id).name == "Ours"


def test_T7_a_deleted_workspace_has_no_pages_keys_or_links(browser, workspace, link, guest):
    path, api = link(), ApiClient(make_key(workspace).secret)
    assert api.get("/me").status_code == 200

    wrong = browser.post("/settings/workspace/delete", {"confirm": "Other"})
    browser.post("/settings/workspace/delete", {"confirm": workspace.name})

    assert wrong.status_code == 422
    assert Workspace.objects.get(pk=workspace.id).deleted_at is not None
    for page in ("/team", "/settings/workspace"):
        assert browser.get(page, {"workspace": workspace.id}).status_code == 404
    for form in ("/team/invite", "/settings/workspace", "/settings/workspace/delete"):
        assert browser.post(form, {"workspace": workspace.id}).status_code == 404
    assert signed_in(guest).post(path, {"answer": "join"}).status_code == 410


def test_only_owners_delete_a_workspace(workspace):
    admin = signed_in(make_member(workspace, role=Role.ADMIN))

    answer = admin.post("/settings/workspace/delete", {"confirm": workspace.name})

    assert answer.status_code == 403
    assert Workspace.objects.get(pk=workspace.id).deleted_at is None
