"""Bounds on how long lists inside lists are, where their shape is not known.

Levels are from the outside in, each with the number of elements in all of its lists together; of
what lies deeper than they say, nothing is known.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import zip_longest

from workflows.catalogue.lengths import equal
from workflows.catalogue.quantities import Levels, Range, up_to


def paired(lists: Iterable[Levels]) -> Levels:
    """Return the levels of lists that go pairwise, so are equally long; one may have fewer levels."""
    return tuple(
        reduce(equal, (level for level in level_of_each if level is not None))
        for level_of_each in zip_longest(*lists)
    )


def either(lists: Sequence[Levels]) -> Levels:
    """Return the levels of what is one of several lists, as far as they are known of each."""
    return tuple(reduce(Range.__or__, each) for each in zip(*lists, strict=False))


def inside(levels: Levels, depth: int, *, may_lack: bool) -> Levels:
    """Return the levels of one list that lies so deep, or of all if that is 0.

    How the elements of a level are shared out among its lists is not known. Elements that `may_lack`
    are left out of a list that is taken whole.
    """
    found = levels[depth:]
    return tuple(up_to(level.high) for level in found) if depth or may_lack else found
