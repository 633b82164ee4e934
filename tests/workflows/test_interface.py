"""What a graph takes and gives: JSON Schema, and the check of a call's inputs."""

import pytest
from jsonschema import Draft202012Validator

from tests.workflows.test_resolve import graph_of, resolved
from workflows.graphs.interface import check_inputs, input_schema, interface_of, output_schema


def interface(nodes, edges=()):
    return interface_of(resolved(graph_of(nodes, edges)).graph)


def field(type_, **params):
    return interface({"in": (f"input.{type_}", {"name": "x", **params})})


def problems_with(type_, value, **params):
    _, issues = check_inputs(field(type_, **params), {"x": value})
    return [(issue.path, issue.code) for issue in issues]


def test_inputs_and_outputs_stand_in_node_order_with_their_words():
    found = interface(
        {
            "b": ("input.text", {"name": "second", "label": "Second", "help": "Say it."}),
            "a": ("input.text", {"name": "first"}),
            "out": ("output", {"name": "result"}),
        },
        ["a.value > out.value"],
    )

    assert [(item.name, item.title) for item in found.inputs] == [
        ("second", "Second"),
        ("first", "first"),
    ]
    assert [(item.name, item.kind) for item in found.outputs] == [("result", "text")]


def test_the_input_schema_is_json_schema_2020_12():
    schema = input_schema(
        interface(
            {
                "t": ("input.text", {"name": "t", "maxLength": 5, "help": "Short."}),
                "n": ("input.number", {"name": "n", "minimum": 0, "maximum": 1, "default": 0.5}),
                "c": ("input.choice", {"name": "c", "choices": ["a", "b"]}),
                "i": ("input.image", {"name": "i", "required": False}),
                "l": ("input.list", {"name": "l", "items": "integer"}),
            }
        )
    )
    validator = Draft202012Validator(schema)

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["t", "c", "l"]
    assert schema["properties"]["t"]["description"] == "Short."
    assert validator.is_valid({"t": "abc", "c": "a", "l": [1]})
    assert validator.is_valid({"t": "", "c": "b", "l": [], "i": {"url": "https://example.com/a"}})
    assert not validator.is_valid({"t": "abcdef", "c": "a", "l": []})
    assert not validator.is_valid({"t": "a", "c": "z", "l": []})
    assert not validator.is_valid({"t": "a", "c": "a", "l": ["1"]})
    assert not validator.is_valid({"t": "a", "c": "a", "l": [], "more": 1})


def test_the_output_schema_describes_media_and_lists():
    schema = output_schema(
        interface(
            {
                "i": ("input.image", {"name": "i"}),
                "l": ("input.list", {"name": "l", "items": "text"}),
                "a": ("output", {"name": "a"}),
                "b": ("output", {"name": "b"}),
            },
            ["i.value > a.value", "l.value > b.value"],
        )
    )

    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["a"]["required"] == [
        "kind",
        "fileId",
        "url",
        "contentType",
        "bytes",
    ]
    assert schema["properties"]["b"]["type"] == "array"
    assert schema["properties"]["b"]["items"] == {"type": "string"}


def test_values_are_given_back_with_defaults_and_null_for_what_is_left_out():
    found = interface(
        {
            "a": ("input.text", {"name": "a"}),
            "b": ("input.text", {"name": "b", "default": "x"}),
            "c": ("input.text", {"name": "c", "required": False}),
        }
    )

    assert check_inputs(found, {"a": "1"}) == ({"a": "1", "b": "x", "c": None}, [])
    assert check_inputs(found, {"a": "1", "b": None})[0]["b"] == "x"


def test_an_unknown_input_is_named_by_a_pointer():
    _, issues = check_inputs(field("text"), {"x": "", "a/b~": 1})

    assert [(issue.path, issue.code) for issue in issues] == [("/inputs/a~1b~0", "unknown_input")]


@pytest.mark.parametrize("given", [{}, {"x": None}])
def test_a_required_input_is_missing_when_left_out_or_null(given):
    _, issues = check_inputs(field("text"), given)

    assert [(issue.path, issue.code) for issue in issues] == [("/inputs/x", "missing")]


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("text", "a", 1),
        ("number", 1.5, "1.5"),
        ("number", 1, True),
        ("integer", 1, 1.5),
        ("integer", 1, True),
        ("boolean", True, 1),
        ("json", {"a": []}, None),
        ("image", {"fileId": "file_1"}, "https://example.com/a.png"),
        ("image", {"url": "https://example.com/a.png"}, {"url": 1}),
        ("image", "data:image/png;base64,", {"fileId": "a", "url": "b"}),
        ("mask", {"fileId": "file_1"}, {}),
        ("video", {"fileId": "file_1"}, []),
        ("audio", {"fileId": "file_1"}, 1),
    ],
)
def test_a_value_of_another_kind_is_refused(type_, good, bad):
    code = "missing" if bad is None else "wrong_kind"

    assert problems_with(type_, good) == []
    assert problems_with(type_, bad) == [("/inputs/x", code)]


@pytest.mark.parametrize(
    ("type_", "params", "value", "code"),
    [
        ("text", {"maxLength": 3}, "abcd", "out_of_range"),
        ("text", {}, "x" * (128 * 1024 + 1), "out_of_range"),
        ("number", {"minimum": 1}, 0.9, "out_of_range"),
        ("integer", {"maximum": 1}, 2, "out_of_range"),
        ("choice", {"choices": ["a"]}, "b", "not_allowed"),
        ("list", {}, "a", "wrong_kind"),
        ("list", {}, ["a"] * 1_001, "out_of_range"),
    ],
)
def test_bounds_are_checked(type_, params, value, code):
    assert problems_with(type_, value, **params) == [("/inputs/x", code)]


def test_an_element_of_a_list_is_named_by_its_index():
    found = field("list", items="integer")

    _, issues = check_inputs(found, {"x": [1, "2", 3.5]})

    assert [issue.path for issue in issues] == ["/inputs/x/1", "/inputs/x/2"]


@pytest.mark.parametrize(
    ("type_", "params"),
    [
        ("choice", {"choices": 5}),
        ("choice", {"choices": "abc"}),
        ("choice", {"choices": [{"a": 1}, None]}),
        ("number", {"minimum": "low", "maximum": [1]}),
        ("text", {"maxLength": "long"}),
        ("text", {"name": 7, "label": {}, "help": None}),
        ("list", {"items": 3}),
    ],
)
def test_a_draft_with_rubbish_in_it_still_has_a_schema(type_, params):
    schema = input_schema(field(type_, **params))

    Draft202012Validator.check_schema(schema)
