"""What is found in an output depends on its task, and on what the output says of itself."""

import base64

import pytest

from executor.providers.base import ResultFile
from executor.providers.outputs import KIND_OF_TASK, WORD_TASKS, files_in, text_in
from workflows.catalogue.tasks import TASKS

SITE = "https://files.example.com"


@pytest.mark.parametrize(
    ("output", "task", "expected"),
    [
        (f"{SITE}/a.png", "text-to-image", [f"{SITE}/a.png"]),
        ([f"{SITE}/a.webp", f"{SITE}/b.webp"], "text-to-image", [f"{SITE}/a.webp", f"{SITE}/b.webp"]),
        ({"images": [{"url": f"{SITE}/x"}]}, "text-to-image", [f"{SITE}/x"]),
        ({"video": {"url": f"{SITE}/v?sig=a.png"}}, "text-to-video", [f"{SITE}/v?sig=a.png"]),
        ({"video": f"{SITE}/v.mp4", "thumbnail": f"{SITE}/t.jpg"}, "text-to-video", [f"{SITE}/v.mp4"]),
        ({"a": {"url": f"{SITE}/a", "content_type": "audio/mpeg"}}, "music", [f"{SITE}/a"]),
        ({"a": {"url": f"{SITE}/a", "content_type": "audio/mpeg"}}, "upscale", []),
        ({"m": f"{SITE}/m.glb", "t": [f"{SITE}/t.png"]}, "text-to-3d", [f"{SITE}/m.glb"]),
        ({"m": f"{SITE}/m.glb", "t": [f"{SITE}/t.png"]}, "", [f"{SITE}/m.glb"]),
        ({"image": f"{SITE}/over.png", "masks": [f"{SITE}/m.png"]}, "segment", [f"{SITE}/m.png"]),
        ({"image": f"{SITE}/only.png"}, "segment", [f"{SITE}/only.png"]),
        ([f"{SITE}/a.png", f"{SITE}/a.png"], "upscale", [f"{SITE}/a.png"]),
        (f"look at {SITE}/a.png", "text-to-image", []),
        (f"{SITE}/a.png", "chat", []),
        ("file:///etc/passwd", "text-to-image", []),
        ({"url": "https://[bad"}, "text-to-image", ["https://[bad"]),
        ({"url": 5, "images": None}, "text-to-image", []),
    ],
)  # fmt: skip
def test_files_of_the_tasks_kind_are_found(output, task, expected):
    found = files_in(output, task)

    assert [file.url for file in found] == expected
    assert {file.kind for file in found} <= {KIND_OF_TASK.get(task, "model3d")}


def test_files_within_the_answer_are_unpacked():
    inline = "data:image/png;base64," + base64.b64encode(b"picture").decode()

    assert files_in({"image": {"url": inline}}, "upscale") == (
        ResultFile("image", data=b"picture"),
    )
    assert files_in("data:image/png;base64,!", "upscale") == ()


def test_p7_an_endless_output_is_searched_for_a_bounded_time():
    deep: list = [f"{SITE}/a.png"]
    for _ in range(5_000):
        deep = [deep]
    wide = [f"{SITE}/{number}.png" for number in range(10_000)]

    assert files_in(deep, "upscale") == ()
    assert len(files_in(wide, "upscale")) == 64


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("a cat", "a cat"),
        (["a ", "cat"], "a cat"),
        ({"text": "a cat", "chunks": []}, "a cat"),
        ({"output": "a cat"}, "a cat"),
        (["a", 1], None),
        ([], None),
        ({"text": 5}, None),
        (None, None),
        ("a\x00b\ud800", "ab"),
    ],
)
def test_texts_are_found_where_models_put_them(output, expected):
    assert text_in(output) == expected


def test_every_task_gives_files_or_words():
    assert KIND_OF_TASK.keys() | WORD_TASKS == TASKS.keys()
    assert {"chat", "vision", "embedding", "speech-to-text"} <= WORD_TASKS
