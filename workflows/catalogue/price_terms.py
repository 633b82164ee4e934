"""The parts of a price expression: each reckons a range of credits from what is known.

One way of reckoning for both: before a run with bounds, after it with what there was. So no part
can give after a run what its range before did not hold.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Literal, Protocol

from workflows.catalogue.quantities import (
    ZERO,
    Option,
    Quantities,
    Range,
    Unit,
    exactly,
    may_be_nothing,
    without_nothing,
)

Operator = Literal["+", "-", "*", "/"]
Relation = Literal["<", "<=", ">", ">=", "==", "!="]


class Term(Protocol):
    """A part of an expression."""

    def range(self, known: Quantities) -> Range:
        """Return what the part comes to.

        Raises:
            ZeroDivisionError: something could be divided by zero.
            KeyError: a name is not among what is known.
        """
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that stands in the expression."""

    value: Range

    def range(self, known: Quantities) -> Range:  # noqa: ARG002 - of every term
        """Return the number."""
        return self.value


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter's number; `otherwise` where it is null."""

    name: str
    otherwise: Term | None = None

    def range(self, known: Quantities) -> Range:
        """Return the parameter's range, and that of what stands in for it if it may be null."""
        quantity = known[self.name]
        if self.otherwise is None or not may_be_nothing(quantity):
            return quantity.number()
        given, stand_in = without_nothing(quantity), self.otherwise.range(known)
        return stand_in if given is None else given.number() | stand_in


@dataclass(frozen=True, slots=True)
class Measure:
    """How much there is of an input: characters, megapixels, seconds, elements."""

    unit: Unit
    name: str

    def range(self, known: Quantities) -> Range:
        """Return what there could be."""
        return known[self.name].measure(self.unit)


@dataclass(frozen=True, slots=True)
class Used:
    """What a run turns out to use of something, at most so much of it; before the run, all of that."""

    name: str
    most: Term

    def range(self, known: Quantities) -> Range:
        """Return what was used, or before that is known from nothing to the most."""
        most = max(self.most.range(known).high, ZERO.high)
        used = known.get(used_key(self.name))
        if used is None:
            return Range(ZERO.low, most)
        found = used.number()
        return Range(*(min(max(end, ZERO.low), most) for end in (found.low, found.high)))


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two terms, joined by an operator."""

    operator: Operator
    left: Term
    right: Term

    def range(self, known: Quantities) -> Range:
        """Return what the two come to."""
        left, right = self.left.range(known), self.right.range(known)
        match self.operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right


@dataclass(frozen=True, slots=True)
class Extreme:
    """The least or the greatest of several terms."""

    is_least: bool
    terms: tuple[Term, ...]

    def range(self, known: Quantities) -> Range:
        """Return the least of all ends, or the greatest."""
        pick = min if self.is_least else max
        ranges = [term.range(known) for term in self.terms]
        return Range(pick(each.low for each in ranges), pick(each.high for each in ranges))


@dataclass(frozen=True, slots=True)
class Rounded:
    """A term as a whole number."""

    is_up: bool
    term: Term

    def range(self, known: Quantities) -> Range:
        """Return both ends rounded."""
        return self.term.range(known).each(math.ceil if self.is_up else math.floor)


@dataclass(frozen=True, slots=True)
class Choice:
    """A term for each value of a parameter; `otherwise` for the others, and for null."""

    name: str
    prices: Mapping[Option, Term]
    otherwise: Term | None = None

    def range(self, known: Quantities) -> Range:
        """Return what the terms of all values that it could have come to."""
        options = known[self.name].options()
        others = [] if self.otherwise is None else [self.otherwise]
        if options is None:
            terms = [*self.prices.values(), *others]
        else:
            terms = [self.prices[option] for option in options if option in self.prices]
            terms += others if len(terms) < len(options) else []
        # What has no price costs nothing; `problems_with` leaves no such value.
        return reduce(Range.__or__, (term.range(known) for term in terms)) if terms else ZERO


@dataclass(frozen=True, slots=True)
class Condition:
    """One of two terms, as a comparison says."""

    relation: Relation
    left: Term
    right: Term
    then: Term
    otherwise: Term

    def range(self, known: Quantities) -> Range:
        """Return what the terms come to that the comparison leaves open."""
        difference = self.left.range(known) - self.right.range(known)
        truths = _truths(self.relation, difference)
        ranges = [(self.then if truth else self.otherwise).range(known) for truth in truths]
        return reduce(Range.__or__, ranges)


def used_key(name: str) -> str:
    """Return what a run's usage is called among its quantities; no parameter can be called so."""
    return f"used({name})"


def constant(value: Fraction | int) -> Constant:
    """Return a number as a term."""
    return Constant(exactly(value))


def _truths(relation: Relation, difference: Range) -> set[bool]:
    """Return what a comparison could say, from what the left side is above the right."""
    low, high = difference.low, difference.high
    match relation:
        case "<":
            return {high < 0, low < 0}
        case "<=":
            return {high <= 0, low <= 0}
        case ">":
            return {low > 0, high > 0}
        case ">=":
            return {low >= 0, high >= 0}
        case "==":
            return {low == high == 0, low <= 0 <= high}
        case "!=":
            return {low > 0 or high < 0, not low == high == 0}
