"""Composite, grid and text on images."""

from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image as PilImage

from tests.workflows.node_context import (
    MemoryContext,
    as_image,
    as_mask,
    make_image,
    make_picture,
    rows_of,
    run_node,
)
from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.nodes.lettering import (
    FONT_FILES,
    FONTS,
    FontName,
    TextStyle,
    draw_block,
    load_font,
    shortened,
    wrapped,
)


def flat(*colour, size=(2, 2)):
    return as_image(PilImage.new("RGB" if len(colour) == 3 else "RGBA", size, colour))


def ink(picture, colour=(255, 255, 255)):
    """Return the box around the pixels of a colour."""
    same = (np.asarray(picture.convert("RGB")) == colour).all(axis=2)
    return PilImage.fromarray(same.astype(np.uint8)).getbbox()


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({}, ["kkk", "krk", "kkk"]),
        ({"position": "top-left"}, ["rkk", "kkk", "kkk"]),
        ({"position": "bottom-right", "x": -1}, ["kkk", "kkk", "krk"]),
        ({"position": "right", "x": 1}, ["kkk"] * 3),
        ({"fit": "fill"}, ["rrr"] * 3),
        ({"fit": "contain"}, ["rrr"] * 3),
        ({"scale": 3}, ["rrr"] * 3),
        ({"scale": 3, "x": 2, "y": -2}, ["kkr", "kkk", "kkk"]),
        ({"opacity": 0}, ["kkk"] * 3),
    ],
)
def test_the_overlay_lies_exactly_there(options, rows):
    image = make_image("kkk", "kkk", "kkk")

    composed = run_node("image.composite", image=image, overlay=make_image("r"), **options).image

    assert rows_of(composed) == rows


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("normal", (100, 200, 50)),
        ("multiply", (78, 78, 29)),
        ("screen", (222, 222, 171)),
        ("overlay", (188, 157, 86)),
        ("darken", (100, 100, 50)),
        ("lighten", (200, 200, 150)),
        ("hard-light", (157, 188, 59)),
        ("soft-light", (190, 134, 112)),
        ("difference", (100, 100, 100)),
        ("exclusion", (144, 144, 142)),
        ("add", (255, 255, 200)),
        ("subtract", (100, 0, 100)),
    ],
)
def test_a_blend_mode_gives_this_colour(mode, expected):
    base, over = flat(200, 100, 150), flat(100, 200, 50)

    composed = run_node("image.composite", image=base, overlay=over, mode=mode).image.decoded

    assert composed.getpixel((0, 0)) == pytest.approx(expected, abs=2)


def test_opacity_and_mask_mix_by_their_share():
    black, white = flat(0, 0, 0), flat(255, 255, 255)
    half = run_node("image.composite", image=black, overlay=white, opacity=0.5).image.decoded
    masked = run_node(
        "image.composite",
        image=black,
        overlay=white,
        mask=as_mask(make_picture("wk", "kw", mode="L")),
    ).image

    assert half.getpixel((0, 0)) == (128, 128, 128)
    assert rows_of(masked) == ["wk", "kw"]


def test_blending_a_tall_picture_leaves_no_seams():
    base, over = flat(200, 100, 150, size=(1, 1_100)), flat(100, 200, 50, size=(1, 1_100))

    composed = run_node("image.composite", image=base, overlay=over, mode="multiply").image.decoded

    assert composed.getcolors() == [(1_100, (78, 78, 29))]


def test_blending_over_nothing_keeps_the_overlays_own_colour():
    clear = flat(0, 0, 0, 0)

    composed = run_node(
        "image.composite", image=clear, overlay=flat(9, 8, 7), mode="multiply"
    ).image

    assert composed.decoded.getpixel((0, 0)) == (9, 8, 7, 255)


def test_an_overlay_that_is_too_large_is_refused():
    with pytest.raises(NodeFailed) as failed:
        run_node(
            "image.composite",
            image=flat(0, 0, 0),
            overlay=flat(0, 0, 0, size=(2_000, 2_000)),
            scale=16,
        )

    assert failed.value.code == "resource_limit"


