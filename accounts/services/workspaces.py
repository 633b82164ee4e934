"""Writes of workspaces and of who is in them."""

import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from accounts.errors import (
    AlreadyMember,
    LastOwner,
    MemberNotFound,
    RoleMoved,
    RoleTooLow,
    WorkspaceNotFound,
)
from accounts.models import Membership, User, Workspace
from accounts.selectors import get_user_by_email, get_workspace, workspace_ref
from accounts.services.audit import record_audit
from accounts.services.checks import authorise, checked, refused
from accounts.services.key_cache import KEY_CACHE
from accounts.services.users import create_user
from accounts.types import (
    SYSTEM_ACTOR,
    Actor,
    Permission,
    Role,
    WorkspaceRef,
    clean_name,
    problem_of_limit,
)
from common.clock import SYSTEM_CLOCK, Clock
from common.ids import new_id

_PLAN = re.compile(r"[a-z][a-z0-9_]{0,31}")


@transaction.atomic
def create_workspace(
    *,
    actor: Actor,
    name: str,
    owner_email: str,
    plan: str = "free",
    clock: Clock = SYSTEM_CLOCK,
) -> WorkspaceRef:
    """Create a workspace with its owner; an unknown address becomes a user without a password.

    Whether the plan exists, and what credits come with it, is for billing to know: go through
    `billing.api.open_workspace`.

    Raises:
        InvalidInputs: name, address or plan cannot be taken.
    """
    name = checked("/name", clean_name, name)
    if not _PLAN.fullmatch(plan):
        raise refused("/plan", "must be a word of lower-case letters")
    owner = get_user_by_email(owner_email) or create_user(actor=actor, email=owner_email)
    workspace = Workspace.objects.create(id=new_id("ws"), name=name, plan=plan)
    Membership.objects.insert(workspace=workspace, user_id=owner.id, role=Role.OWNER)
    facts = {"name": name, "plan": plan, "owner": owner.id}
    _record(actor, workspace.id, "create", after=facts, clock=clock)
    return workspace_ref(workspace)


