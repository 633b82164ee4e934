"""What prices are reckoned from: numbers, lengths and sizes, known exactly or within bounds.

All arithmetic is exact. A range holds every value that could come, so what is reckoned with ranges
holds whatever is reckoned with values inside of them, and a known value is a range of one.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any, Literal, Protocol

from workflows.catalogue.params import MAX_TEXT, Param
from workflows.catalogue.ports import Port, element_of, is_list, list_of
from workflows.catalogue.values import Media

Unit = Literal["megapixels", "seconds", "characters", "count"]
Option = str | int | None  # what a choice may be; true and false are whole numbers to Python

BOUNDLESS = Fraction(10**309)  # beyond every number that JSON carries
MEGA = 1_000_000
GPU_SECONDS = "gpu_seconds()"  # stands among the quantities of a run; no parameter can be called so


@dataclass(frozen=True, slots=True)
class PriceLimits:
    """The most that one run of a node is charged for, whatever it is given.

    They are what the engine lets through (`executor.engine.limits`), so they rarely matter; where a
    container does not say how long a film is, it counts as the longest. `characters` are of one
    text, `elements` of one list.
    """

    pixels: int = 40_000_000
    seconds: int = 3_600
    characters: int = 4 * 1024 * 1024
    elements: int = 10_000
    gpu_seconds: int = 3_600


LIMITS = PriceLimits()


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`, both included."""

    low: Fraction
    high: Fraction

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    def __sub__(self, other: "Range") -> "Range":
        return Range(self.low - other.high, self.high - other.low)

    def __mul__(self, other: "Range") -> "Range":
        return self._corners(other, Fraction.__mul__)

    def __truediv__(self, other: "Range") -> "Range":
        """Divide.

        Raises:
            ZeroDivisionError: the divisor could be zero.
        """
        if other.low <= 0 <= other.high:
            raise ZeroDivisionError
        return self._corners(other, Fraction.__truediv__)

    def __or__(self, other: "Range") -> "Range":
        """Return the least range that holds both."""
        return Range(min(self.low, other.low), max(self.high, other.high))

    def each(self, change: Callable[[Fraction], int]) -> "Range":
        """Return both ends changed by a function that never falls."""
        return Range(Fraction(change(self.low)), Fraction(change(self.high)))

    def _corners(
        self, other: "Range", combine: Callable[[Fraction, Fraction], Fraction]
    ) -> "Range":
        if self.low == self.high and other.low == other.high:
            return exactly(combine(self.low, other.low))
        ends = [combine(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Range(min(ends), max(ends))


def exactly(value: Fraction | int) -> Range:
    """Return the range of one value."""
    value = Fraction(value)
    return Range(value, value)


def up_to(high: Fraction | int) -> Range:
    """Return the range from nothing to this."""
    return Range(Fraction(0), Fraction(high))


ZERO = exactly(0)
Levels = tuple[Range, ...]  # how many elements the levels of a list of lists have, each in all


class Quantity(Protocol):
    """What is known of one parameter or input of a run of a node. Of nothing, all is 0."""

    def number(self) -> Range:
        """Return what a number could be."""
        ...

    def measure(self, unit: Unit) -> Range:
        """Return how much there could be of a text, a file or a list of them."""
        ...

    def options(self) -> frozenset[Option] | None:
        """Return what a choice could be; None where it could be anything."""
        ...


Quantities = Mapping[str, Quantity]


@dataclass(frozen=True, slots=True)
class Exactly:
    """A value that is known, and no list."""

    value: Any
    limits: PriceLimits = LIMITS

    def number(self) -> Range:
        """Return the number itself."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            return ZERO
        return exactly(min(max(as_fraction(value), -BOUNDLESS), BOUNDLESS))

    def measure(self, unit: Unit) -> Range:
        """Return how much it is."""
        return exactly(self._measured(unit))

    def options(self) -> frozenset[Option] | None:
        """Return the one choice that it is; text and whole numbers alone can be looked up."""
        value = self.value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return frozenset({value}) if isinstance(value, str | int | None) else frozenset()

    def _measured(self, unit: Unit) -> Fraction:
        value, limits = self.value, self.limits
        if isinstance(value, str):
            return Fraction(min(len(value), limits.characters) if unit == "characters" else 0)
        if not isinstance(value, Media):
            return Fraction(0)
        if unit == "megapixels":
            return Fraction(_pixels(value, limits), MEGA)
        if unit == "seconds":
            known = limits.seconds if value.duration_s is None else as_fraction(value.duration_s)
            return min(max(Fraction(known), Fraction(0)), Fraction(limits.seconds))
        return Fraction(0)


@dataclass(frozen=True, slots=True)
class Within:
    """A value that is not known: of this kind, and within these bounds.

    `levels` are those of a list; of what lies deeper than it says, nothing is known.
    """

    kind: str
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    limits: PriceLimits = LIMITS
    levels: Levels = ()

    def number(self) -> Range:
        """Return the bounds."""
        if self.kind not in ("number", "integer"):
            return ZERO
        low = -BOUNDLESS if self.minimum is None else as_fraction(self.minimum)
        high = BOUNDLESS if self.maximum is None else as_fraction(self.maximum)
        return Range(low, max(low, high))

    def measure(self, unit: Unit) -> Range:
        """Return what there could be of it, of a list for all elements together."""
        if not is_list(self.kind):
            return self._measured(unit)
        count = self.levels[0] if self.levels else up_to(self.limits.elements)
        if unit == "count":
            return count
        inner = Within(element_of(self.kind), max_length=self.max_length, limits=self.limits)
        return Range(Fraction(0), count.high * inner.measure(unit).high)

    def options(self) -> frozenset[Option] | None:
        """Return the choices."""
        if self.kind == "boolean":
            return frozenset({True, False})
        return frozenset(self.choices) or None

    def _measured(self, unit: Unit) -> Range:
        if unit == "characters" and self.kind in ("text", "choice", "colour"):
            longest = self.limits.characters if self.max_length is None else self.max_length
            return Range(Fraction(0), Fraction(longest))
        if unit == "megapixels" and self.kind in ("image", "mask", "video"):
            return Range(Fraction(1, MEGA), Fraction(self.limits.pixels, MEGA))
        if unit == "seconds" and self.kind in ("video", "audio"):
            return Range(Fraction(0), Fraction(self.limits.seconds))
        return ZERO


@dataclass(frozen=True, slots=True)
class Several:
    """The elements of a list."""

    parts: tuple[Quantity, ...]

    def number(self) -> Range:
        """A list is no number."""
        return ZERO

    def measure(self, unit: Unit) -> Range:
        """Return what all elements are together."""
        if unit == "count":
            return exactly(len(self.parts))
        return _sum(self.parts, unit)

    def options(self) -> frozenset[Option] | None:
        """A list is no choice."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class Joined:
    """Lists that are strung together."""

    lists: tuple[Quantity, ...]

    def number(self) -> Range:
        """A list is no number."""
        return ZERO

    def measure(self, unit: Unit) -> Range:
        """Return what all lists are together."""
        return _sum(self.lists, unit)

    def options(self) -> frozenset[Option] | None:
        """A list is no choice."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class Either:
    """One of two things."""

    one: Quantity
    other: Quantity

    def number(self) -> Range:
        """Return what either could be."""
        return self.one.number() | self.other.number()

    def measure(self, unit: Unit) -> Range:
        """Return what either could be."""
        return self.one.measure(unit) | self.other.measure(unit)

    def options(self) -> frozenset[Option] | None:
        """Return what either could be."""
        one, other = self.one.options(), self.other.options()
        return None if one is None or other is None else one | other


NOTHING = Exactly(None)
NO_LIST = Several(())


def quantity_of(value: Any, limits: PriceLimits = LIMITS) -> Quantity:
    """Return what is known of a value, lists of values included."""
    if isinstance(value, list | tuple):
        return Several(tuple(quantity_of(item, limits) for item in value))
    return Exactly(value, limits)


def quantity_of_param(param: Param, limits: PriceLimits = LIMITS) -> Quantity:
    """Return the bounds that a parameter declares."""
    within = Within(
        param.kind,
        param.minimum,
        param.maximum,
        param.max_length or MAX_TEXT,
        param.choices,
        limits,
    )
    return Either(within, NOTHING) if param.nullable else within


def quantity_of_port(port: Port, limits: PriceLimits = LIMITS) -> Quantity:
    """Return the bounds of what may arrive at a port; of one that takes many, for a single list."""
    kind = list_of(port.kind) if port.many and not is_list(port.kind) else port.kind
    within = Within(kind, limits=limits)
    return within if port.required and not port.nullable else Either(within, NOTHING)


def may_be_nothing(quantity: Quantity) -> bool:
    """Say whether there could be null."""
    if isinstance(quantity, Either):
        return may_be_nothing(quantity.one) or may_be_nothing(quantity.other)
    return isinstance(quantity, Exactly) and quantity.value is None


def without_nothing(quantity: Quantity) -> Quantity | None:
    """Return what there is if not null; None where there is nothing else."""
    if isinstance(quantity, Either):
        one, other = without_nothing(quantity.one), without_nothing(quantity.other)
        return other if one is None else one if other is None else Either(one, other)
    return None if may_be_nothing(quantity) else quantity


def as_fraction(value: float) -> Fraction:
    """Return a number as it is written: a tenth for 0.1, which no float is exactly."""
    if isinstance(value, int):
        return Fraction(value)
    if not math.isfinite(value):
        return BOUNDLESS if value > 0 else -BOUNDLESS
    return Fraction(repr(value))


def _sum(parts: Sequence[Quantity], unit: Unit) -> Range:
    return reduce(lambda total, part: total + part.measure(unit), parts, ZERO)


def _pixels(media: Media, limits: PriceLimits) -> int:
    if media.width is None or media.height is None:
        return limits.pixels
    return min(max(media.width * media.height, 1), limits.pixels)
