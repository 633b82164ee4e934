"""What a workspace may do: the figures of its plan, with its own over them.

Both are kept in memory, apart from each other, for 5 seconds: so long at most until what staff
change counts in every process. A workspace asked for a moment ago costs no query, another one costs
one, and the plans one in those 5 seconds.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pydantic.alias_generators import to_camel

from accounts.api import WorkspaceRef, get_workspace_ref, problem_of_limit
from billing.models import Plan
from billing.types import LIMIT_FIELDS, PlanLimits

TTL_S = 5.0
MAX_ENTRIES = 10_000
FALLBACK_PLAN = "free"

Plans = Mapping[str, PlanLimits]

# A workspace's `limit_overrides` speak the API's names.
_FIELD_OF_NAME = {to_camel(name): name for name in LIMIT_FIELDS}


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found of a workspace, and out of which plans its limits were made."""

    until: float
    plans: Plans
    limits: PlanLimits


class LimitsCache:
    """The limits of plans and of workspaces, bounded in time and in number."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._generation = 0
        self._plans: Plans = {}
        self._plans_until = float("-inf")
        self._known: dict[str, _Known] = {}

    def of(self, workspace_id: str) -> PlanLimits:
        """Return the limits of a workspace; those of the fallback plan if there is none."""
        plans, now = self.plans(), self._monotonic()
        known = self._known.get(workspace_id)
        if known is not None and known.plans is plans and now < known.until:
            return known.limits
        generation = self._generation
        workspace = get_workspace_ref(workspace_id)
        limits = _limits_of(workspace, plans) if workspace else plans[FALLBACK_PLAN]
        with self._lock:
            if generation == self._generation:  # else it may be older than what was changed
                if len(self._known) >= MAX_ENTRIES:
                    self._known.clear()
                self._known[workspace_id] = _Known(now + TTL_S, plans, limits)
        return limits

    def plans(self) -> Plans:
        """Return the limits of all plans; the same object for as long as they are the same."""
        now = self._monotonic()
        if now < self._plans_until:
            return self._plans
        generation = self._generation
        found = {plan.key: _figures(plan) for plan in Plan.objects.all()}
        with self._lock:
            if generation != self._generation:  # it may be older than what was changed
                return found
            self._plans_until = now + TTL_S
            if found != self._plans:
                self._plans = found
            return self._plans

    def forget(self) -> None:
        """Ask the database again for everything."""
        with self._lock:
            self._generation += 1
            self._plans_until = float("-inf")
            self._known.clear()


LIMITS_CACHE = LimitsCache()


def get_limits(workspace_id: str) -> PlanLimits:
    """Return the limits of a workspace, at most 5 seconds old; no query for one just asked for."""
    return LIMITS_CACHE.of(workspace_id)


def limits_of(workspace: WorkspaceRef) -> PlanLimits:
    """Return the limits of a workspace: its plan's, with what staff granted beyond it."""
    return _limits_of(workspace, LIMITS_CACHE.plans())


def forget_limits() -> None:
    """Ask the database again for every workspace; for tests and for whoever changes plans."""
    LIMITS_CACHE.forget()


def _limits_of(workspace: WorkspaceRef, plans: Plans) -> PlanLimits:
    """Return a plan's limits under a workspace's own; a plan that is unknown counts as Free.

    Rows may hold figures of their own that would be refused today: these do not count.
    """
    own = {
        _FIELD_OF_NAME[name]: figure
        for name, figure in workspace.limit_overrides.items()
        if problem_of_limit(name, figure) is None
    }
    return replace(plans.get(workspace.plan) or plans[FALLBACK_PLAN], **own)


def _figures(plan: Plan) -> PlanLimits:
    return PlanLimits(**{name: getattr(plan, name) for name in LIMIT_FIELDS})
