"""Which workspace a page is about: the one that is asked for, of those where the caller may."""

from django.http import HttpRequest

from accounts.api import Actor, MembershipRef, Permission, WorkspaceRef, list_workspaces_of


def workspaces_for(request: HttpRequest, permission: Permission) -> list[WorkspaceRef]:
    """Return the workspaces in which the caller may do something."""
    places = list_workspaces_of(str(request.user.pk))
    return [place.workspace for place in places if place.role.allows(permission)]


def chosen(workspaces: list[WorkspaceRef], workspace_id: str) -> WorkspaceRef | None:
    """Return the workspace that was asked for, the first if none was; None if it is not there."""
    if not workspace_id:
        return workspaces[0] if workspaces else None
    return next((workspace for workspace in workspaces if workspace.id == workspace_id), None)


def place_of(request: HttpRequest, workspace_id: str) -> MembershipRef | None:
    """Return the caller's place in the workspace asked for, in the first if none was; else None."""
    places = list_workspaces_of(str(request.user.pk))
    if not workspace_id:
        return places[0] if places else None
    return next((place for place in places if place.workspace.id == workspace_id), None)


def caller(request: HttpRequest) -> Actor:
    """Return the signed-in user as an actor."""
    return Actor("user", str(request.user.pk))
