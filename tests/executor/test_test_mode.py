"""Runs of test keys: models are simulated, nothing is asked of providers, held or charged."""

from typing import Any

import pytest

from accounts.api import SYSTEM_ACTOR, WorkspaceRef
from billing.api import get_balance
from common.clock import utc_now
from common.errors import Conflict, InvalidGraph
from executor.dispatch import get_broker
from executor.engine.state import RunState
from executor.engine.step import TaskSpec
from executor.models import Attempt, CacheEntry, Execution, ExecutionEvent, File, Task
from executor.runtime.perform import Performer
from executor.runtime.worker import WorkerProcess
from executor.selectors.planning import plan_of
from executor.selectors.routing import models_of
from executor.selectors.runs import get_snapshot
from executor.services.accept import accept_execution
from executor.services.estimates import preview_run
from executor.services.known import look_up_task, outer_forms
from executor.services.retry import RetryRequest, retry_execution
from executor.types import Accepted, ExecutionRequest, Trigger
from tests.client import ApiClient
from tests.durability.processes import wait_until
from tests.executor.media_files import make_image
from tests.executor.runs import answer_of, publish
from tests.executor.simulated import document_of, write_models
from tests.factories import make_file, make_graph, make_key
from tests.graphs import graph
from tests.provider.course import Course
from workflows.api import find_runnable
from workflows.selectors.catalogue import get_catalogue
from workflows.services.models import add_model

FAL = {"fal": {"key": "secret", "secret": "", "base_url": ""}}

pytestmark = pytest.mark.django_db


@pytest.fixture
def models(staff_catalogue) -> None:
    """A model of each task that these tests use, in the catalogue of this process."""
    write_models()


@pytest.fixture
def course(workspace, models) -> Course:
    return Course(workspace)


def paint(node: str = "paint", **params: Any) -> dict[str, Any]:
    """A graph whose one node makes a small picture from the input `prompt`."""
    given = {"width": 64, "height": 48, **params}
    return graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            node: ("model.test-text-to-image", given),
            "o": ("output", {"name": "image"}),
        },
        [f"p.value -> {node}.prompt", f"{node}.image -> o.value"],
    )


def accept(workspace: WorkspaceRef, flow: str, mode: str = "test", **more: Any) -> Accepted:
    given = {"inputs": {"prompt": "tea"}, **more}
    return accept_execution(
        ExecutionRequest(
            workspace_id=workspace.id,
            workflow_id=flow,
            version=None,
            mode=mode,
            trigger=Trigger.API,
            **given,
        )
    )


def finish(course: Course) -> None:
    """Do all that is left, each task where it belongs."""
    performer = Performer("runs")
    while tasks := Task.objects.filter(state="ready").order_by("wake_at", "id"):
        if tasks[0].queue == "remote":
            course.work()
        else:
            performer.perform(tasks[0].id)


def run(course: Course, document: dict[str, Any], **more: Any) -> dict[str, Any]:
    accepted = accept(course.workspace, publish(course.workspace, document), **more)
    finish(course)
    return answer_of(course.workspace, accepted.execution_id)


def entry(answer: dict[str, Any], node: str) -> dict[str, Any]:
    return next(shown for shown in answer["nodes"] if shown["nodeId"] == node)


def test_a_model_is_simulated_and_its_node_says_so(course):
    answer = run(course, paint())

    assert answer["status"] == "COMPLETED"
    image = answer["outputs"]["image"]
    assert (image["kind"], image["width"], image["height"]) == ("image", 64, 48)
    assert entry(answer, "paint")["simulated"] is True
    assert "simulated" not in entry(answer, "p")


def test_no_provider_is_asked_and_nothing_is_held_or_charged(course, workspace):
    before = get_balance(workspace.id)

    answer = run(course, paint())

    assert not Attempt.objects.exists()
    assert answer["credits"] == {"estimated": 0, "charged": 0}
    assert get_balance(workspace.id) == before


