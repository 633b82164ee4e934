"""Where the differences between simulated results come from: a digest of all that goes in."""

import hashlib
from collections.abc import Mapping
from typing import Any

from common.canonical import canonical_json
from executor.simulate.types import Reader
from workflows.catalogue.values import Media

Colour = tuple[int, int, int]


def seed_of(name: str, values: Mapping[str, Any], read: Reader) -> bytes:
    """Return 32 bytes that are the same for the same model, values and contents of files."""
    content = {key: _content(value, read) for key, value in values.items()}
    return hashlib.sha256(canonical_json([name, content])).digest()


def numbered(seed: bytes, number: int) -> bytes:
    """Return the seed of one of several results."""
    return hashlib.sha256(seed + number.to_bytes(4)).digest() if number else seed


def within(seed: bytes, place: int, low: float, high: float) -> float:
    """Return a number of a range; each `place`, 0 to 31, gives another."""
    return low + (high - low) * seed[place % 32] / 255


def colour(seed: bytes, place: int, *, dark: bool = False) -> Colour:
    """Return a colour, neither white nor black; a dark one lets white letters be read."""
    low, high = (20, 110) if dark else (90, 230)
    red, green, blue = (int(within(seed, place + part, low, high)) for part in range(3))
    return red, green, blue


def _content(value: Any, read: Reader) -> Any:
    if isinstance(value, Media):
        return ["file", value.kind, value.sha256 or hashlib.sha256(read(value)).hexdigest()]
    if isinstance(value, list | tuple):
        return [_content(item, read) for item in value]
    return value
