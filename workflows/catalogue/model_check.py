"""What the schema of a model file cannot say: names that must exist, wires that must not collide."""

from collections import Counter
from collections.abc import Collection, Iterator

from workflows.catalogue.model import ModelSpec, Route, Wire
from workflows.catalogue.model_nodes import spec_from_model
from workflows.catalogue.model_rules import names_in
from workflows.catalogue.node import Inputs
from workflows.catalogue.ports import is_list
from workflows.catalogue.price import PriceError
from workflows.catalogue.price_check import problems_with
from workflows.catalogue.price_reader import parse_price
from workflows.catalogue.providers import PROVIDERS
from workflows.catalogue.tasks import TASKS
from workflows.catalogue.tasks.base import input_ports
from workflows.catalogue.wire import LIST_MARK, paired

_TAKEN = frozenset({"extra", *(name for name in dir(Inputs) if not name.startswith("_"))})

Problem = tuple[str, str]  # the part of the file (`routes.0.wire`), and what is wrong with it


def problems_with_model(model: ModelSpec) -> list[Problem]:
    """Return what is wrong with a model, in the order of its file; none for one that can be used."""
    if model.task not in TASKS:
        return [("task", f"There is no task {model.task}.")]
    return [
        *_problems_of_names(model),
        *(found for number in range(len(model.routes)) for found in _of_route(model, number)),
        *_problems_of_price(model),
    ]


def _names(model: ModelSpec) -> dict[str, bool]:
    """Return parameters and inputs; True for a port that takes a list."""
    ports = input_ports(TASKS[model.task], model)
    return dict.fromkeys(model.params_by_name, False) | {
        port.name: is_list(port.kind) for port in ports
    }


def _problems_of_names(model: ModelSpec) -> Iterator[Problem]:
    task, names = TASKS[model.task], _names(model)
    for name in task.needs:
        if name not in model.params_by_name:
            yield "params", f"A model for {task.name} has a parameter {name}."
    ports = {port.name for port in input_ports(task, model)}
    yield from _problems_of_params(model, ports)
    for number, rule in enumerate(model.rules):
        for name in sorted(names_in(rule) - names.keys()):
            yield f"rules.{number}", f"There is no parameter or input {name}."
    if model.replaced_by == model.key:
        yield "replaced_by", "A model cannot replace itself."
    if model.status != "retired" and not model.routes:
        yield "routes", "A model that is not retired has a route."


def _problems_of_params(model: ModelSpec, ports: Collection[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, each in enumerate(model.params):
        name = each.param.name
        if name in seen:
            yield f"params.{number}", f"There are two parameters {name}."
        if name in ports:
            yield f"params.{number}", f"{name} is an input as well."
        if name in _TAKEN:
            yield f"params.{number}", f"The name {name} is taken by the record of a node's values."
        seen.add(name)


def _of_route(model: ModelSpec, number: int) -> Iterator[Problem]:
    route, place = model.routes[number], f"routes.{number}"
    if route.provider not in PROVIDERS:
        yield f"{place}.provider", f"There is no provider {route.provider}."
    names = _names(model)
    for name, wire in route.wire.items():
        pair = wire.of if isinstance(wire, Wire) else None
        for part in (name,) if pair is None else pair:
            if part not in names:
                yield f"{place}.wire.{name}", f"There is no parameter or input {part}."
    for name in set(route.without) - names.keys():
        yield f"{place}.without", f"There is no parameter or input {name}."
    for path, times in Counter(_paths(route, names)).items():
        if times > 1 and not path.endswith(LIST_MARK):
            yield f"{place}.wire", f"Two values go to {path}."


def _paths(route: Route, names: dict[str, bool]) -> Iterator[str]:
    for name, is_many in names.items():
        if name in route.without or name in paired(route):
            continue
        wire = route.wire.get(name, name + (LIST_MARK if is_many else ""))
        yield wire.path if isinstance(wire, Wire) else wire
    for wire in route.wire.values():
        if isinstance(wire, Wire) and wire.of is not None:
            yield wire.path


def _problems_of_price(model: ModelSpec) -> Iterator[Problem]:
    if model.price is None:
        return
    try:
        problems = problems_with(parse_price(model.price.credits), spec_from_model(model))
    except PriceError as error:
        problems = [error]
    for problem in problems:
        yield "price.credits", str(problem)