def test_events_and_snapshots_tell_of_what_is_simulated(course, workspace):
    accepted = accept(workspace, publish(workspace, paint()))
    course.work()

    rows = ExecutionEvent.objects.filter(execution_id=accepted.execution_id)
    told = [item["data"] for row in rows for item in row.items if item["type"] == "node"]
    _, snapshot, _ = get_snapshot(workspace.id, accepted.execution_id)
    assert {data["nodeId"]: data.get("simulated") for data in told}["paint"] is True
    assert b'"simulated":true' in snapshot


def test_a_mapped_model_is_simulated_for_each_element(course):
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "split": ("text.split", {}),
            "paint": ("model.test-text-to-image", {"width": 32, "height": 32}),
            "o": ("output", {"name": "images"}),
        },
        ["p.value -> split.text", "split.texts -> paint.prompt", "paint.image -> o.value"],
    )

    answer = run(course, document, inputs={"prompt": "tea\ncoffee\nmilk"})

    ids = [image["fileId"] for image in answer["outputs"]["images"]]
    sums = set(File.objects.across_workspaces().filter(pk__in=ids).values_list("sha256", flat=True))
    assert len(sums) == 3
    assert entry(answer, "paint")["simulated"] is True


def test_a_chain_hands_simulated_files_on(course):
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "ask": ("model.test-chat", {}),
            "paint": ("model.test-text-to-image", {"width": 64, "height": 64}),
            "film": ("model.test-image-to-video", {"duration": 1}),
            "say": ("model.test-text-to-speech", {}),
            "v": ("output", {"name": "film"}),
            "s": ("output", {"name": "speech"}),
        },
        [
            "p.value -> ask.prompt", "ask.text -> paint.prompt", "paint.image -> film.image",
            "ask.text -> say.text", "film.video -> v.value", "say.audio -> s.value",
        ],
    )  # fmt: skip

    answer = run(course, document)

    assert answer["status"] == "COMPLETED"
    assert (answer["outputs"]["film"]["width"], answer["outputs"]["film"]["durationS"]) == (64, 1)
    assert answer["outputs"]["speech"]["kind"] == "audio"


def test_a_run_that_another_one_starts_is_simulated_too(course, workspace):
    inner = publish(workspace, paint())
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "call": ("workflow.run", {"workflowId": inner}),
            "o": ("output", {"name": "image"}),
        },
        ["p.value -> call.prompt", "call.image -> o.value"],
    )

    answer = run(course, document)

    assert answer["status"] == "COMPLETED"
    child = Execution.objects.across_workspaces().exclude(parent_id=None).get()
    assert entry(answer_of(workspace, child.id), "paint")["simulated"] is True


def test_an_input_picture_is_what_the_result_is_made_of(course, workspace):
    upload = make_file(workspace, make_image("PNG"))
    document = graph(
        {
            "i": ("input.image", {"name": "photo"}),
            "big": ("model.test-upscale", {"scale": 2}),
            "o": ("output", {"name": "image"}),
        },
        ["i.value -> big.image", "big.image -> o.value"],
    )

    answer = run(course, document, inputs={"photo": {"fileId": upload.id}})

    assert answer["outputs"]["image"]["width"] == 2 * (upload.width or 0)


def test_a_remote_node_of_another_module_is_simulated_by_its_outputs(course, settings):
    settings.EXTRA_NODES = ["tests.provider.plugin"]
    get_catalogue.cache_clear()
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "ask": ("test.remote_a", {}),
            "t": ("output", {"name": "text"}),
            "i": ("output", {"name": "image"}),
        },
        ["p.value -> ask.prompt", "ask.text -> t.value", "ask.image -> i.value"],
    )

    answer = run(course, document)

    assert answer["outputs"]["text"].startswith("[TEST]")
    assert answer["outputs"]["image"]["kind"] == "image"
    assert not Attempt.objects.exists()
    assert entry(answer, "ask")["simulated"] is True


def test_values_that_a_live_run_would_refuse_fail_the_node(course):
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "n": ("text.length", {}),  # 60: no multiple of 16
            "paint": ("model.test-text-to-image", {}),
            "o": ("output", {"name": "image"}),
        },
        ["p.value -> n.text", "n.characters -> paint.width", "p.value -> paint.prompt",
         "paint.image -> o.value"],
    )  # fmt: skip

    answer = run(course, document, inputs={"prompt": "a" * 60})

    assert answer["status"] == "FAILED"
    assert answer["error"]["code"] == "invalid_value"


