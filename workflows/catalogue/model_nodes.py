"""A model's own node type, made from the generic node of its task."""

import types
from typing import Any

from pydantic import create_model

from workflows.catalogue.model import ModelSpec
from workflows.catalogue.node import CachePolicy, Inputs, Meta
from workflows.catalogue.params import Param, param, port
from workflows.catalogue.ports import Port, element_of, is_list
from workflows.catalogue.spec import NodeSpec, output_ports
from workflows.catalogue.tasks import TASK_NODES
from workflows.catalogue.tasks.base import ModelNode, Task, input_ports
from workflows.catalogue.values import MEDIA_CLASSES

_TYPES: dict[str, Any] = {
    "text": str,
    "choice": str,
    "colour": str,
    "number": float,
    "integer": int,
    "boolean": bool,
}


def spec_from_model(model: ModelSpec) -> NodeSpec:
    """Return a model's node type.

    Raises:
        KeyError: there is no such task.
    """
    generic = TASK_NODES[model.task]
    meta = _meta(model, generic.task)
    ports = input_ports(generic.task, model)
    params = tuple(each.param for each in model.params)
    return NodeSpec(
        meta,
        ports,
        output_ports(generic),
        params,
        _node(generic, model, meta),
        lambda: _record(ports, params),
        model,
    )


def _node(generic: type[ModelNode[Any]], model: ModelSpec, meta: Meta) -> type[ModelNode[Any]]:
    parts = {"model": model, "meta": meta, "__doc__": model.description}
    return types.new_class("Model", (generic,), exec_body=lambda body: body.update(parts))


def _meta(model: ModelSpec, task: Task) -> Meta:
    return Meta(
        type=model.type,
        title=model.name,
        description=model.description,
        category=f"Models / {task.title}",
        cost="remote",
        cache=_cache(model, task),
        keywords=(model.vendor, task.name, *model.keywords),
        price=model.price.credits if model.price else None,
    )


def _cache(model: ModelSpec, task: Task) -> CachePolicy:
    if not task.is_random:
        return "by_inputs"
    return "by_seed" if "seed" in model.params_by_name else "never"


def _record(ports: tuple[Port, ...], params: tuple[Param, ...]) -> type[Inputs]:
    """Return the record of a model node's arguments. Bounds are checked by the parameters."""
    fields: dict[str, Any] = {each.name: _port_field(each) for each in ports}
    fields |= {each.name: _param_field(each) for each in params}
    return create_model("ModelInputs", __base__=Inputs, **fields)


def _port_field(declared: Port) -> tuple[Any, Any]:
    kind = element_of(declared.kind) if is_list(declared.kind) else declared.kind
    media: Any = MEDIA_CLASSES[kind]
    annotation = list[media] if is_list(declared.kind) else media
    field = port(declared.title, required=declared.required, nullable=declared.nullable)
    return (annotation if declared.required else annotation | None), field


def _param_field(declared: Param) -> tuple[Any, Any]:
    annotation = _TYPES.get(declared.kind, Any)
    default = ... if declared.required else declared.default
    field = param(default, title=declared.title, kind=declared.kind)
    return (annotation | None if declared.nullable else annotation), field
