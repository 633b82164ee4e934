"""Every `local` route asks for a pipeline that diffusers has, by arguments that it takes."""

import inspect

import pytest

pytest.importorskip("diffusers", reason="the extra `local` is not installed")

import diffusers
import torch

from executor.local.arguments import check_names, names_of
from executor.local.loading import class_named, pipeline_class
from executor.local.orders import read_order
from executor.providers.adapters.local import order_of
from tests.conformance.model_calls import Case, list_cases
from tests.providers.samples import request_of

pytestmark = pytest.mark.filterwarnings("ignore")

CASES = [case for case in list_cases() if case.route.provider == "local"]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
FIRST = list({(case.model.key, case.number): case for case in CASES}.values())
every_route = pytest.mark.parametrize("case", FIRST, ids=lambda case: case.id)


async def order_for(case: Case):
    """Return the order that a case comes to at the model server."""
    return read_order(await order_of(request_of(case.call()), "reference-1"))


def test_there_are_local_models():
    assert len(FIRST) > 100


@every_case
async def test_the_pipeline_takes_every_argument_and_lacks_none(case):
    order = await order_for(case)
    recipe = order.recipe
    pipelines = [
        pipeline_class(name) for name in (recipe.pipeline, recipe.load.get("prior")) if name
    ]

    check_names(order, *map(names_of, pipelines))

    given = {*order.inputs, *(name.removesuffix("[]") for name in order.files)}
    if "prior" not in recipe.load:
        needed = {
            parameter.name
            for parameter in inspect.signature(pipelines[0].__call__).parameters.values()
            if parameter.default is parameter.empty
            and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        }
        assert needed - {"self"} <= given


@every_route
async def test_what_is_loaded_next_to_a_model_is_of_classes_that_there_are(case):
    load = (await order_for(case)).recipe.load
    parts = [part["class"] for part in load.get("parts", ())]

    modules = [class_named(name) for name in [load.get("class"), *parts] if name]

    assert all(hasattr(each, "from_pretrained") for each in modules)
    assert ("part" in load) == ("class" in load)
    if "class" in load:
        assert issubclass(class_named(load["class"]), torch.nn.Module)
    if "scheduler" in load:
        assert issubclass(class_named(load["scheduler"]), diffusers.SchedulerMixin)
    for part in (load.get("part"), *(part["part"] for part in load.get("parts", ()))):
        if part is not None:
            assert (
                part
                in inspect.signature(pipeline_class(case.route.constants["pipeline"])).parameters
            )


@every_route
async def test_only_safetensors_are_named(case):
    adapter = (await order_for(case)).recipe.load.get("ip_adapter")

    assert adapter is None or adapter["weight_name"].endswith(".safetensors")


@every_route
def test_a_local_model_is_priced_by_the_second_that_it_runs(case):
    is_first = case.number == 0

    if is_first:
        assert case.model.price is not None
        assert "used(gpu_seconds" in case.model.price.credits
