"""Reads of people, workspaces and keys; what they return are refs, never rows."""

from accounts.errors import WorkspaceNotFound
from accounts.models import ApiKey, Membership, User, Workspace
from accounts.types import (
    KeyMode,
    KeyRef,
    MembershipRef,
    Role,
    Scope,
    UserRef,
    WorkspaceRef,
    clean_email,
)


def get_workspace(workspace_id: str) -> WorkspaceRef:
    """Return a workspace that is in use.

    Raises:
        WorkspaceNotFound: unknown or deleted.
    """
    workspace = get_workspace_ref(workspace_id)
    if workspace is None or workspace.deleted_at is not None:
        raise WorkspaceNotFound
    return workspace


def get_workspace_ref(workspace_id: str) -> WorkspaceRef | None:
    """Return a workspace whether deleted or not, or None if there never was one.

    For workers, who must tell "deleted meanwhile" (stop quietly) from "never was" (a bug).
    """
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    return workspace_ref(workspace) if workspace else None


def list_all_workspaces(*, after: str = "", limit: int = 500) -> list[WorkspaceRef]:
    """Return the next workspaces by id, deleted ones as well, for jobs that go through them all."""
    rows = Workspace.objects.filter(pk__gt=after).order_by("pk")
    return [workspace_ref(row) for row in rows[:limit]]


def get_membership_role(*, workspace_id: str, user_id: str) -> Role | None:
    """Return an active user's role in a workspace in use; None for anybody else."""
    role = (
        Membership.objects.of(workspace_id)
        .filter(user_id=user_id, user__is_active=True, workspace__deleted_at=None)
        .values_list("role", flat=True)
        .first()
    )
    return Role(role) if role else None


def list_workspaces_of(user_id: str) -> list[MembershipRef]:
    """Return the workspaces in use that a user is a member of, oldest membership first."""
    memberships = (
        Membership.objects.across_workspaces()
        .filter(user_id=user_id, workspace__deleted_at=None)
        .select_related("workspace")
        .order_by("pk")
    )
    return [MembershipRef(workspace_ref(row.workspace), Role(row.role)) for row in memberships]


def list_api_keys(workspace_id: str) -> list[KeyRef]:
    """Return a workspace's keys, newest first, revoked and expired ones among them."""
    return [key_ref(row) for row in ApiKey.objects.of(workspace_id).order_by("-pk")]


def get_user_by_email(email: str) -> UserRef | None:
    """Return the user with an address in any spelling; None if unknown or no address at all."""
    try:
        user = User.objects.filter(email=clean_email(email)).first()
    except ValueError:
        return None
    return user_ref(user) if user else None


def user_ref(row: User) -> UserRef:
    """Return a user's row as other apps see it."""
    return UserRef(
        id=row.id,
        email=row.email,
        display_name=row.display_name,
        is_staff=row.is_staff,
        is_active=row.is_active,
        created_at=row.created_at,
    )


def workspace_ref(row: Workspace) -> WorkspaceRef:
    """Return a workspace's row as other apps see it."""
    return WorkspaceRef(
        id=row.id,
        name=row.name,
        plan=row.plan,
        credits=row.credits,
        limit_overrides=row.limit_overrides,
        created_at=row.created_at,
        deleted_at=row.deleted_at,
    )


def key_ref(row: ApiKey) -> KeyRef:
    """Return a key's row as other apps see it, without its digest."""
    mode: KeyMode = "test" if row.mode == "test" else "live"
    return KeyRef(
        id=row.id,
        workspace_id=row.workspace_id,
        name=row.name,
        hint=row.hint,
        mode=mode,
        scopes=tuple(Scope(scope) for scope in row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
