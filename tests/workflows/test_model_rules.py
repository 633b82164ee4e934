"""Rules over several parameters: what they refuse, and that they hold their tongue about nulls."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from workflows.catalogue.model_rules import Rule

RULES: TypeAdapter[Rule] = TypeAdapter(Rule)

SIZE = ["width", "height"]
REQUIRES = {"kind": "requires", "param": "end", "needs": ["start"]}
REQUIRES_VALUE = {"kind": "requires", "param": "mode", "needs": ["start"], "values": ["pro"]}
EXCLUDES = {"kind": "excludes", "param": "fast", "others": ["steps"]}
PRODUCT = {"kind": "max_product", "params": SIZE, "minimum": 100, "maximum": 10_000}
RATIO = {"kind": "max_ratio", "params": SIZE, "maximum": 3}
MULTIPLE = {"kind": "multiple_of", "params": SIZE, "of": 16}
SIZES = {"kind": "one_of_sizes", "params": SIZE, "sizes": [[64, 64], [64, 96]]}


@pytest.mark.parametrize(
    ("rule", "given", "blamed"),
    [
        (REQUIRES, {"end": "x"}, "start"),
        (REQUIRES, {"end": "x", "start": "y"}, None),
        (REQUIRES, {"end": None}, None),
        (REQUIRES_VALUE, {"mode": "pro"}, "start"),
        (REQUIRES_VALUE, {"mode": "basic"}, None),
        (EXCLUDES, {"fast": True, "steps": 4}, "steps"),
        (EXCLUDES, {"fast": False, "steps": 4}, None),
        (EXCLUDES, {"fast": True, "steps": None}, None),
        (PRODUCT, {"width": 101, "height": 100}, "width"),
        (PRODUCT, {"width": 9, "height": 11}, "width"),
        (PRODUCT, {"width": 100, "height": 100}, None),
        (PRODUCT, {"width": 100_000, "height": None}, None),
        (RATIO, {"width": 301, "height": 100}, "width"),
        (RATIO, {"width": 100, "height": 301}, "width"),
        (RATIO, {"width": 300, "height": 100}, None),
        (RATIO, {"width": None, "height": 100}, None),
        (MULTIPLE, {"width": 64, "height": 65}, "height"),
        (MULTIPLE, {"width": 64, "height": None}, None),
        (SIZES, {"width": 96, "height": 64}, "width"),
        (SIZES, {"width": 64, "height": 96}, None),
        (SIZES, {"width": 96, "height": None}, None),
    ],
)
def test_a_rule_blames_the_parameter_that_has_to_change(
    rule: Any, given: dict[str, Any], blamed: str | None
) -> None:
    problem = RULES.validate_python(rule).problem(given)

    assert (problem and problem[0]) == blamed
    assert problem is None or problem[1].endswith(".")
