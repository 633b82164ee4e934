"""Text nodes give exactly these texts."""

import pytest

from tests.workflows.node_context import given, run_node
from workflows.catalogue.errors import NodeFailed


@pytest.mark.parametrize(
    ("type_", "inputs", "expected"),
    [
        ("text.case", {"text": "one TWO", "case": "upper"}, "ONE TWO"),
        ("text.case", {"text": "one TWO", "case": "lower"}, "one two"),
        ("text.case", {"text": "one TWO", "case": "title"}, "One Two"),
        ("text.case", {"text": "one TWO", "case": "sentence"}, "One two"),
        ("text.join", {"texts": ["a", "b", "c"], "separator": ", "}, "a, b, c"),
        ("text.join", {"texts": ["a", "", "c"], "separator": "-"}, "a--c"),
        ("text.join", {"texts": ["a", "", "c"], "separator": "-", "skipEmpty": True}, "a-c"),
        ("text.join", {"texts": []}, ""),
        ("text.replace", {"text": "a.b.c", "find": ".", "replace": "+"}, "a+b+c"),
        ("text.replace", {"text": "abc", "find": "", "replace": "+"}, "abc"),
        ("text.replace", {"text": "Cat cat", "find": "CAT", "replace": "dog"}, "Cat cat"),
        (
            "text.replace",
            {"text": "Cat cat.", "find": "CAT", "replace": r"\1", "matchCase": False},
            r"\1 \1.",
        ),
        (
            "text.replace",
            {"text": "a1b22ü3", "find": r"(\d+)", "replace": r"<\1>", "regex": True},
            "a<1>b<22>ü<3>",
        ),
        (
            "text.replace",
            {
                "text": "x",
                "find": "(?P<l>X)",
                "replace": r"\g<l>y",
                "regex": True,
                "matchCase": False,
            },
            "xy",
        ),
        ("text.replace", {"text": "ab", "find": "x*", "replace": "-", "regex": True}, "-a-b-"),
        ("text.trim", {"text": "  a  b "}, "a  b"),
        ("text.trim", {"text": "  a  b ", "sides": "start"}, "a  b "),
        ("text.trim", {"text": "  a  b ", "sides": "end", "collapse": True}, " a b"),
        ("text.trim", {"text": "--a--", "characters": "-"}, "a"),
        ("text.truncate", {"text": "abcdef", "length": 6}, "abcdef"),
        ("text.truncate", {"text": "abcdef", "length": 4}, "abc…"),
        ("text.truncate", {"text": "abcdef", "length": 0}, ""),
        ("text.truncate", {"text": "ab cdef", "length": 4, "ellipsis": ""}, "ab c"),
        ("text.truncate", {"text": "a b c d", "length": 2, "unit": "words"}, "a b…"),
    ],
)
def test_a_text_node_gives_exactly_this_text(type_, inputs, expected):
    assert run_node(type_, **inputs).text == expected


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"text": "a\nb\r\n\n c "}, ["a", "b", "c"]),
        ({"text": "a\n\nb ", "skipEmpty": False, "trim": False}, ["a", "", "b "]),
        ({"text": "a, b,,c", "mode": "separator"}, ["a", "b", "c"]),
        ({"text": "a, b,,c", "mode": "separator", "limit": 2}, ["a", "b"]),
        ({"text": "one  two\tthree", "mode": "words"}, ["one", "two", "three"]),
        ({"text": ""}, []),
    ],
)
def test_splitting_gives_the_pieces_in_order(inputs, expected):
    assert run_node("text.split", **inputs).texts == expected


def test_splitting_into_more_than_a_thousand_is_refused_unless_limited():
    text = "a\n" * 1_001

    with pytest.raises(NodeFailed) as failed:
        run_node("text.split", text=text)

    assert failed.value.code == "resource_limit"
    assert len(run_node("text.split", text=text, limit=1_000).texts) == 1_000


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"pattern": r"\d+"}, {"text": "12", "texts": ["12", "345"], "found": True}),
        (
            {"pattern": r"(\w)(\d)", "group": "2"},
            {"text": "1", "texts": ["1", "3", "5"], "found": True},
        ),
        ({"pattern": "(?P<l>B)", "group": "l"}, {"text": "", "texts": [], "found": False}),
        ({"pattern": "B", "matchCase": False}, {"text": "b", "texts": ["b"], "found": True}),
        ({"pattern": "a(x)?", "group": "1"}, {"text": "", "texts": [""], "found": True}),
    ],
)
def test_extracting_gives_the_chosen_group_of_every_match(inputs, expected):
    assert given(run_node("text.extract", text="a12 b345", **inputs)) == expected


def test_counting_gives_characters_words_and_lines():
    assert given(run_node("text.length", text="äb c\nd")) == {
        "characters": 6,
        "words": 3,
        "lines": 2,
    }


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        ("text.extract", {"text": "a", "pattern": "("}),
        ("text.extract", {"text": "a", "pattern": "a", "group": "1"}),
        ("text.extract", {"text": "a", "pattern": r"(?=a)"}),
        ("text.replace", {"text": "a", "find": "a", "replace": r"\7", "regex": True}),
        ("text.split", {"text": "a", "mode": "separator", "separator": ""}),
    ],
)
def test_what_has_no_meaning_is_an_invalid_value(type_, inputs):
    with pytest.raises(NodeFailed) as failed:
        run_node(type_, **inputs)

    assert failed.value.code == "invalid_value"


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        ("text.replace", {"text": "a" * 100_000, "find": "a", "replace": "b" * 100_000}),
        ("text.replace", {"text": "a" * 9_000, "find": "a", "replace": "b" * 1_000, "regex": True}),
        ("text.replace", {"text": "a" * 20_000, "find": "a", "regex": True}),
        ("text.join", {"texts": ["a" * 600_000] * 2}),
        ("text.join", {"texts": [""] * 1_000, "separator": "a" * 2_000}),
        ("text.extract", {"text": "a" * 200_000, "pattern": "b"}),
        ("text.extract", {"text": "a", "pattern": "a" * 1_001}),
        ("text.extract", {"text": "a", "pattern": "((a{1000}){1000}){1000}"}),
        ("text.extract", {"text": "a" * 2_000, "pattern": "a"}),
        ("text.extract", {"text": "a" * 131_072, "pattern": r"(\w{1,1000})+x"}),
        ("text.replace", {"text": "a" * 131_072, "find": "a.*b|a", "regex": True}),
        ("logic.compare", {"a": "a" * 131_072, "operator": "matches", "b": r"(\w{1,1000})+x"}),
    ],
)
def test_what_would_grow_without_bound_is_refused(type_, inputs):
    with pytest.raises(NodeFailed) as failed:
        run_node(type_, **inputs)

    assert failed.value.code == "resource_limit"


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|aa)+$", r"(.*)*x", r"(?:a?){100}a{100}"])
def test_a_pattern_that_explodes_elsewhere_is_answered_at_once(pattern):
    text = "a" * 50_000 + "!"

    found = run_node("text.extract", text=text, pattern=pattern).found

    assert isinstance(found, bool)
