"""Prices: what one run of a node costs. How they are written down: `price_reader`."""

import math
from dataclasses import dataclass
from functools import cached_property

from workflows.catalogue.price_terms import Term
from workflows.catalogue.quantities import Option, Quantities, Range

MAX_CREDITS = 2**53  # of one run of a node: whole numbers up to here survive JSON


class PriceError(ValueError):
    """An expression that is no price; `position` counts its characters from 1, 0 for all of it."""

    def __init__(self, message: str, position: int = 0) -> None:
        self.message = message
        self.position = position
        super().__init__(f"character {position}: {message}" if position else message)


@dataclass(frozen=True, slots=True)
class Use:
    """One mention of a parameter or input: `how` is a unit, `number`, `option` or `gpu`.

    `options` are those that have a price; `is_caught` says that null, and a choice without a price,
    have one too.
    """

    name: str
    how: str
    position: int
    options: tuple[Option, ...] = ()
    is_caught: bool = False


@dataclass(frozen=True)
class Price:
    """What a run of a node costs, whatever node it is. `usage` is what it counts of a run."""

    text: str
    term: Term
    uses: tuple[Use, ...]
    usage: frozenset[str] = frozenset()

    @cached_property
    def names(self) -> frozenset[str]:
        """The parameters and inputs that it depends on."""
        return frozenset(use.name for use in self.uses)

    def credits(self, known: Quantities) -> tuple[int, int]:
        """Return the least and the most that a run costs; both are the same where all is known.

        Raises:
            PriceError: it cannot be reckoned from this, or is above `MAX_CREDITS`.
        """
        try:
            found = self.term.range(known)
        except ZeroDivisionError:
            raise PriceError("Something could be divided by zero.") from None
        except KeyError as error:
            raise PriceError(f"There is no {error.args[0]}.") from None
        return _credits(found)


def _credits(found: Range) -> tuple[int, int]:
    if found.high > MAX_CREDITS:
        raise PriceError(f"It could cost more than {MAX_CREDITS:,} credits.")
    return max(math.ceil(found.low), 0), max(math.ceil(found.high), 0)
