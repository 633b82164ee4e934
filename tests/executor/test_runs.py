"""Runs through the services: stored, performed, answered."""

import io
import json
from datetime import timedelta

import pytest
from PIL import Image

from common.clock import FixedClock, utc_now
from common.errors import InvalidInputs
from executor import conf
from executor.errors import LeaseLost
from executor.media.encode import encode_draft, open_picture
from executor.models import Execution, NodeResults, Task
from executor.runtime.perform import Performer
from executor.runtime.running import Cancellation
from executor.selectors.runs import get_poll_answer, list_events
from executor.services import claims
from executor.services.cancel import cancel_execution
from executor.services.claims import claim_task, release_dead, ring_unheard
from executor.services.files import take_upload
from executor.services.results import TaskReport, fail_poisonous, finish
from tests.executor.runs import (
    accept,
    answer_of,
    perform_all,
    publish,
    ready_tasks,
    run,
    stored_nodes,
)
from tests.graphs import chain, graph

SHOUT = chain(1)


@pytest.fixture
def photo(workspace, tmp_path):
    """An uploaded picture of 64 × 48."""
    source = tmp_path / "photo.png"
    Image.new("RGB", (64, 48), "#336699").save(source)
    return take_upload(workspace_id=workspace.id, source=source)


RESIZE = graph(
    {
        "i": ("input.image", {"name": "photo"}),
        "r": ("image.resize", {"width": 32, "height": 32, "fit": "cover"}),
        "b": ("image.blur", {"radius": 1}),
        "o": ("output", {"name": "image"}),
    },
    ["i.value -> r.image", "r.image -> b.image", "b.image -> o.value"],
)


def test_a_run_ends_completed_with_its_outputs(workspace) -> None:
    answer = run(workspace, SHOUT, {"text": "hello"})

    assert answer["status"] == "COMPLETED"
    assert answer["progress"] == 1.0
    assert answer["outputs"] == {"text": "HELLO"}
    assert [node["status"] for node in answer["nodes"]] == ["COMPLETED"] * 3


def test_a_picture_goes_in_and_comes_out_in_its_format(workspace, photo) -> None:
    answer = run(workspace, RESIZE, {"photo": {"fileId": photo.id}})

    image = answer["outputs"]["image"]
    assert (image["width"], image["height"]) == (32, 32)
    assert image["contentType"] == "image/png"
    assert image["bytes"] > 0
    between = answer["nodes"][1]["outputs"]["image"]
    assert between["fileId"] != image["fileId"]


def test_media_between_nodes_is_not_stored_when_only_outputs_are_asked_for(
    workspace, photo
) -> None:
    answer = run(workspace, RESIZE, {"photo": {"fileId": photo.id}}, keep="outputs")

    assert answer["status"] == "COMPLETED"
    assert answer["nodes"][1]["outputs"] == {}
    assert "image" in answer["outputs"]


def test_a_draft_is_a_png_that_gives_back_every_pixel() -> None:
    for mode in ("L", "RGB", "RGBA"):
        picture = Image.effect_noise((37, 23), 80).convert(mode)

        stored = encode_draft(picture)

        assert open_picture(io.BytesIO(stored)).tobytes() == picture.tobytes()


def test_a_data_uri_is_taken_in(workspace) -> None:
    uri = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

    answer = run(workspace, RESIZE, {"photo": uri})

    assert answer["outputs"]["image"]["width"] == 32


def test_G12_a_file_of_another_workspace_is_not_found(workspace, stranger_workspace, photo) -> None:
    workflow = publish(stranger_workspace, RESIZE)

    with pytest.raises(InvalidInputs) as refused:
        accept(stranger_workspace, workflow, {"photo": {"fileId": photo.id}})

    assert [(issue.path, issue.code) for issue in refused.value.issues] == [
        ("/inputs/photo", "not_found")
    ]


