"""Shape and frame nodes: exact sizes and pixels."""

import pytest
from PIL import Image as PilImage

from tests.workflows.node_context import as_image, make_image, rows_of, run_node
from workflows.catalogue.errors import NodeFailed

PLAIN = {"resample": "nearest"}


def blank(width, height, mode="RGB", colour="red"):
    return as_image(PilImage.new(mode, (width, height), colour))


def size(image):
    return image.decoded.size


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (400, 200)),
        ({"width": 200}, (200, 100)),
        ({"height": 50}, (100, 50)),
        ({"width": 50, "height": 50}, (50, 50)),
        ({"width": 50, "height": 50, "fit": "fill"}, (50, 50)),
        ({"width": 50, "height": 50, "fit": "contain"}, (50, 50)),
        ({"width": 50, "height": 50, "fit": "inside"}, (50, 25)),
        ({"width": 800, "height": 800, "fit": "inside"}, (800, 400)),
        ({"width": 800, "height": 800, "fit": "inside", "enlarge": False}, (400, 200)),
        ({"width": 800, "height": 100, "enlarge": False}, (400, 100)),
        ({"width": 1}, (1, 1)),
    ],
)
def test_resizing_gives_exactly_this_size(options, expected):
    assert size(run_node("image.resize", image=blank(400, 200), **options).image) == expected


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({"fit": "fill"}, ["rb", "rb"]),
        ({"fit": "cover", "position": "left"}, ["rr", "rr"]),
        ({"fit": "cover", "position": "bottom-right"}, ["bb", "bb"]),
        ({"fit": "cover"}, ["gg", "gg"]),
        ({"fit": "contain", "position": "top"}, ["gg", "kk"]),
        ({"fit": "contain", "position": "bottom", "background": "#0000"[:4]}, ["kk", "gg"]),
        ({"fit": "inside"}, ["gg"]),
    ],
)
def test_resizing_keeps_what_the_fit_says(options, rows):
    image = (
        make_image("rrggbb", "rrggbb") if options["fit"] == "cover" else make_image("gggg", "gggg")
    )
    if options["fit"] == "fill":
        image = make_image("rrbb", "rrbb", "rrbb")

    resized = run_node("image.resize", image=image, width=2, height=2, **options, **PLAIN).image

    assert rows_of(resized) == rows


def test_resizing_does_not_let_hidden_colours_bleed():
    image = as_image(PilImage.new("RGBA", (4, 1), (255, 0, 0, 0)))
    image.decoded.paste((0, 0, 255, 255), (2, 0, 4, 1))

    resized = run_node("image.resize", image=image, width=1, height=1, resample="bilinear").image

    assert resized.decoded.getpixel((0, 0))[:3] == (0, 0, 255)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_resizing_keeps_mode_and_format(mode):
    image = as_image(PilImage.new(mode, (8, 8)), "image/webp")

    resized = run_node("image.resize", image=image, width=4, height=4).image

    assert (resized.decoded.mode, resized.content_type) == (mode, "image/webp")


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({}, ["rgb", "kwr"]),
        ({"width": 1}, ["g", "w"]),
        ({"width": 2, "height": 1, "x": 1, "y": 1}, ["wr"]),
        ({"width": 9, "height": 9, "x": 2, "y": 1}, ["r"]),
        ({"aspect": "1:1", "position": "left"}, ["rg", "kw"]),
        ({"aspect": "1:1", "position": "right"}, ["gb", "wr"]),
        ({"aspect": "9:16", "position": "bottom-right", "height": 1}, ["r"]),
    ],
)
def test_cropping_keeps_exactly_this(options, rows):
    assert rows_of(run_node("image.crop", image=make_image("rgb", "kwr"), **options).image) == rows


def test_cropping_outside_the_picture_is_an_invalid_value():
    with pytest.raises(NodeFailed) as failed:
        run_node("image.crop", image=make_image("rg"), x=2)

    assert failed.value.code == "invalid_value"


@pytest.mark.parametrize(
    ("angle", "rows"),
    [
        (0, ["rg", "bk"]),
        (90, ["br", "kg"]),
        (-90, ["gk", "rb"]),
        (180, ["kb", "gr"]),
        (450, ["br", "kg"]),
    ],
)
def test_rotating_by_quarters_is_clockwise_and_exact(angle, rows):
    assert (
        rows_of(run_node("image.rotate", image=make_image("rg", "bk"), angle=angle).image) == rows
    )


