"""How long the lists are that nodes give is known before they run: exactly, or within bounds."""

from typing import Any

import pytest

from tests.workflows.node_context import CATALOGUE, run_node
from workflows.catalogue.nodes.limits import MAX_ELEMENTS
from workflows.catalogue.ports import is_list
from workflows.catalogue.quantities import (
    NOTHING,
    Either,
    Joined,
    Quantity,
    Range,
    Several,
    Within,
    exactly,
    quantity_of,
)

FOUR = ["a", "b", "b", "d"]
TEXT = "one, two,,three\nfour"


def some(low: int, high: int) -> Within:
    """A list of so many elements."""
    return Within("list[text]", levels=(Range(exactly(low).low, exactly(high).high),))


def whole(low: int, high: int) -> Within:
    """A whole number."""
    return Within("integer", minimum=low, maximum=high)


def lengths(type_: str, **known: Any) -> dict[str, tuple[tuple[int, int], ...]]:
    """What a node says of its lists; what is not given has its default."""
    spec = CATALOGUE.specs[type_]
    quantities: dict[str, Quantity] = {
        param.name: quantity_of(param.default) for param in spec.params
    }
    quantities |= {
        name: quantity_of(value) if isinstance(value, str | int | float | list) else value
        for name, value in known.items()
    }
    found = spec.node.lengths(quantities)
    return {
        port: tuple((int(level.low), int(level.high)) for level in levels)
        for port, levels in found.items()
    }


KNOWN: list[tuple[str, dict[str, Any]]] = [
    ("list.make", {"values": FOUR}),
    ("list.make", {"values": []}),
    ("list.join", {"lists": FOUR}),
    *(
        ("list.slice", {"list": FOUR, "start": start, "count": count})
        for start in (0, 1, 4, 9, -1, -3, -9)
        for count in (None, 0, 2, 7)
    ),
    *(
        ("list.range", {"start": start, "stop": stop, "step": step, "inclusive": inclusive})
        for start in (0, 3, -4)
        for stop in (0, 7, -5)
        for step in (1, 3, -1, -2)
        for inclusive in (False, True)
    ),
    ("list.steps", {"count": 1}),
    ("list.steps", {"start": 1.0, "stop": 9.0, "count": 7}),
    ("list.cross", {"a": FOUR, "b": ["x", "y"]}),
    ("list.cross", {"a": FOUR, "b": []}),
    ("list.zip", {"a": FOUR, "b": FOUR, "mode": "strict"}),
    ("list.zip", {"a": FOUR, "b": ["x"], "mode": "shortest"}),
    ("list.zip", {"a": FOUR, "b": ["x", "y"], "mode": "cycle"}),
    ("list.zip", {"a": FOUR, "b": [], "mode": "cycle"}),
    ("list.chunk", {"list": FOUR, "size": 1}),
    ("list.chunk", {"list": FOUR, "size": 3}),
    ("list.chunk", {"list": [], "size": 3}),
    ("list.reverse", {"list": FOUR}),
    ("list.sort", {"list": FOUR}),
    *(
        (
            "text.split",
            {"text": text, "mode": mode, "trim": trim, "skipEmpty": skip, "limit": limit},
        )
        for text in (TEXT, "", " \n ", ",")
        for mode in ("lines", "words", "separator")
        for trim in (False, True)
        for skip in (False, True)
        for limit in (None, 1, 3)
    ),
    ("logic.if", {"value": FOUR, "condition": True}),
    ("logic.switch", {"value": FOUR}),
]


@pytest.mark.parametrize(("type_", "inputs"), KNOWN)
def test_of_known_inputs_the_length_is_exactly_that_of_the_list_that_comes(type_, inputs):
    told = lengths(type_, **inputs)

    given = run_node(type_, **inputs)

    lists = {port: getattr(given, port) for port in given.model_fields_set}
    assert lists
    for port, value in lists.items():
        assert told[port][0] == (len(value), len(value))


