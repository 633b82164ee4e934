"""Every model file keeps the same promises, and what it asks for is what its providers take."""

import asyncio
import importlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import ValidationError

from common.clock import utc_now
from common.ids import new_id
from executor.providers.adapters import SHIPPED
from executor.providers.base import Correlation
from executor.providers.transport import Transport
from tests.conformance.model_calls import (
    DEFAULTS,
    Case,
    as_golden,
    list_cases,
    read_goldens,
    values_of,
)
from tests.providers.base import FakeProvider
from tests.providers.samples import request_of
from workflows.catalogue.load import build_catalogue
from workflows.catalogue.model import ModelSpec
from workflows.catalogue.model_files import MODELS_PATH, shipped_models
from workflows.catalogue.model_nodes import spec_from_model
from workflows.catalogue.price_check import declared_quantities
from workflows.catalogue.providers import PROVIDERS
from workflows.catalogue.tasks import TASKS

T = TypeVar("T")
MODELS = shipped_models()
OLDEST = timedelta(days=400)  # a price that nobody has looked at for so long is a guess
ADAPTERS = {adapter.name: adapter for adapter in SHIPPED}
NAMED = (  # what people look for by name
    "Flux 2 Pro", "Flux 2", "Flux 1.1 Pro", "Flux Kontext", "Flux Fill", "Recraft V4",
    "Nano Banana 2", "Imagen 3", "Imagen 4", "Seedream V4", "GPT Image", "Gemini", "Kling",
    "Veo 3", "Veo 3.1", "Runway Gen-3", "Runway Gen-4", "Wan 2.1", "Wan 2.2", "Seedance 1",
    "Seedance 2", "Stable Diffusion 1.5", "Stable Diffusion XL", "Stable Diffusion 3.5",
    "ControlNet", "face swap", "background remov", "upscale", "inpaint", "outpaint", "style",
    "lip", "speech", "transcri", "music", "sound",
)  # fmt: skip


def said_of(model: ModelSpec) -> str:
    """Return what a search would find a model by."""
    parts = (model.name, model.task, model.description, *model.keywords, *model.aliases)
    return " ".join(parts).lower()


def repeated(names: Iterable[T]) -> list[T]:
    """Return what comes more than once."""
    return [name for name, times in Counter(names).items() if times > 1]


def with_paths() -> list[tuple[ModelSpec, Path]]:
    """Return each model and its file."""
    paths = {path.stem: path for path in MODELS_PATH.glob("*/*.toml")}
    return [(model, paths[model.key]) for model in MODELS]


def test_there_are_at_least_four_hundred_models_that_are_alive() -> None:
    alive = [model for model in MODELS if not model.is_retired]

    assert len(alive) >= 400


def test_every_task_has_a_model_and_every_model_a_task() -> None:
    counted = Counter(model.task for model in MODELS)

    assert set(counted) == set(TASKS)


@pytest.mark.parametrize("name", NAMED)
def test_what_people_look_for_is_found(name: str) -> None:
    assert any(name.lower() in said_of(model) for model in MODELS)


def test_a_models_file_has_the_name_of_its_key() -> None:
    names = sorted(path.stem for path in MODELS_PATH.glob("*/*.toml"))

    assert names == sorted(model.key for model in MODELS)


def test_a_vendor_has_one_folder_and_a_folder_one_vendor() -> None:
    places = {model.key: path.parent.name for model, path in with_paths()}

    pairs = {(model.vendor, places[model.key]) for model in MODELS}
    pairs = {(vendor, folder) for vendor, folder in pairs if folder != "community"}

    assert repeated(vendor for vendor, _ in pairs) == []
    assert repeated(folder for _, folder in pairs) == []


def test_a_price_was_looked_up_not_long_ago() -> None:
    priced = [(model.key, model.price.checked) for model in MODELS if model.price is not None]

    assert [key for key, day in priced if date.today() - day >= OLDEST] == []  # noqa: DTZ011


def test_a_successor_is_there_and_not_retired() -> None:
    alive = {model.key for model in MODELS if not model.is_retired}

    wanted = [(model.key, model.replaced_by) for model in MODELS if model.replaced_by is not None]

    assert [pair for pair in wanted if pair[1] not in alive] == []


def test_a_model_takes_its_defaults_as_arguments() -> None:
    assert [model.key for model in MODELS if model.routes and not takes_defaults(model)] == []


def takes_defaults(model: ModelSpec) -> bool:
    """Say whether a route takes the defaults; a refused argument is told with its model's key."""
    spec = spec_from_model(model)
    values = values_of(model, model.routes[0], DEFAULTS)
    try:
        args = spec.input_record.model_validate(values, strict=True)
    except ValidationError as error:
        raise AssertionError(model.key) from error
    return bool(spec.node().routes(args))  # type: ignore[attr-defined]


def test_a_price_is_what_its_list_price_says() -> None:
    assert [model.key for model in MODELS if not is_priced_well(model)] == []


def is_priced_well(model: ModelSpec) -> bool:
    """Say whether a price, if there is one, is from nothing or more to something."""
    spec = spec_from_model(model)
    if spec.price is None or model.price is None:
        return model.price is None
    low, high = spec.price.credits(declared_quantities(spec))
    return 0 <= low <= high and (high > 0 or model.price.usd == 0)


def test_keys_and_aliases_name_one_model_each() -> None:
    assert repeated(name for model in MODELS for name in (model.key, *model.aliases)) == []


def test_names_differ_within_a_task() -> None:
    assert repeated((model.task, model.name) for model in MODELS) == []


def test_every_provider_of_the_table_has_an_adapter() -> None:
    assert set(ADAPTERS) == set(PROVIDERS)


def test_the_goldens_hold_every_request_of_every_model() -> None:
    golden = read_goldens()

    made = {case.id: json.loads(json.dumps(as_golden(case.call()))) for case in list_cases()}

    assert made.keys() == golden.keys(), "python -m tests.conformance.model_calls"
    assert [id_ for id_, call in made.items() if golden[id_] != call] == []


def test_building_with_all_models_gives_each_a_node_type() -> None:
    catalogue = build_catalogue()

    assert {f"model.{model.key}" for model in MODELS} <= set(catalogue.specs)
    assert catalogue.models.keys() == {model.key for model in MODELS}


@cache
def fake_of(provider: str) -> type[FakeProvider]:
    found: type[FakeProvider] = importlib.import_module(f"tests.providers.{provider}").FAKE
    return found


def by_provider() -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for case in list_cases():
        found.setdefault(case.route.provider, []).append(case)
    return found


@pytest.mark.parametrize("provider", sorted(by_provider()))
def test_every_request_is_taken_by_its_providers_contract(provider: str) -> None:
    refused = asyncio.run(submit_all(by_provider()[provider]))

    assert refused == []


async def submit_all(cases: list[Case]) -> list[str]:
    """Return what is said of requests that the contract fake of their provider does not take."""
    refused = []
    with fake_of(cases[0].route.provider)() as fake:
        async with Transport() as transport:
            adapter = ADAPTERS[fake.name](transport, fake.account())
            for case in cases:
                correlation = Correlation(new_id("pf"), "https://example.com/callback", utc_now())
                try:
                    await adapter.submit(request_of(case.call()), correlation)
                except Exception as error:  # noqa: BLE001 - every kind is to be told with its model
                    refused.append(f"{case.id}: {type(error).__name__}: {error}")
    return refused
