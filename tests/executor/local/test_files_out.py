"""What comes of a pipeline's numbers: files that this platform's own checks take."""

import io
import wave
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from executor.local.files_out import film_file, picture_file, results_of, sound_file
from executor.local.glb import glb_of
from executor.local.orders import read_order
from executor.local.types import LocalError, Refused
from executor.media.sandbox import Sandbox
from tests.executor.local.benches import order_of


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as made:
        yield made


@pytest.fixture
def kept(sandbox: Sandbox, tmp_path: Path):
    """What the store finds a file to be."""

    def look(data: bytes):
        (tmp_path / "source").write_bytes(data)
        return sandbox.normalise(tmp_path / "source", tmp_path / "target")

    return look


def frames(count=6, size=(34, 32)):
    return [Image.new("RGB", size, (40 * number, 0, 0)) for number in range(count)]


def tone(seconds=0.5, rate=16_000):
    return np.sin(np.arange(int(seconds * rate)) / 20).astype("float32")


def outcome(output, kind="image", pipeline=None):
    order = read_order(order_of(kind=kind))
    return results_of(pipeline or SimpleNamespace(), output, order, fps=8)


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_pictures_are_written_in_the_format_asked_for(kept, form):
    made = picture_file(Image.new("RGBA", (20, 10), (1, 2, 3, 4)), form)

    info = kept(made.data)

    assert made.content_type == f"image/{form}"
    assert (info.kind, info.width, info.height) == ("image", 20, 10)


def test_films_are_taken_by_the_store_with_and_without_sound(kept):

    silent, loud = film_file(frames(), 8), film_file(frames(), 8, (np.stack([tone()] * 2), 16_000))

    for made in (silent, loud):
        info = kept(made.data)
        assert (info.kind, info.width, info.height) == ("video", 34, 32)
        assert info.duration_s == pytest.approx(0.75, abs=0.1)
    assert len(loud.data) > len(silent.data)


def test_a_film_of_odd_sides_loses_a_line(kept):

    info = kept(film_file(frames(size=(35, 33)), 8).data)

    assert (info.width, info.height) == (34, 32)


@pytest.mark.parametrize(
    ("samples", "channels"),
    [(tone(), 1), (np.stack([tone()] * 2), 2), (np.stack([tone()] * 2).T, 2)],
)
def test_sounds_are_taken_by_the_store(kept, samples, channels):
    made = sound_file(samples, 16_000)

    info = kept(made.data)

    assert (info.kind, info.duration_s) == ("audio", pytest.approx(0.5, abs=0.01))
    with wave.open(io.BytesIO(made.data)) as read:
        assert read.getnchannels() == channels


def test_a_mesh_is_taken_by_the_store(kept):
    mesh = SimpleNamespace(
        verts=np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]]),
        faces=np.array([[0, 1, 2]]),
        vertex_channels={name: np.array([0.5, 0.5, 0.5]) for name in "RGB"},
    )

    assert kept(glb_of(mesh)).kind == "model3d"


def test_what_the_checker_flagged_is_left_out_and_all_flagged_is_refused():
    pictures = frames(2)

    some = outcome(SimpleNamespace(images=pictures, nsfw_content_detected=[True, False]))

    assert len(some) == 1
    with pytest.raises(Refused):
        outcome(SimpleNamespace(images=pictures, nsfw_content_detected=[True, True]))


def test_depth_is_white_where_it_is_near():
    depth = np.linspace(0, 1, 16).reshape(1, 4, 4, 1)

    made = outcome(SimpleNamespace(prediction=depth))

    picture = Image.open(io.BytesIO(made[0].data))
    assert (picture.getpixel((0, 0)), picture.getpixel((3, 3))) == (255, 0)


def test_a_model_that_edits_by_a_film_gives_its_end():
    made = outcome(SimpleNamespace(frames=[np.stack([np.zeros((8, 8, 3)), np.ones((8, 8, 3))])]))

    assert Image.open(io.BytesIO(made[0].data)).getpixel((0, 0)) == (255, 255, 255)


def test_layers_come_one_by_one():
    made = outcome(SimpleNamespace(images=[frames(3)]))

    assert len(made) == 3


@pytest.mark.parametrize("kind", ["image", "video", "audio", "model3d"])
def test_nothing_is_an_error(kind):
    with pytest.raises(LocalError):
        outcome(SimpleNamespace(images=[]), kind)


def test_sound_knows_its_rate_from_the_pipeline():
    pipeline = SimpleNamespace(vocoder=SimpleNamespace(config=SimpleNamespace(sampling_rate=8_000)))

    made = outcome(SimpleNamespace(audios=np.stack([tone()])), "audio", pipeline)

    with wave.open(io.BytesIO(made[0].data)) as read:
        assert read.getframerate() == 8_000
