"""The words of `billing`: plans and what they allow."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What a plan allows. `retention_days`: for how long finished runs and their files are kept."""

    running_at_once: int
    retention_days: int


# DESIGN's plans; a workspace's `limit_overrides` lies over these.
PLAN_LIMITS: Mapping[str, PlanLimits] = MappingProxyType(
    {
        "free": PlanLimits(running_at_once=2, retention_days=7),
        "starter": PlanLimits(running_at_once=5, retention_days=30),
        "pro": PlanLimits(running_at_once=20, retention_days=90),
        "enterprise": PlanLimits(running_at_once=20, retention_days=365),
    }
)
