"""Masks for providers that read them the other way round: ours are white where something changes."""

import io
from dataclasses import replace

from PIL import Image, ImageOps

from executor.providers.base import InputFile
from executor.providers.errors import ProviderError


def inverted(mask: InputFile) -> InputFile:
    """Return a mask as PNG that is black where ours is white; nothing is read before it is sent."""
    return replace(mask, content_type="image/png", url=None, read=lambda: _inverted(mask.read()))


def _inverted(content: bytes) -> bytes:
    """Return the inverted picture; the store holds only pictures that this installation wrote."""
    out = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content)) as picture:
            ImageOps.invert(picture.convert("L")).save(out, "PNG")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise ProviderError("The mask cannot be read.", code="invalid_value") from None
    return out.getvalue()
