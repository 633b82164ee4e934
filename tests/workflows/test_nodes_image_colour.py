"""Colour and filter nodes: exact pixels where there is one answer."""

import pytest
from PIL import Image as PilImage

from tests.workflows.node_context import as_image, make_image, rows_of, run_node


def dot(*colour):
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[len(colour)]
    return as_image(PilImage.new(mode, (4, 4), colour if len(colour) > 1 else colour[0]))


def pixel(type_, image, **options):
    return run_node(type_, image=image, **options).image.decoded.getpixel((1, 1))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (200, 100, 50)),
        ({"brightness": 0.5}, (100, 50, 25)),
        ({"brightness": 0}, (0, 0, 0)),
        ({"saturation": 0}, (124, 124, 124)),
        ({"contrast": 0}, (124, 124, 124)),
        ({"gamma": 2}, (226, 160, 113)),
        ({"hue": 360}, (200, 100, 50)),
    ],
)
def test_adjusting_gives_exactly_this_colour(options, expected):
    assert pixel("image.adjust", dot(200, 100, 50), **options) == expected


def test_turning_the_hue_by_a_third_makes_red_green():
    red, green, blue = pixel("image.adjust", dot(255, 0, 0), hue=120)

    assert green == 255
    assert max(red, blue) < 12


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"effect": "grayscale"}, (124, 124, 124)),
        ({"effect": "sepia"}, (165, 147, 114)),
        ({"effect": "invert"}, (55, 155, 205)),
        ({"effect": "invert", "strength": 0}, (200, 100, 50)),
        ({"effect": "invert", "strength": 0.5}, (127, 127, 127)),
        ({"effect": "posterize", "levels": 2}, (255, 0, 0)),
        ({"effect": "posterize", "levels": 4}, (170, 85, 85)),
        ({"effect": "solarize", "threshold": 100}, (55, 155, 50)),
        ({"effect": "threshold", "threshold": 124}, (255, 255, 255)),
        ({"effect": "threshold", "threshold": 125}, (0, 0, 0)),
        ({"effect": "duotone", "dark": "#ff0000", "light": "#ff0000"}, (255, 0, 0)),
        ({"effect": "pixelate", "size": 4}, (200, 100, 50)),
        ({"effect": "edges"}, (0, 0, 0)),
        ({"effect": "emboss"}, (128, 128, 128)),
        ({"effect": "contour"}, (255, 255, 255)),
    ],
)
def test_an_effect_gives_exactly_this_colour(options, expected):
    red, green, blue = pixel("image.effect", dot(200, 100, 50), **options)

    assert (red, green, blue) == pytest.approx(expected, abs=1)


def test_a_vignette_darkens_the_edge_and_not_the_middle():
    image = as_image(PilImage.new("RGB", (100, 100), "white"))

    picture = run_node("image.effect", image=image, effect="vignette").image.decoded

    assert picture.getpixel((50, 50))[0] > 250
    assert picture.getpixel((0, 0))[0] < 3


def test_pixelating_makes_blocks():
    image = make_image("wwkk", "wwkk")

    assert rows_of(run_node("image.effect", image=image, effect="pixelate", size=2).image) == [
        "wwkk",
        "wwkk",
    ]


@pytest.mark.parametrize("type_", ["image.adjust", "image.effect", "image.sharpen"])
def test_changing_colours_keeps_transparency(type_):
    assert pixel(type_, dot(200, 100, 50, 77))[3] == 77


@pytest.mark.parametrize("method", ["gaussian", "box"])
def test_blurring_spreads_and_keeps_the_sum(method):
    picture = PilImage.new("L", (31, 31), 0)
    picture.paste(255, (12, 12, 19, 19))

    blurred = run_node("image.blur", image=as_image(picture), radius=3, method=method).image.decoded

    assert 0 < blurred.getpixel((10, 15)) < 255
    assert sum(blurred.tobytes()) == pytest.approx(49 * 255, rel=0.03)


def test_blurring_by_nothing_changes_nothing():
    image = make_image("rgb", "bgr")

    assert rows_of(run_node("image.blur", image=image, radius=0).image) == ["rgb", "bgr"]


def test_blurring_does_not_let_hidden_colours_bleed():
    picture = PilImage.new("RGBA", (20, 20), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (10, 0, 20, 20))

    blurred = run_node("image.blur", image=as_image(picture), radius=3).image.decoded
    red, green, blue, alpha = blurred.getpixel((10, 10))

    assert (red, green) == (0, 0)
    assert blue > 250
    assert 0 < alpha < 255


def test_sharpening_raises_the_difference_at_an_edge():
    picture = PilImage.new("RGB", (20, 20), (100, 100, 100))
    picture.paste((150, 150, 150), (10, 0, 20, 20))

    sharp = run_node("image.sharpen", image=as_image(picture), amount=2).image.decoded

    assert sharp.getpixel((9, 10))[0] < 100
    assert sharp.getpixel((10, 10))[0] > 150
    assert sharp.getpixel((1, 10))[0] == 100
