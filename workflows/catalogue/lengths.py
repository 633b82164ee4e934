"""How long lists can be that nodes give: what `Node.lengths` of several nodes is made with."""

from workflows.catalogue.quantities import (
    Quantity,
    Range,
    may_be_nothing,
    up_to,
    without_nothing,
)


def count_of(list_: Quantity) -> Range:
    """Return how many elements a list can have."""
    return list_.measure("count")


def cut(length: Range, most: Quantity) -> Range:
    """Return the length of a list of which at most so many elements are kept; null keeps all."""
    given = without_nothing(most)
    if given is None:
        return length
    number = given.number()
    kept = Range(min(length.low, number.low), min(length.high, number.high))
    return kept | length if may_be_nothing(most) else kept


def from_place(length: Range, start: Range) -> Range:
    """Return how much of a list is left from a place on; -3 is the third element from the end."""
    if start.low != start.high:
        return up_to(length.high)
    place = int(start.low)
    if place < 0:
        return length.each(lambda whole: min(int(whole), -place))
    return length.each(lambda whole: max(int(whole) - place, 0))


def shorter(one: Range, other: Range) -> Range:
    """Return the length of the shorter one of two lists."""
    return Range(min(one.low, other.low), min(one.high, other.high))


def longer(one: Range, other: Range) -> Range:
    """Return the length of the longer one of two lists."""
    return Range(max(one.low, other.low), max(one.high, other.high))


def equal(one: Range, other: Range) -> Range:
    """Return the length that two lists have if they have the same; 0 if they cannot."""
    low, high = max(one.low, other.low), min(one.high, other.high)
    return Range(low, high) if low <= high else up_to(0)
