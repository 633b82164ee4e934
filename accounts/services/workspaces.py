"""Writes of workspaces and of who is in them."""

import re
from collections.abc import Mapping

from django.db import IntegrityError, transaction

from accounts.errors import AlreadyMember, LastOwner, MemberNotFound, RoleTooLow
from accounts.models import Membership, User, Workspace
from accounts.selectors import get_user_by_email, get_workspace, workspace_ref
from accounts.services.checks import authorise, checked, refused
from accounts.services.key_cache import KEY_CACHE
from accounts.services.users import create_user
from accounts.types import (
    LIMIT_NAMES,
    Actor,
    Permission,
    Role,
    WorkspaceRef,
    clean_name,
)
from common.clock import SYSTEM_CLOCK, Clock
from common.ids import new_id

MAX_CREDITS = 2**53  # what JSON carries exactly
_PLAN = re.compile(r"[a-z][a-z0-9_]{0,31}")


@transaction.atomic
def create_workspace(
    *,
    actor: Actor,
    name: str,
    owner_email: str,
    plan: str = "free",
    credits: int = 0,  # noqa: A002 - the word of the trade
) -> WorkspaceRef:
    """Create a workspace with its owner; an unknown address becomes a user without a password.

    `credits` is the balance to start with. Whether the plan exists is for billing to know.

    Raises:
        InvalidInputs: name, address, plan or credits cannot be taken.
    """
    name = checked("/name", clean_name, name)
    if not _PLAN.fullmatch(plan):
        raise refused("/plan", "must be a word of lower-case letters")
    if not 0 <= credits <= MAX_CREDITS:
        raise refused("/credits", f"must be from 0 to {MAX_CREDITS}")
    owner = get_user_by_email(owner_email) or create_user(actor=actor, email=owner_email)
    workspace = Workspace.objects.create(id=new_id("ws"), name=name, plan=plan, credits=credits)
    Membership.objects.insert(workspace=workspace, user_id=owner.id, role=Role.OWNER)
    return workspace_ref(workspace)


@transaction.atomic
def add_member(*, actor: Actor, workspace_id: str, user_id: str, role: Role) -> None:
    """Let a user into a workspace, with a role no higher than the actor's own.

    Raises:
        WorkspaceNotFound, MemberNotFound: no such workspace for the actor; no such user.
        RoleTooLow: the actor may not, or the role is above the actor's.
        AlreadyMember: the user is in there.
    """
    actor_role = authorise(actor, workspace_id, Permission.MANAGE_MEMBERS)
    if role.outranks(actor_role):
        raise RoleTooLow
    if not User.objects.filter(pk=user_id, is_active=True).exists():
        raise MemberNotFound
    try:
        with transaction.atomic():
            Membership.objects.insert(workspace_id=workspace_id, user_id=user_id, role=role)
    except IntegrityError as error:
        raise AlreadyMember from error


@transaction.atomic
def change_role(*, actor: Actor, workspace_id: str, user_id: str, role: Role) -> None:
    """Give a member another role; neither the old nor the new one may be above the actor's.

    Raises:
        WorkspaceNotFound, MemberNotFound: no such workspace for the actor; no such member.
        RoleTooLow: the actor may not.
        LastOwner: nobody would own the workspace.
    """
    membership = _lock_member(actor, workspace_id, user_id, new_role=role)
    if role is not Role.OWNER:
        _keep_an_owner(membership)
    membership.role = role
    membership.save(update_fields=["role"])


@transaction.atomic
def remove_member(*, actor: Actor, workspace_id: str, user_id: str) -> None:
    """Take a user out of a workspace.

    Raises:
        WorkspaceNotFound, MemberNotFound: no such workspace for the actor; no such member.
        RoleTooLow: the actor may not.
        LastOwner: nobody would own the workspace.
    """
    membership = _lock_member(actor, workspace_id, user_id, new_role=Role.VIEWER)
    _keep_an_owner(membership)
    membership.delete()


@transaction.atomic
def delete_workspace(*, actor: Actor, workspace_id: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Mark a workspace as deleted. Its keys are dead on commit here, within 5 s elsewhere.

    Raises:
        WorkspaceNotFound: no such workspace for the actor, or deleted before.
        RoleTooLow: the actor may not.
    """
    authorise(actor, workspace_id, Permission.DELETE_WORKSPACE)
    Workspace.objects.filter(pk=workspace_id, deleted_at=None).update(deleted_at=clock.now())
    transaction.on_commit(lambda: KEY_CACHE.drop_workspace(workspace_id))


def _lock_member(actor: Actor, workspace_id: str, user_id: str, *, new_role: Role) -> Membership:
    """Return a membership that the actor may change to `new_role`.

    The workspace's row is locked first: two owners who demote each other at the same moment come
    one after the other, and the second one finds itself the last.
    """
    Workspace.objects.select_for_update().filter(pk=workspace_id).first()
    get_workspace(workspace_id)
    actor_role = authorise(actor, workspace_id, Permission.MANAGE_MEMBERS)
    membership = Membership.objects.of(workspace_id).filter(user_id=user_id).first()
    if membership is None:
        raise MemberNotFound
    if new_role.outranks(actor_role) or Role(membership.role).outranks(actor_role):
        raise RoleTooLow
    return membership


def _keep_an_owner(leaving: Membership) -> None:
    """Raise `LastOwner` when this member is the workspace's only owner."""
    owners = Membership.objects.of(leaving.workspace_id).filter(role=Role.OWNER)
    if leaving.role == Role.OWNER and not owners.exclude(pk=leaving.pk).exists():
        raise LastOwner


def override_limits(*, actor: Actor, workspace_id: str, limits: Mapping[str, int]) -> None:
    """Replace a workspace's limits by figures of its own, by the names in `LIMIT_NAMES`.

    Raises:
        RoleTooLow: the actor is neither staff nor the system.
        InvalidInputs: a name that is no limit, or a figure below 1.
    """
    if actor.kind not in ("staff", "system"):
        raise RoleTooLow
    for name, figure in limits.items():
        if name not in LIMIT_NAMES or figure < 1:
            raise refused(f"/limits/{name}", "must be a known limit of at least 1")
    Workspace.objects.filter(pk=workspace_id).update(limit_overrides=dict(limits))
    KEY_CACHE.drop_workspace(workspace_id)
