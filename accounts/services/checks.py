"""What the services of this app share: text that may be stored, and actors that may act."""

from collections.abc import Callable

from accounts.errors import RoleTooLow, WorkspaceNotFound
from accounts.selectors import get_membership_role, get_workspace
from accounts.types import Actor, Permission, Role
from common.errors import InvalidInputs, Issue


def checked(path: str, clean: Callable[[str], str], text: str) -> str:
    """Return `clean(text)`.

    Raises:
        InvalidInputs: at `path`, with the reason that `clean` gave.
    """
    try:
        return clean(text)
    except ValueError as error:
        raise refused(path, str(error)) from error


def refused(path: str, reason: str) -> InvalidInputs:
    """Return the error for one field; `reason` goes on from its name: "may not be empty"."""
    return InvalidInputs([Issue(path, "not_allowed", f"{path.lstrip('/')} {reason}")])


def authorise(actor: Actor, workspace_id: str, permission: Permission) -> Role:
    """Return the role with which an actor acts in a workspace; staff and system act as owners.

    Raises:
        WorkspaceNotFound: no such workspace, or the actor has no place in it.
        RoleTooLow: a member, or a key, that may not do this.
    """
    if actor.acts_everywhere:
        get_workspace(workspace_id)
        return Role.OWNER
    if actor.kind == "key":
        raise RoleTooLow
    role = get_membership_role(workspace_id=workspace_id, user_id=actor.id)
    if role is None:
        raise WorkspaceNotFound
    if not role.allows(permission):
        raise RoleTooLow
    return role
