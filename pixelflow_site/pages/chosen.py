"""Which workspace a page is about: the one that is asked for, of those where the caller may."""

from django.http import HttpRequest

from accounts.api import Actor, MembershipRef, Permission, WorkspaceRef, list_workspaces_of


def workspaces_for(request: HttpRequest, permission: Permission) -> list[WorkspaceRef]:
    """Return the workspaces in which the caller may do something."""
    memberships: list[MembershipRef] = list_workspaces_of(str(request.user.pk))
    return [
        membership.workspace for membership in memberships if membership.role.allows(permission)
    ]


def chosen(workspaces: list[WorkspaceRef], workspace_id: str) -> WorkspaceRef | None:
    """Return the workspace that was asked for, the first if none was; None if it is not there."""
    if not workspace_id:
        return workspaces[0] if workspaces else None
    return next((workspace for workspace in workspaces if workspace.id == workspace_id), None)


def caller(request: HttpRequest) -> Actor:
    """Return the signed-in user as an actor."""
    return Actor("user", str(request.user.pk))
