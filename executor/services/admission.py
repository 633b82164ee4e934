"""Who may follow a run live: a member who is signed in, a key, or whoever brings its ticket."""

from dataclasses import dataclass

from accounts.api import get_membership_role, get_workspace_ref, list_api_keys
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Unauthenticated
from common.ids import is_id
from executor.errors import ExecutionNotFound
from executor.selectors.following import find_workspace_of
from executor.services.tickets import redeem_ticket


@dataclass(frozen=True, slots=True)
class Follower:
    """Somebody who was let in to one run, by their own account or by a key."""

    workspace_id: str
    execution_id: str
    user_id: str | None = None
    key_id: str | None = None

    @property
    def caller_id(self) -> str:
        """Who it is, for counting."""
        return self.user_id or self.key_id or ""


def admit_user(user_id: str, execution_id: str) -> Follower:
    """Let a member of the run's workspace in.

    Raises:
        ExecutionNotFound: no such run, or one of a workspace that is not the user's.
    """
    if not is_id(execution_id, "exec"):
        raise ExecutionNotFound
    workspace_id = find_workspace_of(execution_id)
    if get_membership_role(workspace_id=workspace_id, user_id=user_id) is None:
        raise ExecutionNotFound
    return Follower(workspace_id, execution_id, user_id=user_id)


def admit_ticket(secret: str, execution_id: str, *, clock: Clock = SYSTEM_CLOCK) -> Follower:
    """Let the holder of a ticket in; the ticket is used up.

    Raises:
        Unauthenticated: the ticket is no good, or not for this run.
    """
    ticket = redeem_ticket(secret, execution_id, clock=clock)
    return Follower(ticket.workspace_id, execution_id, key_id=ticket.key_id)


def check_admitted(follower: Follower, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Check that somebody who was let in may stay.

    Raises:
        Unauthenticated: membership, key or workspace is gone.
    """
    if follower.user_id is not None:
        is_welcome = _is_member(follower.workspace_id, follower.user_id)
    else:
        is_welcome = _is_key_in_force(follower, clock)
    if not is_welcome:
        raise Unauthenticated


def _is_member(workspace_id: str, user_id: str) -> bool:
    return get_membership_role(workspace_id=workspace_id, user_id=user_id) is not None


def _is_key_in_force(follower: Follower, clock: Clock) -> bool:
    workspace = get_workspace_ref(follower.workspace_id)
    if workspace is None or workspace.deleted_at is not None:
        return False
    keys = {key.id: key for key in list_api_keys(follower.workspace_id)}
    key = keys.get(follower.key_id or "")
    if key is None or key.revoked_at is not None:
        return False
    return key.expires_at is None or key.expires_at > clock.now()