@pytest.mark.parametrize(
    ("type_", "known", "expected"),
    [
        ("list.make", {"values": Joined((some(1, 3), Several((NOTHING,))))}, {"list": ((2, 4),)}),
        ("list.join", {"lists": Joined((some(1, 3), some(2, 2)))}, {"list": ((3, 5),)}),
        ("list.slice", {"list": some(2, 9), "count": 3}, {"list": ((2, 3),)}),
        ("list.slice", {"list": some(2, 9), "start": 1}, {"list": ((1, 8),)}),
        ("list.slice", {"list": some(2, 9), "start": -4}, {"list": ((2, 4),)}),
        ("list.slice", {"list": some(2, 9), "start": whole(0, 5)}, {"list": ((0, 9),)}),
        ("list.slice", {"list": some(5, 9), "count": whole(1, 3)}, {"list": ((1, 3),)}),
        (
            "list.slice",
            {"list": some(5, 9), "count": Either(whole(1, 3), NOTHING)},
            {"list": ((1, 9),)},
        ),
        ("list.range", {"stop": whole(2, 12)}, {"list": ((2, 12),)}),
        ("list.range", {"start": whole(0, 4), "stop": whole(2, 12)}, {"list": ((0, 12),)}),
        ("list.range", {"step": whole(1, 3)}, {"list": ((0, MAX_ELEMENTS),)}),
        ("list.range", {"inclusive": Within("boolean")}, {"list": ((0, MAX_ELEMENTS),)}),
        ("list.steps", {"count": whole(2, 6)}, {"list": ((2, 6),)}),
        ("list.cross", {"a": some(2, 3), "b": some(0, 5)}, {"a": ((0, 15),), "b": ((0, 15),)}),
        ("list.zip", {"a": some(2, 9), "b": some(3, 5)}, {"a": ((3, 5),), "b": ((3, 5),)}),
        ("list.zip", {"a": some(2, 3), "b": some(4, 5)}, {"a": ((0, 0),), "b": ((0, 0),)}),
        (
            "list.zip",
            {"a": some(2, 9), "b": some(3, 5), "mode": "shortest"},
            {"a": ((2, 5),), "b": ((2, 5),)},
        ),
        (
            "list.zip",
            {"a": some(2, 9), "b": some(3, 5), "mode": "cycle"},
            {"a": ((3, 9),), "b": ((3, 9),)},
        ),
        (
            "list.zip",
            {"a": some(2, 9), "b": some(0, 5), "mode": "cycle"},
            {"a": ((0, 9),), "b": ((0, 9),)},
        ),
        ("list.chunk", {"list": some(4, 9), "size": 2}, {"lists": ((2, 5), (4, 9))}),
        ("list.chunk", {"list": some(4, 9), "size": whole(2, 4)}, {"lists": ((1, 5), (4, 9))}),
        ("list.unique", {"list": some(3, 9)}, {"list": ((1, 9),)}),
        ("list.unique", {"list": []}, {"list": ((0, 0),)}),
        ("list.reverse", {"list": some(3, 9)}, {"list": ((3, 9),)}),
        ("list.sort", {"list": some(3, 9)}, {"list": ((3, 9),)}),
        ("text.split", {"text": Within("text")}, {"texts": ((0, MAX_ELEMENTS),)}),
        ("text.split", {"text": Within("text"), "limit": 12}, {"texts": ((0, 12),)}),
        ("text.split", {"text": Within("text", max_length=20)}, {"texts": ((0, 21),)}),
        (
            "text.split",
            {"text": TEXT, "mode": "words", "limit": whole(1, 3)},
            {"texts": ((1, 3),)},
        ),
        ("text.split", {"text": "a,b", "mode": "separator", "separator": ""}, {"texts": ((0, 0),)}),
        ("text.split", {"text": "a " * 70_000, "mode": "words"}, {"texts": ((0, MAX_ELEMENTS),)}),
        ("text.plan", {"count": 7}, {"texts": ((1, 7),)}),
        ("logic.if", {"value": some(2, 3)}, {"true": ((2, 3),), "false": ((2, 3),)}),
        ("logic.fallback", {"value": some(2, 3), "fallback": FOUR}, {"value": ((2, 4),)}),
        ("review.approve", {"value": some(2, 3)}, {"value": ((2, 3),), "rejected": ((2, 3),)}),
        ("review.pick", {"options": some(2, 9), "atMost": 4}, {"values": ((0, 4),)}),
        ("text.extract", {"text": TEXT}, {}),
        ("list.flatten", {"lists": some(2, 3)}, {}),
    ],
)
def test_of_inputs_that_are_not_known_the_length_has_bounds(type_, known, expected):
    assert lengths(type_, **known) == expected


SPLITS = [inputs for type_, inputs in KNOWN if type_ == "text.split"]


@pytest.mark.parametrize("inputs", SPLITS)
def test_pieces_of_a_known_text_are_foreseen_as_they_will_be(inputs):
    spec = CATALOGUE.specs["text.split"]
    known = {param.name: quantity_of(param.default) for param in spec.params}
    known |= {name: quantity_of(value) for name, value in inputs.items()}

    assert spec.node.foreseen(known) == {"texts": run_node("text.split", **inputs).texts}


@pytest.mark.parametrize(
    "changed", [{"text": Within("text")}, {"limit": Within("integer", 1, 3)}, {"text": NOTHING}]
)
def test_nothing_is_foreseen_of_what_is_not_known(changed):
    spec = CATALOGUE.specs["text.split"]
    known: dict[str, Quantity] = {param.name: quantity_of(param.default) for param in spec.params}

    assert spec.node.foreseen({**known, "text": quantity_of(TEXT), **changed}) == {}


def test_nodes_say_nothing_of_outputs_that_they_do_not_have():
    for type_ in ("list.make", "list.chunk", "list.cross", "text.split", "text.plan"):
        spec = CATALOGUE.specs[type_]
        known = {port.name: Within(port.kind) for port in spec.inputs}
        known |= {param.name: quantity_of(param.default) for param in spec.params}  # type: ignore[misc]
        ports = {port.name: port.kind for port in spec.outputs}

        for name, levels in spec.node.lengths(known).items():
            assert is_list(ports[name])
            assert len(levels) <= ports[name].count("list[")