# --- what is known


def file_of(answer: dict[str, Any]) -> str:
    return str(answer["outputs"]["image"]["fileId"])


def test_what_was_simulated_is_known_to_test_runs_and_still_marked(course, workspace):
    flow = publish(workspace, paint(seed=7))
    first = accept(workspace, flow)
    finish(course)

    again = accept(workspace, flow)

    known = answer_of(workspace, again.execution_id)
    assert entry(known, "paint")["cached"] is True
    assert entry(known, "paint")["simulated"] is True
    assert file_of(known) == file_of(answer_of(workspace, first.execution_id))


def test_what_was_simulated_is_unknown_to_live_runs(course, workspace, settings):
    settings.PROVIDER_ACCOUNTS = FAL
    flow = publish(workspace, paint(seed=7))
    accept(workspace, flow)
    finish(course)
    assert CacheEntry.objects.of(workspace.id).count() == 1

    live = accept(workspace, flow, mode="live")

    answer = answer_of(workspace, live.execution_id)
    assert answer["status"] == "QUEUED"
    assert entry(answer, "paint")["cached"] is False
    assert "simulated" not in entry(answer, "paint")


@pytest.mark.parametrize(("mode", "cached"), [("test", {"paint"}), ("live", set())])
def test_an_estimate_knows_what_a_run_of_its_mode_would(course, workspace, settings, mode, cached):
    settings.PROVIDER_ACCOUNTS = FAL
    flow = publish(workspace, paint(seed=7))
    accept(workspace, flow)
    finish(course)

    preview = preview_run(find_runnable(workspace.id, flow, None), {"prompt": "tea"}, mode=mode)

    assert preview.cached == cached


def test_a_run_is_retried_in_its_own_mode_alone(course, workspace):
    first = accept(workspace, publish(workspace, paint()))
    finish(course)

    with pytest.raises(Conflict, match="test mode"):
        retry_execution(RetryRequest(workspace.id, first.execution_id, "live"))


def test_what_live_runs_gave_is_unknown_to_test_runs(course, workspace, settings):
    """As a provider would have given it: a live run's key is that of the entry, which test runs
    must not ask for."""
    settings.PROVIDER_ACCOUNTS = FAL
    flow = publish(workspace, paint(seed=7))
    live, test = accept(workspace, flow, mode="live"), accept(workspace, flow)
    rows = {row.id: row for row in Execution.objects.of(workspace.id)}

    live_keys, test_keys = (keys_of(rows[made.execution_id]) for made in (live, test))

    assert live_keys.keys() == test_keys.keys() == {"paint"}
    assert live_keys["paint"] != test_keys["paint"]


def keys_of(execution: Execution) -> dict[str, str]:
    """The keys of a run's one task of a model."""
    plan, state = plan_of(execution.version_id), RunState.from_json(execution.state)
    spec = TaskSpec(plan.segment_of["paint"])
    forms = outer_forms(execution, plan, state, spec)
    keys = look_up_task(execution, plan, state, spec, forms, now=utc_now()).keys
    return dict(keys or {})


def test_a_retry_takes_over_what_was_simulated(course, workspace):
    flow = publish(workspace, paint())
    first = accept(workspace, flow)
    finish(course)

    again = retry_execution(RetryRequest(workspace.id, first.execution_id, "test"))

    answer = answer_of(workspace, again.execution_id)
    assert answer["status"] == "COMPLETED"
    assert entry(answer, "paint")["cached"] is True
    assert entry(answer, "paint")["simulated"] is True


# --- trouble


@pytest.mark.parametrize(
    ("trouble", "code", "retryable"),
    [
        ("fail", "provider_error", False),
        ("refuse", "content_policy", False),
        ("rate_limit", "provider_rate_limited", True),
    ],
)
def test_trouble_that_is_asked_for_comes(course, trouble, code, retryable):
    answer = run(course, paint(), metadata={"simulate": trouble})

    assert answer["status"] == "FAILED"
    assert (answer["error"]["code"], answer["error"]["retryable"]) == (code, retryable)
    assert entry(answer, "paint")["simulated"] is True
    assert "provider" not in answer["error"]


