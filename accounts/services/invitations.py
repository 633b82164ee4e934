"""Writes of invitations: who is asked into a workspace, by a link that is mailed and good once.

The secret of a link is in the mail alone; sending it again makes a new one. Whether a workspace has
a seat left is decided under the lock on its row, by a figure that the caller brings: what a plan
allows is billing's to know.
"""

import re
from datetime import timedelta

from django.db import transaction

from accounts import conf
from accounts.errors import InvitationNotFound, InvitationOver, NoSeatLeft, RoleTooLow
from accounts.models import Invitation, Membership, User, Workspace
from accounts.selectors import (
    count_members,
    count_taken_seats,
    digest_of_token,
    find_invitation,
    get_membership_role,
    get_workspace,
    invitation_ref,
    list_invitations,
)
from accounts.services.audit import record_audit
from accounts.services.checks import authorise, checked, refused
from accounts.services.mail import Letter, post_letter
from accounts.types import (
    Actor,
    InvitationRef,
    InvitationState,
    Permission,
    Role,
    WorkspaceRef,
    clean_email,
)
from common.clock import SYSTEM_CLOCK, Clock
from common.ids import new_id
from common.tokens import random_base62

GOOD_FOR = timedelta(days=7)
WORD_JOINER = "\u2060"  # of no width, and no line is broken at it
TOKEN_LENGTH = 40  # base62: 238 bits


@transaction.atomic
def invite_member(
    *,
    actor: Actor,
    workspace_id: str,
    email: str,
    role: Role,
    seats: int | None,
    clock: Clock = SYSTEM_CLOCK,
) -> InvitationRef:
    """Mail somebody a link into a workspace, for a role no higher than the actor's own.

    `seats` is how many people the plan allows, None for no limit. Whether the address has an
    account is never told. Only a user can invite: the mail says who did.

    Raises:
        WorkspaceNotFound: no such workspace for the actor.
        RoleTooLow: the actor may not, or the role is above the actor's.
        InvalidInputs: no address, one of a member, or one that was invited before.
        NoSeatLeft: members and open invitations take all seats.
    """
    _lock(workspace_id)
    _check_may_give(actor, workspace_id, role)
    email = checked("/email", clean_email, email)
    _make_room(workspace_id, email, clock)
    if seats is not None and count_taken_seats(workspace_id, now=clock.now()) >= seats:
        raise NoSeatLeft
    token = random_base62(TOKEN_LENGTH)
    row = Invitation.objects.insert(
        id=new_id("inv"),
        workspace_id=workspace_id,
        email=email,
        role=role,
        digest=digest_of_token(token),
        invited_by_id=actor.id,
        created_at=clock.now(),
        expires_at=clock.now() + GOOD_FOR,
    )
    _record(actor, row, "invite", after={"email": email, "role": role}, clock=clock)
    return _mailed(row, token, clock)


@transaction.atomic
def resend_invitation(
    *, actor: Actor, workspace_id: str, invitation_id: str, clock: Clock = SYSTEM_CLOCK
) -> InvitationRef:
    """Mail a new link, good for another week; the old one is dead. The actor stands behind it now.

    Raises:
        WorkspaceNotFound, InvitationNotFound: no such workspace for the actor; none that waits.
        RoleTooLow: the actor may not give its role.
    """
    row = _lock_open(actor, workspace_id, invitation_id)
    _check_may_give(actor, workspace_id, Role(row.role))
    token = random_base62(TOKEN_LENGTH)
    row.digest = digest_of_token(token)
    row.invited_by_id = actor.id
    row.expires_at = clock.now() + GOOD_FOR
    row.save(update_fields=["digest", "invited_by", "expires_at"])
    _record(actor, row, "resend", clock=clock)
    return _mailed(row, token, clock)


@transaction.atomic
def revoke_invitation(
    *, actor: Actor, workspace_id: str, invitation_id: str, clock: Clock = SYSTEM_CLOCK
) -> str:
    """Withdraw an invitation that waits, and return its address; its link is dead.

    Raises:
        WorkspaceNotFound, InvitationNotFound: no such workspace for the actor; none that waits.
        RoleTooLow: the actor may not.
    """
    row = _lock_open(actor, workspace_id, invitation_id)
    row.revoked_at = clock.now()
    row.save(update_fields=["revoked_at"])
    _record(actor, row, "revoke", before={"email": row.email, "role": row.role}, clock=clock)
    return row.email