def test_a_failed_node_is_told_and_the_rest_is_skipped(workspace) -> None:
    document = graph(
        {
            "l": ("list.range", {"start": 0, "stop": 3}),
            "p": ("list.pick", {"index": 9}),
            "o": ("output", {"name": "out"}),
        },
        ["l.list -> p.list", "p.value -> o.value"],
    )

    answer = run(workspace, document, {})

    assert answer["status"] == "FAILED"
    assert answer["error"]["nodeId"] == "p"
    assert answer["error"]["code"] == "invalid_value"
    assert [node["status"] for node in answer["nodes"]] == ["COMPLETED", "FAILED", "SKIPPED"]


def test_a_mapped_list_of_a_thousand_elements(workspace) -> None:
    document = graph(
        {
            "l": ("input.list", {"name": "words", "items": "text"}),
            "c": "text.case",
            "j": ("text.join", {"separator": ","}),
            "o": ("output", {"name": "out"}),
        },
        ["l.value -> c.text", "c.text -> j.texts", "j.text -> o.value"],
    )

    answer = run(workspace, document, {"words": [f"w{n}" for n in range(1000)]})

    assert answer["outputs"]["out"] == ",".join(f"W{n}" for n in range(1000))
    assert NodeResults.objects.filter(segment=0).count() == 10


def test_five_hundred_nodes_are_one_task(workspace) -> None:
    answer = run(workspace, chain(498), {"text": "x"})

    assert answer["status"] == "COMPLETED"
    assert Task.objects.count() == 1


def test_events_are_numbered_without_a_gap_and_end_with_the_poll_answer(workspace) -> None:
    accepted = accept(workspace, publish(workspace, chain(5)), {"text": "x"})
    perform_all()

    events = list_events(accepted.execution_id, since=0)

    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events].count("final") == 1
    assert events[-1]["data"] == answer_of(workspace, accepted.execution_id)
    assert list_events(accepted.execution_id, since=3) == events[3:]


def test_C14_a_cancelled_run_is_final_at_once_and_its_worker_is_fenced_out(workspace) -> None:
    accepted = accept(workspace, publish(workspace, SHOUT), {"text": "x"})
    claim = claimed("slow")

    first = cancel_execution(workspace_id=workspace.id, execution_id=accepted.execution_id)
    again = cancel_execution(workspace_id=workspace.id, execution_id=accepted.execution_id)

    assert (first, again) == (("CANCELLED", True), ("CANCELLED", False))
    with pytest.raises(LeaseLost):
        finish(claim=claim, report=TaskReport())
    assert answer_of(workspace, accepted.execution_id)["status"] == "CANCELLED"


def test_C14_cancelling_a_finished_run_changes_nothing(workspace) -> None:
    accepted = accept(workspace, publish(workspace, SHOUT), {"text": "x"})
    perform_all()

    result = cancel_execution(workspace_id=workspace.id, execution_id=accepted.execution_id)

    assert result == ("COMPLETED", False)


def test_a_task_is_claimed_by_one_worker_only(workspace) -> None:
    accept(workspace, publish(workspace, SHOUT), {"text": "x"})
    (task,) = ready_tasks()

    assert claim_task(task_id=task, owner="one") is not None
    assert claim_task(task_id=task, owner="two") is None


def test_C16_a_worker_that_lost_its_lease_cannot_write(workspace) -> None:
    accepted = accept(workspace, publish(workspace, SHOUT), {"text": "x"})
    late = claimed("late")
    release_dead(all_leases=True)
    perform_all("quick")

    with pytest.raises(LeaseLost):
        finish(claim=late, report=TaskReport())

    assert answer_of(workspace, accepted.execution_id)["outputs"] == {"text": "X"}
    assert stored_nodes(accepted.execution_id) == 1


def test_a_lease_that_ran_out_is_taken_over(workspace) -> None:
    accepted = accept(workspace, publish(workspace, SHOUT), {"text": "x"})
    long_ago = FixedClock(utc_now() - timedelta(hours=1))
    Task.objects.update(wake_at=long_ago.now())
    claim_task(task_id=ready_tasks()[0], owner="dead", clock=long_ago)
    # On PostgreSQL leases go by the database's clock, which no test can hold.
    Task.objects.update(lease_until=long_ago.now())

    release_dead()
    perform_all()

    assert answer_of(workspace, accepted.execution_id)["status"] == "COMPLETED"


