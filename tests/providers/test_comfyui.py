"""What only a ComfyUI server does: jobs that we name, progress over a socket, files in its own store."""

import asyncio
import json
import struct
from dataclasses import replace
from typing import Any

import pytest

from executor.providers.adapters.comfyui import ComfyUiAdapter
from executor.providers.base import Done, Failed, Running, Submitted
from executor.providers.comfy_progress import MAX_PREVIEW_BYTES, is_last_word, progress_in
from executor.providers.errors import NotSent, ProviderError
from executor.providers.transport import Transport
from tests.providers.base import Outcome
from tests.providers.comfyui import PICTURE, SAMPLES, FakeComfyUi
from tests.providers.courses import Bench, Benches
from tests.providers.samples import sample_file

DRAW, INVERT, SHOOT = SAMPLES


@pytest.fixture
def bench(benches: Benches) -> Bench:
    return benches.of(ComfyUiAdapter, FakeComfyUi)


def test_a_file_is_uploaded_by_its_content_and_named_in_the_workflow(bench):
    bench.submit(INVERT)
    bench.submit(INVERT)

    (name,) = bench.fake.inputs
    assert bench.fake.inputs[name] == sample_file("image")
    assert name.endswith(".png")
    assert bench.fake.seen[-1].body["prompt"]["3"]["inputs"]["image"] == name
    assert INVERT.body["prompt"]["3"]["inputs"]["image"] == "example.png"


def test_an_upload_that_is_not_answered_has_started_no_job(bench):
    bench.fake.say_instead(b"nothing")

    assert isinstance(bench.submit(INVERT), NotSent)
    assert bench.fake.jobs == []


def test_saved_files_come_before_previews_and_texts_beside_them(bench):
    pictures = bench.course(INVERT).answer
    bench.fake.reset()
    film = bench.course(SHOOT).answer

    assert [file.kind for file in pictures.files] == ["image"]
    assert [file.kind for file in film.files] == ["video"]
    assert bench.content_of(film.files[0]) == sample_file("video")
    assert film.data == {"text": "a cat"}


def test_a_running_job_tells_over_its_socket_how_far_it_is(bench):
    came = bench.submit(DRAW)
    assert isinstance(came, Submitted)
    assert bench.poll(came.handle) == Running()

    found = bench.poll(came.handle)

    assert isinstance(found, Running)
    assert found.progress == 0.75  # one of two nodes, and half of the other
    assert found.preview is not None
    assert found.preview.startswith("data:image/png;base64,")


@pytest.mark.parametrize("takes_names", [True, False])
@pytest.mark.parametrize("polls", [0, 1, 2, 3])
def test_x30_a_job_is_found_again_wherever_it_is_by_now(bench, takes_names, polls):
    bench.fake.takes_names = takes_names
    came = bench.submit(DRAW)
    assert isinstance(came, Submitted)
    for _ in range(polls):
        bench.poll(came.handle)

    assert bench.look_up() == came.handle


def test_a_job_that_never_came_is_not_found(bench):
    assert bench.look_up() is None


def test_a_server_that_was_restarted_has_lost_its_jobs(bench):
    came = bench.submit(DRAW)
    assert isinstance(came, Submitted)
    bench.fake.forgotten = True

    found = bench.poll(came.handle)

    assert isinstance(found, Failed)
    assert found.error.retryable


@pytest.mark.parametrize("polls", [0, 1])
def test_a_job_ends_where_it_waits_and_where_it_runs(bench, polls):
    came = bench.submit(DRAW)
    assert isinstance(came, Submitted)
    for _ in range(polls):
        bench.poll(came.handle)

    assert bench.cancel(came.handle) is None

    assert bench.fake.jobs[0].is_cancelled
    assert isinstance(bench.poll(came.handle), Failed)


def test_what_fails_at_the_server_is_told_in_its_words(bench):
    bench.fake.script(Outcome.FAILED)

    error = bench.course(DRAW).end

    assert isinstance(error, ProviderError)
    assert error.message == "KSampler: mat1 and mat2 do not fit"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"2": {"class_type": "NoSuch", "inputs": {}}}, "node NoSuch does not exist"),
        ({"2": {"class_type": "SaveImage", "inputs": {}}}, "Node 2 (SaveImage): Required input"),
        ({"9": {"class_type": "SaveImage", "inputs": {}}}, "Node 9 (SaveImage): Required input"),
    ],
)
def test_a_workflow_with_a_fault_is_refused_even_where_the_server_would_leave_it_out(
    bench, change, words
):
    error = bench.submit(replace(DRAW, body={"prompt": {**PICTURE, **change}}))

    assert isinstance(error, ProviderError)
    assert error.code == "invalid_value"
    assert words in error.message
    assert all(job.is_cancelled for job in bench.fake.jobs)


def test_a_server_without_a_proxy_takes_no_key(bench):
    adapter = bench.adapter(replace(bench.fake.account(), key=""))

    assert adapter.key_headers() == {}


