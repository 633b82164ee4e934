"""What nodes that have run cost: their prices, as they were when the run was accepted."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.catalogue.node import Inputs
from workflows.catalogue.price import PriceError
from workflows.catalogue.price_reader import parse_price
from workflows.catalogue.price_terms import used_key
from workflows.catalogue.quantities import GPU_SECONDS, LIMITS, Quantity, quantity_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Charges:
    """The prices of a run's nodes by id; what is not among them is free."""

    prices: Mapping[str, str] = field(default_factory=dict)

    def of(
        self,
        node_id: str,
        args: Inputs,
        *,
        seconds: float | None = None,
        usage: Mapping[str, Any] | None = None,
    ) -> int:
        """Return the whole credits for one run of a node with these arguments.

        It took so many `seconds` and used what `usage` counts; what is not counted there was used
        up to its bound. A price that this release can make nothing of is not charged: the run was
        accepted, and what it gave is there.
        """
        text = self.prices.get(node_id)
        if text is None:
            return 0
        try:
            price = parse_price(text)
            known = _known(price.names, args, seconds) | _used(price.usage, usage or {})
            _, most = price.credits(known)
        except PriceError:
            logger.exception("no charge for %s", node_id, extra={"action": "unpriceable"})
            return 0
        return most


FREE = Charges()


def charges_of(options: Mapping[str, Any], mode: str) -> Charges:
    """Return what the nodes of a run are charged by; in test mode they are free."""
    prices = options.get("prices")
    return Charges(prices) if prices and mode == "live" else FREE


def _used(names: frozenset[str], usage: Mapping[str, Any]) -> dict[str, Quantity]:
    """Return the counts that are numbers: they are a provider's words."""
    return {
        used_key(name): quantity_of(usage[name])
        for name in names
        if isinstance(usage.get(name), int | float) and not isinstance(usage[name], bool)
    }


def _known(names: frozenset[str], args: Inputs, seconds: float | None) -> dict[str, Quantity]:
    known: dict[str, Quantity] = {
        name: quantity_of(getattr(args, name)) for name in names if hasattr(args, name)
    }
    if GPU_SECONDS in names:
        most = LIMITS.gpu_seconds  # what the estimate went by
        known[GPU_SECONDS] = quantity_of(min(max(seconds or 0.0, 0.0), float(most)))
    return known
