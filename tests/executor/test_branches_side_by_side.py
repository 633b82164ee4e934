"""Branches of one run, and elements of one list, under several workers at the same time."""

from collections.abc import Iterator

import pytest

from tests.executor import meeting_nodes
from tests.executor.runs import accept, answer_of, publish
from tests.executor.test_calls_side_by_side import side_by_side, work_until_idle
from tests.graphs import graph
from workflows.api import get_catalogue

pytestmark = pytest.mark.django_db(transaction=True)

BRANCHES = graph(
    {
        "in": ("input.text", {"name": "text"}),
        "left": "meet.other",
        "right": "meet.other",
        "a": ("output", {"name": "left"}),
        "b": ("output", {"name": "right"}),
    },
    [
        "in.value -> left.text",
        "in.value -> right.text",
        "left.text -> a.value",
        "right.text -> b.value",
    ],
)
ELEMENTS = graph(
    {
        "in": ("input.list", {"name": "text", "items": "text"}),
        "each": "meet.other",
        "out": ("output", {"name": "texts"}),
    },
    ["in.value -> each.text", "each.text -> out.value"],
)


@pytest.fixture(autouse=True)
def _meeting(settings) -> Iterator[None]:
    settings.EXTRA_NODES = [meeting_nodes.__name__]
    get_catalogue.cache_clear()
    meeting_nodes.BOTH.reset()
    yield
    get_catalogue.cache_clear()


@pytest.mark.parametrize(
    ("document", "given"), [(BRANCHES, "x"), (ELEMENTS, ["x", "y"])], ids=["branches", "elements"]
)
def test_what_does_not_depend_on_each_other_runs_at_the_same_time(
    workspace, document, given
) -> None:
    accepted = accept(workspace, publish(workspace, document), {"text": given}, cache="off")

    side_by_side(work_until_idle("one"), work_until_idle("two"))

    answer = answer_of(workspace, accepted.execution_id)
    assert (answer["status"], answer["error"]) == ("COMPLETED", None)
