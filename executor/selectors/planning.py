"""Plans of versions. Versions are immutable, so a plan is made once in each process."""

from functools import lru_cache

from common.errors import InvalidGraph, NotFound
from executor.engine.plan import Plan, build_plan
from workflows.api import resolved_version


@lru_cache(maxsize=512)
def plan_of(version_id: str) -> Plan:
    """Return the plan of a version.

    Raises:
        InvalidGraph: when the catalogue no longer has what the version needs.
    """
    return build_plan(resolved_version(version_id))


def find_plan(version_id: str) -> Plan | None:
    """Return the plan of a version; None where it can no longer be made."""
    try:
        return plan_of(version_id)
    except (InvalidGraph, NotFound):
        return None