def test_a_task_that_takes_down_every_worker_fails_its_run(workspace) -> None:
    accepted = accept(workspace, publish(workspace, SHOUT), {"text": "x"})
    poison: list[str] = []
    for _ in range(conf.max_attempts()):
        claim_task(task_id=ready_tasks()[0], owner="dying")
        poison = release_dead(all_leases=True)

    for task_id in poison:
        fail_poisonous(task_id=task_id)

    answer = answer_of(workspace, accepted.execution_id)
    assert answer["status"] == "FAILED"
    assert answer["error"]["code"] == "resource_limit"
    assert answer["error"]["nodeId"] == "n0"


def claimed(owner: str) -> claims.Claim:
    """The oldest ready task, claimed."""
    found = claim_task(task_id=ready_tasks()[0], owner=owner)
    assert found is not None
    return found[0]


class CrashAfter:
    """A clock that is a second later at each look, so that every node is committed by itself."""

    def __init__(self, looks: int) -> None:
        self.looks, self.at = looks, utc_now()

    def now(self):
        self.looks -= 1
        if self.looks == 0:
            raise SystemExit("the process dies here")
        self.at += timedelta(seconds=2)
        return self.at


@pytest.mark.parametrize("keep", ["all", "outputs"])
@pytest.mark.parametrize("looks", [12, 18, 25])
def test_a_long_task_goes_on_where_the_dead_worker_had_stored(
    workspace, photo, looks, keep
) -> None:
    nodes = {"i": ("input.image", {"name": "photo"})}
    edges, before = [], "i.value"
    for index in range(6):
        nodes[f"n{index}"] = ("image.flip", {"direction": "horizontal"})
        edges.append(f"{before} -> n{index}.image")
        before = f"n{index}.image"
    nodes["o"] = ("output", {"name": "image"})
    document = graph(nodes, [*edges, f"{before} -> o.value"])
    accepted = accept(
        workspace, publish(workspace, document), {"photo": {"fileId": photo.id}}, keep=keep
    )
    with pytest.raises(SystemExit):
        Performer("dying", clock=CrashAfter(looks)).perform(ready_tasks()[0])
    stored = stored_nodes(accepted.execution_id)

    release_dead(all_leases=True)
    perform_all("heir")

    answer = answer_of(workspace, accepted.execution_id)
    assert answer["status"] == "COMPLETED"
    assert 0 < stored < 6
    assert stored_nodes(accepted.execution_id) == 6


def test_a_cancelled_task_stops_at_its_next_look(workspace) -> None:
    from workflows.catalogue.errors import NodeCancelled

    cancellation = Cancellation()
    cancellation.check()
    cancellation.set()

    with pytest.raises(NodeCancelled):
        cancellation.check()


def test_X14_a_task_that_nobody_was_told_of_is_rung_by_the_sweep(workspace) -> None:
    accept(workspace, publish(workspace, SHOUT), {"text": "x"})
    later = FixedClock(utc_now() + timedelta(seconds=60))

    assert ring_unheard(queues=["runs"], clock=later) == 1
    assert ring_unheard(queues=["runs"], clock=later) == 0


def test_a_poll_is_one_statement_when_final_and_two_before(
    workspace, django_assert_max_num_queries
) -> None:
    accepted = accept(workspace, publish(workspace, SHOUT), {"text": "x"})

    with django_assert_max_num_queries(2):
        get_poll_answer(workspace.id, accepted.execution_id)
    perform_all()
    with django_assert_max_num_queries(1):
        answer = get_poll_answer(workspace.id, accepted.execution_id)

    assert answer.is_final
    assert json.loads(answer.body)["status"] == "COMPLETED"


def test_accepting_a_run_takes_few_statements(workspace, django_assert_max_num_queries) -> None:
    workflow = publish(workspace, SHOUT)
    accept(workspace, workflow, {"text": "warm"})

    # Two of them are the savepoint that stands for BEGIN and COMMIT inside a test.
    with django_assert_max_num_queries(2 + 6):
        accept(workspace, workflow, {"text": "x"})

    assert Execution.objects.of(workspace.id).count() == 2
