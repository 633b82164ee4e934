"""Keys of results: what they depend on, and what they do not."""

from typing import Any

import pytest

from executor.engine.digests import content_digest
from executor.engine.keys import KeyMaker, elements_of
from executor.engine.measure import input_shapes
from executor.engine.state import RunState
from executor.engine.step import begin
from tests.executor.engine_nodes import make_plan
from tests.graphs import graph


def line(*, add: float = 1, name: str = "n", label: str = "") -> dict[str, Any]:
    """A number, twice added to."""
    return graph(
        {
            "i": ("input.number", {"name": name, "label": label}),
            "a": ("t.add", {"add": add}),
            "b": "t.add",
            "o": ("output", {"name": "out"}),
        },
        ["i.value -> a.number", "a.number -> b.number", "b.number -> o.value"],
    )


FAN = graph(
    {
        "i": ("input.list", {"name": "n", "items": "number"}),
        "a": "t.costly",
        "o": ("output", {"name": "out"}),
    },
    ["i.value -> a.number", "a.number -> o.value"],
)


def keys_of(document, form, *, scope="live"):
    """The keys of all first tasks, in their order."""
    plan, state = make_plan(document), RunState()
    (name,) = (str(node.params["name"]) for node in plan.inputs)
    step = begin(plan, state, input_shapes(plan, {name: form}))
    maker = KeyMaker(plan, {(plan.inputs[0].id, "value"): form}, scope=scope)
    elements = elements_of(plan, state, step.ready)
    return [maker.keys(spec, elements[spec]) for spec in step.ready]


def picture(**fields):
    """The stored form of a file."""
    content = {"kind": "image", "content_type": "image/png", "sha256": "a" * 64}
    return {"m": {**content, "file_id": "file_1", "bytes": 5, "width": 4, **fields}}


def test_equal_work_has_equal_keys_whatever_things_are_called() -> None:
    assert keys_of(line(), {"v": 1}) == keys_of(line(name="m", label="M"), {"v": 1})


def test_another_value_gives_other_keys_to_all_that_depend_on_it() -> None:
    (one,), (other,) = keys_of(line(), {"v": 1}), keys_of(line(), {"v": 2})

    assert set(one.values()).isdisjoint(other.values())


def test_another_parameter_gives_other_keys_from_there_on() -> None:
    (one,), (other,) = keys_of(line(), {"v": 1}), keys_of(line(add=2), {"v": 1})

    assert set(one.values()).isdisjoint(other.values())
    assert one["a"] != one["b"]


def test_another_scope_gives_other_keys() -> None:
    (one,), (other,) = keys_of(line(), {"v": 1}), keys_of(line(), {"v": 1}, scope="test")

    assert set(one.values()).isdisjoint(other.values())


def test_a_value_that_is_delivered_is_another_file_than_one_in_between() -> None:
    document = line()
    document["nodes"].append({"id": "p", "type": "output", "params": {"name": "early"}})
    document["edges"].append(
        {"id": "x", "source": "a", "sourceHandle": "number", "target": "p", "targetHandle": "value"}
    )

    (one,), (other,) = keys_of(line(), {"v": 1}), keys_of(document, {"v": 1})

    assert one["a"] != other["a"]


def test_an_element_that_changed_changes_no_other_elements_key() -> None:
    before, after = keys_of(FAN, {"v": [1, 2, 3]}), keys_of(FAN, {"v": [1, 5, 3, 2]})

    assert [before[0], before[2], before[1]] == [after[0], after[2], after[3]]
    assert after[1] not in before


@pytest.mark.parametrize("field", ["kind", "sha256", "content_type"])
def test_files_differ_by_content_and_kind(field) -> None:
    assert content_digest(picture()) != content_digest(picture(**{field: "other"}))


def test_files_are_equal_by_content_whatever_their_id() -> None:
    assert content_digest(picture()) == content_digest(picture(file_id="file_2"))


@pytest.mark.parametrize(
    "form",
    [{"x": True}, picture(sha256=None), {"l": [picture(sha256=None)]}, {"v": "\ud800"}],
)
def test_what_is_not_known_has_no_digest(form) -> None:
    assert content_digest(form) is None


def test_nothing_null_and_empty_are_three_things() -> None:
    forms: list[Any] = [None, {"v": None}, {"v": ""}, {"v": []}]

    assert len({content_digest(form) for form in forms}) == 4
