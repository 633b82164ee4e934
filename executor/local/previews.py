"""Small pictures of what is in the making, straight from the latents: quick, and rough."""

import base64
import io
import math
from typing import Any

from PIL import Image

SIDE = 128  # pixels of a preview, at most
# Colours of Stable Diffusion's four channels, as in diffusers' guide to pipeline callbacks, read
# 2026-11-21: https://huggingface.co/docs/diffusers/using-diffusers/callback
_WEIGHTS = ((60, -60, 25, -70), (60, -5, 15, -50), (60, 10, -5, -35))
_BIASES = (150, 140, 130)


def preview_of(latents: Any, size: tuple[int, int] | None = None) -> str | None:
    """Return the first picture of a batch of latents as a data URI; None if none can be made out.

    `size` is width and height of the whole picture, which packed latents do not tell.
    """
    planes = _planes_of(latents.detach()[0], size)
    if planes is None:
        return None
    import torch  # noqa: PLC0415 - of the extra `local`

    planes = planes.float().cpu()
    if planes.shape[0] == 4:
        weights = torch.tensor(_WEIGHTS, dtype=torch.float32)
        colours = torch.einsum("chw,rc->rhw", planes, weights)
        colours = colours + torch.tensor(_BIASES, dtype=torch.float32)[:, None, None]
    else:
        low, high = planes[:3].amin(), planes[:3].amax()
        colours = (planes[:3] - low) / (high - low + 1e-6) * 255
    pixels = colours.nan_to_num().clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()
    return _as_uri(Image.fromarray(pixels, "RGB"))


def _planes_of(latents: Any, size: tuple[int, int] | None) -> Any:
    """Return one picture's latents as channels, rows and columns."""
    if latents.ndim == 4:  # a film: channels and frames, or frames and channels
        is_by_frame = latents.shape[1] < latents.shape[0] and latents.shape[1] == 4
        latents = latents[0] if is_by_frame else latents[:, latents.shape[1] // 2]
    if latents.ndim == 2 and size is not None:
        latents = _unpacked(latents, size)
    is_picture = latents is not None and latents.ndim == 3 and latents.shape[0] >= 3
    return latents if is_picture else None


def _unpacked(latents: Any, size: tuple[int, int]) -> Any:
    """Return latents that lie in squares of 2 × 2 in a row, as Flux has them; None for others."""
    count, channels = latents.shape
    width, height = size
    rows = round(math.sqrt(count * height / width))
    if rows == 0 or count % rows or channels % 4:
        return None
    squares = latents.reshape(rows, count // rows, channels // 4, 2, 2)
    return squares.permute(2, 0, 3, 1, 4).reshape(channels // 4, rows * 2, count // rows * 2)


def _as_uri(picture: Image.Image) -> str:
    scale = SIDE / max(picture.size)
    picture = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))),
        Image.Resampling.BILINEAR,
    )
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=60)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
