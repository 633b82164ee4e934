"""The library of templates: files are read strictly, laid out, checked, and told when out of date."""

import io
import shutil
from pathlib import Path

import av
import pytest
from PIL import Image

from pixelflow_site.library_files import LibraryFinder
from templates_gallery.services.library import (
    check_library,
    example_digest,
    read_library,
    read_template,
)
from templates_gallery.services.library_files import (
    ASSETS,
    LIBRARY,
    LibraryProblem,
    RenderedFile,
    write_rendered,
)
from templates_gallery.services.library_graph import COLUMN, lay_out
from templates_gallery.services.library_media import (
    MAX_IMAGE_BYTES,
    MAX_WIDTH,
    web_audio,
    web_image,
    web_video,
)
from tests.providers.samples import sample_file
from workflows.api import get_catalogue

SHOUT = """
title: Shout
description: Sets a text in capitals, for people who are not heard.
audience: Quiet people
tags: [text, case]
readme: |
  Sets what you write in capitals. It is here so that tests have something small to read and run.
nodes:
  words: {type: input.text, params: {name: words, label: Words}}
  loud: {type: text.case, title: Louder, params: {case: upper}}
  shouted: {type: output, params: {name: shouted}}
edges:
  - words.value -> loud.text
  - loud.text -> shouted.value
examples:
  - title: Hello
    inputs: {words: hello}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ASSETS).mkdir()
    return tmp_path


def write(root: Path, text: str = SHOUT, name: str = "text-llm/shout.yaml") -> Path:
    path = root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def render(path: Path, root: Path, shouted: str = "HELLO") -> None:
    """Keep results of the example as a run would."""
    path.with_suffix("").mkdir(exist_ok=True)
    digest = "" if shouted == "stale" else digest_of(path, root)
    write_rendered(
        path, [RenderedFile(outputs={"shouted": shouted}, simulated=False, digest=digest)]
    )


def digest_of(path: Path, root: Path) -> str:
    template = read_template(path, root)
    return example_digest(template.graph, template.examples[0].inputs, root)


def make_film() -> bytes:
    """Half a second of 1280 × 720."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("libx264", rate=24)
        track.width, track.height, track.pix_fmt = 1280, 720, "yuv420p"
        for shade in range(12):
            picture = Image.new("RGB", (1280, 720), (shade * 20, 90, 60))
            container.mux(track.encode(av.VideoFrame.from_image(picture)))
        container.mux(track.encode(None))
    return stream.getvalue()


def problems(root: Path) -> str:
    return "\n".join(check_library(get_catalogue(), root))


def test_the_library_of_the_release_is_in_order():
    assert check_library(get_catalogue()) == []


def test_the_origin_of_every_input_is_told():
    folder = LIBRARY / ASSETS
    told = (folder / "README.md").read_text("utf-8")

    files = [path for path in folder.iterdir() if path.name != "README.md"]

    assert [path.name for path in files if f"`{path.stem}" not in told] == []


def test_a_file_becomes_a_template_with_a_graph_document(root):
    path = write(root)
    render(path, root)

    (template,) = read_library(root)

    assert (template.slug, template.category) == ("shout", "text-llm")
    assert template.graph["nodes"][1] == {
        "id": "loud",
        "type": "text.case",
        "params": {"case": "upper"},
        "position": {"x": COLUMN, "y": 0},
        "label": "Louder",
    }
    assert template.graph["edges"][0] == {
        "id": "e1",
        "source": "words",
        "sourceHandle": "value",
        "target": "loud",
        "targetHandle": "text",
    }
    assert template.examples[0].outputs == {"shouted": "HELLO"}
    assert problems(root) == ""


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("audience:", "audiense:", "audiense: there is no such key"),
        ("title: Louder", "titel: Louder", "nodes.loud.titel: there is no such key"),
        ("title: Shout", f"title: {'x' * 61}", "title: String should have at most 60"),
        ("words.value ->", "words.value =>", "an edge is written a.port -> b.port"),
        ("nodes:", "nodes: [", "text-llm/shout.yaml: while parsing"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_told_with_its_place(root, written, instead, told):
    write(root, SHOUT.replace(written, instead, 1))

    with pytest.raises(LibraryProblem, match=r"text-llm/shout\.yaml") as raised:
        read_library(root)

    assert told in raised.value.detail
    assert told in problems(root)


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("case: upper", "case: louder", "must be one of"),
        ("loud.text -> shouted.value", "loud.sound -> shouted.value", "has no output sound"),
        ("{words: hello}", "{words: 5}", "words must be of kind text"),
        ("{words: hello}", "{wrods: hello}", "There is no input wrods"),
        ("{words: hello}", "{words: {asset: _assets/no.txt}}", "there is no file _assets/no.txt"),
    ],
)
def test_a_template_that_could_not_run_is_told(root, written, instead, told):
    write(root, SHOUT.replace(written, instead, 1))

    assert told in problems(root)


