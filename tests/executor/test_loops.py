"""`loop.while`: rounds, what is fed back, and when it ends."""

import pytest

from common.errors import InvalidGraph
from executor.models import Execution, Task
from executor.runtime.perform import Performer
from executor.selectors.planning import plan_of
from tests.executor.nested import DOUBLE, SHOUT, children, loop
from tests.executor.runs import accept, answer_of, perform_all, publish, run
from tests.graphs import graph

pytestmark = pytest.mark.django_db


def test_a_loop_feeds_back_what_has_the_name_of_an_input(workspace) -> None:
    body = publish(workspace, DOUBLE)

    answer = run(workspace, loop(body), {"text": "ab", "mark": "+"})

    # 2, 5, 11 characters: the mark stays what it was at first
    assert answer["outputs"] == {"text": "ab+ab+ab+ab", "rounds": 2}
    assert [child.iteration for child in children(answer["executionId"])] == [0, 1]


def test_a_loop_ends_at_its_maximum_though_it_wants_more(workspace) -> None:
    body = publish(workspace, DOUBLE)

    answer = run(workspace, loop(body, maximum=1), {"text": "a"})

    assert answer["outputs"] == {"text": "a-a", "rounds": 1}


def test_a_loop_whose_body_does_not_say_whether_to_go_on_runs_once(workspace) -> None:
    document = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "yes": ("logic.compare", {"operator": "empty"}),
            "if": "logic.if",
            "again": ("output", {"name": "again"}),
            "out": ("output", {"name": "text"}),
            "mark": ("input.text", {"name": "mark", "required": False}),
        },
        [
            "in.value -> yes.a",
            "yes.result -> if.condition",
            "yes.result -> if.value",
            "if.true -> again.value",
            "in.value -> out.value",
        ],
    )

    answer = run(workspace, loop(publish(workspace, document)), {"text": "a"})

    assert answer["outputs"] == {"text": "a", "rounds": 1}


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (SHOUT, "missing"),
        (
            graph(
                {
                    "in": ("input.text", {"name": "text"}),
                    "again": ("output", {"name": "again"}),
                },
                ["in.value -> again.value"],
            ),
            "wrong_kind",
        ),
        (
            graph(
                {
                    "in": ("input.boolean", {"name": "text"}),
                    "again": ("output", {"name": "again"}),
                    "rounds": ("output", {"name": "rounds"}),
                },
                ["in.value -> again.value", "in.value -> rounds.value"],
            ),
            "not_allowed",
        ),
    ],
)
def test_a_loop_needs_a_body_that_says_whether_to_go_on(workspace, body, at) -> None:
    document = graph({"loop": ("loop.while", {"workflowId": publish(workspace, body)})}, [])

    with pytest.raises(InvalidGraph) as refused:
        publish(workspace, document)

    found = [(issue.path, issue.code) for issue in refused.value.issues]
    assert ("nodes/loop/params/workflowId", at) in found


def test_a_failure_elsewhere_lets_the_run_below_end_and_starts_no_further_round(workspace) -> None:
    document = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "call": ("loop.while", {"workflowId": publish(workspace, DOUBLE)}),
            "list": ("text.split", {"separator": ","}),
            "pick": ("list.pick", {"index": 5}),
            "out": ("output", {"name": "text"}),
        },
        [
            "in.value -> call.text",
            "in.value -> list.text",
            "list.texts -> pick.list",
            "call.text -> out.value",
        ],
    )
    accepted = accept(workspace, publish(workspace, document), {"text": "a"})
    performer = Performer("test")
    by_segment = Task.objects.filter(execution_id=accepted.execution_id).order_by("segment")
    plan = plan_of(Execution.objects.across_workspaces().get(pk=accepted.execution_id).version_id)
    (looping,) = plan.calls
    performer.perform(by_segment.get(segment=looping).pk)

    performer.perform(by_segment.exclude(segment=looping).get().pk)
    status = answer_of(workspace, accepted.execution_id)["status"]
    perform_all()

    assert status == "RUNNING"
    answer = answer_of(workspace, accepted.execution_id)
    assert (answer["status"], answer["error"]["nodeId"]) == ("FAILED", "pick")
    assert [child.status for child in children(accepted.execution_id)] == ["COMPLETED"]
