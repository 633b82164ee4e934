"""Runs that pause for a person: no worker held, a place given up, and what a decision leads to."""

from datetime import timedelta

import pytest

from accounts.api import SYSTEM_ACTOR, override_limits
from billing.api import forget_limits
from common.clock import SYSTEM_CLOCK
from common.errors import Conflict, InvalidInputs
from executor.errors import ReviewNotFound
from executor.models import Execution, Review, Task, WorkspaceLoad
from executor.selectors.runs import list_events
from executor.services.cancel import cancel_execution
from executor.services.claims import promote_forgotten
from executor.services.reviews import Decider, decide_review
from executor.services.waking import wake_due
from tests.executor.runs import accept, answer_of, perform_all, publish
from tests.factories import AMPLE_LIMITS
from tests.graphs import graph
from workflows.catalogue.review import Decision

BY_KEY = Decider("key_1", "api")


def approve_graph(**params):
    """An input that is shouted, approved, and given on."""
    return graph(
        {
            "in": ("input.text", {"name": "text"}),
            "shout": "text.case",
            "ask": ("review.approve", {"title": "Fine?", **params}),
            "out": ("output", {"name": "text"}),
        },
        ["in.value -> shout.text", "shout.text -> ask.value", "ask.value -> out.value"],
    )


def pick_graph(**params):
    return graph(
        {
            "in": ("input.list", {"name": "texts", "items": "text"}),
            "ask": ("review.pick", params),
            "out": ("output", {"name": "picked"}),
        },
        ["in.value -> ask.options", "ask.values -> out.value"],
    )


def paused(workspace, document, inputs):
    """A run that has come to its question; returns its id and the question."""
    accepted = accept(workspace, publish(workspace, document), inputs)
    perform_all()
    return accepted.execution_id, Review.objects.of(workspace.id).latest("id")


def decide(review, **decision) -> None:
    decide_review(
        workspace_id=review.workspace_id,
        review_id=review.id,
        decision=Decision(**decision),
        decider=BY_KEY,
    )


def test_a_run_that_comes_to_a_question_is_paused_and_holds_no_worker(workspace) -> None:
    run, _ = paused(workspace, approve_graph(), {"text": "hi"})

    answer = answer_of(workspace, run)
    asked = {node["nodeId"]: node for node in answer["nodes"]}["ask"]
    assert answer["status"] == "PAUSED"
    assert asked["status"] == "PAUSED"
    assert asked["reviews"][0]["title"] == "Fine?"
    assert asked["reviews"][0]["values"] == ["HI"]
    assert list(Task.objects.filter(execution_id=run).values_list("state", flat=True)) == [
        "done",
        "waiting",
    ]
    assert WorkspaceLoad.objects.get(pk=workspace.id).running == 0


def test_an_approval_lets_the_run_go_on(workspace) -> None:
    run, review = paused(workspace, approve_graph(), {"text": "hi"})

    decide(review, comment="Nice")
    perform_all()

    answer = answer_of(workspace, run)
    assert (answer["status"], answer["outputs"]) == ("COMPLETED", {"text": "HI"})
    assert WorkspaceLoad.objects.get(pk=workspace.id).running == 0


def test_who_decided_what_and_when_is_recorded(workspace) -> None:
    _, review = paused(workspace, approve_graph(), {"text": "hi"})

    decide(review, comment="Nice")

    review.refresh_from_db()
    assert (review.state, review.decided_by, review.decided_via) == ("decided", "key_1", "api")
    assert review.decision == {"approved": True, "picked": [], "comment": "Nice"}
    assert review.decided_at >= review.created_at


def test_a_rejection_fails_the_run(workspace) -> None:
    run, review = paused(workspace, approve_graph(), {"text": "hi"})

    decide(review, approved=False, comment="Too loud")
    perform_all()

    error = answer_of(workspace, run)["error"]
    assert (error["code"], error["message"], error["nodeId"]) == (
        "review_rejected",
        "Too loud",
        "ask",
    )


