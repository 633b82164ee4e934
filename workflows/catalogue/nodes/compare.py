"""Comparing JSON values by the rules that people expect of a form."""

from collections.abc import Callable, Mapping
from typing import Any

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.nodes.patterns import compile_pattern, is_found

Relation = Callable[[Any, Any, bool], bool]


def same(left: Any, right: Any, *, match_case: bool = True, as_text: bool = False) -> bool:
    """Say whether two JSON values are equal: 1 is 1.0, but true is not 1.

    With `as_text` a number or a truth equals the text that spells it.
    """
    if as_text and isinstance(right, str) and not isinstance(left, str):
        left = _spelled(left)
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, str) and isinstance(right, str):
        return _folded(left, match_case) == _folded(right, match_case)
    return bool(left == right)


def holds(relation: Relation, left: Any, right: Any, match_case: bool) -> bool:
    """Say whether a relation of `OPERATORS` holds between two values.

    Raises:
        NodeFailed: `invalid_value` where the two cannot stand in it (a text less than a number).
    """
    return relation(left, right, match_case)


def _spelled(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value)) if abs(value) < 1e15 else repr(value)
    return str(value) if isinstance(value, int | float) else value


def _folded(text: str, match_case: bool) -> str:
    return text if match_case else text.casefold()


def _order(left: Any, right: Any, match_case: bool) -> int:
    """Return -1, 0 or 1 as `left` comes before, with or after `right`."""
    if isinstance(left, str) and isinstance(right, str):
        left, right = _folded(left, match_case), _folded(right, match_case)
    elif not (_is_number(left) and _is_number(right)):
        raise NodeFailed("invalid_value", "Only two numbers or two texts have an order.")
    return int(left > right) - int(left < right)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _contains(left: Any, right: Any, match_case: bool) -> bool:
    if isinstance(left, list):
        return any(same(element, right, match_case=match_case) for element in left)
    if isinstance(left, dict):
        return right in left if isinstance(right, str) else False
    whole, part = _texts(left, right, match_case)
    return part in whole


def _texts(left: Any, right: Any, match_case: bool) -> tuple[str, str]:
    if not (isinstance(left, str) and isinstance(right, str)):
        raise NodeFailed("invalid_value", "This comparison is between texts.")
    return _folded(left, match_case), _folded(right, match_case)


def _starts(left: Any, right: Any, match_case: bool) -> bool:
    whole, part = _texts(left, right, match_case)
    return whole.startswith(part)


def _ends(left: Any, right: Any, match_case: bool) -> bool:
    whole, part = _texts(left, right, match_case)
    return whole.endswith(part)


def _matches(left: Any, right: Any, match_case: bool) -> bool:
    text, pattern = _texts(left, right, match_case=True)
    return is_found(compile_pattern(pattern, match_case=match_case), text)


def _empty(left: Any, right: Any, match_case: bool) -> bool:  # noqa: ARG001
    return left is None or left in ("", [], {})


OPERATORS: Mapping[str, Relation] = {
    "eq": lambda left, right, case: same(left, right, match_case=case),
    "ne": lambda left, right, case: not same(left, right, match_case=case),
    "lt": lambda left, right, case: _order(left, right, case) < 0,
    "le": lambda left, right, case: _order(left, right, case) <= 0,
    "gt": lambda left, right, case: _order(left, right, case) > 0,
    "ge": lambda left, right, case: _order(left, right, case) >= 0,
    "contains": _contains,
    "not-contains": lambda left, right, case: not _contains(left, right, case),
    "starts-with": _starts,
    "ends-with": _ends,
    "matches": _matches,
    "empty": _empty,
    "not-empty": lambda left, right, case: not _empty(left, right, case),
}
