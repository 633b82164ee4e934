"""A model of the catalogue on this installation's own accelerator, from the run to the charge."""

from collections.abc import Iterator

import pytest

from common.errors import InvalidGraph
from executor.models import Attempt
from executor.selectors import local_models
from tests.graphs import graph
from tests.provider.course import Course
from tests.provider.models import open_accounts
from tests.providers.local import FakeLocal

BOUND = 60  # credits: the most that a picture may take
CHARGED = 2  # for the 1.5 seconds that the fake tells


@pytest.fixture(scope="module")
def _fake() -> Iterator[FakeLocal]:
    with FakeLocal() as fake:
        yield fake


@pytest.fixture
def fake(_fake: FakeLocal, settings) -> FakeLocal:
    _fake.reset()
    local_models._asked.cache_clear()
    open_accounts(settings, _fake)
    return _fake


@pytest.fixture
def course(workspace, fake) -> Course:
    return Course(workspace)


def drawing(model: str = "sdxl-turbo") -> dict:
    return graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "draw": (f"model.{model}", {"seed": 7}),
            "o": ("output", {"name": "image"}),
        },
        ["p.value -> draw.prompt", "draw.image -> o.value"],
    )


def finish(course: Course, execution: str) -> dict:
    for _ in range(12):
        course.work()
        if course.answer(execution)["status"] in ("COMPLETED", "FAILED", "CANCELLED"):
            break
        course.advance(20)
    return course.answer(execution)


def test_a_model_whose_weights_are_here_runs_here_and_costs_its_seconds(course, fake):
    execution = course.begin(drawing())

    answer = finish(course, execution)

    order = next(seen.body for seen in fake.seen if seen.method == "POST")
    assert answer["status"] == "COMPLETED", answer
    assert answer["outputs"]["image"]["kind"] == "image"
    assert answer["credits"] == {"estimated": BOUND, "charged": CHARGED}
    assert order["pipeline"] == "StableDiffusionXLPipeline"
    assert order["inputs"]["guidance_scale"] == 0.0
    assert (order["seed"], order["inputs"]["num_inference_steps"]) == (7, 1)


def test_a_job_that_a_restart_of_the_server_lost_fails_and_costs_nothing(course, fake):
    execution = course.begin(drawing())
    course.at_nap = lambda _: fake.jobs.clear()

    answer = finish(course, execution)

    error = answer["error"]
    assert answer["status"] == "FAILED"
    assert (error["code"], error["retryable"]) == ("provider_unavailable", True)
    assert "restarted" in error["message"]
    assert answer["credits"]["charged"] == 0
    assert list(Attempt.objects.values_list("state", flat=True)) == ["failed"]


def test_a_model_whose_weights_are_not_here_is_not_taken(course):
    with pytest.raises(InvalidGraph) as refused:
        course.begin(drawing("stable-diffusion-2-1"))

    assert "unavailable" in str(refused.value.fields["errors"])
