"""Who looks at a page, and in which workspace they act."""

from django.http import HttpRequest

from accounts.api import Actor, MembershipRef, Permission, WorkspaceRef, list_workspaces_of
from templates_gallery.types import VISITOR, Viewer


def viewer_of(request: HttpRequest) -> Viewer:
    """Return who looks: submitted templates show to their own."""
    if not request.user.is_authenticated:
        return VISITOR
    ids = frozenset(membership.workspace.id for membership in _memberships(request))
    return Viewer(str(request.user.pk), ids, request.user.is_staff)


def actor_of(request: HttpRequest) -> Actor:
    """Return the signed-in user as an actor."""
    return Actor("user", str(request.user.pk))


def workspace_to_edit(request: HttpRequest, wanted: str) -> WorkspaceRef | None:
    """Return the workspace that was named, else the first where the caller may edit workflows."""
    places = [
        membership.workspace
        for membership in _memberships(request)
        if membership.role.allows(Permission.EDIT_WORKFLOWS)
    ]
    if not wanted:
        return places[0] if places else None
    return next((place for place in places if place.id == wanted), None)


def _memberships(request: HttpRequest) -> list[MembershipRef]:
    return list_workspaces_of(str(request.user.pk))
