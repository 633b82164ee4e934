"""Every `local` route asks for a pipeline that diffusers has, by arguments that it takes."""

import inspect
from functools import cache

import pytest

pytest.importorskip("diffusers", reason="the extra `local` is not installed")

import diffusers
import torch

from executor.local.arguments import check_names, names_of
from executor.local.loading import class_named, pipeline_class
from executor.local.orders import read_order
from executor.local.types import WrongOrder
from executor.providers.adapters.local import order_of
from tests.conformance.model_calls import Case, list_cases
from tests.providers.samples import request_of

pytestmark = pytest.mark.filterwarnings("ignore")

CASES = [case for case in list_cases() if case.route.provider == "local"]
FIRST = list({(case.model.key, case.number): case for case in CASES}.values())


async def order_for(case: Case):
    """Return the order that a case comes to at the model server."""
    return read_order(await order_of(request_of(case.call()), "reference-1"))


def test_there_are_local_models():
    assert len(FIRST) > 100


async def test_the_pipeline_takes_every_argument():
    for case in CASES:
        order = await order_for(case)
        wanted = (order.recipe.pipeline, order.recipe.load.get("prior"))
        pipelines = [pipeline_class(name) for name in wanted if name]

        try:
            check_names(order, *map(names_of, pipelines))
        except WrongOrder as error:
            pytest.fail(f"{case.id}: {error}")


async def test_the_pipeline_lacks_no_argument():
    for case in CASES:
        order = await order_for(case)
        if "prior" in order.recipe.load:
            continue

        given = {*order.inputs, *(name.removesuffix("[]") for name in order.files)}

        assert needed_by(order.recipe.pipeline) <= given, case.id


@cache
def needed_by(pipeline):
    """Return the names of the arguments that a call of a pipeline must have."""
    parameters = inspect.signature(pipeline_class(pipeline).__call__).parameters.values()
    return {
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    } - {"self"}


async def test_what_is_loaded_next_to_a_model_is_of_classes_that_there_are():
    for case in FIRST:
        load = (await order_for(case)).recipe.load
        parts = [part["class"] for part in load.get("parts", ())]

        modules = [class_named(name) for name in [load.get("class"), *parts] if name]

        assert all(hasattr(each, "from_pretrained") for each in modules), case.id
        assert ("part" in load) == ("class" in load), case.id
        if "class" in load:
            assert issubclass(class_named(load["class"]), torch.nn.Module), case.id
        if "scheduler" in load:
            assert issubclass(class_named(load["scheduler"]), diffusers.SchedulerMixin), case.id


async def test_what_is_loaded_next_to_a_model_is_put_where_its_pipeline_has_a_place():
    for case in FIRST:
        load = (await order_for(case)).recipe.load
        places = [load.get("part"), *(part["part"] for part in load.get("parts", ()))]

        known = inspect.signature(pipeline_class(case.route.constants["pipeline"])).parameters

        assert {place for place in places if place is not None} <= known.keys(), case.id


async def test_only_safetensors_are_named():
    for case in FIRST:
        adapter = (await order_for(case)).recipe.load.get("ip_adapter")

        assert adapter is None or adapter["weight_name"].endswith(".safetensors"), case.id


def test_a_local_model_is_priced_by_the_second_that_it_runs():
    prices = {case.model.key: case.model.price for case in FIRST if case.number == 0}

    assert prices
    assert [
        key
        for key, price in prices.items()
        if price is None or "used(gpu_seconds" not in price.credits
    ] == []
