"""Arithmetic that users write, evaluated over its syntax tree with an allow-list.

Every value is a floating-point number, so no operation can grow: what overflows is refused.
"""

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from workflows.catalogue.errors import NodeFailed

MAX_EXPRESSION = 1_000  # characters
MAX_ROUNDED = 1e15  # beyond it a float has no decimals worth rounding
MAX_DEPTH = 100  # of the tree; recursion below goes as deep
CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau}


class ExpressionError(Exception):
    """The expression holds something that is not allowed; `code` is an item code of API.md."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Function:
    """A function that expressions may call, with the least and most arguments it takes."""

    call: Callable[..., float]
    least: int = 1
    most: int = 1


def round_decimal(value: float, digits: int, rounding: str) -> float:
    """Round to -15 to 15 decimals by a mode of `decimal`, reading the number as it is written."""
    if abs(value) >= MAX_ROUNDED or not math.isfinite(value):
        return value
    step = Decimal(1).scaleb(-min(max(digits, -15), 15))
    return float(Decimal(repr(value)).quantize(step, rounding, Context(prec=60)))


def round_half_up(value: float, digits: float = 0) -> float:
    """Round to so many decimals, halves away from zero, as people do on paper."""
    return round_decimal(value, int(digits), ROUND_HALF_UP)


def clamp(value: float, least: float, most: float) -> float:
    """Return the value, or the bound that it is beyond."""
    return max(least, min(value, most))


FUNCTIONS: Mapping[str, Function] = {
    "abs": Function(abs),
    "round": Function(round_half_up, 1, 2),
    "floor": Function(math.floor),
    "ceil": Function(math.ceil),
    "trunc": Function(math.trunc),
    "sign": Function(lambda value: math.copysign(1, value) if value else 0.0),
    "min": Function(min, 2, 50),
    "max": Function(max, 2, 50),
    "clamp": Function(clamp, 3, 3),
    "pow": Function(math.pow, 2, 2),
    "sqrt": Function(math.sqrt),
    "exp": Function(math.exp),
    "log": Function(math.log, 1, 2),
    "log2": Function(math.log2),
    "log10": Function(math.log10),
    "sin": Function(math.sin),
    "cos": Function(math.cos),
    "tan": Function(math.tan),
    "asin": Function(math.asin),
    "acos": Function(math.acos),
    "atan": Function(math.atan),
    "atan2": Function(math.atan2, 2, 2),
    "hypot": Function(math.hypot, 2, 2),
    "degrees": Function(math.degrees),
    "radians": Function(math.radians),
}

_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: lambda left, right: left % right,
    ast.Pow: math.pow,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[float], float]] = {
    ast.UAdd: lambda value: value,
    ast.USub: lambda value: -value,
    ast.Not: lambda value: float(not value),
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
}


def parse_expression(text: str) -> ast.expr:
    """Return the tree of an expression in which everything is allowed.

    Raises:
        ExpressionError: for anything else.
    """
    if len(text) > MAX_EXPRESSION:
        raise ExpressionError("out_of_range", f"It is longer than {MAX_EXPRESSION} characters.")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError("not_allowed", "This is no arithmetic expression.") from error
    _check_nodes(tree)
    return tree


def variables_of(tree: ast.expr) -> list[str]:
    """Return the different variables of a parsed expression in order of appearance."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    names.sort(key=lambda node: (node.lineno, node.col_offset))
    free = (node.id for node in names if node.id not in CONSTANTS and node.id not in FUNCTIONS)
    return list(dict.fromkeys(free))


def evaluate(tree: ast.expr, variables: Mapping[str, float]) -> float:
    """Return the finite value of a parsed expression.

    Raises:
        NodeFailed: `invalid_value` where it has no value, `resource_limit` where it overflows.
    """
    try:
        result = _value(tree, variables)
    except ZeroDivisionError as error:
        raise NodeFailed("invalid_value", "The expression divides by zero.") from error
    except OverflowError as error:
        raise NodeFailed("resource_limit", "A number grows too large.") from error
    except ValueError as error:
        raise NodeFailed("invalid_value", "The expression has no value here.") from error
    if not math.isfinite(result):
        raise NodeFailed("resource_limit", "The result is not a finite number.")
    return result


def _check_nodes(tree: ast.expr) -> None:
    level: list[ast.AST] = [tree]
    for _ in range(MAX_DEPTH):
        for node in level:
            _check_node(node)
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise ExpressionError("out_of_range", "The expression is nested too deeply.")


def _check_node(node: ast.AST) -> None:
    match node:
        case ast.Constant(value=bool() | int() | float()):
            return
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            _check_call(name, len(arguments))
        case ast.BinOp(op=operator) if type(operator) in _BINARY:
            return
        case ast.UnaryOp() | ast.BoolOp() | ast.IfExp() | ast.Name(ctx=ast.Load()):
            _check_inner(node)
        case ast.Compare(ops=operators) if all(type(each) in _COMPARE for each in operators):
            return
        case ast.operator() | ast.unaryop() | ast.boolop() | ast.cmpop() | ast.expr_context():
            return
        case _:
            raise ExpressionError("not_allowed", "The expression may hold arithmetic alone.")


def _check_inner(node: ast.AST) -> None:
    if isinstance(node, ast.UnaryOp) and type(node.op) not in _UNARY:
        raise ExpressionError("not_allowed", "The expression may hold arithmetic alone.")
    if isinstance(node, ast.Name) and node.id.startswith("__"):
        raise ExpressionError("not_allowed", f"{node.id[:50]} is no name for a variable.")


def _check_call(name: str, count: int) -> None:
    function = FUNCTIONS.get(name)
    if function is None:
        raise ExpressionError("not_allowed", f"There is no function {name[:50]}.")
    if not function.least <= count <= function.most:
        raise ExpressionError("not_allowed", f"{name} does not take {count} arguments.")


def _value(node: ast.expr, variables: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=bool() | int() | float() as value):
            return float(value)
        case ast.Name(id=name):
            return _variable(name, variables)
        case ast.UnaryOp(op=operator, operand=operand):
            return _UNARY[type(operator)](_value(operand, variables))
        case ast.BinOp(left=left, op=operation, right=right):
            return _BINARY[type(operation)](_value(left, variables), _value(right, variables))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return float(FUNCTIONS[name].call(*(_value(each, variables) for each in arguments)))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _value(body if _value(test, variables) else orelse, variables)
        case ast.BoolOp(op=ast.And(), values=values):
            return float(all(_value(each, variables) for each in values))
        case ast.BoolOp(values=values):
            return float(any(_value(each, variables) for each in values))
        case ast.Compare():
            return _comparison(node, variables)
    raise NodeFailed("invalid_value", "The expression may hold arithmetic alone.")


def _variable(name: str, variables: Mapping[str, Any]) -> float:
    value = variables.get(name, CONSTANTS.get(name))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NodeFailed("invalid_value", f"{name} has no number.")
    return float(value)


def _comparison(node: ast.Compare, variables: Mapping[str, float]) -> float:
    values = [_value(each, variables) for each in (node.left, *node.comparators)]
    pairs = zip(node.ops, values, values[1:], strict=False)
    return float(all(_COMPARE[type(each)](left, right) for each, left, right in pairs))
