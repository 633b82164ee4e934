"""Whether a price fits the node type that it stands at: names, kinds, choices, and an upper end."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from workflows.catalogue.node import Meta
from workflows.catalogue.params import Param
from workflows.catalogue.ports import Port, element_of, is_list
from workflows.catalogue.price import Price, PriceError, Use
from workflows.catalogue.quantities import (
    BOUNDLESS,
    GPU_SECONDS,
    LIMITS,
    PriceLimits,
    Quantities,
    Quantity,
    Within,
    quantity_of_param,
    quantity_of_port,
)

_KINDS: Mapping[str, frozenset[str]] = {
    "number": frozenset({"number", "integer"}),
    "option": frozenset({"choice", "text", "integer", "boolean", "colour"}),
    "characters": frozenset({"text", "choice", "colour"}),
    "megapixels": frozenset({"image", "mask", "video"}),
    "seconds": frozenset({"video", "audio"}),
}
_WANTED: Mapping[str, str] = {
    "number": "a number",
    "option": "a choice",
    "characters": "a text",
    "megapixels": "a picture or a film",
    "seconds": "a film or a sound",
    "count": "a list",
}


class Priced(Protocol):
    """What a price is checked against: a node type as the catalogue describes it."""

    @property
    def meta(self) -> Meta:
        """What the catalogue says of it."""
        ...

    @property
    def inputs(self) -> tuple[Port, ...]:
        """Its declared input ports."""
        ...

    @property
    def params(self) -> tuple[Param, ...]:
        """Its parameters."""
        ...


def problems_with(price: Price, spec: Priced, limits: PriceLimits = LIMITS) -> list[PriceError]:
    """Return what is wrong with a price for a node type, in the order in which it is written.

    One that is right costs between 0 and `MAX_CREDITS` whatever a run is given.
    """
    declared: dict[str, Param | Port] = {port.name: port for port in spec.inputs}
    declared |= {param.name: param for param in spec.params}
    problems = [
        PriceError(message, use.position)
        for use in price.uses
        for message in _problems_of(use, declared, spec.meta)
    ]
    if spec.meta.role != "plain":
        problems.append(PriceError("Only nodes that compute something themselves have a price."))
    return problems or _problems_with_range(price, declared_quantities(spec, limits))


def declared_quantities(spec: Priced, limits: PriceLimits = LIMITS) -> Quantities:
    """Return the bounds of everything that a price of a node type may name."""
    known: dict[str, Quantity] = {port.name: quantity_of_port(port, limits) for port in spec.inputs}
    known |= {param.name: quantity_of_param(param, limits) for param in spec.params}
    return known | {GPU_SECONDS: gpu_seconds_within(limits)}


def gpu_seconds_within(limits: PriceLimits = LIMITS) -> Quantity:
    """Return for how long an accelerator could be at work for one run of a node."""
    return Within("number", minimum=0, maximum=limits.gpu_seconds)


def _problems_of(use: Use, declared: Mapping[str, Param | Port], meta: Meta) -> Iterator[str]:
    if use.how == "gpu":
        if meta.cost != "gpu":
            yield "Only nodes that run on an accelerator are priced by its seconds."
        return
    what = declared.get(use.name)
    if what is None:
        yield f"There is no parameter or input {use.name}."
    elif not _has_kind(what, use.how):
        yield f"{use.name} is not {_WANTED[use.how]}."
    elif use.how == "number" and not use.is_caught and _is_nullable(what):
        yield f"{use.name} may be null: write default({use.name}, …)."
    elif use.how == "option" and isinstance(what, Param):
        yield from _problems_of_options(use, what)
    elif use.how == "option" and not use.is_caught:
        yield f"{use.name} may have other values: give by() a third term for those."


def _has_kind(what: Param | Port, how: str) -> bool:
    is_many = isinstance(what, Port) and (what.many or is_list(what.kind))
    if how in ("number", "option"):
        return not is_many and what.kind in _KINDS[how]
    if how == "count":
        return is_many
    kind: str = what.kind
    while is_list(kind):
        kind = element_of(kind)
    return kind in _KINDS[how]


def _is_nullable(what: Param | Port) -> bool:
    return what.nullable or (isinstance(what, Port) and not what.required)


def _problems_of_options(use: Use, param: Param) -> Iterator[str]:
    allowed: tuple[str | int, ...] | None = param.choices if param.kind == "choice" else None
    if param.kind == "boolean":
        allowed = (True, False)
    for option in use.options:
        if allowed is not None and not any(_same(option, each) for each in allowed):
            yield f"{use.name} has no choice {option!r}."
        elif allowed is None and type(option) is not _TYPES[param.kind]:
            yield f"{use.name} is never {option!r}."
    if not use.is_caught and (
        allowed is None or param.nullable or not set(allowed) <= set(use.options)
    ):
        yield f"{use.name} may have other values: give by() a third term for those."


_TYPES: Mapping[str, type] = {"text": str, "colour": str, "integer": int}


def _same(one: object, other: object) -> bool:
    """Say whether two choices are one; to Python, 1 is True."""
    return type(one) is type(other) and one == other


def _problems_with_range(price: Price, known: Quantities) -> list[PriceError]:
    try:
        price.credits(known)
        low = price.term.range(known).low
    except PriceError as error:
        return [_unbounded(price, known) or error]
    if low < 0:
        return [PriceError("It could be below zero: write max(0, …).")]
    return []


def _unbounded(price: Price, known: Quantities) -> PriceError | None:
    """Say which number is to blame for a price that has no upper end, if one is."""
    for use in price.uses:
        if use.how != "number":
            continue
        found = known[use.name].number()
        if found.high >= BOUNDLESS or found.low <= -BOUNDLESS:
            message = f"{use.name} has no bounds: write max(0, min({use.name}, 100))."
            return PriceError(message, use.position)
    return None
