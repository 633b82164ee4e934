"""Bounds on what a node may give, so that no graph can fill a worker's memory.

Each check takes the size that a result is about to have, before it is made.
"""

from workflows.catalogue.errors import NodeFailed

MAX_ELEMENTS = 1_000  # of a list; API.md's bound on a mapped list
MAX_TEXT = 1024 * 1024  # characters
MAX_SIDE = 16_384  # pixels
MAX_PIXELS = 40_000_000
MAX_EXACT = 2**53  # whole numbers up to here survive JSON


def check_text(characters: int) -> None:
    """Refuse a text of this many characters if it is too long.

    Raises:
        NodeFailed: `resource_limit`.
    """
    if characters > MAX_TEXT:
        raise NodeFailed("resource_limit", f"The text is longer than {MAX_TEXT} characters.")


def check_elements(count: int) -> None:
    """Refuse a list of this many elements if it is too long.

    Raises:
        NodeFailed: `resource_limit`.
    """
    if count > MAX_ELEMENTS:
        raise NodeFailed("resource_limit", f"The list has more than {MAX_ELEMENTS} elements.")


def check_size(width: int, height: int) -> None:
    """Refuse a picture of this size in pixels if it is too large, or empty.

    Raises:
        NodeFailed: `resource_limit`, or `invalid_value` for a picture without pixels.
    """
    if width < 1 or height < 1:
        raise NodeFailed("invalid_value", "Nothing would be left of the picture.")
    if max(width, height) > MAX_SIDE:
        raise NodeFailed("resource_limit", f"A side is longer than {MAX_SIDE} pixels.")
    if width * height > MAX_PIXELS:
        raise NodeFailed("resource_limit", f"The picture has more than {MAX_PIXELS} pixels.")
