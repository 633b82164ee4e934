"""The public shape of a node type, derived from its class: ports, parameters, price, cost."""

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from common.canonical import digest
from workflows.catalogue.model import ModelSpec
from workflows.catalogue.node import CachePolicy, CostClass, Inputs, Meta, Node, Outputs
from workflows.catalogue.params import Param, ParamKind
from workflows.catalogue.ports import ANY, Port, list_of
from workflows.catalogue.price import Price
from workflows.catalogue.price_check import declared_quantities
from workflows.catalogue.price_reader import parse_price
from workflows.catalogue.values import Audio, Image, Mask, Model3D, Video

AnyNode = Node[Any, Any]

_KIND_OF_TYPE: dict[Any, str] = {
    str: "text",
    float: "number",
    int: "integer",
    bool: "boolean",
    Image: "image",
    Mask: "mask",
    Video: "video",
    Audio: "audio",
    Model3D: "model3d",
}


@dataclass(frozen=True)
class NodeSpec:
    """Everything that the editor, validation, planning and the docs need to know of a node type.

    `model` is what a model's node type was made from. Staff may have switched such a model off
    (`is_off`), or given it a place in lists: a lower `position` comes before a higher one, and both
    before none.
    """

    meta: Meta
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    params: tuple[Param, ...]
    node: type[AnyNode]
    make_record: Callable[[], type[Inputs]]
    model: ModelSpec | None = None
    is_off: bool = False
    position: int | None = None

    @cached_property
    def input_record(self) -> type[Inputs]:
        """The record of the node's arguments."""
        return self.make_record()

    @property
    def type(self) -> str:
        """The node type's name, `family.name`."""
        return self.meta.type

    @property
    def cost(self) -> CostClass:
        """Where the node runs."""
        return self.meta.cost

    @property
    def cache(self) -> CachePolicy:
        """Whether equal inputs give equal outputs."""
        return self.meta.cache

    @cached_property
    def price(self) -> Price | None:
        """What a run of the node costs; None: nothing.

        Raises:
            PriceError: it is none (`build_catalogue` lets no such node in).
        """
        return None if self.meta.price is None else parse_price(self.meta.price)

    @cached_property
    def params_by_name(self) -> Mapping[str, Param]:
        """The parameters by name, in declared order."""
        return {param.name: param for param in self.params}

    @cached_property
    def static_ports(self) -> Mapping[str, Port]:
        """Input ports by name: the declared ones, then every parameter that can be wired."""
        ports = {port.name: port for port in self.inputs}
        for param in self.params:
            if param.wired_kind is not None:
                ports[param.name] = Port(
                    param.name, param.wired_kind, param.title, required=False, nullable=True
                )
        return ports

    def input_ports(self, params: Mapping[str, Any]) -> Mapping[str, Port]:
        """Return all input ports of a node with these parameters, by name."""
        extra = self.node.ports_for(params)
        if not extra:
            return self.static_ports
        return {port.name: port for port in extra} | dict(self.static_ports)

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of the public shape, and of everything that a model's file says."""
        model = None if self.model is None else self.model.model_dump(mode="json")
        return digest([self.as_json(), model, self.is_off, self.position])

    def as_json(self) -> dict[str, Any]:
        """Return the entry of `GET /nodes`; that of a model's node type has a part `model`."""
        entry = {
            "type": self.meta.type,
            "version": self.meta.version,
            "title": self.meta.title,
            "description": self.meta.description,
            "category": self.meta.category,
            "keywords": list(self.meta.keywords),
            "cost": self.meta.cost,
            "inputs": [_input_json(port) for port in self.static_ports.values()],
            "outputs": [
                {"name": port.name, "kind": _public_kind(port.kind)} for port in self.outputs
            ],
            "params": self.params_schema(),
            "price": self.price_json(),
        }
        return entry if self.model is None else {**entry, "model": self._model_json(self.model)}

    def _model_json(self, model: ModelSpec) -> dict[str, Any]:
        return {
            "key": model.key,
            "vendor": model.vendor,
            "task": model.task,
            "status": model.status,
            "replacedBy": model.replaced_by,
            "position": self.position,
        }

    def price_json(self) -> dict[str, Any] | None:
        """Return what a run costs: exactly, where that is the same for all, and in any case within.

        None for a model whose price nobody knows.
        """
        if self.price is not None:
            low, high = self.price.credits(declared_quantities(self))
        elif self.model is not None:
            return None
        else:
            low = high = 0
        return {
            "credits": low if low == high else None,
            "unit": "run",
            "expression": self.meta.price or "0",
            "minCredits": low,
            "maxCredits": high,
        }

    def params_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the node's parameters."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {param.name: param.json_schema() for param in self.params},
            "required": [param.name for param in self.params if param.required],
            "additionalProperties": False,
        }


