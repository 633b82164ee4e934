"""Decisions: comparing values, and which way a value goes."""

from collections.abc import Mapping
from typing import Any, Literal

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.lengths import count_of
from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.nodes.compare import OPERATORS, holds, same
from workflows.catalogue.params import param, port
from workflows.catalogue.quantities import Levels, Quantities

MAX_CASES = 8

Operator = Literal[
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "contains",
    "not-contains",
    "starts-with",
    "ends-with",
    "matches",
    "empty",
    "not-empty",
]


class IfIn(Inputs):
    """`logic.if`."""

    condition: bool = port("Condition")
    value: Any = port("Value", kind="$T", nullable=True, elementwise=True)


class IfOut(Outputs):
    """One of the two carries the value, the other gives nothing."""

    true: Any = port("True", kind="$T", required=False)
    false: Any = port("False", kind="$T", required=False)


class SwitchIn(Inputs):
    """`logic.switch`."""

    value: Any = port("Value", kind="$T", nullable=True, elementwise=True)
    selector: Any = param(
        None, title="Selector", kind="json", help="What is looked up among the cases."
    )
    cases: list[str] = param(
        ["1", "2"], title="Cases", kind="json", wirable=False, help="Up to eight texts."
    )
    matchCase: bool = param(False, title="Match case")


class SwitchOut(Outputs):
    """The output of the case that the selector names carries the value, the others nothing."""

    case1: Any = port("Case 1", kind="$T", required=False)
    case2: Any = port("Case 2", kind="$T", required=False)
    case3: Any = port("Case 3", kind="$T", required=False)
    case4: Any = port("Case 4", kind="$T", required=False)
    case5: Any = port("Case 5", kind="$T", required=False)
    case6: Any = port("Case 6", kind="$T", required=False)
    case7: Any = port("Case 7", kind="$T", required=False)
    case8: Any = port("Case 8", kind="$T", required=False)
    default: Any = port("Default", kind="$T", required=False)


class MergeIn(Inputs):
    """`logic.merge`."""

    values: list[Any] = port("Values", kind="$T", many=True, nullable=True, elementwise=True)


class MergeOut(Outputs):
    """What arrived."""

    value: Any = port("Value", kind="$T")


class CompareIn(Inputs):
    """`logic.compare`."""

    a: Any = param(None, title="A", kind="json")
    operator: Operator = param("eq", title="Comparison")
    b: Any = param(None, title="B", kind="json")
    matchCase: bool = param(True, title="Match case")


class TruthOut(Outputs):
    """True or false."""

    result: bool = port("Result")


class NotIn(Inputs):
    """`logic.not`."""

    value: bool = port("Value")


class TruthsIn(Inputs):
    """`logic.and` and `logic.or`."""

    values: list[bool] = port("Values", many=True)


class FallbackIn(Inputs):
    """`logic.fallback`."""

    value: Any = port("Value", kind="$T", nullable=True, elementwise=True)
    fallback: Any = port("Otherwise", kind="$T", elementwise=True)
    emptyToo: bool = param(False, title="Also for empty texts and lists")