def test_rotating_freely_grows_and_fills_the_corners():
    clear = run_node("image.rotate", image=blank(40, 40), angle=45).image.decoded
    filled = run_node(
        "image.rotate", image=blank(40, 40), angle=45, background="#00f"
    ).image.decoded
    kept = run_node("image.rotate", image=blank(40, 20), angle=90, expand=False).image.decoded

    assert clear.mode == "RGBA"
    assert clear.getpixel((0, 0))[3] == 0
    assert clear.getpixel((28, 28)) == (255, 0, 0, 255)
    assert 56 <= clear.width == clear.height <= 58
    assert (filled.mode, filled.getpixel((0, 0))) == ("RGB", (0, 0, 255))
    assert kept.size == (40, 20)


@pytest.mark.parametrize(
    ("direction", "rows"),
    [("horizontal", ["gr", "kb"]), ("vertical", ["bk", "rg"]), ("both", ["kb", "gr"])],
)
def test_flipping_mirrors(direction, rows):
    image = make_image("rg", "bk")

    assert rows_of(run_node("image.flip", image=image, direction=direction).image) == rows


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({"size": 1}, ["www", "wrw", "www"]),
        ({"size": 0, "left": 2, "colour": "#0000ff"}, ["bbr"]),
        ({"size": 1, "top": 0, "bottom": 0, "colour": "#00000000"}, [".r."]),
    ],
)
def test_a_border_goes_around(options, rows):
    assert rows_of(run_node("image.border", image=make_image("r"), **options).image) == rows


def test_rounded_corners_are_smooth_and_clear():
    rounded = run_node("image.rounded", image=blank(40, 20), radius=10).image.decoded

    alphas = [rounded.getpixel((x, 0))[3] for x in range(11)]
    assert alphas[0] == 0
    assert alphas[10] == 255
    assert alphas == sorted(alphas)
    assert any(0 < alpha < 255 for alpha in alphas)
    assert rounded.getpixel((39, 19))[3] == rounded.getpixel((0, 19))[3] == 0
    assert rounded.getpixel((20, 10)) == (255, 0, 0, 255)


def test_half_of_the_side_makes_a_circle():
    circle = run_node(
        "image.rounded", image=blank(100, 100), radius=50, unit="percent"
    ).image.decoded
    share = sum(circle.getchannel("A").tobytes()) / 255 / 10_000

    assert share == pytest.approx(3.14159 / 4, abs=0.002)


def test_rounded_corners_can_show_a_colour():
    rounded = run_node("image.rounded", image=blank(20, 20), radius=10, background="#00ff00").image

    assert rounded.decoded.mode == "RGB"
    assert rounded.decoded.getpixel((0, 0)) == (0, 255, 0)


def test_a_shadow_lies_under_the_picture_and_the_canvas_holds_both():
    hard = run_node(
        "image.shadow", image=make_image("rr", "rr"), x=1, y=1, blur=0, colour="#0000ff"
    ).image
    soft = run_node("image.shadow", image=blank(10, 10), x=0, y=-3, blur=4).image.decoded

    assert rows_of(hard) == ["rr.", "rrb", ".bb"]
    assert soft.size == (26, 8 + 3 + 10 + 5)
    assert soft.getpixel((13, 12)) == (255, 0, 0, 255)
    assert 0 < soft.getpixel((13, 9))[3] < 255


@pytest.mark.parametrize(
    ("type_", "options"),
    [
        ("image.resize", {"width": 16_384, "height": 16_384}),
        ("image.resize", {"width": 16_384}),
        ("image.resize", {"width": 10_000, "height": 10_000, "fit": "contain"}),
        ("image.border", {"size": 16_384}),
        ("image.shadow", {"x": 4_096, "y": 9_999_999}),
    ],
)
def test_a_result_that_is_too_large_is_refused_before_it_is_made(type_, options):
    with pytest.raises(NodeFailed) as failed:
        run_node(type_, image=blank(10, 10), **options)

    assert failed.value.code == "resource_limit"


def test_turning_a_long_picture_is_refused_when_it_would_be_too_large():
    with pytest.raises(NodeFailed) as failed:
        run_node("image.rotate", image=blank(16_000, 200, "L", 0), angle=45)

    assert failed.value.code == "resource_limit"


@pytest.mark.parametrize("colour", ["red", "#12", "#gggggg", "", "#1234567890"])
def test_what_is_no_colour_is_an_invalid_value(colour):
    with pytest.raises(NodeFailed) as failed:
        run_node("image.border", image=make_image("r"), colour=colour)

    assert failed.value.code == "invalid_value"


def test_no_node_changes_the_picture_it_was_given():
    image = make_image("r.", ".b", mode="RGBA")
    before = image.decoded.tobytes()

    for type_ in ("resize", "crop", "rotate", "flip", "border", "rounded", "shadow"):
        run_node(f"image.{type_}", image=image)

    assert image.decoded.tobytes() == before
