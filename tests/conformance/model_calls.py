"""The requests that models make: from their defaults and from their extremes, for each route.

`python -m tests.conformance.model_calls` writes the golden ones anew: look at the diff. They lie in
`golden/<provider>.json`, by model, route and case.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.providers.samples import sample_media
from workflows.catalogue.model import ModelSpec, Route
from workflows.catalogue.model_files import shipped_models
from workflows.catalogue.params import Param
from workflows.catalogue.ports import Port, element_of, is_list
from workflows.catalogue.remote import ProviderCall
from workflows.catalogue.tasks import TASKS
from workflows.catalogue.tasks.base import input_ports
from workflows.catalogue.values import MEDIA_CLASSES, Media
from workflows.catalogue.wire import call_by

GOLDEN = Path(__file__).with_name("golden")
TEXT = "A red fox in the snow."
LONGEST_CODE = 20  # characters
DEFAULTS, EXTREMES = "defaults", "extremes"


@dataclass(frozen=True)
class Case:
    """One request of one model by one of its routes."""

    model: ModelSpec
    number: int
    case: str

    @property
    def route(self) -> Route:
        """The route."""
        return self.model.routes[self.number]

    @property
    def id(self) -> str:
        """What the case is called in the golden file and in tests."""
        return f"{self.model.key}#{self.number}:{self.case}"

    def call(self) -> ProviderCall:
        """Return what is asked for."""
        return call_by(self.model, self.number, values_of(self.model, self.route, self.case))


def list_cases(models: tuple[ModelSpec, ...] | None = None) -> list[Case]:
    """Return all cases of all models that may be run."""
    return [
        Case(model, number, case)
        for model in models or shipped_models()
        if not model.is_retired
        for number in range(len(model.routes))
        for case in (DEFAULTS, EXTREMES)
    ]


def values_of(model: ModelSpec, route: Route, case: str) -> dict[str, Any]:
    """Return values that break no rule: as little as is needed, or as much as is allowed."""
    is_extreme = case == EXTREMES
    values: dict[str, Any] = {}
    for name, param in model.params_by_name.items():
        takes_more = is_extreme and name not in route.without
        values[name] = _most(param) if takes_more else _least(param)
    for port in input_ports(TASKS[model.task], model):
        is_there = port.required or (is_extreme and port.name not in route.without)
        values[port.name] = _files(model, port, is_extreme=is_extreme) if is_there else None
    _obey_rules(model, values)
    return values


def _least(param: Param) -> Any:
    if not param.required:
        return param.default
    match param.kind:
        case "text":
            return _text(param, TEXT)
        case "choice":
            return param.choices[0]
        case "integer" | "number":
            return param.minimum if param.minimum is not None else 1
        case "json":
            return {}
        case _:
            return False


def _most(param: Param) -> Any:
    match param.kind:
        case "text":
            return _text(param, f"{TEXT} {TEXT}")
        case "choice":
            return param.choices[-1]
        case "integer" | "number":
            return param.maximum if param.maximum is not None else _least(param)
        case "boolean":
            return not param.default
        case _:
            return _least(param)


def _text(param: Param, text: str) -> str:
    """Return a text; for what takes a code alone, a language's."""
    if param.max_length is not None and param.max_length <= LONGEST_CODE:
        return "en"
    return text[: param.max_length]


def _files(model: ModelSpec, port: Port, *, is_extreme: bool) -> Any:
    if not is_list(port.kind):
        return _file(port.kind)
    most = next((each.most for each in model.inputs if each.name == port.name), None) or 3
    return [_file(element_of(port.kind)) for _ in range(most if is_extreme else 1)]


def _file(kind: str) -> Media:
    sample = sample_media(kind)
    return MEDIA_CLASSES[kind](
        kind=kind,
        content_type=sample.content_type,
        file_id=sample.file_id,
        bytes=sample.bytes,
    )


def _obey_rules(model: ModelSpec, values: dict[str, Any]) -> None:
    """Take back what breaks a rule, one value after the other."""
    for _ in range(len(values) + 1):
        problem = next((p for rule in model.rules if (p := rule.problem(values))), None)
        if problem is None:
            return
        for name in _suspects(model, values, problem[0]):
            param = model.params_by_name.get(name)
            values[name] = None if param is None else _least(param)
    raise AssertionError(f"{model.key}: its rules cannot be obeyed")


def _suspects(model: ModelSpec, values: Mapping[str, Any], name: str) -> Iterator[str]:
    """Return what to take back: the one that is named, or if it is as little as can be, who asks."""
    yield name
    for rule in model.rules:
        found = rule.problem(values)
        if found is not None and found[0] == name:
            yield from (each for each in [getattr(rule, "param", None)] if each)
            yield from getattr(rule, "params", ())


def as_golden(call: ProviderCall) -> dict[str, Any]:
    """Return a call as JSON; files by their kind."""
    return {
        "model": call.model,
        "operation": call.operation,
        "body": call.body,
        "media": {path: [file.kind for file in files] for path, files in call.media.items()},
        "give_up_s": call.give_up_s,
    }


def render_goldens() -> dict[str, str]:
    """Return the golden files by provider."""
    found: dict[str, dict[str, Any]] = {}
    for case in list_cases():
        found.setdefault(case.route.provider, {})[case.id] = as_golden(case.call())
    return {
        name: json.dumps(calls, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        for name, calls in found.items()
    }


def read_goldens() -> dict[str, Any]:
    """Return the golden requests by case."""
    found: dict[str, Any] = {}
    for path in sorted(GOLDEN.glob("*.json")):
        found |= json.loads(path.read_text("utf-8"))
    return found


def write_goldens() -> None:
    """Write the golden files, and remove those of providers that are gone."""
    GOLDEN.mkdir(exist_ok=True)
    texts = render_goldens()
    for path in GOLDEN.glob("*.json"):
        if path.stem not in texts:
            path.unlink()
    for name, text in texts.items():
        (GOLDEN / f"{name}.json").write_text(text, "utf-8")


if __name__ == "__main__":
    write_goldens()
