"""Lists: making, picking, combining, ordering."""

import itertools
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Literal

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.lengths import count_of, cut, equal, from_place, longer, shorter
from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.nodes.compare import same
from workflows.catalogue.nodes.limits import MAX_ELEMENTS, check_elements
from workflows.catalogue.params import param, port
from workflows.catalogue.quantities import Levels, Quantities, Range, exactly, up_to

# The field `list` hides the builtin inside its class, so the types have names of their own.
Elements = list[Any]
WholeNumbers = list[int]
Numbers = list[float]

MAX_NUMBER = 1e15  # whole numbers and halves are exact well beyond it


class ManyIn(Inputs):
    """`list.make`."""

    values: list[Any] = port("Values", kind="list[$T]", many=True)


class ListIn(Inputs):
    """Nodes that need a list alone."""

    list: Elements = port("List", kind="list[$T]")


class ListsIn(Inputs):
    """`list.join`."""

    lists: list[Any] = port("Lists", kind="list[$T]", many=True)


class ListOut(Outputs):
    """A list."""

    list: Elements = port("List", kind="list[$T]")


class PickIn(ListIn):
    """`list.pick`."""

    index: int = param(
        0,
        title="Index",
        help="0 is the first, -1 the last.",
        minimum=-MAX_NUMBER,
        maximum=MAX_NUMBER,
    )


class PickOut(Outputs):
    """One element."""

    value: Any = port("Value", kind="$T")


class ChunkIn(ListIn):
    """`list.chunk`."""

    size: int = param(2, title="Elements in each", minimum=1, maximum=MAX_ELEMENTS)


class ChunksOut(Outputs):
    """Lists in a list."""

    lists: list[Elements] = port("Lists", kind="list[list[$T]]")


class NestedIn(Inputs):
    """`list.flatten`."""

    lists: list[Elements] = port("Lists", kind="list[list[$T]]")


class SliceIn(ListIn):
    """`list.slice`."""

    start: int = param(
        0,
        title="From",
        help="0 is the first; -3 begins with the third from the end.",
        minimum=-MAX_NUMBER,
        maximum=MAX_NUMBER,
    )
    count: int | None = param(
        None, title="How many", help="All if empty.", minimum=0, maximum=MAX_NUMBER
    )


class RangeIn(Inputs):
    """`list.range`."""

    start: int = param(0, title="Start", minimum=-MAX_NUMBER, maximum=MAX_NUMBER)
    stop: int = param(10, title="Stop", minimum=-MAX_NUMBER, maximum=MAX_NUMBER)
    step: int = param(1, title="Step", minimum=-MAX_NUMBER, maximum=MAX_NUMBER)
    inclusive: bool = param(False, title="With the stop itself")


class RangeOut(Outputs):
    """Whole numbers."""

    list: WholeNumbers = port("Numbers")


class StepsIn(Inputs):
    """`list.steps`."""

    start: float = param(0.0, title="First", minimum=-MAX_NUMBER, maximum=MAX_NUMBER)
    stop: float = param(1.0, title="Last", minimum=-MAX_NUMBER, maximum=MAX_NUMBER)
    count: int = param(5, title="How many", minimum=1, maximum=MAX_ELEMENTS)


class StepsOut(Outputs):
    """Numbers."""

    list: Numbers = port("Numbers")


class PairIn(Inputs):
    """`list.cross`."""

    a: list[Any] = port("A", kind="list[$A]")
    b: list[Any] = port("B", kind="list[$B]")


class ZipIn(PairIn):
    """`list.zip`."""

    mode: Literal["strict", "shortest", "cycle"] = param(
        "strict", title="Different lengths", help="Refuse, cut the longer or repeat the shorter."
    )


class PairOut(Outputs):
    """Two lists of one length; elements at one place belong together."""

    a: list[Any] = port("A", kind="list[$A]")
    b: list[Any] = port("B", kind="list[$B]")


class LengthOut(Outputs):
    """How many."""

    length: int = port("Length")
    empty: bool = port("Empty")


class SortIn(ListIn):
    """`list.sort`."""

    descending: bool = param(False, title="Descending")
    matchCase: bool = param(False, title="Match case")


