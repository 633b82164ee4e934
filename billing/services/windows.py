"""Sliding windows: requests of a key or an address, executions of a workspace."""

from collections.abc import Callable

from accounts.api import Actor, Permission, authorise
from billing.errors import RateLimited
from billing.selectors.limits import get_limits
from common.limits.port import Decision, Policy
from common.limits.steady import rate_limiter

REQUESTS = "requests"
EXECUTIONS = "executions"
CALLBACKS = "callbacks"

REQUESTS_OF_ADDRESS = 120  # a minute, over all public calls
LOOKS_OF_SESSION = 600  # a minute: what pages read and estimate while somebody works with them
CALLBACKS_OF_ADDRESS = 6_000  # a minute; one provider calls about the jobs of everybody


def count_request_of_key(key_id: str, workspace_id: str) -> Decision:
    """Count a request in the window of its key."""
    policy = Policy(REQUESTS, get_limits(workspace_id).requests_per_minute)
    return _take(f"key:{key_id}", policy)


def count_request_of_address(network: str) -> Decision:
    """Count a request without a good key, in the window of where it comes from."""
    return _take(f"address:{network}", Policy(REQUESTS, REQUESTS_OF_ADDRESS))


def admit_session(
    user: Actor,
    workspace_id: str,
    permission: Permission,
    *,
    note: Callable[[Decision], None],
    starts_run: bool = False,
) -> None:
    """Count what somebody asks by hand, if they may do it there; `note` hears what was counted.

    Runs count in a window as a key of the workspace has one, all else in the person's own.

    Raises:
        WorkspaceNotFound, RoleTooLow: as `authorise`; nothing was counted.
        RateLimited: too many within a minute.
    """
    authorise(user, workspace_id, permission)
    if starts_run:
        decision = count_request_of_key(f"user:{user.id}", workspace_id)
    else:
        decision = _take(f"session:{user.id}", Policy(REQUESTS, LOOKS_OF_SESSION))
    note(decision)
    if not decision.is_allowed:
        raise refusal_of(decision)


def count_callback(network: str) -> Decision:
    """Count a provider's call about a job, in a window of its own."""
    return _take(f"address:{network}", Policy(CALLBACKS, CALLBACKS_OF_ADDRESS))


def count_execution(workspace_id: str, mode: str) -> None:
    """Count a run that is being accepted in its workspace's minute; live and test runs apart.

    Raises:
        RateLimited: the minute is full. Nothing was counted.
    """
    policy = Policy(EXECUTIONS, get_limits(workspace_id).executions_per_minute)
    decision = _take(f"{workspace_id}:{mode}", policy)
    if not decision.is_allowed:
        raise refusal_of(decision, "Too many executions within a minute.")


def refusal_of(decision: Decision, detail: str | None = None) -> RateLimited:
    """Return the error that says what a decision means to the caller."""
    return RateLimited(detail, retry_after_s=decision.retry_after_s, limit=decision.policy.limit)


def _take(key: str, policy: Policy) -> Decision:
    (decision,) = rate_limiter().take(key, [policy])
    return decision
