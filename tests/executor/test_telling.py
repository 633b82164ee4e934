"""What tasks say of themselves: how often it is written, what is left out, who is stopped."""

import base64
import io
import threading
from dataclasses import replace

import pytest
from django.db import OperationalError, connection
from PIL import Image as PilImage

from common.clock import SYSTEM_CLOCK
from executor.media.preview import MAX_BYTES, MAX_SIDE, preview_uri
from executor.models import Execution, Task
from executor.runtime.bench import TaskBench
from executor.runtime.running import RunningTasks
from executor.runtime.telling import EVERY_S, PREVIEW_EVERY_S, TaskVoice, Teller
from executor.selectors.planning import plan_of
from executor.selectors.runs import list_events
from executor.services.cancel import cancel_execution
from executor.services.claims import claim_task, release_dead
from executor.services.results import TaskReport, Word, store_progress, tell_progress
from tests.executor.runs import accept, publish
from tests.factories import make_graph
from workflows.catalogue.errors import NodeCancelled

pytestmark = pytest.mark.django_db


class Hours:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def accepted(workspace):
    return accept(workspace, publish(workspace, make_graph()), {"text": "hello"})


@pytest.fixture
def claim(accepted):
    task = Task.objects.get(execution_id=accepted.execution_id)
    found = claim_task(task_id=task.pk, owner="test")
    assert found is not None
    return found[0]


@pytest.fixture
def lost() -> list[object]:
    return []


@pytest.fixture
def teller(hours, lost) -> Teller:
    return Teller(on_lost=lost.append, now=hours)


def told(claim):
    return [
        (event["type"], event["data"].get("progress"))
        for event in list_events(claim.execution_id, since=0)
    ]


def numbers(claim):
    return [event["seq"] for event in list_events(claim.execution_id, since=0)]


def test_of_many_words_the_newest_is_written(teller, claim) -> None:
    for done in range(1_000):
        teller.tell(claim, "case", progress=done / 1_000)

    teller.write()

    assert told(claim) == [("progress", 0.999)]


def test_a_node_is_told_of_ten_times_a_second_at_most(teller, claim, hours) -> None:
    for step in range(200):  # two seconds
        teller.tell(claim, "case", progress=step / 200)
        teller.write()
        hours.advance(0.01)

    assert len(told(claim)) <= 2 / EVERY_S
    assert len(told(claim)) >= 2 / EVERY_S - 2


def test_where_the_database_is_slow_less_is_told(claim, hours, lost) -> None:
    def slow(execute, sql, params, many, context):
        if sql.startswith("INSERT"):
            hours.advance(0.4)
        return execute(sql, params, many, context)

    teller = Teller(on_lost=lost.append, now=hours)
    with connection.execute_wrapper(slow):
        for step in range(40):  # eight seconds, of which half is the database's at most
            teller.tell(claim, "case", progress=step / 40)
            teller.write()
            hours.advance(0.1)

    assert 8 <= len(told(claim)) <= 12


def test_all_nodes_of_a_run_are_told_in_one_commit(
    teller, claim, django_assert_max_num_queries
) -> None:
    for number in range(20):
        teller.tell(claim, f"n{number}", progress=0.5)

    with django_assert_max_num_queries(8):  # as many as for one node
        teller.write()

    assert numbers(claim) == list(range(1, 21))