class If(Node[IfIn, IfOut]):
    """Send a value down one of two branches."""

    meta = Meta(
        type="logic.if",
        title="If",
        description="Sends a value down one branch; nodes on the other are skipped.",
        category="Logic",
        keywords=("branch", "condition"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """A list stays as it is."""
        whole = count_of(known["value"])
        return {"true": (whole,), "false": (whole,)}

    async def run(self, ctx: Context, args: IfIn) -> IfOut:
        """Give the value to the branch that the condition chooses."""
        if args.condition:
            return IfOut(true=args.value)
        return IfOut(false=args.value)


class Switch(Node[SwitchIn, SwitchOut]):
    """Send a value down one of several branches."""

    meta = Meta(
        type="logic.switch",
        title="Switch",
        description="Sends a value down the branch of the first case that equals the selector.",
        category="Logic",
        keywords=("case", "route"),
    )

    @classmethod
    def check(cls, params: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Demand one to eight different texts."""
        cases = params.get("cases", ["1", "2"])
        if not isinstance(cases, list) or not all(isinstance(case, str) for case in cases):
            return [("cases", "wrong_kind", "Cases must be a list of texts.")]
        if not 1 <= len(cases) <= MAX_CASES:
            return [("cases", "out_of_range", f"Give one to {MAX_CASES} cases.")]
        if len(set(cases)) != len(cases):
            return [("cases", "not_allowed", "A case is there twice.")]
        return []

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """A list stays as it is."""
        return dict.fromkeys(SwitchOut.model_fields, (count_of(known["value"]),))

    async def run(self, ctx: Context, args: SwitchIn) -> SwitchOut:
        """Give the value to the first case that equals the selector."""
        for number, case in enumerate(args.cases[:MAX_CASES], start=1):
            if same(args.selector, case, match_case=args.matchCase, as_text=True):
                return SwitchOut(**{f"case{number}": args.value})
        return SwitchOut(default=args.value)


class Merge(Node[MergeIn, MergeOut]):
    """Take whichever branch was taken."""

    meta = Meta(
        type="logic.merge",
        title="Merge",
        description="Gives on the first value that arrived; "
        "branches that were not taken do not count.",
        category="Logic",
        keywords=("join",),
    )

    async def run(self, ctx: Context, args: MergeIn) -> MergeOut:
        """Give the first value that arrived."""
        if not args.values:
            raise NodeFailed("invalid_value", "Nothing arrived.")
        return MergeOut(value=args.values[0])


class Compare(Node[CompareIn, TruthOut]):
    """Compare two values."""

    meta = Meta(
        type="logic.compare",
        title="Compare",
        description="Says whether two values stand in a "
        "relation: equal, less, contained and so on.",
        category="Logic",
        keywords=("equals", "greater", "condition"),
    )

    async def run(self, ctx: Context, args: CompareIn) -> TruthOut:
        """Return whether the relation holds."""
        return TruthOut(result=holds(OPERATORS[args.operator], args.a, args.b, args.matchCase))


class Not(Node[NotIn, TruthOut]):
    """Turn a truth around."""

    meta = Meta(
        type="logic.not",
        title="Not",
        description="Makes true false, and false true.",
        category="Logic",
        keywords=("invert", "negate"),
    )

    async def run(self, ctx: Context, args: NotIn) -> TruthOut:
        """Return the opposite."""
        return TruthOut(result=not args.value)


class And(Node[TruthsIn, TruthOut]):
    """All of several."""

    meta = Meta(
        type="logic.and",
        title="And",
        description="True when all of its inputs are.",
        category="Logic",
        keywords=("all", "every"),
    )

    async def run(self, ctx: Context, args: TruthsIn) -> TruthOut:
        """Return whether all are true."""
        return TruthOut(result=all(args.values))


class Or(Node[TruthsIn, TruthOut]):
    """Any of several."""

    meta = Meta(
        type="logic.or",
        title="Or",
        description="True when at least one of its inputs is.",
        category="Logic",
        keywords=("any", "some"),
    )

    async def run(self, ctx: Context, args: TruthsIn) -> TruthOut:
        """Return whether one is true."""
        return TruthOut(result=any(args.values))


class Fallback(Node[FallbackIn, MergeOut]):
    """Stand in for null."""

    meta = Meta(
        type="logic.fallback",
        title="Fallback",
        description="Gives on a value, or another one where it is null.",
        category="Logic",
        keywords=("default", "coalesce", "null"),
    )

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:
        """It is one list or the other."""
        return {"value": (count_of(known["value"]) | count_of(known["fallback"]),)}

    async def run(self, ctx: Context, args: FallbackIn) -> MergeOut:
        """Return the value, or what stands in for it."""
        missing = args.value is None or (args.emptyToo and args.value in ("", [], {}))
        return MergeOut(value=args.fallback if missing else args.value)


NODES = (If, Switch, Merge, Compare, Not, And, Or, Fallback)
