"""What a run that a node started was given, and what comes of what it gave. Pure."""

from collections.abc import Mapping
from typing import Any

from executor.engine.codec import ABSENT, decode, encode, without_holes
from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.values import Image, Mask
from workflows.graphs.bind import levels_of
from workflows.graphs.calls import AGAIN, LOOP, ROUNDS
from workflows.graphs.fields import InputField, Interface
from workflows.graphs.interface import check_value
from workflows.graphs.resolved import ResolvedNode

Forms = Mapping[str, Mapping[str, Any]]


def take_inputs(interface: Interface, arrived: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what arrived at a call's ports as inputs of its run, in stored form.

    Inputs at which nothing or null arrived are left out: they have a default, or may be null.

    Raises:
        NodeFailed: a value that the workflow does not take.
    """
    return {
        field.name: encode(_taken(field, arrived[field.name]))
        for field in interface.inputs
        if arrived.get(field.name) is not None
    }


def given_outputs(node: ResolvedNode, forms: Forms, rounds: int) -> dict[str, Any]:
    """Return a call's outputs by port: what its last run gave, and of a loop how many there were."""
    outputs: dict[str, Any] = {}
    for name, form in forms.items():
        value = without_holes(decode(form), levels_of(node.out_kinds.get(name, "")))
        if name in node.out_kinds and value is not ABSENT:
            outputs[name] = value
    return {**outputs, ROUNDS: rounds} if node.spec.type == LOOP else outputs


def goes_on(node: ResolvedNode, forms: Forms, rounds: int) -> bool:
    """Say whether a loop has another round after `rounds`; what is no loop has one alone.

    Raises:
        NodeFailed: `again` is neither true nor false nor nothing.
    """
    if node.spec.type != LOOP:
        return False
    again = decode(forms[AGAIN]) if AGAIN in forms else None
    if not isinstance(again, bool | None):
        raise NodeFailed("invalid_value", f"The workflow's output {AGAIN} must be true or false.")
    return bool(again) and rounds < int(node.params["maximum"])


def feed_back(interface: Interface, inputs: Forms, outputs: Forms) -> dict[str, Any]:
    """Return the inputs of a loop's next round: those of this one, and outputs in their places.

    An output takes the place of the input that has its name and kind; one that gave nothing
    leaves it as it was.
    """
    kinds = {field.name: field.kind for field in interface.inputs}
    fed = {
        field.name: outputs[field.name]
        for field in interface.outputs
        if field.name in outputs and kinds.get(field.name) == field.kind
    }
    return {**inputs, **fed}


def _taken(field: InputField, value: Any) -> Any:
    """Return a value as an input takes it: a mask is a picture where one is asked for."""
    problem = check_value(field, value)
    if problem is not None:
        raise NodeFailed("invalid_value", f"{problem.path}: {problem.message}")
    if isinstance(value, Mask) and field.kind == "image":
        fields = {name: getattr(value, name) for name in value.__dataclass_fields__}
        return Image(**{**fields, "kind": "image"})
    return value