def test_a_rejection_may_take_another_way(workspace) -> None:
    document = approve_graph(onReject="branch")
    document["nodes"].append(
        {"id": "no", "type": "output", "params": {"name": "no"}, "position": {"x": 0, "y": 0}}
    )
    document["edges"].append(
        {
            "id": "e9",
            "source": "ask",
            "sourceHandle": "rejected",
            "target": "no",
            "targetHandle": "value",
        }
    )
    run, review = paused(workspace, document, {"text": "hi"})

    decide(review, approved=False)
    perform_all()

    answer = answer_of(workspace, run)
    assert (answer["status"], answer["outputs"]) == ("COMPLETED", {"no": "HI"})


def test_picking_gives_what_was_picked_in_the_order_of_the_options(workspace) -> None:
    run, review = paused(workspace, pick_graph(atMost=2), {"texts": ["a", "b", "c"]})

    decide(review, picked=(2, 0))
    perform_all()

    assert answer_of(workspace, run)["outputs"] == {"picked": ["a", "c"]}


@pytest.mark.parametrize("picked", [(), (0, 1, 2), (3,), (1, 1)])
def test_a_choice_that_does_not_fit_is_refused(workspace, picked) -> None:
    _, review = paused(workspace, pick_graph(atMost=2), {"texts": ["a", "b", "c"]})

    with pytest.raises(InvalidInputs):
        decide(review, picked=picked)


def test_nobody_decides_twice(workspace) -> None:
    _, review = paused(workspace, approve_graph(), {"text": "hi"})
    decide(review)

    with pytest.raises(Conflict):
        decide(review, approved=False)


def test_another_workspace_finds_no_question(workspace, stranger_workspace) -> None:
    _, review = paused(workspace, approve_graph(), {"text": "hi"})

    with pytest.raises(ReviewNotFound):
        decide_review(
            workspace_id=stranger_workspace.id,
            review_id=review.id,
            decision=Decision(),
            decider=BY_KEY,
        )


@pytest.mark.parametrize(("otherwise", "status"), [("approve", "COMPLETED"), ("reject", "FAILED")])
def test_after_the_hour_what_was_asked_for_counts(workspace, otherwise, status) -> None:
    document = approve_graph(otherwise=otherwise, waitHours=1)
    run, review = paused(workspace, document, {"text": "hi"})

    assert wake_due(clock=SYSTEM_CLOCK) == 0
    Review.objects.of(workspace.id).update(expires_at=SYSTEM_CLOCK.now() - timedelta(seconds=1))
    Task.objects.filter(state="waiting").update(wake_at=SYSTEM_CLOCK.now() - timedelta(seconds=1))
    assert wake_due(clock=SYSTEM_CLOCK) == 1
    perform_all()

    review.refresh_from_db()
    assert answer_of(workspace, run)["status"] == status
    assert review.state == "expired"


def test_a_choice_without_a_default_fails_when_nobody_answers(workspace) -> None:
    run, _ = paused(workspace, pick_graph(otherwise="fail"), {"texts": ["a"]})
    Review.objects.of(workspace.id).update(expires_at=SYSTEM_CLOCK.now() - timedelta(seconds=1))
    Task.objects.filter(state="waiting").update(wake_at=SYSTEM_CLOCK.now() - timedelta(seconds=1))

    wake_due()
    perform_all()

    assert answer_of(workspace, run)["error"]["code"] == "timed_out"


def test_a_task_woken_too_early_waits_on(workspace) -> None:
    run, review = paused(workspace, approve_graph(), {"text": "hi"})
    Task.objects.filter(state="waiting").update(state="ready", wake_at=SYSTEM_CLOCK.now())

    perform_all()

    assert answer_of(workspace, run)["status"] == "PAUSED"
    decide(review)
    perform_all()
    assert answer_of(workspace, run)["status"] == "COMPLETED"


def test_a_paused_run_gives_its_place_and_is_held_when_none_is_free(workspace) -> None:
    run, review = paused(workspace, approve_graph(), {"text": "hi"})
    others = publish(workspace, approve_graph())
    for n in range(2):
        accept(workspace, others, {"text": str(n)})

    decide(review)

    assert Task.objects.get(execution_id=run, segment=1).state == "held"
    assert answer_of(workspace, run)["status"] == "PAUSED"
    perform_all()
    assert answer_of(workspace, run)["status"] == "COMPLETED"


