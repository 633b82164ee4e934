"""Invitations: mailed once, good once, for one person, and only while somebody stands behind them."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse

from accounts.errors import (
    InvitationNotFound,
    InvitationOver,
    LastOwner,
    NoSeatLeft,
    RoleMoved,
    RoleTooLow,
    WorkspaceNotFound,
)
from accounts.models import AuditEntry, Invitation, Membership, OutgoingMail, User
from accounts.selectors import (
    count_taken_seats,
    find_audit_breach,
    find_invitation,
    get_membership_role,
    list_invitations,
    list_members,
)
from accounts.services.invitations import (
    GOOD_FOR,
    accept_invitation,
    decline_invitation,
    invite_member,
    resend_invitation,
    revoke_invitation,
)
from accounts.services.users import close_account
from accounts.services.workspaces import (
    change_role,
    delete_workspace,
    leave_workspace,
    remove_member,
    rename_workspace,
    transfer_workspace,
)
from accounts.types import Actor, InvitationState, Role
from common.clock import FixedClock, utc_now
from common.errors import InvalidInputs
from tests.accounts.test_audit_at_once import at_once
from tests.factories import as_actor, make_member, make_user, make_workspace

GUEST = "guest@example.com"


@pytest.fixture
def guest(db):
    """The one who is invited."""
    return make_user(email=GUEST)


@pytest.fixture
def invite(workspace, owner, django_capture_on_commit_callbacks):
    """Invite an address and return the secret of the link in the mail."""

    def send(email=GUEST, *, by=owner, role=Role.EDITOR, seats=None, clock=None):
        more = {} if clock is None else {"clock": clock}
        with django_capture_on_commit_callbacks(execute=True):
            invite_member(
                actor=as_actor(by),
                workspace_id=workspace.id,
                email=email,
                role=role,
                seats=seats,
                **more,
            )
        return token_of(mail.outbox[-1])

    return send


def token_of(message):
    (token,) = re.findall(r"/invitations/(\w+)", str(message.body))
    return token


def state_of(token):
    found = find_invitation(token, now=utc_now())
    return found and found.state


def role_of(workspace, user):
    return get_membership_role(workspace_id=workspace.id, user_id=user.id)


def accept(token, user, *, seats=None):
    return accept_invitation(token=token, user_id=user.id, seats=seats)


def test_the_invited_person_joins_with_the_role_of_the_invitation(workspace, invite, guest):
    token = invite(" Guest@Example.com ", role=Role.RUNNER)

    joined = accept(token, guest)

    assert joined.id == workspace.id
    assert role_of(workspace, guest) is Role.RUNNER
    assert not list_invitations(workspace.id, now=utc_now())


def test_the_mail_is_text_and_html_and_its_secret_is_nowhere_else(workspace, owner, invite):
    token = invite()

    (message,) = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    html = str(message.alternatives[0][0])
    assert message.to == [GUEST]
    assert workspace.name in message.subject
    assert f"/invitations/{token}" in str(message.body)
    assert f"/invitations/{token}" in html
    rows = [Invitation, AuditEntry, OutgoingMail]
    stored = [list(model._base_manager.values()) for model in rows]
    assert token not in repr(stored)


@pytest.mark.parametrize("name", ["see https://evil.com/x", "evil.com", "www.evil.com x@evil.com"])
def test_a_name_that_is_an_address_is_no_link_in_the_mail(workspace, owner, invite, name):
    rename_workspace(actor=as_actor(owner), workspace_id=workspace.id, name=name)

    invite()

    (message,) = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    html = str(message.alternatives[0][0])
    assert "evil.com" not in str(message.body)
    assert not re.search(r'href="[^"]*evil\.com', html)


def test_every_write_is_in_the_audit_log(workspace, owner, invite, guest):
    token = invite()
    (waiting,) = list_invitations(workspace.id, now=utc_now())
    resend_invitation(actor=as_actor(owner), workspace_id=workspace.id, invitation_id=waiting.id)
    revoke_invitation(actor=as_actor(owner), workspace_id=workspace.id, invitation_id=waiting.id)
    accept(invite(), guest)
    decline_invitation(
        token=invite("other@example.com"), user_id=make_user(email="other@example.com").id
    )

    entries = AuditEntry.objects.filter(workspace_id=workspace.id, object_type="invitation")
    verbs = list(entries.order_by("number").values_list("verb", flat=True))
    assert verbs == ["invite", "resend", "revoke", "invite", "accept", "invite", "decline"]
    assert token not in repr(list(entries.values()))
    assert find_audit_breach(workspace.id) is None


def test_A9_somebody_else_cannot_use_the_link(workspace, invite, guest, stranger):
    token = invite()

    with pytest.raises(InvitationNotFound):
        accept(token, stranger)

    assert role_of(workspace, stranger) is None
    assert state_of(token) is InvitationState.OPEN


def test_A9_a_link_is_good_once(workspace, owner, invite, guest):
    token = invite()
    accept(token, guest)

    with pytest.raises(InvitationOver):
        accept(token, guest)
    remove_member(actor=as_actor(owner), workspace_id=workspace.id, user_id=guest.id)
    with pytest.raises(InvitationOver):
        accept(token, guest)

    assert role_of(workspace, guest) is None


def test_A9_a_link_is_dead_after_a_week(workspace, invite, guest):
    clock = FixedClock(utc_now() - GOOD_FOR - timedelta(seconds=1))
    token = invite(clock=clock)

    with pytest.raises(InvitationOver):
        accept(token, guest)

    assert role_of(workspace, guest) is None


def _revoke(workspace, owner):
    (waiting,) = list_invitations(workspace.id, now=utc_now())
    revoke_invitation(actor=as_actor(owner), workspace_id=workspace.id, invitation_id=waiting.id)


def _delete(workspace, owner):
    delete_workspace(actor=as_actor(owner), workspace_id=workspace.id)


@pytest.mark.parametrize("end", [_revoke, _delete])
def test_A9_T7_a_link_is_dead_once_withdrawn_or_the_workspace_deleted(
    workspace, owner, invite, guest, end
):
    token = invite()
    end(workspace, owner)

    with pytest.raises(InvitationOver):
        accept(token, guest)

    assert not Membership.objects.of(workspace.id).filter(user_id=guest.id).exists()


def _leaves(workspace, admin):
    leave_workspace(actor=as_actor(admin), workspace_id=workspace.id)


def _closes(workspace, admin):
    close_account(actor=as_actor(admin))


def _is_demoted(workspace, admin):
    Membership.objects.of(workspace.id).filter(user_id=admin.id).update(role=Role.EDITOR)


def _is_switched_off(workspace, admin):
    User.objects.filter(pk=admin.id).update(is_active=False)


@pytest.mark.parametrize("end", [_leaves, _closes, _is_demoted, _is_switched_off])
def test_A9_a_link_is_dead_once_its_sender_may_not_invite(workspace, invite, guest, end):
    admin = make_member(workspace, role=Role.ADMIN)
    token = invite(by=admin)
    end(workspace, admin)

    with pytest.raises(InvitationOver):
        accept(token, guest)

    assert role_of(workspace, guest) is None
    assert state_of(token) is InvitationState.ORPHANED


def test_A9_nobody_gets_a_role_above_the_senders_of_now(workspace, owner, invite, guest):
    second = make_member(workspace, role=Role.OWNER)
    token = invite(by=second, role=Role.OWNER)
    change_role(
        actor=as_actor(owner), workspace_id=workspace.id, user_id=second.id, role=Role.ADMIN
    )

    with pytest.raises(InvitationOver):
        accept(token, guest)

    assert role_of(workspace, guest) is None


def test_A9_an_invitation_never_changes_the_role_of_a_member(workspace, invite, guest):
    token = invite(role=Role.VIEWER)
    Membership.objects.insert(workspace_id=workspace.id, user_id=guest.id, role=Role.ADMIN)

    accept(token, guest)

    assert role_of(workspace, guest) is Role.ADMIN


@pytest.mark.django_db(transaction=True)
def test_A9_of_two_who_use_a_link_at_once_one_joins():
    owner, guest = make_user(), make_user(email=GUEST)
    workspace = make_workspace(owner=owner)
    invite_member(
        actor=as_actor(owner),
        workspace_id=workspace.id,
        email=GUEST,
        role=Role.EDITOR,
        seats=None,
    )
    token = token_of(mail.outbox[-1])

    def use(_):
        try:
            accept(token, guest)
        except InvitationOver:
            return "over"
        return "in"

    assert sorted(at_once(use, 2)) == ["in", "over"]
    assert Membership.objects.of(workspace.id).filter(user_id=guest.id).count() == 1


def test_sending_again_replaces_the_link_and_the_sender(workspace, owner, invite, guest):
    admin = make_member(workspace, role=Role.ADMIN)
    first = invite(by=admin)
    _leaves(workspace, admin)
    (waiting,) = list_invitations(workspace.id, now=utc_now())

    resend_invitation(actor=as_actor(owner), workspace_id=workspace.id, invitation_id=waiting.id)

    (again,) = list_invitations(workspace.id, now=utc_now())
    assert (waiting.state, again.state) == (InvitationState.ORPHANED, InvitationState.OPEN)
    with pytest.raises(InvitationNotFound):
        accept(first, guest)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RUNNER, Role.EDITOR])
def test_only_admins_and_owners_invite(workspace, role):
    member = make_member(workspace, role=role)

    with pytest.raises(RoleTooLow):
        invite_member(
            actor=as_actor(member),
            workspace_id=workspace.id,
            email=GUEST,
            role=Role.VIEWER,
            seats=None,
        )


def test_an_admin_invites_no_owner_and_sends_no_owners_invitation_again(workspace, owner, invite):
    admin = make_member(workspace, role=Role.ADMIN)
    invite(role=Role.OWNER)
    (waiting,) = list_invitations(workspace.id, now=utc_now())

    with pytest.raises(RoleTooLow):
        invite("b@example.com", by=admin, role=Role.OWNER)
    with pytest.raises(RoleTooLow):
        resend_invitation(
            actor=as_actor(admin), workspace_id=workspace.id, invitation_id=waiting.id
        )


def test_T1_an_invitation_of_others_reads_like_none(
    workspace, invite, stranger, stranger_workspace
):
    invite()
    (waiting,) = list_invitations(workspace.id, now=utc_now())
    actor, known = as_actor(stranger), waiting.id

    with pytest.raises(InvitationNotFound):
        revoke_invitation(actor=actor, workspace_id=stranger_workspace.id, invitation_id=known)
    with pytest.raises(WorkspaceNotFound):
        revoke_invitation(actor=actor, workspace_id=workspace.id, invitation_id=known)

    assert list_invitations(workspace.id, now=utc_now()) == [waiting]


def test_a_key_invites_nobody(workspace):
    with pytest.raises(RoleTooLow):
        invite_member(
            actor=Actor("key", "key_x"),
            workspace_id=workspace.id,
            email=GUEST,
            role=Role.VIEWER,
            seats=None,
        )


@pytest.mark.parametrize(
    "email",
    ["", "nobody", "a@b\x00.com", "x" * 10_000, "\u202emoc.elpmaxe@a", "a@example.com\nBcc: b"],
)
def test_A12_what_is_no_address_is_refused(workspace, invite, email):
    with pytest.raises(InvalidInputs) as caught:
        invite(email)

    assert [issue.path for issue in caught.value.issues] == ["/email"]
    assert not mail.outbox


def test_members_and_those_who_were_asked_are_not_asked_again(workspace, member, invite):
    invite()

    with pytest.raises(InvalidInputs, match="member already"):
        invite(member.email.upper())
    with pytest.raises(InvalidInputs, match="invited already"):
        invite()

    assert len(mail.outbox) == 1


def test_what_has_expired_makes_room_for_another_invitation(workspace, invite, guest):
    invite(clock=FixedClock(utc_now() - GOOD_FOR - timedelta(seconds=1)))

    token = invite(role=Role.VIEWER)

    accept(token, guest)
    assert role_of(workspace, guest) is Role.VIEWER


def test_seats_count_members_and_open_invitations(workspace, invite, guest):
    token = invite(seats=2)

    with pytest.raises(NoSeatLeft):
        invite("third@example.com", seats=2)
    with pytest.raises(NoSeatLeft):
        accept(token, guest, seats=1)  # the plan allows fewer than before
    accept(token, guest, seats=2)

    assert count_taken_seats(workspace.id, now=utc_now()) == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_invitations_at_once_one_takes_the_last_seat():
    owner = make_user()
    workspace = make_workspace(owner=owner)

    def ask(number):
        try:
            invite_member(
                actor=as_actor(owner),
                workspace_id=workspace.id,
                email=f"guest{number}@example.com",
                role=Role.VIEWER,
                seats=2,
            )
        except NoSeatLeft:
            return "full"
        return "asked"

    assert sorted(at_once(ask, 2)) == ["asked", "full"]


def test_staff_look_at_invitations_and_withdraw_them_but_see_no_secret(workspace, invite, guest):
    token = invite()
    row = Invitation.objects.of(workspace.id).get()
    staff = Client()
    staff.force_login(User.objects.create_superuser("root@example.com", "correct horse"))
    changelist = reverse("admin:accounts_invitation_changelist")

    page = staff.get(reverse("admin:accounts_invitation_change", args=[row.pk])).content.decode()
    staff.post(changelist, {"action": "revoke", "_selected_action": [row.pk]})

    assert GUEST in page
    assert row.digest not in page
    assert state_of(token) is InvitationState.REVOKED


# --- who is in a workspace


def test_A10_the_last_owner_cannot_leave(workspace, owner, member):
    with pytest.raises(LastOwner):
        leave_workspace(actor=as_actor(owner), workspace_id=workspace.id)
    leave_workspace(actor=as_actor(member), workspace_id=workspace.id)

    assert role_of(workspace, owner) is Role.OWNER
    assert role_of(workspace, member) is None


def test_A10_an_owner_who_cannot_sign_in_is_none(workspace, owner):
    second = make_member(workspace, role=Role.OWNER)
    _is_switched_off(workspace, second)

    with pytest.raises(LastOwner):
        leave_workspace(actor=as_actor(owner), workspace_id=workspace.id)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["demote", "remove", "leave", "close"])
def test_A10_of_two_owners_at_once_one_stays(way):
    first = make_user()
    workspace = make_workspace(owner=first)
    second = make_member(workspace, role=Role.OWNER)
    pairs = [(first, second), (second, first)]

    def go(number):
        by, whom = pairs[number]
        actor, there, as_owner = as_actor(by), workspace.id, Role.OWNER
        try:
            if way == "demote":
                change_role(
                    actor=actor,
                    workspace_id=there,
                    user_id=whom.id,
                    role=Role.EDITOR,
                    acting_as=as_owner,
                )
            elif way == "remove":
                remove_member(actor=actor, workspace_id=there, user_id=whom.id, acting_as=as_owner)
            elif way == "leave":
                leave_workspace(actor=actor, workspace_id=there)
            else:
                close_account(actor=as_actor(by))
        except (RoleMoved, LastOwner) as error:
            return error.status
        except WorkspaceNotFound:  # removed meanwhile
            return 409
        return 200

    assert sorted(at_once(go, 2)) == [200, 409]
    owners = Membership.objects.of(workspace.id).filter(role=Role.OWNER)
    assert owners.count() == 1
    assert owners.get().user.is_active


def test_a_transfer_makes_the_member_owner_and_the_owner_admin(workspace, owner, member):
    transfer_workspace(actor=as_actor(owner), workspace_id=workspace.id, user_id=member.id)

    assert role_of(workspace, member) is Role.OWNER
    assert role_of(workspace, owner) is Role.ADMIN
    (entry,) = AuditEntry.objects.filter(workspace_id=workspace.id, verb="transfer")
    assert (entry.object_id, entry.before, entry.after) == (member.id, "editor", "owner")


def test_nobody_but_an_owner_transfers_and_to_members_alone(workspace, owner, stranger):
    admin = make_member(workspace, role=Role.ADMIN)

    with pytest.raises(RoleTooLow):
        transfer_workspace(actor=as_actor(admin), workspace_id=workspace.id, user_id=admin.id)
    for nobody in (stranger.id, owner.id, "usr_unknown"):
        with pytest.raises(Exception, match="nothing here"):
            transfer_workspace(actor=as_actor(owner), workspace_id=workspace.id, user_id=nobody)

    assert role_of(workspace, owner) is Role.OWNER


def test_admins_rename_a_workspace_and_editors_do_not(workspace, member):
    admin = make_member(workspace, role=Role.ADMIN)

    rename_workspace(actor=as_actor(admin), workspace_id=workspace.id, name=" Ame\u0301lie ")
    with pytest.raises(RoleTooLow):
        rename_workspace(actor=as_actor(member), workspace_id=workspace.id, name="Mine")

    (entry,) = AuditEntry.objects.filter(workspace_id=workspace.id, verb="rename")
    assert (entry.before, entry.after) == (workspace.name, "Am\u00e9lie")


def test_members_are_listed_by_rank_and_found_by_name_or_address(workspace, owner, member):
    admin = make_member(workspace, role=Role.ADMIN)
    _is_switched_off(workspace, make_member(workspace))

    everybody = list_members(workspace.id)

    assert [found.user.id for found in everybody] == [owner.id, admin.id, member.id]
    assert [found.user.id for found in list_members(workspace.id, text="OWNER@")] == [owner.id]
    assert [found.user.id for found in list_members(workspace.id, offset=1, limit=1)] == [admin.id]
    assert list_members(workspace.id, text="nobody there") == []