def test_a_grid_fills_row_by_row():
    images = [flat(255, 0, 0), flat(0, 255, 0), flat(0, 0, 255)]
    ctx = MemoryContext()

    sheet = run_node(
        "image.grid", ctx, images=images, columns=2, cellWidth=8, cellHeight=8, gap=2, margin=1
    ).image.decoded

    assert sheet.size == (1 + 8 + 2 + 8 + 1, 1 + 8 + 2 + 8 + 1)
    assert sheet.getpixel((0, 0)) == (255, 255, 255)
    assert sheet.getpixel((1, 1)) == (255, 0, 0)
    assert sheet.getpixel((18, 8)) == (0, 255, 0)
    assert sheet.getpixel((8, 18)) == (0, 0, 255)
    assert sheet.getpixel((15, 15)) == (255, 255, 255)
    assert ctx.checks == 3
    assert ctx.done[-1] == 1


def test_a_grid_fits_pictures_into_their_cells():
    wide = flat(255, 0, 0, size=(20, 10))
    options = {"images": [wide], "cellWidth": 8, "cellHeight": 8, "margin": 0}

    contained = run_node("image.grid", **options).image.decoded
    covered = run_node("image.grid", **options, fit="cover").image.decoded

    assert contained.getpixel((4, 0)) == (255, 255, 255)
    assert contained.getpixel((4, 4)) == (255, 0, 0)
    assert covered.getpixel((0, 0)) == (255, 0, 0)


def test_a_grid_writes_captions_under_the_cells():
    options = {"images": [flat(0, 0, 255)] * 2, "cellWidth": 60, "cellHeight": 20, "margin": 0}

    plain = run_node("image.grid", **options).image.decoded
    captioned = run_node(
        "image.grid", **options, captions=["one"], captionColour="#f00"
    ).image.decoded

    left, top, right, bottom = ink(captioned, (255, 0, 0))
    assert captioned.height == plain.height + 24
    assert 0 <= left < right <= 60
    assert 20 <= top < bottom <= 44


def test_a_caption_that_is_too_long_is_shortened():
    style = TextStyle(size=16)
    line = shortened("a long caption for a small cell", style, 60)

    assert line.startswith("a lo")
    assert line.endswith("…")
    assert draw_block(line, style, max_width=None).size[0] <= 60
    assert shortened("short", style, 60) == "short"


def test_a_grid_without_images_or_too_large_is_refused():
    with pytest.raises(NodeFailed) as empty:
        run_node("image.grid", images=[])
    with pytest.raises(NodeFailed) as large:
        run_node("image.grid", images=[flat(0, 0, 0)] * 100, cellWidth=4_000)

    assert (empty.value.code, large.value.code) == ("invalid_value", "resource_limit")


@pytest.mark.parametrize(
    ("position", "horizontal", "vertical"),
    [
        ("top-left", "near", "near"),
        ("center", "middle", "middle"),
        ("bottom-right", "far", "far"),
        ("bottom", "middle", "far"),
        ("left", "near", "middle"),
    ],
)
def test_text_stands_where_its_position_says(position, horizontal, vertical):
    image = flat(0, 0, 0, size=(300, 200))

    written = run_node(
        "image.text", image=image, text="HH", size=40, position=position, marginX=10, marginY=10
    ).image.decoded

    left, top, right, bottom = ink(written)
    assert _side(left, 300 - right) == horizontal
    assert _side(top, 200 - bottom) == vertical


def _side(before, after):
    return "middle" if abs(before - after) <= 12 else "near" if before < after else "far"


def test_text_wraps_at_its_width_and_breaks_words_that_are_too_long():
    image = flat(0, 0, 0, size=(200, 400))
    options = {"image": image, "size": 20, "position": "top-left", "align": "left"}

    one = ink(run_node("image.text", **options, text="aaa").image.decoded)
    words = ink(
        run_node("image.text", **options, text="aaa bbb ccc ddd", maxWidth=60).image.decoded
    )
    chopped = ink(run_node("image.text", **options, text="a" * 30).image.decoded)

    assert words[3] - words[1] > 2 * (one[3] - one[1])
    assert words[2] <= 32 + 60
    assert chopped[2] <= 200 - 32 + 1
    assert chopped[3] > one[3]


