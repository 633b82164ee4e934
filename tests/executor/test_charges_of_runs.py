"""Charges in runs as they are stored: of nodes here, of elements of lists, of nodes at a provider."""

from collections.abc import Iterator

import pytest

from tests.executor import priced_nodes
from tests.executor.runs import run
from tests.graphs import graph
from tests.provider.conftest import _server, provider  # noqa: F401 - fixtures
from tests.provider.course import Course, asking
from workflows.selectors import get_catalogue

DOCUMENT = graph(
    {
        "t": ("input.text", {"name": "text"}),
        "l": ("input.list", {"name": "list"}),
        "cheap": "p.words",
        "costly": ("p.costly", {"effort": "high", "copies": 2}),
        "each": "p.words",
        "o": ("output", {"name": "out"}),
    },
    [
        "t.value -> cheap.text",
        "cheap.text -> costly.text",
        "l.value -> each.text",
        "costly.text -> o.value",
    ],
)
INPUTS = {"text": "x" * 12, "list": ["a", "a" * 6]}


@pytest.fixture
def _priced(settings) -> Iterator[None]:
    settings.EXTRA_NODES = [priced_nodes.__name__]
    get_catalogue.cache_clear()
    yield
    get_catalogue.cache_clear()


def credits_of(answer) -> dict[str, int]:
    return {node["nodeId"]: node["credits"] for node in answer["nodes"] if node["credits"]}


@pytest.mark.usefixtures("_priced")
def test_every_node_of_a_run_says_what_it_cost(workspace) -> None:
    answer = run(workspace, DOCUMENT, INPUTS)

    assert answer["status"] == "COMPLETED"
    assert credits_of(answer) == {"cheap": 3, "costly": 14, "each": 3}
    assert answer["credits"] == {"estimated": 20, "charged": 20}


@pytest.mark.usefixtures("_priced")
def test_what_is_known_costs_nothing_the_second_time(workspace) -> None:
    run(workspace, DOCUMENT, INPUTS)

    again = run(workspace, DOCUMENT, INPUTS)

    assert credits_of(again) == {}
    assert again["credits"]["charged"] == 0


def test_a_node_at_a_provider_costs_the_same_whoever_finishes_it(workspace, provider) -> None:  # noqa: F811
    course = Course(workspace)
    course.advance(60)  # a slow machine accepts in its past
    execution = course.begin(asking("b"))

    assert course.work(arm="remote.after_handle=raise")
    course.take_over()

    assert credits_of(course.answer(execution)) == {"ask": 5}
