"""A few node types of each cost class for tests of the engine, and a bench without storage."""

from typing import Any

from executor.engine.plan import Plan, build_plan
from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.load import Catalogue, build_catalogue
from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.nodes.io import NODES as IO_NODES
from workflows.catalogue.nodes.lists import NODES as LIST_NODES
from workflows.catalogue.nodes.logic import Fallback, If, Merge, Switch
from workflows.catalogue.params import param, port
from workflows.graphs.document import parse_graph
from workflows.graphs.resolve import resolve


class NumberIn(Inputs):
    number: float = port("Number")
    add: float = param(1.0, title="Add")


class NumberOut(Outputs):
    number: float = port("Number")


class NumbersOut(Outputs):
    numbers: list[float] = port("Numbers")


class NumbersIn(Inputs):
    numbers: list[float] = port("Numbers", kind="list[number]", many=True)


class CountIn(Inputs):
    count: int = param(3, title="Count")


class BoolOut(Outputs):
    small: bool = port("Small")


class TwoIn(Inputs):
    a: float = port("A")
    b: float = port("B")


class TwoOut(Outputs):
    whole: float = port("Whole")
    rest: float = port("Rest")


class OneAndAllIn(Inputs):
    number: float = port("Number")
    numbers: list[float] = port("Numbers")


class Add(Node[NumberIn, NumberOut]):
    """Cheap."""

    meta = Meta(type="t.add", title="Add", description="d", category="c")

    async def run(self, ctx: Context, args: NumberIn) -> NumberOut:
        if args.number == 13:
            raise NodeFailed("invalid_value", "Thirteen is refused.")
        return NumberOut(number=args.number + args.add)


class CostlyAdd(Node[NumberIn, NumberOut]):
    """Costly."""

    meta = Meta(type="t.costly", title="Costly", description="d", category="c", cost="cpu")

    async def run(self, ctx: Context, args: NumberIn) -> NumberOut:
        return NumberOut(number=args.number + args.add)


class Sum(Node[NumbersIn, NumberOut]):
    """Collects."""

    meta = Meta(type="t.sum", title="Sum", description="d", category="c")

    async def run(self, ctx: Context, args: NumbersIn) -> NumberOut:
        return NumberOut(number=sum(args.numbers))


class Count(Node[CountIn, NumbersOut]):
    """Makes a list."""

    meta = Meta(type="t.count", title="Count", description="d", category="c")

    async def run(self, ctx: Context, args: CountIn) -> NumbersOut:
        return NumbersOut(numbers=[float(n) for n in range(args.count)])


class Pair(Node[TwoIn, NumberOut]):
    """Takes two."""

    meta = Meta(type="t.pair", title="Pair", description="d", category="c")

    async def run(self, ctx: Context, args: TwoIn) -> NumberOut:
        return NumberOut(number=args.a * 100 + args.b)


class IsSmall(Node[NumberIn, BoolOut]):
    """Compares."""

    meta = Meta(type="t.small", title="Small", description="d", category="c")

    async def run(self, ctx: Context, args: NumberIn) -> BoolOut:
        return BoolOut(small=args.number < 2)


class Divide(Node[TwoIn, TwoOut]):
    """Gives two values."""

    meta = Meta(type="t.divide", title="Divide", description="d", category="c")

    async def run(self, ctx: Context, args: TwoIn) -> TwoOut:
        if args.b == 0:
            raise NodeFailed("invalid_value", "Nothing is divided by zero.")
        return TwoOut(whole=args.a // args.b, rest=args.a % args.b)


class Downwards(Node[NumberIn, NumbersOut]):
    """Makes a list of a number, so that mapped it makes lists inside a list."""

    meta = Meta(type="t.down", title="Downwards", description="d", category="c")

    async def run(self, ctx: Context, args: NumberIn) -> NumbersOut:
        return NumbersOut(numbers=[args.number - n for n in range(int(args.number) % 4)])


class CostlyDownwards(Node[NumberIn, NumbersOut]):
    """The same, costly."""

    meta = Meta(type="t.costlydown", title="Down", description="d", category="c", cost="cpu")

    async def run(self, ctx: Context, args: NumberIn) -> NumbersOut:
        return NumbersOut(numbers=[args.number - n for n in range(int(args.number) % 4)])


class Place(Node[OneAndAllIn, NumberOut]):
    """Takes an element beside the whole list."""

    meta = Meta(type="t.place", title="Place", description="d", category="c")

    async def run(self, ctx: Context, args: OneAndAllIn) -> NumberOut:
        return NumberOut(number=float(sum(each < args.number for each in args.numbers)))


def make_catalogue() -> Catalogue:
    """The node types above, with inputs, outputs, lists and branches."""
    own = (Add, CostlyAdd, Sum, Count, Pair, IsSmall, Divide, Downwards, CostlyDownwards, Place)
    return build_catalogue((*IO_NODES, *LIST_NODES, If, Switch, Merge, Fallback, *own))


CATALOGUE = make_catalogue()


def make_plan(document: dict[str, Any]) -> Plan:
    """The plan of a graph without problems."""
    resolution = resolve(parse_graph(document), CATALOGUE)
    assert resolution.problems == ()
    return build_plan(resolution.graph)


class MemoryBench:
    """Keeps values as they are."""

    def context(self, node: Any) -> Any:
        return None

    def keep(self, node: Any, port: str, value: Any) -> Any:
        return value

    def progress(self, node: Any, done: float) -> None:
        return None
