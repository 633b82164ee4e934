"""Reads of `billing`: what a workspace may do."""

import threading
import time
from dataclasses import replace

from accounts.api import WorkspaceRef, get_workspace_ref
from billing.types import PLAN_LIMITS, PlanLimits

TTL_S = 5.0  # a changed plan counts everywhere after this
MAX_ENTRIES = 10_000

_lock = threading.Lock()
_known: dict[str, tuple[float, PlanLimits]] = {}


def limits_of(workspace: WorkspaceRef) -> PlanLimits:
    """Return the limits of a workspace: its plan's, with what staff granted beyond it."""
    limits = PLAN_LIMITS.get(workspace.plan, PLAN_LIMITS["free"])
    running = workspace.limit_overrides.get("runningAtOnce")
    return limits if running is None else replace(limits, running_at_once=int(running))


def get_limits(workspace_id: str) -> PlanLimits:
    """Return the limits of a workspace, at most 5 seconds old; no query for one just asked for."""
    now = time.monotonic()
    known = _known.get(workspace_id)
    if known is not None and now - known[0] < TTL_S:
        return known[1]
    workspace = get_workspace_ref(workspace_id)
    limits = limits_of(workspace) if workspace else PLAN_LIMITS["free"]
    with _lock:
        if len(_known) >= MAX_ENTRIES:
            _known.clear()
        _known[workspace_id] = (now, limits)
    return limits


def forget_limits() -> None:
    """Ask the database again for every workspace; for tests and for whoever changes plans."""
    with _lock:
        _known.clear()