def spec_of(node: type[AnyNode]) -> NodeSpec:
    """Derive the spec of a node class.

    Raises:
        TypeError: when a field is neither `port(...)` nor `param(...)`, or its kind is unclear.
    """
    input_record, output_record = _records_of(node)
    ports, params = [], []
    for name, field in input_record.model_fields.items():
        if name == "extra":
            continue
        extra = _extra_of(node, name, field)
        if extra["pixelflow"] == "port":
            ports.append(_port(name, field, extra))
        else:
            params.append(_param(name, field, extra))
    outputs = tuple(
        _port(name, field, _extra_of(node, name, field))
        for name, field in output_record.model_fields.items()
    )
    return NodeSpec(node.meta, tuple(ports), outputs, tuple(params), node, lambda: input_record)


def output_ports(node: type[AnyNode]) -> tuple[Port, ...]:
    """Return what the nodes of a class give.

    Raises:
        TypeError: no base of it says that.
    """
    for base in node.__mro__:
        for origin in getattr(base, "__orig_bases__", ()):
            for record in get_args(origin):
                if isinstance(record, type) and issubclass(record, Outputs):
                    fields = record.model_fields.items()
                    return tuple(
                        _port(name, field, _extra_of(node, name, field)) for name, field in fields
                    )
    raise TypeError(f"{node.__name__} declares no outputs")


def _records_of(node: type[AnyNode]) -> tuple[type[Inputs], type[Outputs]]:
    for base in getattr(node, "__orig_bases__", ()):
        arguments = get_args(base)
        if len(arguments) == 2:
            return arguments[0], arguments[1]
    raise TypeError(f"{node.__name__} must subclass Node[Inputs, Outputs] directly")


def _extra_of(node: type[AnyNode], name: str, field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    if not isinstance(extra, dict) or "pixelflow" not in extra:
        raise TypeError(f"{node.__name__}.{name} must be declared by port(...) or param(...)")
    return dict(extra)


def _port(name: str, field: FieldInfo, extra: Mapping[str, Any]) -> Port:
    return Port(
        name=name,
        kind=extra["kind"] or _kind_of(field.annotation),
        title=field.title or name,
        required=extra["required"],
        many=extra["many"],
        nullable=extra["nullable"],
        elementwise=extra["elementwise"],
    )


def _param(name: str, field: FieldInfo, extra: Mapping[str, Any]) -> Param:
    required = field.default is PydanticUndefined
    kind: ParamKind = extra["kind"] or _param_kind(field.annotation)
    return Param(
        name=name,
        kind=kind,
        title=field.title or name,
        help=extra["help"],
        default=None if required else field.default,
        required=required,
        nullable=not required and field.default is None,
        wirable=extra["wirable"],
        minimum=extra["minimum"],
        maximum=extra["maximum"],
        max_length=extra["max_length"],
        choices=_choices_of(field.annotation) if kind == "choice" else (),
        unit=extra["unit"],
        multiline=extra["multiline"],
    )


def _kind_of(annotation: Any) -> str:
    annotation = _without_none(annotation)
    if annotation is Any:
        return ANY
    if get_origin(annotation) is list:
        return list_of(_kind_of(get_args(annotation)[0]))
    return _KIND_OF_TYPE.get(annotation, "json")


def _param_kind(annotation: Any) -> ParamKind:
    annotation = _without_none(annotation)
    if get_origin(annotation) is Literal:
        return "choice"
    kinds: dict[Any, ParamKind] = {
        str: "text",
        float: "number",
        int: "integer",
        bool: "boolean",
    }
    return kinds.get(annotation, "json")


def _choices_of(annotation: Any) -> tuple[str, ...]:
    return tuple(get_args(_without_none(annotation)))


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        arguments = [part for part in get_args(annotation) if part is not type(None)]
        return arguments[0] if len(arguments) == 1 else Any
    return annotation


def _input_json(port: Port) -> dict[str, Any]:
    return {
        "name": port.name,
        "kind": _public_kind(port.kind),
        "required": port.required,
        "many": port.many,
        "title": port.title,
    }


def _public_kind(kind: str) -> str:
    """Show a variable kind as what it accepts: `$T` is `any`, `list[$T]` is `list[any]`."""
    if kind.startswith("list["):
        return list_of(_public_kind(kind[5:-1]))
    return ANY if kind[:1] in ("$", "@") else kind
