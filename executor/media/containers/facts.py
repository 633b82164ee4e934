"""What a look at the structure of a sound, film, model or text tells."""

import mmap
from typing import NamedTuple

Buffer = bytes | mmap.mmap


class Facts(NamedTuple):
    """A name of `formats.FORMATS`, with sizes in pixels and seconds where the container says."""

    format_name: str
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