@transaction.atomic
def add_member(
    *,
    actor: Actor,
    workspace_id: str,
    user_id: str,
    role: Role,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
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
    _record_member(actor, workspace_id, "add", user_id, after=role, clock=clock)


@transaction.atomic
def change_role(
    *,
    actor: Actor,
    workspace_id: str,
    user_id: str,
    role: Role,
    acting_as: Role | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Give a member another role; neither the old nor the new one may be above the actor's.

    `acting_as` is the role that the actor had when deciding; None does not ask.

    Raises:
        WorkspaceNotFound, MemberNotFound: no such workspace for the actor; no such member.
        RoleMoved: the actor's role is no longer `acting_as`.
        RoleTooLow: the actor may not.
        LastOwner: nobody would own the workspace.
    """
    membership = _lock_member(actor, workspace_id, user_id, new_role=role, acting_as=acting_as)
    if role is not Role.OWNER:
        _keep_an_owner(membership)
    before = Role(membership.role)
    if before is role:
        return
    membership.role = role
    membership.save(update_fields=["role"])
    _record_member(
        actor, workspace_id, "change_role", user_id, before=before, after=role, clock=clock
    )


@transaction.atomic
def remove_member(
    *,
    actor: Actor,
    workspace_id: str,
    user_id: str,
    acting_as: Role | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Take a user out of a workspace; `acting_as` as for `change_role`.

    Raises:
        WorkspaceNotFound, MemberNotFound: no such workspace for the actor; no such member.
        RoleMoved: the actor's role is no longer `acting_as`.
        RoleTooLow: the actor may not.
        LastOwner: nobody would own the workspace.
    """
    membership = _lock_member(
        actor, workspace_id, user_id, new_role=Role.VIEWER, acting_as=acting_as
    )
    _keep_an_owner(membership)
    membership.delete()
    before = Role(membership.role)
    _record_member(actor, workspace_id, "remove", user_id, before=before, clock=clock)


@transaction.atomic
def leave_workspace(*, actor: Actor, workspace_id: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Take the acting user out of a workspace, whatever the role there.

    Raises:
        WorkspaceNotFound: the actor is no member of such a workspace.
        LastOwner: nobody would own the workspace.
    """
    _lock_workspace(workspace_id)
    authorise(actor, workspace_id, Permission.VIEW)
    membership = Membership.objects.of(workspace_id).filter(user_id=actor.id).first()
    if membership is None:
        raise WorkspaceNotFound
    _keep_an_owner(membership)
    membership.delete()
    before = Role(membership.role)
    _record_member(actor, workspace_id, "leave", actor.id, before=before, clock=clock)


@transaction.atomic
def transfer_workspace(
    *, actor: Actor, workspace_id: str, user_id: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Make another member the owner, and the acting owner an admin.

    Raises:
        WorkspaceNotFound, MemberNotFound: no such workspace for the actor; no such other member
            who can sign in.
        RoleTooLow: the actor may not.
    """
    _lock_workspace(workspace_id)
    authorise(actor, workspace_id, Permission.TRANSFER_WORKSPACE)
    members = Membership.objects.of(workspace_id)
    heir = members.filter(user_id=user_id, user__is_active=True).exclude(user_id=actor.id).first()
    if heir is None:
        raise MemberNotFound
    before = Role(heir.role)
    members.filter(pk=heir.pk).update(role=Role.OWNER)
    members.filter(user_id=actor.id).update(role=Role.ADMIN)
    _record_member(
        actor, workspace_id, "transfer", user_id, before=before, after=Role.OWNER, clock=clock
    )


@transaction.atomic
def rename_workspace(
    *, actor: Actor, workspace_id: str, name: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Give a workspace another name.

    Raises:
        WorkspaceNotFound: no such workspace for the actor.
        RoleTooLow: the actor may not.
        InvalidInputs: the name cannot be taken.
    """
    authorise(actor, workspace_id, Permission.MANAGE_WORKSPACE)
    name = checked("/name", clean_name, name)
    row = _lock_workspace(workspace_id)
    before, row.name = row.name, name
    if before == name:
        return
    row.save(update_fields=["name"])
    _record(actor, workspace_id, "rename", before=before, after=name, clock=clock)


@transaction.atomic
def delete_workspace(*, actor: Actor, workspace_id: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Mark a workspace as deleted. Its keys are dead on commit here, within 5 s elsewhere.

    Raises:
        WorkspaceNotFound: no such workspace for the actor, or deleted before.
        RoleTooLow: the actor may not.
    """
    authorise(actor, workspace_id, Permission.DELETE_WORKSPACE)
    if not Workspace.objects.filter(pk=workspace_id, deleted_at=None).update(
        deleted_at=clock.now()
    ):
        raise WorkspaceNotFound  # somebody else was first
    _record(actor, workspace_id, "delete", clock=clock)
    transaction.on_commit(lambda: KEY_CACHE.drop_workspace(workspace_id))


def _lock_member(
    actor: Actor,
    workspace_id: str,
    user_id: str,
    *,
    new_role: Role,
    acting_as: Role | None,
) -> Membership:
    """Return a membership that the actor may change to `new_role`.

    The workspace's row is locked first: two owners who demote each other at the same moment come
    one after the other, and the second one finds itself the last.
    """
    Workspace.objects.select_for_update(no_key=True).filter(pk=workspace_id).first()
    get_workspace(workspace_id)
    actor_role = _authorise_as(actor, workspace_id, Permission.MANAGE_MEMBERS, acting_as)
    membership = Membership.objects.of(workspace_id).filter(user_id=user_id).first()
    if membership is None:
        raise MemberNotFound
    if new_role.outranks(actor_role) or Role(membership.role).outranks(actor_role):
        raise RoleTooLow
    return membership


def _authorise_as(
    actor: Actor, workspace_id: str, permission: Permission, acting_as: Role | None
) -> Role:
    """Return the actor's role as `authorise` does, where it is still the one given.

    Raises:
        WorkspaceNotFound, RoleTooLow: as `authorise`.
        RoleMoved: it is another one by now, whether that would do or not.
    """
    if acting_as is not None and not actor.acts_everywhere:
        role = authorise(actor, workspace_id, Permission.VIEW)
        if role is not acting_as:
            raise RoleMoved
    return authorise(actor, workspace_id, permission)


def _keep_an_owner(leaving: Membership) -> None:
    """Raise `LastOwner` when this member is the workspace's only owner who can sign in."""
    owners = Membership.objects.of(leaving.workspace_id).filter(
        role=Role.OWNER, user__is_active=True
    )
    if leaving.role == Role.OWNER and not owners.exclude(pk=leaving.pk).exists():
        raise LastOwner


@transaction.atomic
def override_limits(
    *,
    actor: Actor,
    workspace_id: str,
    limits: Mapping[str, int | None],
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Replace a workspace's limits by figures of its own, by the names in `LIMIT_NAMES`.

    Raises:
        RoleTooLow: the actor is neither staff nor the system.
        WorkspaceNotFound: there is no such workspace.
        InvalidInputs: a name that is no limit, a figure below 1, or null for one that must be.
    """
    if not actor.acts_everywhere:
        raise RoleTooLow
    for name, figure in limits.items():
        problem = problem_of_limit(name, figure)
        if problem is not None:
            raise refused(f"/limits/{name}", problem)
    row = _lock_workspace(workspace_id)
    before, row.limit_overrides = row.limit_overrides, dict(limits)
    row.save(update_fields=["limit_overrides"])
    _record(
        actor,
        workspace_id,
        "override_limits",
        before=before,
        after=row.limit_overrides,
        clock=clock,
    )
    transaction.on_commit(lambda: KEY_CACHE.drop_workspace(workspace_id))


@transaction.atomic
def set_plan(
    *,
    workspace_id: str,
    plan: str,
    actor: Actor = SYSTEM_ACTOR,
    clock: Clock = SYSTEM_CLOCK,
) -> bool:
    """Put a workspace on a plan; says whether that is a change. Only billing calls this.

    `actor` is written down and not checked. Its keys hear of it on commit here, within 5 s
    elsewhere.
    """
    row = Workspace.objects.select_for_update(no_key=True).filter(pk=workspace_id).first()
    if row is None or row.plan == plan:
        return False
    before, row.plan = row.plan, plan
    row.save(update_fields=["plan"])
    _record(actor, workspace_id, "change_plan", before=before, after=plan, clock=clock)
    transaction.on_commit(lambda: KEY_CACHE.drop_workspace(workspace_id))
    return True


def _lock_workspace(workspace_id: str) -> Workspace:
    row = Workspace.objects.select_for_update(no_key=True).filter(pk=workspace_id).first()
    if row is None:
        raise WorkspaceNotFound
    return row


def _record(
    actor: Actor,
    workspace_id: str,
    verb: str,
    *,
    before: Any = None,
    after: Any = None,
    clock: Clock,
) -> None:
    record_audit(
        actor=actor,
        workspace_id=workspace_id,
        verb=verb,
        object_type="workspace",
        object_id=workspace_id,
        before=before,
        after=after,
        now=clock.now(),
    )


def _record_member(
    actor: Actor,
    workspace_id: str,
    verb: str,
    user_id: str,
    *,
    before: Role | None = None,
    after: Role | None = None,
    clock: Clock,
) -> None:
    record_audit(
        actor=actor,
        workspace_id=workspace_id,
        verb=verb,
        object_type="member",
        object_id=user_id,
        before=before,
        after=after,
        now=clock.now(),
    )
