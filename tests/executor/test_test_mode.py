"""Runs of test keys: models are simulated, nothing is asked of providers, held or charged."""

import pytest

from billing.api import get_balance
from executor.dispatch import get_broker
from executor.models import Attempt, Execution, ExecutionEvent, File
from executor.runtime.worker import WorkerProcess
from executor.selectors.runs import get_snapshot
from tests.durability.processes import wait_until
from tests.executor.media_files import make_image
from tests.executor.mode_runs import accept, entry, finish, paint, run
from tests.executor.runs import answer_of, publish
from tests.executor.simulated import write_models
from tests.factories import make_file
from tests.graphs import graph
from tests.provider.course import Course
from workflows.selectors.catalogue import get_catalogue

pytestmark = pytest.mark.django_db


@pytest.fixture
def models(staff_catalogue) -> None:
    """A model of each task that these tests use, in the catalogue of this process."""
    write_models()


@pytest.fixture
def course(workspace, models) -> Course:
    return Course(workspace)


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


RENDERING = graph(
    {
        "p": ("input.text", {"name": "prompt"}),
        "render": ("gpu.render", {}),
        "i": ("output", {"name": "image"}),
        "f": ("output", {"name": "films"}),
        "s": ("output", {"name": "score"}),
    },
    ["p.value -> render.text", "render.image -> i.value", "render.films -> f.value",
     "render.score -> s.value"],
)  # fmt: skip


@pytest.fixture
def gpu_nodes(course, settings) -> None:
    settings.EXTRA_NODES = ["tests.executor.gpu_nodes"]
    get_catalogue.cache_clear()


def test_what_needs_an_accelerator_is_simulated_by_its_outputs(course, gpu_nodes):
    answer = run(course, RENDERING)

    assert answer["status"] == "COMPLETED"
    assert answer["outputs"]["image"]["kind"] == "image"
    assert [film["durationS"] for film in answer["outputs"]["films"]] == [2]
    assert 0 <= answer["outputs"]["score"] <= 1
    assert entry(answer, "render")["simulated"] is True
    assert answer["credits"] == {"estimated": 0, "charged": 0}
    files = File.objects.across_workspaces().filter(kind__in=("image", "video"))
    assert files.count() == 2


@pytest.mark.parametrize("trouble", ["fail", "rate_limit"])
def test_what_needs_an_accelerator_meets_trouble_as_well(course, gpu_nodes, trouble):
    answer = run(course, RENDERING, metadata={"simulate": {"render": trouble}})

    assert answer["error"]["nodeId"] == "render"
    assert "metadata.simulate" in answer["error"]["message"]


def test_a_live_run_has_the_accelerator_do_it(course, gpu_nodes, workspace):
    accepted = accept(workspace, publish(workspace, RENDERING), mode="live")
    finish(course)

    answer = answer_of(workspace, accepted.execution_id)
    assert answer["error"]["message"] == "There is no accelerator here."
    assert "simulated" not in entry(answer, "render")


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
