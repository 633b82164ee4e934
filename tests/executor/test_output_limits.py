"""How much a node may give: held to in one place, whatever node it is."""

import pytest

from executor.engine.limits import LIMITS, OutputLimits, check_outputs
from executor.media.types import MediaLimits
from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.nodes import limits as node_limits
from workflows.catalogue.values import Audio, Image, Video

SMALL = OutputLimits(value_bytes=100, node_bytes=250, max_elements=5)


class Film:
    """A decoded picture of many frames."""

    n_frames = 2_001


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Image(width=16_385, height=1), "16,385 × 1 pixels"),
        (Image(width=8_000, height=5_001), "8,000 × 5,001 pixels"),
        (Image(width=1, height=1, decoded=Film()), "2,001 frames"),
        (Video(duration_s=3_601), "more than 3,600 seconds"),
        (Audio(bytes=101 * 1024**2), "a file of more than 104,857,600 bytes"),
        ([Image(width=1, height=1), [Image(width=1, height=20_000)]], "1 × 20,000 pixels"),
    ],
)
def test_media_over_a_limit_are_refused(value, said) -> None:
    with pytest.raises(NodeFailed, match=said) as caught:
        check_outputs({"image": value})

    assert caught.value.code == "resource_limit"
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ({"text": "x" * 101}, "a value of more than 100 bytes"),
        ({"text": "ä" * 51}, "a value of more than 100 bytes"),
        ({"json": {"a": ["x" * 60, {"b": "y" * 60}]}}, "a value of more than 100 bytes"),
        ({"json": {"k" * 101: 1}}, "a value of more than 100 bytes"),
        ({"a": "x" * 90, "b": "x" * 90, "c": "x" * 90}, "more than 250 bytes in all"),
        ({"texts": ["x" * 90, "x" * 90, "x" * 90]}, "more than 250 bytes in all"),
        ({"list": [1] * 6}, "more than 5 elements"),
        ({"list": [[1, 1], [1, 1]]}, "more than 5 elements"),
        ({"list": [[], [], [], [], [], []]}, "more than 5 elements"),
    ],
)
def test_values_over_a_limit_are_refused(outputs, said) -> None:
    with pytest.raises(NodeFailed, match=said):
        check_outputs(outputs, SMALL)


@pytest.mark.parametrize(
    "value",
    ["x" * 100, "ä" * 50, [1, 2, 3, 4, 5], [[1, 2], [3]], None, True, 1.5, {"a": [1, {"b": None}]}],
)
def test_values_at_the_limit_are_taken(value) -> None:
    check_outputs({"value": value}, SMALL)


def test_what_shipped_nodes_may_make_is_within_the_limits() -> None:
    check_outputs({"text": "日" * node_limits.MAX_TEXT})
    check_outputs({"list": ["x"] * node_limits.MAX_ELEMENTS})
    assert LIMITS.max_side == node_limits.MAX_SIDE
    assert LIMITS.max_pixels == node_limits.MAX_PIXELS


def test_nodes_may_give_what_may_be_uploaded() -> None:
    media = MediaLimits()

    assert LIMITS.bytes_of("image") == media.image_bytes
    assert LIMITS.bytes_of("video") == media.video_bytes
    assert LIMITS.bytes_of("audio") == media.audio_bytes
    assert (LIMITS.max_side, LIMITS.max_pixels) == (media.max_side, media.max_pixels)
    assert (LIMITS.max_frames, LIMITS.max_total_pixels) == (
        media.max_frames,
        media.max_total_pixels,
    )


def test_a_deep_value_is_measured_without_recursion() -> None:
    value: list = []
    for _ in range(50_000):
        value = [value]

    with pytest.raises(NodeFailed, match="elements"):
        check_outputs({"list": value})