@transaction.atomic
def accept_invitation(
    *, token: str, user_id: str, seats: int | None, clock: Clock = SYSTEM_CLOCK
) -> WorkspaceRef:
    """Let the invited person in. One who is a member already stays with the role of before.

    Raises:
        InvitationNotFound: no such invitation, or it is for another address.
        InvitationOver: it was used, withdrawn, has expired, or nobody stands behind it any more.
        NoSeatLeft: the plan allows no more members.
    """
    row = _lock_own(token, user_id, clock)
    held = get_membership_role(workspace_id=row.workspace_id, user_id=user_id)
    if held is None:
        if seats is not None and count_members(row.workspace_id) >= seats:
            raise NoSeatLeft
        Membership.objects.insert(workspace_id=row.workspace_id, user_id=user_id, role=row.role)
    row.accepted_at = clock.now()
    row.save(update_fields=["accepted_at"])
    facts = {"user": user_id, "role": held or row.role}
    _record(Actor("user", user_id), row, "accept", after=facts, clock=clock)
    return get_workspace(row.workspace_id)


@transaction.atomic
def decline_invitation(*, token: str, user_id: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Turn an invitation down; the link is dead.

    Raises:
        InvitationNotFound, InvitationOver: as for `accept_invitation`.
    """
    row = _lock_own(token, user_id, clock)
    row.revoked_at = clock.now()
    row.save(update_fields=["revoked_at"])
    _record(Actor("user", user_id), row, "decline", clock=clock)


def _lock(workspace_id: str) -> None:
    """Let those who change the people of one workspace come one after the other."""
    Workspace.objects.select_for_update(no_key=True).filter(pk=workspace_id).first()


def _check_may_give(actor: Actor, workspace_id: str, role: Role) -> None:
    own = authorise(actor, workspace_id, Permission.MANAGE_MEMBERS)
    if actor.kind != "user" or role.outranks(own):
        raise RoleTooLow


def _make_room(workspace_id: str, email: str, clock: Clock) -> None:
    """Refuse an address that is in or asked already; withdraw what it can no longer use."""
    if Membership.objects.of(workspace_id).filter(user__email=email).exists():
        raise refused("/email", "is that of a member already")
    for invitation in list_invitations(workspace_id, now=clock.now()):
        if invitation.email != email:
            continue
        if invitation.state is InvitationState.OPEN:
            raise refused("/email", "was invited already; you can send that invitation again")
        rows = Invitation.objects.of(workspace_id).filter(pk=invitation.id)
        rows.update(revoked_at=clock.now())


def _lock_open(actor: Actor, workspace_id: str, invitation_id: str) -> Invitation:
    """Return an invitation of a workspace that waits, for an actor who manages its members."""
    _lock(workspace_id)
    authorise(actor, workspace_id, Permission.MANAGE_MEMBERS)
    rows = Invitation.objects.of(workspace_id).filter(accepted_at=None, revoked_at=None)
    row = rows.filter(pk=invitation_id).first()
    if row is None:
        raise InvitationNotFound
    return row


def _lock_own(token: str, user_id: str, clock: Clock) -> Invitation:
    """Return the open invitation behind a link, for the person whom it is for.

    It is looked at again under the lock: of two who use a link at once the second finds it used.
    """
    known = find_invitation(token, now=clock.now())
    if known is None:
        raise InvitationNotFound
    _lock(known.workspace.id)
    found = find_invitation(token, now=clock.now())
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if found is None or user is None or user.email != found.email:
        raise InvitationNotFound
    if found.state is not InvitationState.OPEN:
        raise InvitationOver
    return Invitation.objects.of(found.workspace.id).get(pk=found.id)


def _mailed(row: Invitation, token: str, clock: Clock) -> InvitationRef:
    """Write the letter with the link, and return the invitation."""
    role = get_membership_role(workspace_id=row.workspace_id, user_id=row.invited_by_id)
    ref = invitation_ref(row, role, clock.now())
    url = f"{conf.public_url()}/invitations/{token}"
    post_letter(to=ref.email, letter=_letter(ref, url), clock=clock)
    return ref


def _letter(invitation: InvitationRef, url: str) -> Letter:
    name, inviter = (_unlinked(text) for text in (invitation.workspace.name, invitation.inviter))
    return Letter(
        subject=f"{invitation.inviter} invites you to {invitation.workspace.name} on Pixelflow",
        heading=f"Join {name}",
        lines=(
            f"{inviter} invites you to the workspace “{name}” on Pixelflow.",
            f"Your role there: {invitation.role}.",
        ),
        button=("See the invitation", url),
        note=f"The link is for {invitation.email} alone, and good once within {GOOD_FOR.days} days. "
        "If you did not expect it, ignore this mail: without the link nobody joins in your name.",
    )


def _unlinked(name: str) -> str:
    """Return a name that no mail program takes for an address: strangers choose it, we send it."""
    return re.sub(r"(?<=[.:])(?=\S)", WORD_JOINER, name)


def _record(
    actor: Actor,
    row: Invitation,
    verb: str,
    *,
    before: object = None,
    after: object = None,
    clock: Clock,
) -> None:
    record_audit(
        actor=actor,
        workspace_id=row.workspace_id,
        verb=verb,
        object_type="invitation",
        object_id=row.id,
        before=before,
        after=after,
        now=clock.now(),
    )
