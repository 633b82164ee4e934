"""Model documents: what is no model is refused, with the line of each mistake."""

import tomllib

import pytest

from tests.workflows.model_documents import DOCUMENT, document, line_of
from workflows.catalogue.model_files import (
    MAX_DOCUMENT,
    ModelFileError,
    model_paths,
    read_model,
    read_model_file,
)
from workflows.catalogue.toml_lines import line_of as line_at
from workflows.catalogue.toml_lines import lines_of

ABOVE = "above "  # of a table all of which is wrong

MISTAKES = {
    "no TOML": ('name = "House Painter"', 'name = "House Painter', 'name = "House', "Illegal"),
    "a key twice": ('vendor = "The House"', 'name = "x"', 'name = "x"', "Cannot overwrite"),
    "an unknown key": ('vendor = "The', 'colour = 3\nvendor = "The', "colour", "no key colour"),
    "a key in the wrong table": ("usd =", "euros = 1\nusd =", "euros", "no key euros"),
    "something missing": ('license = "proprietary"\n', "", "key =", "license is missing"),
    "a route without its id": ('model = "house/painter"\n', "", 'above provider = "replicate"', "model is missing"),
    "a wrong type": ("expected_s = 10", 'expected_s = "soon"', "expected_s", "valid number"),
    "a key that is none": ('"house-painter"', '"House Painter!"', "key =", "match pattern"),
    "an unknown task": ("text-to-image", "text-to-smell", "task", "no task text-to-smell"),
    "an unknown template": ('use = "seed"', 'use = "sead"', 'above use = "sead"', "no parameter template"),
    "a parameter that lacks its kind": (
        'use = "seed"', 'name = "x"', 'above name = "x"', "a parameter lacks kind, title",
    ),
    "a default out of its bounds": (
        "maximum = 8", "maximum = 8\ndefault = 9", 'above use = "count"', "count: its default is wrong",
    ),
    "a parameter twice": (
        "maximum = 8", '[[params]]\nuse = "count" # 2', 'above use = "count" # 2', "parameters count",
    ),
    "a missing parameter of the task": ('use = "prompt"', 'use = "text"', "[[params]]", "a parameter prompt"),
    "a name that records have": (
        'use = "seed"', 'use = "seed"\nname = "model_dump"', 'above use = "seed"', "is taken",
    ),
    "a rule of another kind": ('kind = "requires"', 'kind = "forbids"', "[[rules]]", "'forbids'"),
    "a rule over nothing": ('param = "seed"', 'param = "sead"', "[[rules]]", "input sead"),
    "an unknown provider": ('"replicate"', '"replicat"', "replicat", "no provider replicat"),
    "a wire of nothing": ("count = \"num", "coumt = \"num", "coumt", "input coumt"),
    "a wire of no form": ('"num_images"', "3", "count = 3", "valid string"),
    "a wire without a path": ('"num_images"', '{ as = "text" }', "count = {", "path is missing"),
    "two wires to one path": ('"num_images"', '"prompt"', 'count = "prompt"', "go to prompt"),
    "a price that is none": ('"40 * count"', '"40 *"', "40 *", "not understood"),
    "a price over nothing": ('"40 * count"', '"4 * steps"', "4 * steps", "input steps"),
    "a date elsewhere": ('quality = "best"', "quality = 2026-01-01", "2026-01-01", "date or time"),
    "a number that is none": ('quality = "best"', "quality = nan", "nan", "finite"),
    "a number too large": ('quality = "best"', f"quality = {2**60}", "quality", "at most"),
    "NUL": ('quality = "best"', 'quality = "\\u0000"', "quality", "NUL"),
    "its own successor": (
        "expected_s = 10", 'expected_s = 10\nreplaced_by = "house-painter"', "replaced_by", "itself",
    ),
}  # fmt: skip


def problems_of(text: str) -> list[tuple[int, str]]:
    with pytest.raises(ModelFileError) as caught:
        read_model(text)
    assert caught.value.line == caught.value.problems[0].line
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_good_document_is_a_model() -> None:
    model = read_model(DOCUMENT)

    assert (model.key, model.type) == ("house-painter", "model.house-painter")
    assert [route.provider for route in model.routes] == ["fal", "replicate"]


@pytest.mark.parametrize("name", MISTAKES)
def test_each_class_of_mistake_is_told_with_its_line(name) -> None:
    old, new, where, message = MISTAKES[name]
    text = document((old, new))
    line = line_of(text, where.removeprefix(ABOVE)) - where.startswith(ABOVE)

    found = problems_of(text)

    assert [each for each in found if each[0] == line and message in each[1]], (line, found)


def test_several_mistakes_are_told_at_once_in_their_order() -> None:
    text = document(('"replicate"', '"replicat"'), ('"40 * count"', '"40 * coumt"'))

    lines = [line for line, _ in problems_of(text)]

    assert lines == [line_of(text, "coumt"), line_of(text, "replicat")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "key is missing"),
        ("x = " + "[" * 5_000, "too deep"),
        ("x = 1" + "1" * 5_000, "digits"),
        ("#" * (MAX_DOCUMENT + 1), f"at most {MAX_DOCUMENT}"),
    ],
)
def test_what_is_no_document_at_all_is_told_at_the_first_line(text, message) -> None:
    found = problems_of(text)

    assert {line for line, _ in found} == {1}
    assert any(message in said for _, said in found)


def test_a_document_that_breaks_off_is_told_at_its_last_line() -> None:
    text = DOCUMENT + "\nconstants = {\n"

    assert problems_of(text)[0][0] == len(text.splitlines())


# --- where things stand

PLACES = '''\
# key = "no"
"key" = """
key = [ "no" ]
"""  # = 3
a.b = { c = 1, "d e" = [ {x = 1},
  { x = 2 } ] }
list = [ "[", # ]
  2026-01-01 10:00:00,
  -1.5,
]
[t.u]
v = 'w'
[[t.rows]]
n = 1
[[t.rows]]
[t.rows.sub]
m = "\\"# ["
'''


def places_in(value, place=()):
    yield place
    parts = value.items() if isinstance(value, dict) else ()
    for key, part in enumerate(value) if isinstance(value, list) else parts:
        yield from places_in(part, (*place, key))


def test_every_place_of_a_document_has_its_line() -> None:
    found = lines_of(PLACES)

    assert set(places_in(tomllib.loads(PLACES))) == {(), *found}
    assert found["key",] == 2
    assert found["a", "b", "d e", 1, "x"] == 6
    assert (found["list", 1], found["list", 2]) == (8, 9)
    assert (found["t", "u", "v"], found["t", "rows", 0, "n"]) == (12, 14)
    assert (found["t", "rows", 1], found["t", "rows", 1, "sub", "m"]) == (15, 17)


def test_a_place_that_is_not_there_is_at_the_nearest_thing_around_it() -> None:
    lines = lines_of(PLACES)

    assert line_at(lines, ("t", "rows", 1, "missing")) == 15
    assert line_at(lines, ("nothing", "at", "all")) == 1


@pytest.mark.parametrize("path", model_paths(), ids=lambda path: path.stem)
def test_every_shipped_file_is_a_model_of_its_name(path) -> None:
    assert read_model_file(path).key == path.stem