class MakeList(Node[ManyIn, ListOut]):
    """Gather values into a list."""

    meta = Meta(
        type="list.make",
        title="Make list",
        description="Gathers values into a list, in the order in which they are wired.",
        category="Lists",
        keywords=("array", "collect"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """Count what is wired; lists among it add their elements."""
        return {"list": (count_of(known["values"]),)}

    async def run(self, ctx: Context, args: ManyIn) -> ListOut:
        """Return the values."""
        check_elements(len(args.values))
        return ListOut(list=args.values)


class PickElement(Node[PickIn, PickOut]):
    """Take one element."""

    meta = Meta(
        type="list.pick",
        title="Pick",
        description="Takes one element out of a list.",
        category="Lists",
        keywords=("index", "first", "last", "item"),
    )

    async def run(self, ctx: Context, args: PickIn) -> PickOut:
        """Return the element at the index."""
        if not -len(args.list) <= args.index < len(args.list):
            raise NodeFailed("invalid_value", f"The list has {len(args.list)} elements.")
        return PickOut(value=args.list[args.index])


class SliceList(Node[SliceIn, ListOut]):
    """Take some elements."""

    meta = Meta(
        type="list.slice",
        title="Slice",
        description="Takes a run of elements out of a list.",
        category="Lists",
        keywords=("sublist", "limit", "take", "skip"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """Cut the length as the list."""
        rest = from_place(count_of(known["list"]), known["start"].number())
        return {"list": (cut(rest, known["count"]),)}

    async def run(self, ctx: Context, args: SliceIn) -> ListOut:
        """Return the run; shorter, or empty, where the list ends."""
        rest = args.list[args.start :]
        return ListOut(list=rest if args.count is None else rest[: args.count])


class NumberRange(Node[RangeIn, RangeOut]):
    """Count."""

    meta = Meta(
        type="list.range",
        title="Range",
        description="Counts from one whole number towards another.",
        category="Lists",
        keywords=("sequence", "numbers", "loop"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """Count the steps, where their size is known."""
        return {"list": (_steps(known),)}

    async def run(self, ctx: Context, args: RangeIn) -> RangeOut:
        """Return the numbers in order."""
        if args.step == 0:
            raise NodeFailed("invalid_value", "The step is zero.")
        beyond = (1 if args.step > 0 else -1) if args.inclusive else 0
        numbers = range(args.start, args.stop + beyond, args.step)
        check_elements(_length(numbers))
        return RangeOut(list=list(numbers))


class NumberSteps(Node[StepsIn, StepsOut]):
    """Divide a span evenly."""

    meta = Meta(
        type="list.steps",
        title="Steps",
        description="Gives so many numbers, evenly spread from the first to the last.",
        category="Lists",
        keywords=("linspace", "interpolate", "sweep"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """Take the number that is asked for."""
        return {"list": (known["count"].number(),)}

    async def run(self, ctx: Context, args: StepsIn) -> StepsOut:
        """Return the numbers in order; one alone is the first."""
        check_elements(args.count)
        gaps = max(args.count - 1, 1)
        span = args.stop - args.start
        numbers = [args.start + span * place / gaps for place in range(args.count)]
        return StepsOut(list=numbers)


class CrossLists(Node[PairIn, PairOut]):
    """Make every combination."""

    meta = Meta(
        type="list.cross",
        title="Cross",
        description="Makes every combination of the elements of two lists.",
        category="Lists",
        keywords=("product", "matrix", "combinations"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """Multiply the lengths."""
        pairs = count_of(known["a"]) * count_of(known["b"])
        return {"a": (pairs,), "b": (pairs,)}

    async def run(self, ctx: Context, args: PairIn) -> PairOut:
        """Return the two sides of all combinations; `b` changes fastest."""
        check_elements(len(args.a) * len(args.b))
        pairs = list(itertools.product(args.a, args.b))
        return PairOut(a=[left for left, _ in pairs], b=[right for _, right in pairs])


class ZipLists(Node[ZipIn, PairOut]):
    """Bring two lists to one length."""

    meta = Meta(
        type="list.zip",
        title="Zip",
        description="Brings two lists to one length, so that their elements go pairwise.",
        category="Lists",
        keywords=("pair", "align"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """Bring the lengths together as the lists."""
        pairs = _zipped(known)
        return {"a": (pairs,), "b": (pairs,)}

    async def run(self, ctx: Context, args: ZipIn) -> PairOut:
        """Return both lists at one length."""
        if args.mode == "strict" and len(args.a) != len(args.b):
            raise NodeFailed(
                "invalid_value", f"The lists have {len(args.a)} and {len(args.b)} elements."
            )
        if args.mode == "cycle" and args.a and args.b:
            length = max(len(args.a), len(args.b))
        else:
            length = min(len(args.a), len(args.b))
        return PairOut(a=_cycled(args.a, length), b=_cycled(args.b, length))


class JoinLists(Node[ListsIn, ListOut]):
    """String lists together."""

    meta = Meta(
        type="list.join",
        title="Join lists",
        description="Strings lists together, in the order in which they are wired.",
        category="Lists",
        keywords=("concat", "append", "merge"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """Add the lengths."""
        return {"list": (count_of(known["lists"]),)}

    async def run(self, ctx: Context, args: ListsIn) -> ListOut:
        """Return one list; a `many` port has strung them together already."""
        check_elements(len(args.lists))
        return ListOut(list=args.lists)


class ListLength(Node[ListIn, LengthOut]):
    """Count elements."""

    meta = Meta(
        type="list.length",
        title="List length",
        description="Counts the elements of a list.",
        category="Lists",
        keywords=("count", "size"),
    )

    async def run(self, ctx: Context, args: ListIn) -> LengthOut:
        """Return their number."""
        return LengthOut(length=len(args.list), empty=not args.list)


class ChunkList(Node[ChunkIn, ChunksOut]):
    """Cut a list into lists."""

    meta = Meta(
        type="list.chunk",
        title="Chunk",
        description="Cuts a list into lists of so many elements each; the last may be shorter.",
        category="Lists",
        keywords=("batch", "group", "nested", "pages"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """Divide the length; all chunks together have the elements of the list."""
        whole, size = count_of(known["list"]), known["size"].number()
        chunks = Range(whole.low / size.high, whole.high / size.low).each(math.ceil)
        return {"lists": (chunks, whole)}

    async def run(self, ctx: Context, args: ChunkIn) -> ChunksOut:
        """Return the lists in order; none for an empty list."""
        starts = range(0, len(args.list), args.size)
        return ChunksOut(lists=[args.list[start : start + args.size] for start in starts])


class FlattenList(Node[NestedIn, ListOut]):
    """Make one list of lists."""

    meta = Meta(
        type="list.flatten",
        title="Flatten",
        description="Makes one list of the elements of lists inside a list.",
        category="Lists",
        keywords=("unnest", "concat", "nested"),
    )

    async def run(self, ctx: Context, args: NestedIn) -> ListOut:
        """Return the elements in order."""
        check_elements(sum(map(len, args.lists)))
        return ListOut(list=[value for inner in args.lists for value in inner])


class UniqueElements(Node[ListIn, ListOut]):
    """Drop repeated elements."""

    meta = Meta(
        type="list.unique",
        title="Unique",
        description="Drops elements that were there before.",
        category="Lists",
        keywords=("distinct", "deduplicate"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """Of any elements one is left at least."""
        whole = count_of(known["list"])
        return {"list": (Range(min(whole.low, exactly(1).low), whole.high),)}

    async def run(self, ctx: Context, args: ListIn) -> ListOut:
        """Return the different elements in their first order."""
        check_elements(len(args.list))  # every two are compared
        unique: list[Any] = []
        for value in args.list:
            if not any(same(value, seen) for seen in unique):
                unique.append(value)
        return ListOut(list=unique)


class ReverseList(Node[ListIn, ListOut]):
    """Turn a list around."""

    meta = Meta(
        type="list.reverse",
        title="Reverse",
        description="Turns the order of a list around.",
        category="Lists",
        keywords=("order", "backwards"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """Keep the length."""
        return {"list": (count_of(known["list"]),)}

    async def run(self, ctx: Context, args: ListIn) -> ListOut:
        """Return the elements from last to first."""
        return ListOut(list=args.list[::-1])


class SortList(Node[SortIn, ListOut]):
    """Order a list."""

    meta = Meta(
        type="list.sort",
        title="Sort",
        description="Orders a list of numbers or of texts.",
        category="Lists",
        keywords=("order", "alphabetical"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """Keep the length."""
        return {"list": (count_of(known["list"]),)}

    async def run(self, ctx: Context, args: SortIn) -> ListOut:
        """Return the elements in order; equal ones keep theirs."""
        if all(isinstance(value, str) for value in args.list):
            fold = str if args.matchCase else str.casefold
            return ListOut(list=sorted(args.list, key=fold, reverse=args.descending))
        if all(type(value) in (int, float) for value in args.list):
            return ListOut(list=sorted(args.list, reverse=args.descending))
        raise NodeFailed("invalid_value", "Only numbers or texts have an order.")


def _steps(known: Quantities) -> Range:
    """Return how many numbers a range could have."""
    step, inclusive = known["step"].number(), known["inclusive"].options()
    if step.low != step.high or step.low == 0 or inclusive is None or len(inclusive) > 1:
        return up_to(MAX_ELEMENTS)
    span = known["stop"].number() - known["start"].number()
    steps = span / step
    beyond = Fraction(1 if True in inclusive else 0) / abs(step.low)
    return Range(steps.low + beyond, steps.high + beyond).each(
        lambda count: max(math.ceil(count), 0)
    )


def _zipped(known: Quantities) -> Range:
    """Return how many pairs a zip could have."""
    one, other = count_of(known["a"]), count_of(known["b"])
    modes = known["mode"].options() or frozenset()
    mode = next(iter(modes)) if len(modes) == 1 else None
    if mode == "strict":
        return equal(one, other)
    if mode == "shortest":
        return shorter(one, other)
    if mode == "cycle" and min(one.low, other.low) > 0:
        return longer(one, other)
    few, many = shorter(one, other), longer(one, other)
    return Range(few.low, many.high) if few.high else few


def _length(numbers: range) -> int:
    """Return the length of a range, which `len` refuses beyond 2**63."""
    if not numbers:
        return 0
    return (numbers[-1] - numbers.start) // numbers.step + 1


def _cycled(values: list[Any], length: int) -> list[Any]:
    return list(itertools.islice(itertools.cycle(values), length))


NODES = (
    MakeList,
    PickElement,
    SliceList,
    NumberRange,
    NumberSteps,
    CrossLists,
    ZipLists,
    JoinLists,
    ChunkList,
    FlattenList,
    ListLength,
    UniqueElements,
    ReverseList,
    SortList,
)