def test_a_folder_that_is_no_category_and_a_name_that_is_no_slug_are_told(root):
    write(root, name="misc/Shout_it.yaml")

    assert "there is no category misc" in problems(root)
    assert "a slug is of a-z" in problems(root)


def test_two_templates_of_one_name_are_told(root):
    write(root)
    write(root, name="video/shout.yaml")

    assert "shout: two templates have this name" in problems(root)


def test_results_of_another_graph_are_not_shown_and_are_told(root):
    path = write(root)
    render(path, root)
    write(root, SHOUT.replace("case: upper", "case: title"))

    template = read_template(path, root)

    assert template.examples[0].outputs is None
    assert "templates --render shout" in problems(root)


def test_the_digest_follows_texts_and_results(root):
    path = write(root)
    before = read_template(path, root).digest
    render(path, root)
    rendered = read_template(path, root).digest
    write(root, SHOUT.replace("Quiet people", "Shy people"))

    assert len({before, rendered, read_template(path, root).digest}) == 3


def test_files_that_belong_to_nothing_are_told(root):
    path = write(root)
    render(path, root)
    (path.with_suffix("") / "2-old.webp").write_bytes(b"x")
    (root / ASSETS / "unused.jpg").write_bytes(b"x")

    assert "2-old.webp belongs to no example" in problems(root)
    assert "_assets/unused.jpg: no example needs it" in problems(root)


def test_nodes_stand_right_of_what_feeds_them():
    edges = [("a", "x", "b", "x"), ("b", "x", "d", "x"), ("a", "x", "c", "x"), ("c", "x", "d", "x")]

    places = lay_out(["a", "b", "c", "d"], edges)

    assert [places[id_][0] // COLUMN for id_ in "abcd"] == [0, 1, 1, 2]
    assert places["b"] != places["c"]
    assert places["a"][1] == places["d"][1] == (places["b"][1] + places["c"][1]) / 2


def test_a_circle_of_nodes_is_laid_out_all_the_same():
    places = lay_out(["a", "b"], [("a", "x", "b", "x"), ("b", "x", "a", "x")])

    assert set(places) == {"a", "b"}


def test_pictures_for_a_page_are_small_whatever_they_were():
    noise = Image.effect_noise((1_200, 900), 90).convert("RGB")

    file = web_image(noise)

    assert (file.width, file.mime_type) == (MAX_WIDTH, "image/webp")
    assert len(web_image(Image.new("RGBA", (900, 900), (1, 2, 3, 0))).data) < MAX_IMAGE_BYTES


def test_films_get_a_poster_and_sounds_become_mp3():
    film, poster = web_video(make_film())
    sound = web_audio(sample_file("audio"))

    assert (film.mime_type, poster.mime_type) == ("video/mp4", "image/webp")
    assert (film.width, film.height, film.duration_s) == (640, 360, 0.5)
    assert (poster.width, poster.height) == (640, 360)
    assert sound.data[:3] == b"ID3" or sound.data[:1] == b"\xff"


def test_media_of_the_library_are_served_and_nothing_else_of_it(tmp_path, settings):
    shutil.copytree(settings.LIBRARY_DIR / ASSETS, tmp_path / ASSETS)
    settings.LIBRARY_DIR = tmp_path
    write(tmp_path)
    finder = LibraryFinder()

    listed = {path for path, _ in finder.list(None)}

    assert f"{ASSETS}/coffee.jpg" in listed
    assert finder.find(f"library/{ASSETS}/coffee.jpg") == str(tmp_path / ASSETS / "coffee.jpg")
    assert not finder.find("library/text-llm/shout.yaml")
    assert not finder.find("library/../../manage.py")
    assert {Path(path).suffix for path in listed} <= {".webp", ".jpg", ".png", ".mp3", ".mp4"}
