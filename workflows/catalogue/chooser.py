"""Node types on top of a language model that a person picks by the parameter `model`.

Such a type stands in the catalogue without a model. A node of it that names one gets a `NodeSpec` of
its own (`ChooserSpec.choose`), as a node that runs a workflow does: with the model, its price, its
parameters, and a class whose `model` it is. So whoever prices, routes, runs, caches or simulates
model nodes knows no special case.

What such a node asks for goes by the model's own parameters: `prompt` is the node's, `system` says
what to do with it (`LanguageNode.instructions`), the others keep the model's defaults. All but
`prompt` is known from the node's settings, so they may not be wired.
"""

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, ClassVar, Generic, cast

from pydantic import create_model

from workflows.catalogue.model import ModelSpec
from workflows.catalogue.node import In, Inputs, Out
from workflows.catalogue.params import Param
from workflows.catalogue.price import PriceError
from workflows.catalogue.price_check import declared_quantities
from workflows.catalogue.quantities import quantity_of
from workflows.catalogue.spec import NodeSpec, spec_of
from workflows.catalogue.tasks.base import ModelNode
from workflows.catalogue.tasks.text import Chat

MODEL = "model"  # the parameter that names the model
PROMPT = "prompt"
SYSTEM = "system"
TASK = Chat.task.name
USUAL = "gpt-6-luna"  # small and cheap; where it is not offered, the cheapest is the default
MAX_INSTRUCTIONS = 2_000  # characters
_SAMPLE = "x" * 400  # what models are compared by


class LanguageNode(ModelNode[Out], Generic[In, Out]):
    """Base of these node types: subclass as `LanguageNode[MyInputs, MyOutputs]`.

    The inputs have `prompt`, a `seed` that may be null, and `model` as a choice without choices.
    """

    task = Chat.task
    settings: ClassVar[Mapping[str, Any]] = {}  # the node's own; only the prompt may be wired

    @classmethod
    def check(cls, params: Mapping[str, Any]) -> list[tuple[str, str, str]]:  # noqa: ARG003
        """Find nothing: the rules of models are over parameters that people do not set here."""
        return []

    @classmethod
    def instructions(cls, params: Mapping[str, Any]) -> str:
        """Return what the model is told to do, from the node's settings."""
        raise NotImplementedError


@dataclass(frozen=True)
class ChooserSpec(NodeSpec):
    """A node type whose nodes choose a model; `choices` are the models' own node types by key."""

    choices: Mapping[str, NodeSpec] = field(default_factory=dict)

    def choose(self, params: Mapping[str, Any]) -> tuple[NodeSpec, dict[str, Any]]:
        """Return the node type of a node with these parameters, and all parameters of its run.

        A model that is not among the choices leaves everything as it is: the parameter's own check
        has told of it.
        """
        chosen = self.choices.get(str(params.get(MODEL)))
        if chosen is None or chosen.model is None:
            return self, dict(params)
        hidden = _hidden(self, chosen)
        spec = NodeSpec(
            replace(self.meta, price=chosen.meta.price),
            self.inputs,
            self.outputs,
            (*self.params, *hidden),
            _node(self.node, chosen.model, params),
            lambda: _record(self, chosen),
            chosen.model,
            chosen.is_off,
            chosen.position,
        )
        told = {param.name: param.default for param in hidden}
        node = cast("type[LanguageNode[Any, Any]]", self.node)
        return spec, {**told, SYSTEM: node.instructions(params), **params}

    def price_json(self) -> dict[str, Any] | None:
        """Return what a run costs, whichever model is chosen; None where no model has a price."""
        prices = [price for price in self._prices() if price is not None]
        if not prices:
            return None
        low = min(price["minCredits"] for price in prices)
        high = max(price["maxCredits"] for price in prices)
        return {
            "credits": low if low == high else None,
            "unit": "run",
            "expression": "",
            "minCredits": low,
            "maxCredits": high,
        }

    def _prices(self) -> Iterator[dict[str, Any] | None]:
        for key in self.choices:
            yield self.choose({MODEL: key})[0].price_json()


