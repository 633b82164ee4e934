"""What `accounts` raises on purpose, beside `Unauthenticated` and `InsufficientScope`.

NotFound
├── WorkspaceNotFound   unknown, deleted, or not the actor's: never told apart
├── MemberNotFound
└── KeyNotFound
Forbidden
└── RoleTooLow          a member whose role does not allow it
Conflict
├── EmailTaken
├── AlreadyMember
└── LastOwner           a workspace keeps at least one owner
"""

from common.errors import Conflict, Forbidden, NotFound


class WorkspaceNotFound(NotFound):
    """No such workspace for this actor."""


class MemberNotFound(NotFound):
    """The user is no member of the workspace."""


class KeyNotFound(NotFound):
    """The workspace has no such key."""


class RoleTooLow(Forbidden):
    """The actor's role does not allow this."""

    default_detail = "Your role in this workspace does not allow this."


class EmailTaken(Conflict):
    """A user with this address exists."""

    default_detail = "A user with this e-mail address exists already."


class AlreadyMember(Conflict):
    """The user is a member already."""

    default_detail = "This user is a member of the workspace already."


class LastOwner(Conflict):
    """The workspace would be left without an owner."""

    default_detail = "A workspace needs at least one owner."
