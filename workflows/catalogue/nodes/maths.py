"""Numbers: expressions, rounding, scaling and reading them from text."""

import math
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP
from typing import Any, Literal

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.nodes.evaluate import (
    MAX_EXPRESSION,
    ExpressionError,
    clamp,
    evaluate,
    parse_expression,
    round_decimal,
    round_half_up,
    variables_of,
)
from workflows.catalogue.nodes.limits import MAX_EXACT
from workflows.catalogue.params import param, port
from workflows.catalogue.ports import Port

MAX_VARIABLES = 50
ROUNDINGS: Mapping[str, str] = {
    "nearest": ROUND_HALF_UP,
    "down": ROUND_FLOOR,
    "up": ROUND_CEILING,
    "toward-zero": ROUND_DOWN,
}
EXPRESSION_HELP = (
    "Arithmetic with + - * / // % **, comparisons, `a if b > c else d`, and functions such as "
    "round, min, max, clamp, sqrt, sin. Each name becomes an input."
)


class NumberOut(Outputs):
    """A number, and the nearest whole number unless that is too large to be exact."""

    number: float = port("Number")
    integer: int = port("Whole number", required=False)


class ExpressionIn(Inputs):
    """`math.expression`; `extra` holds the variables by name."""

    expression: str = param(
        "a + b", title="Expression", help=EXPRESSION_HELP, max_length=MAX_EXPRESSION, wirable=False
    )


class RoundIn(Inputs):
    """`math.round`."""

    number: float = port("Number")
    mode: Literal["nearest", "down", "up", "toward-zero"] = param("nearest", title="Direction")
    digits: int = param(0, title="Decimals", minimum=-15, maximum=15)


class RemapIn(Inputs):
    """`math.remap`."""

    number: float = port("Number")
    fromLow: float = param(0.0, title="From")
    fromHigh: float = param(1.0, title="From, upper end")
    toLow: float = param(0.0, title="To")
    toHigh: float = param(100.0, title="To, upper end")
    limit: bool = param(True, title="Stay within the ends")


class ParseIn(Inputs):
    """`math.parse`."""

    text: str = port("Text")
    decimal: Literal["point", "comma"] = param("point", title="Decimal sign")
    default: float | None = param(None, title="Default", help="Used for what is no number.")


class Expression(Node[ExpressionIn, NumberOut]):
    """Compute."""

    meta = Meta(
        type="math.expression",
        title="Expression",
        description="Computes a number from others.",
        category="Numbers",
        keywords=("math", "formula", "calculate"),
    )

    @classmethod
    def ports_for(cls, params: Mapping[str, Any]) -> tuple[Port, ...]:
        """Return a port for each variable, in order; none while the expression is refused."""
        try:
            names = variables_of(parse_expression(_expression_in(params)))
        except ExpressionError:
            return ()
        return tuple(
            Port(name, "number", name) for name in names[:MAX_VARIABLES] if name != "expression"
        )

    @classmethod
    def check(cls, params: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Refuse what is no arithmetic, and what is known to overflow."""
        try:
            tree = parse_expression(_expression_in(params))
            names = variables_of(tree)
            if len(names) > MAX_VARIABLES or "expression" in names or "extra" in names:
                return [("expression", "not_allowed", "Too many variables, or a reserved name.")]
            if not names:
                evaluate(tree, {})
        except ExpressionError as refused:
            return [("expression", refused.code, refused.message)]
        except NodeFailed as failed:
            return [("expression", "out_of_range", failed.message)]
        return []

    async def run(self, ctx: Context, args: ExpressionIn) -> NumberOut:
        """Return the value of the expression."""
        try:
            tree = parse_expression(args.expression)
        except ExpressionError as refused:
            raise NodeFailed("invalid_value", refused.message) from refused
        return number_out(evaluate(tree, args.extra))


class Round(Node[RoundIn, NumberOut]):
    """Round a number."""

    meta = Meta(
        type="math.round",
        title="Round",
        description="Rounds a number to so many decimals; halves go away from zero.",
        category="Numbers",
        keywords=("integer", "floor", "ceil"),
    )

    async def run(self, ctx: Context, args: RoundIn) -> NumberOut:
        """Return the rounded number."""
        return number_out(round_decimal(args.number, args.digits, ROUNDINGS[args.mode]))


class Remap(Node[RemapIn, NumberOut]):
    """Carry a number from one range to another."""

    meta = Meta(
        type="math.remap",
        title="Scale range",
        description="Carries a number from one range over to another.",
        category="Numbers",
        keywords=("map", "scale", "normalise", "clamp"),
    )

    async def run(self, ctx: Context, args: RemapIn) -> NumberOut:
        """Return the number's place in the other range."""
        span = args.fromHigh - args.fromLow
        if span == 0:
            raise NodeFailed("invalid_value", "The range to carry from is empty.")
        share = (args.number - args.fromLow) / span
        if args.limit:
            share = clamp(share, 0.0, 1.0)
        return number_out(args.toLow + share * (args.toHigh - args.toLow))


class ParseNumber(Node[ParseIn, NumberOut]):
    """Read a number out of a text."""

    meta = Meta(
        type="math.parse",
        title="Text to number",
        description="Reads a text as a number.",
        category="Numbers",
        keywords=("convert", "parse", "cast"),
    )

    async def run(self, ctx: Context, args: ParseIn) -> NumberOut:
        """Return the number, or the default for what is none."""
        text = args.text.strip()
        if args.decimal == "comma":
            text = text.replace(".", "").replace(",", ".")
        else:
            text = text.replace(",", "")
        number = _number_in(text.replace(" ", "").replace("_", "?"))
        if number is None:
            number = args.default
        if number is None:
            raise NodeFailed("invalid_value", "The text is no number.")
        return number_out(number)


def number_out(number: float) -> NumberOut:
    """Return the outputs for a number.

    Raises:
        NodeFailed: `resource_limit` when it is not finite.
    """
    if not math.isfinite(number):
        raise NodeFailed("resource_limit", "The result is not a finite number.")
    if abs(number) >= MAX_EXACT:
        return NumberOut(number=number)
    return NumberOut(number=number, integer=int(round_half_up(number)))


def _expression_in(params: Mapping[str, Any]) -> str:
    expression = params.get("expression", "a + b")
    return expression if isinstance(expression, str) else ""


def _number_in(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


NODES = (Expression, Round, Remap, ParseNumber)