@pytest.mark.parametrize("align", ["left", "center", "right"])
def test_lines_align(align):
    block = draw_block("HHHHHH\nH", TextStyle(size=20, align=align), max_width=None)
    lower = block.picture.crop((0, block.picture.height // 2, *block.picture.size)).getbbox()
    assert lower is not None
    middle = (lower[0] + lower[2]) / 2 / block.picture.width

    assert {"left": middle < 0.4, "center": 0.4 < middle < 0.6, "right": middle > 0.6}[align]


def test_text_can_have_outline_shadow_box_and_opacity():
    image = flat(0, 0, 0, size=(200, 100))
    options = {"image": image, "text": "H", "size": 40, "position": "center"}

    outlined = run_node("image.text", **options, strokeWidth=3, strokeColour="#f00").image.decoded
    shaded = run_node("image.text", **options, shadowColour="#00f", shadowBlur=0).image.decoded
    boxed = run_node("image.text", **options, boxColour="#0f0").image.decoded
    faint = run_node("image.text", **options, opacity=0.5).image.decoded

    letter = ink(run_node("image.text", **options).image.decoded)
    around, shadow, box = (
        ink(outlined, (255, 0, 0)),
        ink(shaded, (0, 0, 255)),
        ink(boxed, (0, 255, 0)),
    )
    assert around[0] < letter[0]
    assert around[2] > letter[2]
    assert shadow[2:] == (letter[2] + 4, letter[3] + 4)
    assert box[0] <= letter[0] - 16
    assert box[2] >= letter[2] + 16
    assert max(faint.convert("L").tobytes()) == 128


@pytest.mark.parametrize("font", get_args(FontName))
def test_every_font_draws_letters_of_its_own(font: Any):
    drawn = draw_block("Hämburg 123", TextStyle(font=font), max_width=None).picture

    others = {
        name: draw_block("Hämburg 123", TextStyle(font=name), max_width=None).picture.tobytes()
        for name in get_args(FontName)
        if name != font
    }
    assert drawn.getbbox() is not None
    assert drawn.tobytes() not in others.values()


def test_letters_that_a_font_lacks_come_from_another():
    boxes = draw_block("\U0010fffe" * 2, TextStyle(font="slab"), max_width=None).picture.tobytes()
    hebrew = draw_block("שש", TextStyle(font="slab"), max_width=None).picture.tobytes()
    arrow = draw_block("➔➔", TextStyle(font="slab"), max_width=None).picture.tobytes()

    assert len({boxes, hebrew, arrow}) == 3


def test_five_thousand_letters_without_a_blank_are_broken_into_lines():
    font = load_font(TextStyle(size=10), "a")

    lines = wrapped("a" * 5_000, font, 300)

    assert "".join(lines) == "a" * 5_000
    assert max(font.getlength(line) for line in lines) <= 300
    assert min(font.getlength(line) for line in lines[:-1]) > 280


def test_empty_text_leaves_the_picture_and_its_mode():
    image = as_image(PilImage.new("L", (4, 4), 7))

    assert run_node("image.text", image=image, text=" \n").image.decoded.mode == "L"


def test_text_beyond_a_pictures_limits_is_refused():
    with pytest.raises(NodeFailed) as failed:
        run_node(
            "image.text", image=flat(0, 0, 0), text="a\n" * 400 + "a", size=2_000, maxWidth=16_000
        )

    assert failed.value.code == "resource_limit"


def test_every_font_file_has_its_licence():
    files = {path.name for path in FONTS.iterdir()}

    assert set(FONT_FILES.values()) <= files
    assert {"LICENSE-Inter.txt", "LICENSE-Roboto-Slab.txt", "LICENSE-DejaVu.txt"} <= files
    assert max(path.stat().st_size for path in FONTS.iterdir()) < 2**20