def test_cancelling_a_paused_run_drops_its_question(workspace) -> None:
    run, review = paused(workspace, approve_graph(), {"text": "hi"})

    cancel_execution(workspace_id=workspace.id, execution_id=run)

    review.refresh_from_db()
    assert review.state == "dropped"
    assert WorkspaceLoad.objects.get(pk=workspace.id).running == 0
    with pytest.raises(Conflict):
        decide(review)


def test_each_element_of_a_list_is_a_question_of_its_own(workspace) -> None:
    document = graph(
        {
            "in": ("input.list", {"name": "texts", "items": "text"}),
            "shout": "text.case",
            "ask": "review.approve",
            "out": ("output", {"name": "texts"}),
        },
        ["in.value -> shout.text", "shout.text -> ask.value", "ask.value -> out.value"],
    )
    run, _ = paused(workspace, document, {"texts": ["a", "b"]})
    reviews = list(Review.objects.of(workspace.id).filter(execution_id=run))

    decide(reviews[0])
    perform_all()
    assert answer_of(workspace, run)["status"] == "PAUSED"
    decide(reviews[1])
    perform_all()

    assert answer_of(workspace, run)["outputs"] == {"texts": ["A", "B"]}


def test_another_branch_goes_on_while_somebody_is_asked(workspace) -> None:
    document = approve_graph()
    document["nodes"].insert(
        1,
        {
            "id": "slow",
            "type": "review.approve",
            "params": {},
            "position": {"x": 0, "y": 0},
        },
    )
    document["edges"].append(
        {
            "id": "e9",
            "source": "in",
            "sourceHandle": "value",
            "target": "slow",
            "targetHandle": "value",
        }
    )
    run, _ = paused(workspace, document, {"text": "hi"})
    reviews = {row.node_id: row for row in Review.objects.of(workspace.id).all()}

    decide(reviews["slow"])
    perform_all()

    assert answer_of(workspace, run)["status"] == "PAUSED"
    decide(reviews["ask"])
    perform_all()
    assert answer_of(workspace, run)["status"] == "COMPLETED"


def test_the_stream_tells_of_the_question(workspace) -> None:
    run, review = paused(workspace, approve_graph(), {"text": "hi"})

    told = [event["data"] for event in list_events(run, since=0) if event["type"] == "node"]

    assert told[-1]["status"] == "PAUSED"
    assert told[-1]["reviews"][0]["reviewId"] == review.id
    assert Execution.objects.across_workspaces().get(pk=run).status == "PAUSED"


def asked_twice(workspace):
    """A paused run that waits for two answers; returns its id and the questions."""
    document = graph(
        {
            "in": ("input.text", {"name": "text"}),
            "first": "review.approve",
            "second": "review.approve",
            "a": ("output", {"name": "a"}),
            "b": ("output", {"name": "b"}),
        },
        [
            "in.value -> first.value",
            "in.value -> second.value",
            "first.value -> a.value",
            "second.value -> b.value",
        ],
    )
    run, _ = paused(workspace, document, {"text": "hi"})
    return run, list(Review.objects.of(workspace.id).filter(execution_id=run).order_by("id"))


def places_taken(workspace) -> int:
    return WorkspaceLoad.objects.get(pk=workspace.id).running


def test_a_second_decision_takes_no_second_place_while_the_first_is_being_claimed(
    workspace,
) -> None:
    run, (first, second) = asked_twice(workspace)
    decide(first)
    Task.objects.filter(execution_id=run, state="ready").update(state="running")  # claimed, so far

    decide(second)

    assert places_taken(workspace) == 1


def test_a_second_decision_takes_no_place_past_the_first_which_waits_for_one(workspace) -> None:
    run, (first, second) = asked_twice(workspace)
    with_place = publish(
        workspace,
        graph(
            {
                "in": ("input.text", {"name": "t"}),
                "up": "text.case",
                "out": ("output", {"name": "o"}),
            },
            ["in.value -> up.text", "up.text -> out.value"],
        ),
    )
    for text in ("x", "y"):
        accept(workspace, with_place, {"t": text})
    decide(first)
    override_limits(
        actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits={**AMPLE_LIMITS, "runningAtOnce": 9}
    )
    forget_limits()

    decide(second)
    promote_forgotten()

    assert places_taken(workspace) == 3
    perform_all()
    assert answer_of(workspace, run)["status"] == "COMPLETED"
    assert places_taken(workspace) == 0
