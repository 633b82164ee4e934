"""The door of `billing`: what other apps may use of it."""

from billing.selectors import forget_limits, get_limits, limits_of
from billing.types import PLAN_LIMITS, PlanLimits

__all__ = ["PLAN_LIMITS", "PlanLimits", "forget_limits", "get_limits", "limits_of"]
