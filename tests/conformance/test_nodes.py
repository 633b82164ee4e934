"""Every hand-written node type of the catalogue keeps the same promises."""

import re
from typing import Any

import pytest
from PIL import Image as PilImage

from tests.workflows.node_context import CATALOGUE, as_image, as_mask, given, run_node
from workflows.catalogue.load import build_catalogue
from workflows.catalogue.nodes import ALL_NODES, CHOOSERS
from workflows.catalogue.ports import element_of, is_kind, is_list
from workflows.catalogue.spec import NodeSpec
from workflows.catalogue.values import Media

SPECS = sorted(
    (spec for spec in CATALOGUE.specs.values() if spec.model is None), key=lambda spec: spec.type
)
RUNNING = [spec for spec in SPECS if spec.meta.role == "plain" and spec.cost != "remote"]
CAMEL_CASE = re.compile(r"[a-z][a-zA-Z0-9]*")

every_node = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
every_running_node = pytest.mark.parametrize("spec", RUNNING, ids=lambda spec: spec.type)

# Inputs where a tiny value of the port's kind would be refused.
EXAMPLES: dict[str, dict[str, Any]] = {
    "math.expression": {"extra": {"a": 1.0, "b": 2.0}},
    "math.parse": {"text": "7"},
}


def picture() -> PilImage.Image:
    return PilImage.new("RGBA", (6, 4), (200, 100, 50, 128))


def tiny(kind: str) -> Any:
    """Return a small value of a kind; of a variable, a text."""
    if is_list(kind):
        return [tiny(element_of(kind))] * 2
    values = {
        "text": "a b",
        "number": 1.5,
        "integer": 2,
        "boolean": True,
        "json": {"k": [1]},
        "image": as_image(picture()),
        "mask": as_mask(picture().convert("L")),
    }
    return values.get(kind, "any")


def example(spec: NodeSpec) -> dict[str, Any]:
    """Return inputs for the ports that are needed; every parameter keeps its default."""
    inputs = {
        port.name: [tiny(port.kind)] if port.many and not is_list(port.kind) else tiny(port.kind)
        for port in spec.inputs
        if port.required
    }
    return inputs | EXAMPLES.get(spec.type, {})


def matches(kind: str, value: Any) -> bool:
    """Say whether a value is of a declared kind; a variable takes anything."""
    if is_list(kind):
        return isinstance(value, list) and all(matches(element_of(kind), each) for each in value)
    if isinstance(value, Media):
        return value.kind == kind or kind[0] in "$@" or kind == "any"
    python: dict[str, type | tuple[type, ...]] = {
        "text": str,
        "number": (int, float),
        "integer": int,
        "boolean": bool,
    }
    if kind in ("image", "mask", "video", "audio", "model3d"):
        return False
    if isinstance(value, bool):
        return kind not in ("text", "number", "integer")
    return isinstance(value, python.get(kind, object))


def test_there_are_at_least_thirty_nodes_beside_inputs_and_outputs():
    assert len(RUNNING) >= 30


def test_every_class_has_a_type_of_its_own():
    names = [*(node.meta.type for node in ALL_NODES), *(node.meta.type for node in CHOOSERS)]

    assert len(set(names)) == len(names)
    assert {spec.type for spec in SPECS} == set(names)


def test_building_twice_gives_the_same_digest():
    assert build_catalogue().digest == CATALOGUE.digest


@every_node
def test_a_node_says_what_it_is(spec):
    assert re.fullmatch(r"output|[a-z][a-zA-Z0-9]*\.[a-z][a-zA-Z0-9]*", spec.type)
    assert spec.meta.title
    assert spec.meta.description.endswith(".")
    assert spec.meta.category
    assert spec.node.__doc__


@every_node
def test_a_nodes_names_are_camel_case_and_titled(spec):
    for each in (*spec.inputs, *spec.outputs, *spec.params):
        assert CAMEL_CASE.fullmatch(each.name), each.name
        assert each.title, each.name


@every_node
def test_a_nodes_defaults_are_within_bounds(spec):
    for param in spec.params:
        if not param.required:
            assert param.problem_with(param.default) is None, param.name
        assert not param.choices or param.kind == "choice", param.name
    defaults = {param.name: param.default for param in spec.params if not param.required}
    if spec.meta.role == "plain":
        assert spec.node.check(defaults) == []


@every_node
def test_a_nodes_kinds_are_known(spec):
    for port in (*spec.static_ports.values(), *spec.outputs):
        plain = re.sub(r"[$@][A-Za-z]+", "any", port.kind)
        assert is_kind(plain), port.name


@every_node
def test_a_nodes_output_variables_are_bound_by_an_input(spec):
    bound = {mark for port in spec.inputs for mark in re.findall(r"\$[A-Za-z]+", port.kind)}

    for port in spec.outputs:
        assert set(re.findall(r"\$[A-Za-z]+", port.kind)) <= bound, port.name


@every_node
def test_a_nodes_hooks_bear_any_parameters(spec):
    values: list[Any] = [None, 7, [], "("]
    for junk in ({}, *({param.name: value} for param in spec.params for value in values)):
        assert isinstance(spec.node.ports_for(junk), tuple)
        assert isinstance(spec.node.check(junk), list)


@every_running_node
def test_a_node_runs_on_tiny_inputs_and_gives_what_it_declares(spec):
    inputs = example(spec)
    before = picture().tobytes()

    outputs = given(run_node(spec.type, **inputs))

    kinds = {port.name: port.kind for port in spec.outputs}
    assert outputs
    assert {port.name for port in spec.outputs if port.required} <= set(outputs)
    for name, value in outputs.items():
        assert matches(kinds[name], value), name
    for value in inputs.values():
        if isinstance(value, Media) and value.kind == "image":
            assert value.decoded.tobytes() == before


@every_running_node
def test_a_node_runs_with_every_choice(spec):
    for param in spec.params:
        for choice in param.choices:
            inputs = example(spec) | {param.name: choice}
            if spec.type == "logic.compare":
                inputs |= {"a": "b", "b": "b"}

            assert given(run_node(spec.type, **inputs)), (param.name, choice)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize(
    "spec",
    [spec for spec in RUNNING if any(port.name == "image" for port in spec.inputs)],
    ids=lambda spec: spec.type,
)
def test_an_image_node_takes_pictures_of_every_mode_down_to_one_pixel(spec, mode):
    for size in ((1, 1), (5, 3)):
        image = as_image(PilImage.new(mode, size))

        assert given(run_node(spec.type, **(example(spec) | {"image": image})))
