"""What staff decide about a model otherwise than its file says, and their margin over all prices."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from workflows.catalogue.load import model_spec
from workflows.catalogue.model import ModelPrice, ModelSpec, Route
from workflows.catalogue.model_nodes import spec_from_model
from workflows.catalogue.price import PriceError
from workflows.catalogue.price_check import problems_with
from workflows.catalogue.price_reader import parse_price
from workflows.catalogue.spec import NodeSpec

PRICE_SOURCE = "Set by staff"


@dataclass(frozen=True, slots=True)
class Override:
    """What staff decided; what is empty decides nothing.

    `price` is an expression in credits, before the margin. `providers` is the order in which the
    routes are taken, by provider: one that is not named is not taken. `position` orders lists.
    """

    is_off: bool = False
    price: str = ""
    providers: tuple[str, ...] = ()
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """A model's node type as it is offered here.

    `problem` is what of the decisions fits the model no longer, empty for nothing. Nothing is
    guessed then: without a price that fits, or a route that is left, nobody can run the model.
    """

    spec: NodeSpec
    problem: str = ""


NO_MARGIN = Decimal(0)
NO_OVERRIDE = Override()


@lru_cache(maxsize=4096)
def offer_of(model: ModelSpec, override: Override, margin_percent: Decimal) -> Offered:
    """Return a model's node type with what staff decided; made once for each decision."""
    if override == NO_OVERRIDE and not margin_percent:
        return Offered(model_spec(model))
    price, said = _price(model, override, margin_percent)
    problems = [*([said] if said else []), *_problems_of_routes(model, override)]
    # Which of the routes are taken, and in which order, makes no other model of it to the cache.
    kept = {"revision": model.revision}
    changed = model.model_copy(update={"price": price, "routes": _routes(model, override), **kept})
    spec = replace(spec_from_model(changed), is_off=override.is_off, position=override.position)
    return Offered(spec, " ".join(problems))


def problems_with_override(model: ModelSpec, override: Override) -> list[str]:
    """Return what of a decision does not fit its model."""
    said = problem_with_price(model, override.price) if override.price else ""
    return [*([said] if said else []), *_problems_of_routes(model, override)]


def problem_with_price(model: ModelSpec, text: str) -> str:
    """Return what is wrong with a price for a model; empty for one that fits."""
    try:
        problems = problems_with(parse_price(text), model_spec(model))
    except PriceError as error:
        problems = [error]
    return f"Price: {problems[0]}" if problems else ""


def with_margin(price: str, margin_percent: Decimal) -> str:
    """Return a price with a margin on it: exactly, and rounded up once, as every price is."""
    if not margin_percent:
        return price
    factor = (1 + margin_percent / 100).normalize()
    return f"({price}) * {factor:f}"


def _price(
    model: ModelSpec, override: Override, margin_percent: Decimal
) -> tuple[ModelPrice | None, str]:
    """Return a model's price, and what is wrong with it; one that is wrong is none."""
    base = model.price
    if override.price:
        base = ModelPrice.model_construct(
            credits=override.price, source=PRICE_SOURCE, checked=model.since
        )
    if base is None:
        return None, ""
    text = with_margin(base.credits, margin_percent)
    said = problem_with_price(model, base.credits) or problem_with_price(model, text)
    return (None, said) if said else (base.model_copy(update={"credits": text}), "")


def _problems_of_routes(model: ModelSpec, override: Override) -> Iterator[str]:
    known = {route.provider for route in model.routes}
    for provider in override.providers:
        if provider not in known:
            yield f"There is no route by {provider}."


def _routes(model: ModelSpec, override: Override) -> tuple[Route, ...]:
    if not override.providers:
        return model.routes
    place = {provider: number for number, provider in enumerate(override.providers)}
    taken = [route for route in model.routes if route.provider in place]
    return tuple(sorted(taken, key=lambda route: place[route.provider]))
