"""Plans of versions. Versions are immutable, so a plan is made once for each state of the catalogue."""

from functools import lru_cache

from common.errors import InvalidGraph, NotFound
from executor.engine.plan import Plan, build_plan
from workflows.api import Catalogue, get_catalogue, resolved_version


def plan_of(version_id: str) -> Plan:
    """Return the plan of a version.

    Raises:
        InvalidGraph: when the catalogue no longer has what the version needs.
    """
    return _plan(version_id, get_catalogue())


@lru_cache(maxsize=512)
def _plan(version_id: str, catalogue: Catalogue) -> Plan:  # noqa: ARG001 - a key
    return build_plan(resolved_version(version_id))


def find_plan(version_id: str) -> Plan | None:
    """Return the plan of a version; None where it can no longer be made."""
    try:
        return plan_of(version_id)
    except (InvalidGraph, NotFound):
        return None