def test_nothing_is_written_while_nobody_says_anything(teller, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        teller.write()


def test_W7_the_numbers_stay_without_a_gap_between_words_and_results(teller, claim, hours) -> None:
    for done in (0.1, 0.2, 0.3):
        teller.tell(claim, "case", progress=done)
        teller.write()
        store_progress(claim=claim, report=TaskReport())
        hours.advance(EVERY_S)

    assert numbers(claim) == [1, 2, 3]


def test_a_task_that_somebody_else_has_by_now_is_stopped(teller, claim, lost) -> None:
    release_dead(all_leases=True)
    teller.tell(claim, "case", progress=0.5)

    teller.write()

    assert lost == [claim]
    assert told(claim) == []


def test_nothing_is_told_after_the_final_event(teller, claim, workspace, lost) -> None:
    teller.tell(claim, "case", progress=0.5)
    cancel_execution(workspace_id=workspace.id, execution_id=claim.execution_id)

    teller.write()

    assert lost == [claim]
    assert told(claim)[-1][0] == "final"


def test_an_older_claim_on_a_task_says_nothing_for_the_newer_one(teller, claim, lost) -> None:
    older = replace(claim, fence=claim.fence - 1)
    teller.tell(older, "other", progress=0.9)
    teller.tell(claim, "case", progress=0.1)

    teller.write()

    assert told(claim) == [("progress", 0.1)]
    assert lost == [older]


def test_what_is_about_to_be_stored_is_told_no_more(teller, claim) -> None:
    teller.tell(claim, "case", progress=0.5)

    teller.forget(claim)
    teller.write()

    assert told(claim) == []


def test_a_word_taken_back_while_it_waits_for_the_run_is_not_told(claim, accepted) -> None:
    word = Word(claim, "case", progress=0.5)

    def take_back(execute, sql, params, many, context):
        word.is_taken_back = True  # as a task does that comes to its end meanwhile
        return execute(sql, params, many, context)

    with connection.execute_wrapper(take_back):
        assert tell_progress(execution_id=accepted.execution_id, words=[word]) == []

    assert told(claim) == []


def test_a_run_that_is_gone_says_nothing(claim) -> None:
    Execution.objects.across_workspaces().filter(pk=claim.execution_id).delete()

    lost = tell_progress(execution_id=claim.execution_id, words=[Word(claim, "case", progress=0.5)])

    assert lost == [claim]


def test_a_database_that_is_away_fails_no_node(claim, lost, hours, caplog) -> None:
    def away(execute, sql, params, many, context):
        if "executor_execution" in sql:
            raise OperationalError("away")
        return execute(sql, params, many, context)

    teller = Teller(on_lost=lost.append, now=hours)
    teller.tell(claim, "case", progress=0.5)
    with connection.execute_wrapper(away):
        teller.write()

    assert lost == []
    assert "progress not told" in caplog.text


def test_words_come_from_many_threads_at_once(teller, claim) -> None:
    def say(name: str) -> None:
        for done in range(200):
            teller.tell(claim, name, progress=done / 200)

    threads = [threading.Thread(target=say, args=(f"n{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    teller.write()

    assert told(claim) == [("progress", 0.995)] * 8


# --- previews


def test_previews_are_told_twice_a_second_at_most_and_the_newest_counts(
    teller, claim, hours
) -> None:
    for step in range(100):  # two seconds
        teller.tell(claim, "case", preview=f"data:,{step}")
        teller.write()
        hours.advance(0.02)

    events = list_events(claim.execution_id, since=0)
    assert {event["type"] for event in events} == {"preview"}
    assert 2 <= len(events) <= 2 / PREVIEW_EVERY_S
    steps = [int(event["data"]["image"].removeprefix("data:,")) for event in events]
    assert 25 <= steps[0] <= 31  # the newest of those after half a second


def test_a_preview_that_comes_too_soon_does_not_hold_progress_back(teller, claim) -> None:
    teller.tell(claim, "case", progress=0.5, preview="data:,x")

    teller.write()

    assert told(claim) == [("progress", 0.5)]


def test_a_quick_node_makes_no_preview(teller, claim, hours) -> None:
    voice = TaskVoice(teller, claim)

    early = voice.may_preview("case")
    hours.advance(PREVIEW_EVERY_S)

    assert not early
    assert voice.may_preview("case")


def test_a_node_shows_its_picture_to_whoever_follows_the_run(
    workspace, claim, teller, hours
) -> None:
    context = bench_of(claim, workspace, teller).context(node_of(claim))
    picture = PilImage.effect_noise((3_000, 2_000), 100).convert("RGB")

    context.preview(picture)
    hours.advance(PREVIEW_EVERY_S)
    context.preview(picture)
    teller.write()

    (event,) = list_events(claim.execution_id, since=0)
    shown = decoded(event["data"]["image"])
    assert event["type"] == "preview"
    assert set(event["data"]) == {"nodeId", "image"}
    assert event["data"]["nodeId"] == "case"
    assert shown.size == (512, 341)


def test_a_node_that_shows_its_picture_hears_that_its_run_is_over(
    workspace, claim, teller, hours
) -> None:
    running = RunningTasks()
    task = running.add(claim, claim.execution_id)
    bench = bench_of(claim, workspace, teller, cancellation=task.cancellation)
    context = bench.context(node_of(claim))

    running.stop(claim)

    with pytest.raises(NodeCancelled):
        context.preview(PilImage.new("RGB", (8, 8)))


def test_a_task_is_stopped_by_its_own_claim_alone(claim) -> None:
    running = RunningTasks()
    task = running.add(claim, claim.execution_id)

    running.stop(replace(claim, fence=claim.fence - 1))
    task.cancellation.check_over()
    running.stop(claim)

    with pytest.raises(NodeCancelled):
        task.cancellation.check_over()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize(
    "size", [(1, 1), (512, 512), (600, 40), (1_023, 1_025), (2_000, 1_500), (9_000, 3)]
)
def test_a_preview_is_small_whatever_the_picture_is(size, mode) -> None:
    picture = PilImage.effect_noise(size, 200).convert(mode)  # what compresses worst
    before = picture.tobytes()

    uri = preview_uri(picture)

    shown = decoded(uri)
    assert len(uri) <= MAX_BYTES * 4 / 3 + 100
    assert max(shown.size) <= MAX_SIDE
    assert min(shown.size) >= 1
    assert picture.tobytes() == before


def test_a_small_picture_is_not_made_larger() -> None:
    assert decoded(preview_uri(PilImage.new("RGB", (40, 30)))).size == (40, 30)


def decoded(uri: str) -> PilImage.Image:
    head, _, data = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return PilImage.open(io.BytesIO(base64.b64decode(data)))


def node_of(claim):
    version_id = Execution.objects.across_workspaces().get(pk=claim.execution_id).version_id
    return plan_of(version_id).node("case")


def bench_of(claim, workspace, teller, *, cancellation=None):
    version_id = Execution.objects.across_workspaces().get(pk=claim.execution_id).version_id
    return TaskBench(
        plan=plan_of(version_id),
        workspace_id=workspace.id,
        execution_id=claim.execution_id,
        keep_all=True,
        cancellation=cancellation or RunningTasks().add(claim, claim.execution_id).cancellation,
        voice=TaskVoice(teller, claim),
        clock=SYSTEM_CLOCK,
    )