def with_choosers(
    specs: Mapping[str, NodeSpec], nodes: Sequence[type[LanguageNode[Any, Any]]]
) -> dict[str, NodeSpec]:
    """Return node types with those on top of the language models among them, if there are any."""
    offered = [spec for spec in specs.values() if spec.model is not None]
    found = dict(specs)
    for node in nodes:
        plain = spec_of(node)
        choices = {
            spec.model.key: spec for spec in sorted(offered, key=_order)
            if spec.model is not None and _fits(spec.model, plain)
        }  # fmt: skip
        if choices:
            found[plain.type] = _chooser(plain, choices)
    return found


def _chooser(plain: NodeSpec, choices: Mapping[str, NodeSpec]) -> ChooserSpec:
    usual = USUAL if USUAL in choices else min(choices, key=lambda key: _cost(choices[key]))
    params = tuple(
        replace(param, choices=tuple(choices), default=usual) if param.name == MODEL else param
        for param in plain.params
    )
    return ChooserSpec(
        plain.meta, plain.inputs, plain.outputs, params, plain.node, plain.make_record,
        choices=choices,
    )  # fmt: skip


def _fits(model: ModelSpec, plain: NodeSpec) -> bool:
    """Say whether a model can be told what to do, and wants nothing else that people must set."""
    names = model.params_by_name
    own = plain.params_by_name.keys() - {PROMPT, "seed"}
    wanted = {name for name, param in names.items() if param.required} - {PROMPT}
    wanted |= {port.name for port in model.inputs if port.required}
    return (
        model.task == TASK
        and {PROMPT, SYSTEM} <= names.keys()
        and not (wanted | (own & names.keys()))
    )


def _order(spec: NodeSpec) -> tuple[bool, str]:
    model = spec.model
    return (model is not None and model.is_retired), spec.type


def _cost(spec: NodeSpec) -> tuple[bool, Fraction, str]:
    """Return what a short answer costs; one without a price is the last choice, as a retired one."""
    known = {param.name: quantity_of(param.default) for param in spec.params}
    known = {**declared_quantities(spec), **known, PROMPT: quantity_of(_SAMPLE)}
    is_retired = spec.model is not None and spec.model.is_retired
    try:
        most = Fraction(0) if spec.price is None else spec.price.term.range(known).high
    except (PriceError, ZeroDivisionError, KeyError):
        return True, Fraction(0), spec.type
    return is_retired or spec.price is None, most, spec.type


def _hidden(spec: NodeSpec, chosen: NodeSpec) -> tuple[Param, ...]:
    """Return the model's parameters that the node has not: nobody sets or wires them."""
    return tuple(_fixed(param) for param in chosen.params if param.name not in spec.params_by_name)


def _fixed(param: Param) -> Param:
    """Return a parameter that keeps its default, which is then its only bound."""
    if param.name == SYSTEM:
        return replace(param, wirable=False, max_length=MAX_INSTRUCTIONS)
    if param.kind in ("number", "integer") and param.default is not None:
        return replace(param, wirable=False, minimum=param.default, maximum=param.default)
    return replace(param, wirable=False)


def _node(
    generic: type[Any], model: ModelSpec, settings: Mapping[str, Any]
) -> type[ModelNode[Any]]:
    parts = {"model": model, "settings": dict(settings), "__doc__": generic.__doc__}
    return types.new_class(generic.__name__, (generic,), exec_body=lambda body: body.update(parts))


def _record(spec: NodeSpec, chosen: NodeSpec) -> type[Inputs]:
    """Return the record of arguments: the model's, over which the node's own lie."""
    own = {
        name: (declared.annotation, declared)
        for name, declared in spec.make_record().model_fields.items()
    }
    fields: dict[str, Any] = own
    return create_model("LanguageInputs", __base__=chosen.input_record, **fields)