def test_f4_files_are_left_to_the_fetcher_which_knows_what_may_be_asked(bench):
    answer = bench.course(SHOOT).answer

    assert [file.url.partition("?")[0] for file in answer.files] == [f"{bench.fake.url}/view"]
    assert all(file.needs_key and file.data is None for file in answer.files)
    assert [seen.path for seen in bench.fake.seen if seen.path == "/view"] == []


@pytest.mark.parametrize(
    "file",
    [
        {"filename": "a" * 5_000 + ".png"},
        {"filename": "a.png", "subfolder": "b" * 5_000},
        {"filename": "a.png", "type": "of somebody's making"},
        {"filename": "a.png\x00.exe"},
        {"filename": ["a.png"]},
    ],
)
def test_p7_a_file_of_no_usual_name_is_none(bench, file):
    came = bench.submit(DRAW)
    assert isinstance(came, Submitted)
    assert isinstance(bench.follow(came.handle).end, Done)
    entry = {"outputs": {"9": {"images": [file]}}, "status": {"status_str": "success"}}
    bench.fake.say_instead(json.dumps({came.handle["id"]: entry}).encode(), after=1)

    found = bench.poll(came.handle)

    assert isinstance(found, Done)
    assert found.answer.files == ()


def _told(kind: str, job: str = "j", **data: Any) -> str:
    return json.dumps({"type": kind, "data": {"prompt_id": job, **data}})


def _states(**nodes: tuple[str, float, float]) -> dict[str, Any]:
    return {
        name: {"state": state, "value": value, "max": most}
        for name, (state, value, most) in nodes.items()
    }


@pytest.mark.parametrize(
    ("heard", "progress"),
    [
        ([], None),
        ([_told("progress", value=3, max=4)], 0.75),
        ([_told("progress", job="other", value=3, max=4)], None),
        ([_told("progress_state", nodes=_states(a=("finished", 1, 1), b=("running", 1, 2)))], 0.375),
        ([_told("progress_state", nodes=_states(a=("running", 1, 2))),
          _told("progress", value=3, max=4)], 0.125),
        ([_told("progress_state", nodes=_states(**dict.fromkeys("abcdef", ("finished", 1, 1))))], 1.0),
        ([_told("progress", value=-3, max=0), "{", "[]", "9" * 5_000, "[" * 90_000], 0.0),
        ([_told("progress", value="x", max={})], 0.0),
        ([_told("progress_state", nodes=[1])], 0.0),
    ],
)  # fmt: skip
def test_p7_progress_is_read_from_what_is_said_of_the_job(heard, progress):
    assert progress_in(heard, "j", 4) == Running(progress)


@pytest.mark.parametrize(
    ("message", "is_picture"),
    [
        (struct.pack(">II", 1, 1) + b"jpeg", True),
        (struct.pack(">II", 1, 2) + b"png", True),
        (struct.pack(">II", 1, 9) + b"what", False),
        (struct.pack(">II", 3, 1) + b"text", False),
        (b"\x00", False),
        (struct.pack(">II", 1, 1) + bytes(MAX_PREVIEW_BYTES), False),
    ],
)
def test_p7_pictures_of_unfinished_work_are_taken_while_they_are_small(message, is_picture):
    assert is_last_word(message, "j") == is_picture
    assert (progress_in([message], "j", 4).preview is not None) == is_picture


async def _overheard(url: str, max_bytes: int) -> list[Any]:
    async with Transport() as transport:
        return await transport.overhear(
            url,
            for_s=5.0,
            is_enough=lambda message: isinstance(message, bytes),
            max_bytes=max_bytes,
        )


def test_p7_what_cannot_be_heard_is_nothing_and_no_error(bench):
    bench.submit(DRAW)
    client = bench.fake.jobs[0].reference
    bench.fake.jobs[0].polls = 2
    socket = f"{bench.fake.url}/ws?clientId={client}"

    heard, too_large, no_socket, nobody = (
        asyncio.run(_overheard(url, max_bytes))
        for url, max_bytes in (
            (socket, 10_000),
            (socket, 60),
            (f"{bench.fake.url}/queue", 10_000),
            ("http://127.0.0.1:9/ws", 10_000),
        )
    )

    assert [type(message) for message in heard] == [str, str, bytes]
    assert [len(too_large), no_socket, nobody] == [1, [], []]


def test_p7_a_server_that_never_stops_talking_is_not_listened_to_for_long(bench):
    bench.submit(DRAW)
    bench.fake.chatter = 1_000  # messages of 1 kB

    async def overhear() -> list[Any]:
        async with Transport() as transport:
            url = f"{bench.fake.url}/ws?clientId=x"
            return await transport.overhear(
                url, for_s=5.0, is_enough=lambda _: False, max_bytes=10_000
            )

    heard = bench.run(overhear())

    assert 1 < len(heard) <= 12


def test_the_end_of_a_job_is_the_last_word_on_it():
    assert is_last_word(_told("execution_success"), "j")
    assert not is_last_word(_told("execution_success", job="other"), "j")
    assert not is_last_word(_told("executing"), "j")
