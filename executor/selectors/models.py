"""The models of the catalogue as customers see them: what each takes, costs, and whether it runs here."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from common.errors import NotFound
from executor.selectors.routing import Standing
from workflows.api import Catalogue, get_catalogue
from workflows.catalogue.model import ModelSpec
from workflows.catalogue.spec import NodeSpec
from workflows.catalogue.tasks import TASKS

_MIDDLE = 5_000_000  # beyond any position that staff can give: half of the numbers of a place


@dataclass(frozen=True, slots=True)
class ModelFilter:
    """What a list of models is narrowed to; None, or no words, leave a part open.

    `words` are looked for in names, vendors, keys and keywords, whatever the case; all must be there.
    """

    task: str | None = None
    modality: str | None = None
    provider: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A model, made ready for lists. `place` sorts: staff's positions first, then by key."""

    place: str
    spec: NodeSpec
    model: ModelSpec
    modality: str
    text: str
    shown: Mapping[str, Any]


def list_models(
    wanted: ModelFilter, standing: Standing, *, after: str | None = None, limit: int | None = None
) -> list[dict[str, Any]]:
    """Return up to `limit` models as the API shows them, in their order, behind the place `after`.

    Retired ones are among them. `standing` says whose accounts there are.
    """
    found = [
        entry
        for entry in _entries(get_catalogue()).values()
        if (after is None or entry.place > after) and _is_wanted(entry, wanted)
    ]
    return [_shown(entry, standing) for entry in found[:limit]]


def get_model(key: str, standing: Standing) -> dict[str, Any]:
    """Return a model as the API shows it.

    Raises:
        NotFound: there is none of this key.
    """
    entry = _entries(get_catalogue()).get(key)
    if entry is None:
        raise NotFound
    return _shown(entry, standing)


def place_of_model(key: str) -> str:
    """Return where a model stands in the list, as text that sorts; of one that is gone, by its key."""
    entry = _entries(get_catalogue()).get(key)
    return _place(None, key) if entry is None else entry.place


def find_words(text: str) -> tuple[str, ...]:
    """Return the words of a search, as `ModelFilter` takes them."""
    return tuple(text.casefold().split())


@lru_cache(maxsize=2)
def _entries(catalogue: Catalogue) -> Mapping[str, _Entry]:
    """Return all models by key, in the order of lists."""
    found = [
        _entry(spec, spec.model) for spec in catalogue.specs.values() if spec.model is not None
    ]
    return {entry.model.key: entry for entry in sorted(found, key=lambda entry: entry.place)}


def _entry(spec: NodeSpec, model: ModelSpec) -> _Entry:
    modality = TASKS[model.task].modality
    words = [
        model.key,
        model.name,
        model.vendor,
        model.task,
        modality,
        model.description,
        *model.keywords,
        *model.aliases,
    ]
    return _Entry(
        _place(spec.position, model.key),
        spec,
        model,
        modality,
        " ".join(words).casefold(),
        _as_json(spec, model, modality),
    )


def _as_json(spec: NodeSpec, model: ModelSpec, modality: str) -> dict[str, Any]:
    entry = spec.as_json()
    return {
        "key": model.key,
        "name": model.name,
        "vendor": model.vendor,
        "description": model.description,
        "task": model.task,
        "modality": modality,
        "status": model.status,
        "replacedBy": model.replaced_by,
        "nodeType": spec.type,
        "providers": list(dict.fromkeys(route.provider for route in model.routes)),
        "inputs": entry["inputs"],
        "outputs": entry["outputs"],
        "params": entry["params"],
        "price": entry["price"],
        "license": model.license,
        "expectedSeconds": model.expected_s,
        "unconfirmed": list(model.unconfirmed),
    }


def _shown(entry: _Entry, standing: Standing) -> dict[str, Any]:
    reason = standing.why_not(entry.spec)
    return {**entry.shown, "available": reason is None, "unavailableReason": reason}


def _place(position: int | None, key: str) -> str:
    number = 2 * _MIDDLE if position is None else position + _MIDDLE
    return f"{number:08d} {key}"


def _is_wanted(entry: _Entry, wanted: ModelFilter) -> bool:
    return (
        wanted.task in (None, entry.model.task)
        and wanted.modality in (None, entry.modality)
        and (wanted.provider is None or wanted.provider in entry.shown["providers"])
        and all(word in entry.text for word in wanted.words)
    )
