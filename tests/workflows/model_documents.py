"""Model documents as staff write them."""

from accounts.api import Actor

STAFF = Actor("staff", "1")

DOCUMENT = """\
key = "house-painter"
name = "House Painter"
vendor = "The House"
task = "text-to-image"
description = "Pictures of houses, from words."
license = "proprietary"
since = 2026-11-21
expected_s = 10

[price]
credits = "40 * count"
usd = 0.04
unit = "image"
source = "https://example.com/prices"
checked = 2026-11-21

[[params]]
use = "prompt"

[[params]]
use = "count"
maximum = 8

[[params]]
use = "seed"

[[rules]]
kind = "requires"
param = "seed"
needs = ["prompt"]

[[routes]]
provider = "fal"
model = "fal-ai/house-painter"
wire = { count = "num_images" }

[[routes]]
provider = "replicate"
model = "house/painter"
constants = { quality = "best" }
"""


def document(*changes: tuple[str, str], key: str = "house-painter") -> str:
    """Return the document with another key, and with some of its parts replaced, each once."""
    text = DOCUMENT.replace('"house-painter"', f'"{key}"', 1)
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def line_of(text: str, part: str) -> int:
    """Return the number of the first line that has a part in it."""
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)
