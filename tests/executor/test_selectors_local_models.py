"""Local models are offered where their weights are, and nowhere else."""

import pytest

from executor.selectors import local_models
from executor.selectors.local_models import is_local, list_local_models
from executor.selectors.routing import Standing, get_standing
from tests.executor.local.benches import PretendedRunner, pretended
from workflows.catalogue.model_files import read_model

KEY = "k" * 20
MODEL = """
key = "tiny"
name = "Tiny"
vendor = "Nobody"
task = "text-to-image"
description = "A model for tests."
license = "MIT"
since = 2026-11-21
expected_s = 1

[[params]]
use = "prompt"

[[routes]]
provider = "local"
model = "tiny/sd"
constants = { pipeline = "StableDiffusionPipeline" }
"""
CONTROLLED = MODEL.replace(
    "constants = {",
    'constants = { load = { base = "tiny/base", part = "controlnet", class = "ControlNetModel" },',
)


@pytest.fixture(autouse=True)
def fresh():
    local_models._asked.cache_clear()
    yield
    local_models._asked.cache_clear()


@pytest.fixture
def bench():
    runner = PretendedRunner()
    with pretended(runner, KEY) as bench:
        yield bench


def use_server(settings, url, key=KEY):
    local = {"key": key, "secret": "", "base_url": url}
    settings.PROVIDER_ACCOUNTS = {"local": local}


def test_the_server_tells_which_weights_are_there(settings, bench):
    use_server(settings, bench.url)

    assert list_local_models() == {"tiny/sd"}


def test_without_a_server_there_are_none(settings):
    settings.PROVIDER_ACCOUNTS = {}

    assert list_local_models() == frozenset()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://[", "http://127.0.0.1:9/\x00"])
def test_a_server_that_does_not_answer_has_none(settings, url):
    use_server(settings, url)

    assert list_local_models() == frozenset()


def test_a_server_with_another_key_has_none(settings, bench):
    use_server(settings, bench.url, key="wrong")

    assert list_local_models() == frozenset()


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"models": None}, {"models": "tiny/sd"}, {"models": [1, None, {}]}]
)
def test_a_strange_answer_names_none(answer):
    assert local_models._names_in(answer) == frozenset()


@pytest.mark.parametrize(
    ("text", "here", "is_there"),
    [
        (MODEL, {"tiny/sd"}, True),
        (MODEL, {"tiny/base"}, False),
        (CONTROLLED, {"tiny/sd"}, False),
        (CONTROLLED, {"tiny/sd", "tiny/base"}, True),
        (MODEL.replace('"local"', '"fal"'), {"tiny/sd"}, False),
    ],
)
def test_a_model_runs_here_if_all_that_is_loaded_for_it_is_here(text, here, is_there):
    assert is_local(read_model(text), frozenset(here)) is is_there


@pytest.mark.django_db
def test_the_accelerator_takes_only_models_whose_weights_are_there(settings, bench):
    use_server(settings, bench.url)

    standing = get_standing(None)
    there, elsewhere = (
        standing.accounts_for(read_model(text), by_own=False, has_price=False)
        for text in (MODEL, CONTROLLED)
    )

    assert isinstance(standing, Standing)
    assert list(there) == ["local"]
    assert elsewhere == {}
