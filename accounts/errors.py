"""What `accounts` raises on purpose, beside `Unauthenticated` and `InsufficientScope`.

NotFound
├── WorkspaceNotFound   unknown, deleted, or not the actor's: never told apart
├── MemberNotFound
├── KeyNotFound
├── ProviderKeyNotFound
└── InvitationNotFound  unknown, or for another address: never told apart
Gone
└── InvitationOver      was used, declined, withdrawn, has expired, or nobody stands behind it
Forbidden
└── RoleTooLow          a member whose role does not allow it
Conflict
├── EmailTaken
├── AlreadyMember
├── KeyRetired          a key that was revoked, has expired, or was rolled before
├── LastOwner           a workspace keeps at least one owner
├── RoleMoved           the actor's own role changed since the page was shown
├── NoSeatLeft          the plan has no place for one more
└── IdempotencyInProgress   a twin of the request is being carried out
Invalid
└── IdempotencyKeyReused    the key was used for another request

`AlreadyAnswered` stands beside them: it is no refusal, but the way to the answer given before.
"""

from common.errors import Conflict, Forbidden, Gone, Invalid, NotFound


class WorkspaceNotFound(NotFound):
    """No such workspace for this actor."""


class MemberNotFound(NotFound):
    """The user is no member of the workspace."""


class KeyNotFound(NotFound):
    """The workspace has no such key."""


class ProviderKeyNotFound(NotFound):
    """The workspace has no key of its own for this provider."""


class InvitationNotFound(NotFound):
    """There is no such invitation for this person."""


class InvitationOver(Gone):
    """The invitation cannot be used any more."""

    default_detail = "This invitation is no longer valid."


class RoleTooLow(Forbidden):
    """The actor's role does not allow this."""

    default_detail = "Your role in this workspace does not allow this."


class EmailTaken(Conflict):
    """A user with this address exists."""

    default_detail = "A user with this e-mail address exists already."


class AlreadyMember(Conflict):
    """The user is a member already."""

    default_detail = "This user is a member of the workspace already."


class KeyRetired(Conflict):
    """The key was revoked, has expired, or was rolled before."""

    default_detail = "This key was revoked, has expired, or was rolled before."


class LastOwner(Conflict):
    """The workspace would be left without an owner."""

    default_detail = "A workspace needs at least one owner."


class RoleMoved(Conflict):
    """The actor's own role is another one than when the change was decided upon."""

    default_detail = "Your own role has changed meanwhile. Look again before you change anything."


class NoSeatLeft(Conflict):
    """Members and open invitations take all seats of the plan."""

    default_detail = "All seats of the plan are taken."


class IdempotencyInProgress(Conflict):
    """A request with the same `Idempotency-Key` is being carried out right now."""

    code = "idempotency_in_progress"
    default_detail = "A request with this Idempotency-Key is in progress."
    retry_after_s = 1


class IdempotencyKeyReused(Invalid):
    """The `Idempotency-Key` is that of another method, path, query or body."""

    code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for another request."

    def __init__(self) -> None:
        super().__init__([])


class AlreadyAnswered(Exception):
    """The request was carried out before; what is under way must be undone, and that answer given."""
