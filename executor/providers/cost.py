"""What a provider says that a job has cost."""

import math
from typing import Any

MICROS = 1_000_000  # of a dollar
MAX_COST_USD = 1_000_000.0  # of one job: beyond it is nonsense


def cost_micros_of(data: Any) -> int | None:
    """Return the cost that an answer's data tells, in millionths of a dollar; None if it does not."""
    return micros_of(data.get("costUsd")) if isinstance(data, dict) else None


def micros_of(dollars: Any) -> int | None:
    """Return dollars as millionths of one; None for what is no amount of money."""
    if isinstance(dollars, bool) or not isinstance(dollars, int | float):
        return None
    if not math.isfinite(dollars) or not 0 <= dollars <= MAX_COST_USD:
        return None
    return round(dollars * MICROS)