def test_a_rate_limit_comes_after_waiting_for_it(course):
    run(course, paint(), metadata={"simulate": "rate_limit"})

    assert course.naps == [0.5, 1.0]


def test_a_slow_model_takes_its_time_and_says_how_far_it_is(course):
    answer = run(course, paint(), metadata={"simulate": "slow"})

    assert answer["status"] == "COMPLETED"
    assert sum(course.naps) == pytest.approx(3)


def test_a_slow_model_stops_when_its_run_is_cancelled(course, workspace):
    accepted = accept(workspace, publish(workspace, paint()), metadata={"simulate": "slow"})

    def cancel(task: Any) -> None:
        course.cancel(accepted.execution_id)
        task._is_over = True

    course.at_nap = cancel
    finish(course)

    assert answer_of(workspace, accepted.execution_id)["status"] == "CANCELLED"
    assert len(course.naps) == 1


def test_trouble_may_be_asked_for_one_node_alone(course):
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "one": ("model.test-text-to-image", {"width": 32, "height": 32}),
            "two": ("model.test-text-to-image", {"width": 32, "height": 32}),
            "a": ("output", {"name": "a"}),
            "b": ("output", {"name": "b"}),
        },
        ["p.value -> one.prompt", "p.value -> two.prompt", "one.image -> a.value",
         "two.image -> b.value"],
    )  # fmt: skip

    answer = run(course, document, metadata={"simulate": {"two": "fail"}})

    assert answer["error"]["nodeId"] == "two"
    assert entry(answer, "one")["status"] == "COMPLETED"


@pytest.mark.parametrize("asked", ["fail", {"call": "fail"}, {"call/paint": "fail"}])
def test_trouble_reaches_into_the_runs_that_nodes_start(course, workspace, asked):
    inner = publish(workspace, paint())
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "call": ("workflow.run", {"workflowId": inner}),
            "o": ("output", {"name": "image"}),
        },
        ["p.value -> call.prompt", "call.image -> o.value"],
    )

    answer = run(course, document, metadata={"simulate": asked})

    assert answer["status"] == "FAILED"
    child = Execution.objects.across_workspaces().exclude(parent_id=None).get()
    assert answer_of(workspace, child.id)["error"]["nodeId"] == "paint"


def test_a_retry_meets_no_trouble(course, workspace):
    flow = publish(workspace, paint())
    first = accept(workspace, flow, metadata={"simulate": "fail"})
    finish(course)

    again = retry_execution(RetryRequest(workspace.id, first.execution_id, "test"))
    finish(course)

    assert answer_of(workspace, again.execution_id)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("asked", "path", "code"),
    [
        ("explode", "/metadata/simulate", "not_allowed"),
        (7, "/metadata/simulate", "wrong_kind"),
        (["fail"], "/metadata/simulate", "wrong_kind"),
        ({"paint": "explode"}, "/metadata/simulate/paint", "not_allowed"),
        ({"paint": None}, "/metadata/simulate/paint", "wrong_kind"),
        ({"nobody": "fail"}, "/metadata/simulate/nobody", "not_found"),
        ({"p": "fail"}, "/metadata/simulate/p", "not_allowed"),
    ],
)
def test_trouble_that_there_is_not_is_refused(models, workspace, asked, path, code):
    flow, api = publish(workspace, paint()), ApiClient(make_key(workspace, mode="test").secret)

    answer = api.post(
        f"/workflows/{flow}/execute",
        {"inputs": {"prompt": "tea"}, "metadata": {"simulate": asked}},
    )

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_inputs"
    assert [(item["path"], item["code"]) for item in answer.json()["errors"]] == [(path, code)]


def test_live_runs_meet_no_trouble_whatever_their_metadata_says(workspace):
    flow = publish(workspace, make_graph())

    accepted = accept(
        workspace, flow, mode="live", inputs={"text": "a"}, metadata={"simulate": "explode"}
    )

    execution = Execution.objects.of(workspace.id).get(pk=accepted.execution_id)
    assert "simulate" not in execution.options


# --- nodes on top of language models


