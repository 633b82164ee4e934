"""The pages of node types and models, made from the catalogue: lists to search, and one page for each."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from common.errors import NotFound
from executor.api import ModelFilter, find_words, get_model, get_standing, list_models
from pixelflow_site.pages.examples import example_graph
from workflows.api import PROVIDERS, TASKS, get_catalogue

Entry = Mapping[str, Any]

MODALITIES = {"image": "Images", "video": "Video", "audio": "Audio", "text": "Text", "3d": "3D"}
MAX_QUERY = 200


@dataclass(frozen=True, slots=True)
class ParamRow:
    """A parameter as the table shows it."""

    name: str
    title: str
    kind: str
    default: str
    bounds: str
    help: str
    required: bool


@require_safe
def model_docs(request: HttpRequest) -> HttpResponse:
    """Show the models that the query asks for, by what they make and by task."""
    text = request.GET.get("q", "")[:MAX_QUERY]
    chosen = {name: request.GET.get(name, "") for name in ("task", "modality", "provider")}
    wanted = ModelFilter(
        chosen["task"] or None,
        chosen["modality"] or None,
        chosen["provider"] or None,
        find_words(text),
    )
    found = list_models(wanted, get_standing(None))
    shown = {
        "docs": "models",
        "q": text,
        "count": len(found),
        "available": sum(model["available"] for model in found),
        "groups": _by_modality(found),
        "choices": [
            ("modality", "Makes", _options(MODALITIES, chosen["modality"])),
            ("task", "Task", _options(_titles_of_tasks(), chosen["task"])),
            ("provider", "Provider", _options(_titles_of_providers(), chosen["provider"])),
        ],
    }
    return render(request, "pixelflow_site/models.html", shown)


@require_safe
def model_page(request: HttpRequest, key: str) -> HttpResponse:
    """Show one model: what it takes and costs, by whom it runs, and a graph to begin with."""
    try:
        model = get_model(key, get_standing(None))
    except NotFound as error:
        raise Http404 from error
    titles = _titles_of_providers()
    successor = get_catalogue().models.get(model["replacedBy"] or "")
    shown = {
        "docs": "models",
        "model": model,
        "cost": words_of_price(model["price"]),
        "task": TASKS[model["task"]].title,
        "providers": [titles.get(name, name) for name in model["providers"]],
        "successor": successor,
        "params": param_rows(model),
        "ports": media_ports(model),
        "graph": json.dumps(example_graph(model["nodeType"], model), indent=1),
    }
    return render(request, "pixelflow_site/model.html", shown)


@require_safe
def node_docs(request: HttpRequest) -> HttpResponse:
    """Show the node types that the query asks for, by category; models have a page of their own."""
    text = request.GET.get("q", "")[:MAX_QUERY]
    words, groups = find_words(text), dict[str, list[Entry]]()
    catalogue = get_catalogue()
    entries = [spec.as_json() for spec in catalogue.specs.values() if spec.model is None]
    for entry in sorted(entries, key=lambda entry: str(entry["type"])):
        if all(word in _text_of(entry) for word in words):
            groups.setdefault(entry["category"], []).append(entry)
    shown = {
        "docs": "nodes",
        "q": text,
        "groups": sorted(groups.items()),
        "models": len(catalogue.models),
    }
    return render(request, "pixelflow_site/nodes.html", shown)


@require_safe
def node_page(request: HttpRequest, type: str) -> HttpResponse:  # noqa: A002 - the API's word
    """Show one node type: its ports, its parameters, what it costs, and a graph to begin with."""
    spec = get_catalogue().get(type)
    if spec is None:
        raise Http404
    if spec.model is not None:
        return redirect("model-page", key=spec.model.key)
    entry = spec.as_json()
    shown = {
        "docs": "nodes",
        "entry": entry,
        "cost": words_of_price(entry["price"]),
        "params": param_rows(entry),
        "graph": json.dumps(example_graph(spec.type, entry), indent=1),
    }
    return render(request, "pixelflow_site/node.html", shown)


def param_rows(entry: Entry) -> list[ParamRow]:
    """Return the parameters of an entry as rows of a table, in their order."""
    schema = entry["params"]
    return [
        ParamRow(
            name,
            part["title"],
            part["x-kind"],
            _default_of(part),
            _bounds_of(part),
            part.get("description", ""),
            name in schema["required"],
        )
        for name, part in schema["properties"].items()
    ]


def words_of_price(price: Entry | None) -> str:
    """Return what a run costs, in words."""
    if price is None:
        return "no price yet"
    credits_, unit = price["credits"], price["unit"]
    if credits_ is None:
        return f"{price['minCredits']:,} to {price['maxCredits']:,} credits a {unit}"
    return f"{credits_:,} credit{'s' if credits_ > 1 else ''} a {unit}" if credits_ else "free"


def media_ports(entry: Entry) -> list[Entry]:
    """Return the input ports of an entry that are no parameters."""
    return [port for port in entry["inputs"] if port["name"] not in entry["params"]["properties"]]


def _default_of(part: Entry) -> str:
    if part.get("default") in (None, ""):
        return ""
    return json.dumps(part["default"], ensure_ascii=False).strip('"')


def _bounds_of(part: Entry) -> str:
    if part.get("enum"):
        return ", ".join(part["enum"])
    low, high = part.get("minimum"), part.get("maximum")
    unit = f" {part['x-unit']}" if part.get("x-unit") else ""
    if low is not None and high is not None:
        return f"{low:,} to {high:,}{unit}"
    if low is not None:
        return f"at least {low:,}{unit}"
    if high is not None:
        return f"at most {high:,}{unit}"
    return f"up to {part['maxLength']:,} characters" if part.get("maxLength") else ""


def _by_modality(
    models: Iterable[Entry],
) -> list[tuple[str, list[tuple[str, str, list[Entry]]]]]:
    """Return models by modality and, in it, by task: `(title, [(task, its title, models)])`."""
    by_task: dict[str, list[Entry]] = {}
    for model in models:
        shown = {**model, "cost": words_of_price(model["price"])}
        by_task.setdefault(model["task"], []).append(shown)
    groups = []
    for modality, title in MODALITIES.items():
        tasks = [
            (name, task.title, by_task[name])
            for name, task in TASKS.items()
            if task.modality == modality and name in by_task
        ]
        if tasks:
            groups.append((title, tasks))
    return groups


def _options(titles: Mapping[str, str], chosen: str) -> Sequence[tuple[str, str, bool]]:
    return [(name, title, name == chosen) for name, title in titles.items()]


def _titles_of_tasks() -> dict[str, str]:
    return {name: task.title for name, task in TASKS.items()}


def _titles_of_providers() -> dict[str, str]:
    return {name: provider.title for name, provider in PROVIDERS.items()}


def _text_of(entry: Entry) -> str:
    parts = ("type", "title", "description", "category")
    return " ".join([*(entry[part] for part in parts), *entry["keywords"]]).casefold()
