"""The staff's list of all models: the release's and their own, and whether each one runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from executor.api import ModelFilter, find_words, get_standing, list_models
from workflows.api import NodeSpec, get_catalogue

STATES = ("available", "off", "retired", "without price", "without account")
ORIGINS = ("shipped", "added")


@dataclass(frozen=True, slots=True)
class Row:
    """A model of the list. `page` is where its document is changed, empty for a shipped one."""

    shown: Mapping[str, Any]
    spec: NodeSpec
    origin: str
    state: str
    problem: str
    page: str
    override_page: str


@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    """Show the models that the query asks for."""
    if not request.user.has_perm("workflows.view_modelentry"):
        raise PermissionDenied
    query = {name: str(value) for name, value in request.GET.items() if value}
    wanted = ModelFilter(
        query.get("task"),
        query.get("modality"),
        query.get("provider"),
        find_words(query.get("q", "")),
    )
    rows = [
        row
        for row in _rows(wanted)
        if query.get("vendor") in (None, row.shown["vendor"])
        and query.get("state") in (None, row.state)
        and query.get("origin") in (None, row.origin)
    ]
    context = {
        **admin.site.each_context(request),
        "title": "All models",
        "rows": rows,
        "problems": sorted(get_catalogue.state().problems.items()),
        "choices": _choices(query),
        "q": query.get("q", ""),
    }
    return TemplateResponse(request, "pixelflow_site/staff_models.html", context)


def _rows(wanted: ModelFilter) -> Iterator[Row]:
    state = get_catalogue.state()
    for shown in list_models(wanted, get_standing(None)):
        key, spec = shown["key"], state.catalogue.specs[shown["nodeType"]]
        is_added = key in state.work.documents
        page = "admin:workflows_modeloverride"
        yield Row(
            shown,
            spec,
            ORIGINS[is_added],
            _state_of(shown, spec),
            state.problems.get(key, ""),
            reverse("admin:workflows_modelentry_change", args=[key]) if is_added else "",
            reverse(f"{page}_change", args=[key])
            if key in state.work.overrides
            else f"{reverse(f'{page}_add')}?key={key}",
        )


def _state_of(shown: Mapping[str, Any], spec: NodeSpec) -> str:
    if shown["available"]:
        return "available"
    if shown["status"] == "retired":
        return "retired"
    if spec.is_off:
        return "off"
    return "without price" if shown["price"] is None else "without account"


def _choices(query: Mapping[str, str]) -> list[tuple[str, list[tuple[str, bool]]]]:
    """Return the filters by name: their values, and which one is chosen."""
    everything = list_models(ModelFilter(), get_standing(None))
    values: dict[str, Any] = {
        "task": {model["task"] for model in everything},
        "modality": {model["modality"] for model in everything},
        "vendor": {model["vendor"] for model in everything},
        "provider": {name for model in everything for name in model["providers"]},
        "state": STATES,
        "origin": ORIGINS,
    }
    return [
        (name, [(value, value == query.get(name)) for value in sorted(found)])
        for name, found in values.items()
    ]