def test_a_plan_and_its_prompts_are_simulated_and_run_on(course):
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "plan": ("text.plan", {"count": 3, "model": "test-chat"}),
            "write": ("text.expandPrompt", {"model": "test-chat", "seed": 1}),
            "paint": ("model.test-text-to-image", {"width": 32, "height": 32}),
            "o": ("output", {"name": "images"}),
            "t": ("output", {"name": "prompts"}),
        },
        [
            "p.value -> plan.prompt", "plan.texts -> write.prompt", "write.text -> paint.prompt",
            "paint.image -> o.value", "write.text -> t.value",
        ],
    )  # fmt: skip

    answer = run(course, document)

    assert answer["status"] == "COMPLETED"
    assert len(answer["outputs"]["images"]) == 3
    assert all(text.startswith("[TEST]") for text in answer["outputs"]["prompts"])
    assert all(entry(answer, node)["simulated"] for node in ("plan", "write", "paint"))


def test_a_node_on_top_of_a_model_is_known_by_the_model_and_the_seed(course, workspace):
    def keys(**params: Any) -> int:
        document = graph(
            {
                "p": ("input.text", {"name": "prompt"}),
                "write": ("text.expandPrompt", {"model": "test-chat", **params}),
                "o": ("output", {"name": "text"}),
            },
            ["p.value -> write.prompt", "write.text -> o.value"],
        )
        run(course, document)
        return CacheEntry.objects.of(workspace.id).count()

    add_model(actor=SYSTEM_ACTOR, document=document_of("chat", key="test-other"))

    assert [
        keys(), keys(seed=1), keys(seed=1), keys(seed=1, model="test-other"), keys(seed=1, length="long"),
    ] == [0, 1, 1, 2, 3]  # fmt: skip


def test_a_live_run_holds_what_the_chosen_model_costs_and_asks_its_provider(
    course, workspace, settings
):
    settings.PROVIDER_ACCOUNTS = FAL
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "write": ("text.expandPrompt", {"model": "test-chat"}),
            "o": ("output", {"name": "text"}),
        },
        ["p.value -> write.prompt", "write.text -> o.value"],
    )

    live = accept(workspace, publish(workspace, document), mode="live")

    assert live.estimated_credits == 10
    assert {each.place: each.model.key for each in models_of(version_of(live))} == {
        "write": "test-chat"
    }


def test_a_live_run_of_a_model_without_an_account_is_refused_by_name(models, workspace):
    document = graph(
        {
            "write": ("text.expandPrompt", {"model": "test-chat", "prompt": "a boat"}),
            "o": ("output", {"name": "text"}),
        },
        ["write.text -> o.value"],
    )

    with pytest.raises(InvalidGraph) as refusal:
        accept(workspace, publish(workspace, document), mode="live", inputs={})

    (issue,) = refusal.value.issues
    assert (issue.path, issue.code) == ("nodes/write", "unavailable")
    assert "Test Model" in issue.message


def version_of(accepted: Accepted) -> str:
    row = Execution.objects.across_workspaces().get(pk=accepted.execution_id)
    return row.version_id


# --- in worker processes


@pytest.mark.django_db(transaction=True)
def test_a_worker_simulates_and_tells_how_far_a_slow_model_is(workspace, settings):
    settings.CATALOGUE_CHECK_S = 1e-6
    get_catalogue.cache_clear()
    write_models("text-to-image")
    flow = publish(workspace, paint())
    worker = WorkerProcess(queues=("runs", "remote"), threads=1)
    worker.start()
    try:
        made = accept(workspace, flow, metadata={"simulate": "slow"})
        wait_until(
            lambda: answer_of(workspace, made.execution_id)["status"] == "COMPLETED", timeout_s=30
        )
    finally:
        worker.stop(grace_s=2.0)
        get_broker().flush_all()
        get_catalogue.cache_clear()

    rows = ExecutionEvent.objects.filter(execution_id=made.execution_id).order_by("first_seq")
    items = [item for row in rows for item in row.items if item["type"] == "progress"]
    told = [item["data"]["progress"] for item in items]
    assert len(told) > 3
    assert told == sorted(told)
    assert {item["data"]["nodeId"] for item in items} == {"paint"}
