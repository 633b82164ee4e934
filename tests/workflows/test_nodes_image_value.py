"""Making, converting and describing images, and masks."""

import pytest
from PIL import Image as PilImage

from tests.workflows.node_context import (
    MemoryContext,
    as_image,
    as_mask,
    given,
    make_image,
    make_picture,
    rows_of,
    run_node,
)
from workflows.catalogue.errors import NodeFailed


@pytest.mark.parametrize(("format_", "quality"), [("png", None), ("jpeg", 80), ("webp", 80)])
def test_converting_sets_format_and_quality(format_, quality):
    ctx = MemoryContext()

    image = run_node("image.convert", ctx, image=make_image("r"), format=format_, quality=80).image

    assert image.content_type == f"image/{format_}"
    assert ctx.qualities == [quality]


def test_converting_to_jpeg_lays_the_picture_on_the_background():
    image = make_image("r.", mode="RGBA")

    converted = run_node("image.convert", image=image, format="jpeg", background="#0000ff").image

    assert converted.decoded.mode == "RGB"
    assert rows_of(converted) == ["rb"]


def test_info_tells_the_facts():
    image = make_image("rrr.", mode="RGBA", content_type="image/webp")

    assert given(run_node("image.info", image=image)) == {
        "width": 4,
        "height": 1,
        "aspect": 4.0,
        "megapixels": 4e-6,
        "orientation": "landscape",
        "format": "webp",
        "mode": "RGBA",
        "hasAlpha": True,
        "colour": "#ff0000",
        "brightness": 0.299,
    }


def test_info_of_an_all_clear_picture_has_a_colour():
    assert run_node("image.info", image=make_image(".", mode="RGBA")).colour == "#000000"


def test_creating_one_colour():
    image = run_node("image.create", width=2, height=1, colour="#00ff00").image

    assert rows_of(image) == ["gg"]
    assert image.decoded.mode == "RGB"


@pytest.mark.parametrize(
    ("fill", "start", "end"),
    [
        ("horizontal", (0, 50), (99, 50)),
        ("vertical", (50, 0), (50, 99)),
        ("radial", (50, 50), (0, 0)),
    ],
)
def test_creating_a_gradient_goes_from_the_first_colour_to_the_second(fill, start, end):
    picture = run_node(
        "image.create", width=100, height=100, fill=fill, colour="#ff0000", colour2="#0000ff80"
    ).image.decoded

    assert picture.mode == "RGBA"
    assert picture.getpixel(start) == pytest.approx((255, 0, 0, 255), abs=4)
    assert picture.getpixel(end) == pytest.approx((0, 0, 255, 128), abs=4)


def test_creating_what_is_too_large_is_refused():
    with pytest.raises(NodeFailed) as failed:
        run_node("image.create", width=16_384, height=16_384)

    assert failed.value.code == "resource_limit"


@pytest.mark.parametrize(("invert", "rows"), [(False, ["r."]), (True, [".r"])])
def test_a_mask_makes_the_rest_clear(invert, rows):
    mask = as_mask(make_picture("wk", mode="L"))
    image = make_image("rr", content_type="image/jpeg")

    masked = run_node("image.applyMask", image=image, mask=mask, invert=invert).image

    assert masked.content_type == "image/png"
    assert masked.decoded.getchannel("A").tobytes() == bytes(
        255 if row == "r" else 0 for row in rows[0]
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [255, 0]),
        ({"invert": True}, [0, 255]),
        ({"source": "brightness"}, [76, 0]),
    ],
)
def test_a_mask_is_made_from_alpha_or_brightness(options, expected):
    mask = run_node("image.alpha", image=make_image("r.", mode="RGBA"), **options).mask

    assert (mask.kind, mask.decoded.mode) == ("mask", "L")
    assert list(mask.decoded.tobytes()) == expected


def test_the_mask_of_a_picture_without_transparency_is_all_chosen():
    mask = run_node("image.alpha", image=as_image(PilImage.new("L", (2, 1), 3))).mask

    assert list(mask.decoded.tobytes()) == [255, 255]
