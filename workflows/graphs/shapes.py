"""How lists inside lists are laid out, and their elements as one flat row.

A shape is the length of a list, or for a list of lists the shapes of its elements; null where an
element is missing (its branch was not taken). The elements of a mapped node are numbered through
over all its levels, which is how tasks address them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Shape = int | list[Any] | None
Path = tuple[int, ...]


class ShapesDiffer(Exception):
    """Lists that go together are not of one length somewhere."""

    def __init__(self, lengths: Iterable[int]) -> None:
        self.lengths = sorted(lengths)
        super().__init__(str(self.lengths))


def shape_of(value: Any, levels: int) -> Shape:
    """Return the shape of a value's outer `levels` levels; null where it is no list.

    Of no levels it is 0, which says that there is a value.
    """
    if levels == 0:
        return 0
    if not isinstance(value, list):
        return None
    if levels == 1:
        return len(value)
    return [shape_of(item, levels - 1) for item in value]


def cut(shape: Shape, levels: int) -> Shape:
    """Return the outer `levels` levels of a shape that may have more."""
    if not isinstance(shape, list):
        return shape
    if levels == 1:
        return len(shape)
    return [cut(inner, levels - 1) for inner in shape]


def fill(shape: Shape, levels: int) -> Shape:
    """Return a shape of so many levels; of what lies deeper than is known, nothing is there."""
    if shape is None or levels == 1:
        return shape
    inner = [None] * shape if isinstance(shape, int) else shape
    return [fill(item, levels - 1) for item in inner]


def join(one: Shape, other: Shape) -> Shape:
    """Return the shape of two lists that go together; one of fewer levels repeats on the inner ones.

    Raises:
        ShapesDiffer: they are of different lengths somewhere.
    """
    if one is None or one == other:
        return other
    if other is None:
        return one
    if _length(one) != _length(other):
        raise ShapesDiffer((_length(one), _length(other)))
    if isinstance(one, int):
        return other
    if isinstance(other, int):
        return one
    return [join(left, right) for left, right in zip(one, other, strict=True)]


def widest(shape: Shape) -> int:
    """Return the number of elements of the level that has most, which for most shapes is the last."""
    level, most = [shape], 0
    while level:
        most = max(most, sum(_length(item) for item in level if item is not None))
        level = [inner for item in level if isinstance(item, list) for inner in item]
    return most


def count(shape: Shape) -> int:
    """Return how many elements there are in all, which is how many runs a mapped node has."""
    if isinstance(shape, list):
        return sum(count(inner) for inner in shape)
    return shape or 0


def totals(shape: Shape, levels: int) -> list[int]:
    """Return how many elements each of the outer levels has, in all its lists together."""
    if shape is None:
        return []
    return [count(cut(shape, level)) for level in range(1, levels + 1)]


def has_empty(shape: Shape) -> bool:
    """Say whether some list is empty; it is there, though nothing is in it."""
    if isinstance(shape, list):
        return not shape or any(has_empty(inner) for inner in shape)
    return shape == 0


def paths(shape: Shape) -> Iterator[Path]:
    """Yield where each element is, by its index on every level, in the order of their numbers."""
    if isinstance(shape, list):
        for index, inner in enumerate(shape):
            for rest in paths(inner):
                yield (index, *rest)
    else:
        for index in range(shape or 0):
            yield (index,)


def nest(flat: Sequence[Any], shape: Shape, hole: Any = None) -> Any:
    """Return elements in the lists that they belong to, `hole` where one is missing."""
    return _nested(iter(flat), shape, hole)


def _nested(items: Iterator[Any], shape: Shape, hole: Any) -> Any:
    if shape is None:
        return hole
    if isinstance(shape, int):
        return [next(items) for _ in range(shape)]
    return [_nested(items, inner, hole) for inner in shape]


def _length(shape: int | list[Any]) -> int:
    return shape if isinstance(shape, int) else len(shape)


def element_at(form: Mapping[str, Any], path: Path) -> Mapping[str, Any] | None:
    """Return the stored form of an element of a list in stored form; None where it is missing."""
    found: Mapping[str, Any] | None = form
    for index in path:
        if found is None:
            return None
        found = found["l"][index] if "l" in found else {"v": found["v"][index]}
    return found


def shape_of_form(form: Mapping[str, Any], levels: int) -> Shape:
    """Return the shape of a form's outer `levels` levels; null where it is no list."""
    if "l" not in form or levels == 0:
        return shape_of(form.get("v"), levels)
    if levels == 1:
        return len(form["l"])
    return [item and shape_of_form(item, levels - 1) for item in form["l"]]
