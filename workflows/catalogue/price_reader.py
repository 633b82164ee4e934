"""Reading prices: a small expression over the parameters and inputs of a node.

    5                                                   a run
    4 * megapixels(width, height)                       a megapixel that is made
    2 * megapixels(image)                               a megapixel that is given
    12 * ceil(seconds(video))                           a second begun
    2 * characters(prompt) / 1000                       1,000 characters
    3 * tokens(prompt) / 1000                           1,000 tokens, taken as 4 characters each
    by(size, {'small': 10, 'large': 20}) * images       a choice
    by(quality, {'draft': 1}, 4)                        4 for every other one
    10 if megapixels(image) <= 1 else 15                a step
    6 * default(duration, 5)                            5 where the duration is null
    3 * gpu_seconds()                                   a second of the accelerator
    15 * used(output_tokens, max_tokens) / 1000         what the provider counts, up to a bound

Beside these `min`, `max`, `floor` and `count(list)`. A name is a parameter or an input. Numbers are
exact, the end is rounded up to whole credits, once for each run, and is never below 0. The form is
Python's, read by its parser and by nothing else of it: what is not listed here is refused.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar, NoReturn

from workflows.catalogue.price import Price, PriceError, Use
from workflows.catalogue.price_terms import (
    Arithmetic,
    Choice,
    Condition,
    Constant,
    Extreme,
    Measure,
    Operator,
    Relation,
    Rounded,
    Setting,
    Term,
    Used,
    constant,
)
from workflows.catalogue.quantities import GPU_SECONDS, MEGA, Option, Unit

MAX_LENGTH = 1_000  # characters of an expression
MAX_DEPTH = 20  # terms inside of terms
MAX_OPTIONS = 100  # of one choice
MAX_DIGITS = 15
CHARACTERS_OF_TOKEN = 4

Parts = Sequence[ast.expr]


@lru_cache(maxsize=1024)
def parse_price(text: str) -> Price:
    """Read a price.

    Raises:
        PriceError: it is none; says where and why.
    """
    if len(text) > MAX_LENGTH:
        raise PriceError(f"A price has at most {MAX_LENGTH} characters.")
    flat = text.translate({ord(space): " " for space in "\r\n\t\f"})
    body = flat.lstrip(" ")
    if not body:
        raise PriceError("There is no price.")
    if "\\" in body or "#" in body:
        raise PriceError("There may be no \\ and no #.", 1 + min(_found(flat, "\\#")))
    reader = _Reader(body, len(flat) - len(body))
    term = reader.read()
    return Price(text, term, tuple(reader.uses), frozenset(reader.usage))


def _found(text: str, characters: str) -> list[int]:
    return [text.index(each) for each in characters if each in text]


_OPERATORS: Mapping[type[ast.operator], Operator] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
_RELATIONS: Mapping[type[ast.cmpop], Relation] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_UNITS: Mapping[str, Unit] = {
    "megapixels": "megapixels",
    "seconds": "seconds",
    "characters": "characters",
    "tokens": "characters",
    "count": "count",
}


class _Reader:
    """Reads one expression; made for it and thrown away. `shift` characters were before `text`."""

    def __init__(self, text: str, shift: int) -> None:
        self.text = text
        self.shift = shift
        self.uses: list[Use] = []
        self.usage: set[str] = set()

    def read(self) -> Term:
        """Return the whole expression."""
        try:
            tree = ast.parse(self.text, mode="eval")
        except SyntaxError as error:
            position = min(max(error.offset or 1, 1), len(self.text))
            raise PriceError("This is not understood.", self.shift + position) from None
        except (ValueError, RecursionError, MemoryError):
            raise PriceError("This is not understood.", self.shift + 1) from None
        return self._term(tree.body, 1)

    def _term(self, node: ast.expr, depth: int) -> Term:
        if depth > MAX_DEPTH:
            self._refuse(node, f"Terms lie in each other {MAX_DEPTH} deep at most.")
        match node:
            case ast.Constant():
                return constant(self._number(node))
            case ast.Name():
                self._use(node.id, "number", node)
                return Setting(node.id)
            case ast.UnaryOp(op=ast.USub()):
                return Arithmetic("-", constant(0), self._term(node.operand, depth + 1))
            case ast.BinOp():
                return self._arithmetic(node, depth)
            case ast.IfExp():
                return self._condition(node, depth)
            case ast.Call():
                return self._call(node, depth)
            case _:
                raise self._error(node, "This is no part of a price.")

    def _arithmetic(self, node: ast.BinOp, depth: int) -> Term:
        operator = _OPERATORS.get(type(node.op))
        if operator is None:
            self._refuse(node, "Terms are joined by +, -, * and /.")
        left, right = self._term(node.left, depth + 1), self._term(node.right, depth + 1)
        if operator == "/" and isinstance(right, Constant) and right.value.low == 0:
            self._refuse(node.right, "Nothing can be divided by zero.")
        return Arithmetic(operator, left, right)

    def _condition(self, node: ast.IfExp, depth: int) -> Term:
        test = node.test
        if not isinstance(test, ast.Compare) or len(test.ops) != 1:
            self._refuse(test, "After if comes one comparison of two numbers.")
        relation = _RELATIONS.get(type(test.ops[0]))
        if relation is None:
            self._refuse(test, "Numbers are compared by <, <=, >, >=, == and !=.")
        parts = (test.left, test.comparators[0], node.body, node.orelse)
        left, right, then, otherwise = (self._term(part, depth + 1) for part in parts)
        return Condition(relation, left, right, then, otherwise)

    def _call(self, node: ast.Call, depth: int) -> Term:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        read = self._functions.get(name)
        if read is None:
            self._refuse(node, f"There is no function {name}." if name else "This is no function.")
        if node.keywords or any(isinstance(part, ast.Starred) for part in node.args):
            self._refuse(node, f"{name} takes plain terms.")
        return read(self, node, node.args, depth + 1)

    # --- the functions

    def _extreme(self, node: ast.Call, parts: Parts, depth: int) -> Term:
        self._expect(node, len(parts) >= 2, "two terms or more")
        terms = tuple(self._term(part, depth) for part in parts)
        return Extreme(_name_of(node) == "min", terms)

    def _rounded(self, node: ast.Call, parts: Parts, depth: int) -> Term:
        self._expect(node, len(parts) == 1, "one term")
        return Rounded(_name_of(node) == "ceil", self._term(parts[0], depth))

    def _megapixels(self, node: ast.Call, parts: Parts, depth: int) -> Term:
        if len(parts) == 1:
            return self._measure(node, parts, depth)
        self._expect(node, len(parts) == 2, "a picture, or a width and a height")
        width, height = (self._term(part, depth) for part in parts)
        return Arithmetic("/", Arithmetic("*", width, height), constant(MEGA))

    def _measure(self, node: ast.Call, parts: Parts, _: int) -> Term:
        unit = _UNITS[_name_of(node)]
        self._expect(node, len(parts) == 1, "the name of one parameter or input")
        name = self._named(parts[0], unit)
        if _name_of(node) == "tokens":
            return Arithmetic("/", Measure(unit, name), constant(CHARACTERS_OF_TOKEN))
        return Measure(unit, name)

    def _by(self, node: ast.Call, parts: Parts, depth: int) -> Term:
        self._expect(node, len(parts) in (2, 3), "a name, its choices, and a term for all others")
        choices = parts[1]
        if not isinstance(choices, ast.Dict) or not 0 < len(choices.keys) <= MAX_OPTIONS:
            self._refuse(
                choices, f"Here are 1 to {MAX_OPTIONS} choices: {{'small': 1, 'large': 2}}."
            )
        keys = [self._option(key or choices) for key in choices.keys]
        if len(set(keys)) < len(keys):
            self._refuse(choices, "A choice is there twice.")
        name = self._named(parts[0], "option", options=tuple(keys), is_caught=len(parts) == 3)
        terms = [self._term(part, depth) for part in (*choices.values, *parts[2:])]
        otherwise = terms.pop() if len(parts) == 3 else None
        return Choice(name, dict(zip(keys, terms, strict=True)), otherwise)

    def _default(self, node: ast.Call, parts: Parts, depth: int) -> Term:
        self._expect(node, len(parts) == 2, "a name, and a term for where it is null")
        name = self._named(parts[0], "number", is_caught=True)
        return Setting(name, self._term(parts[1], depth))

    def _gpu_seconds(self, node: ast.Call, parts: Parts, _: int) -> Term:
        self._expect(node, not parts, "nothing")
        self._use(GPU_SECONDS, "gpu", node)
        return Setting(GPU_SECONDS)

    def _used(self, node: ast.Call, parts: Parts, depth: int) -> Term:
        self._expect(node, len(parts) == 2, "a word for what is counted, and the most of it")
        word = parts[0]
        if not isinstance(word, ast.Name):
            self._refuse(word, "Here is a word for what is counted, such as output_tokens.")
        self.usage.add(word.id)
        return Used(word.id, self._term(parts[1], depth))

    # --- what they are made of

    def _number(self, node: ast.Constant) -> Fraction:
        written = ast.get_source_segment(self.text, node) or ""
        digits = written.replace("_", "").replace(".", "", 1)
        if isinstance(node.value, bool) or not digits.isascii() or not digits.isdigit():
            self._refuse(node, "Here is a number, such as 4 or 0.25.")
        if len(digits) > MAX_DIGITS:
            self._refuse(node, f"A number has at most {MAX_DIGITS} digits.")
        return Fraction(written.replace("_", ""))

    def _option(self, node: ast.expr) -> Option:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str | int):
            self._refuse(node, "A choice is a text, a whole number, True or False.")
        return node.value

    def _named(
        self,
        node: ast.expr,
        how: str,
        *,
        options: tuple[Option, ...] = (),
        is_caught: bool = False,
    ) -> str:
        if not isinstance(node, ast.Name):
            self._refuse(node, "Here is the name of a parameter or input.")
        self._use(node.id, how, node, options, is_caught)
        return node.id

    def _use(
        self,
        name: str,
        how: str,
        node: ast.expr,
        options: tuple[Option, ...] = (),
        is_caught: bool = False,
    ) -> None:
        self.uses.append(Use(name, how, self._position(node), options, is_caught))

    def _expect(self, node: ast.Call, holds: bool, what: str) -> None:
        if not holds:
            self._refuse(node, f"{_name_of(node)} takes {what}.")

    def _refuse(self, node: ast.expr, message: str) -> NoReturn:
        raise self._error(node, message)

    def _error(self, node: ast.expr, message: str) -> PriceError:
        return PriceError(message, self._position(node))

    def _position(self, node: ast.expr) -> int:
        before = self.text.encode()[: node.col_offset].decode()  # the parser counts bytes
        return self.shift + len(before) + 1

    _functions: ClassVar[Mapping[str, Callable[["_Reader", ast.Call, Parts, int], Term]]] = {
        "min": _extreme,
        "max": _extreme,
        "ceil": _rounded,
        "floor": _rounded,
        "megapixels": _megapixels,
        "seconds": _measure,
        "characters": _measure,
        "tokens": _measure,
        "count": _measure,
        "by": _by,
        "default": _default,
        "gpu_seconds": _gpu_seconds,
        "used": _used,
    }


def _name_of(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""
