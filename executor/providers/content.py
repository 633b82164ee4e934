"""The list `content` that ModelArk and MiniMax take: texts and files, each with the part it plays."""

from collections.abc import Mapping
from typing import Any

from executor.providers.base import InputFile, Request
from executor.providers.compose import Encode, as_address
from executor.providers.errors import ProviderError

ROLES: Mapping[str, tuple[str, str]] = {
    "first_frame": ("image_url", "first_frame"),
    "last_frame": ("image_url", "last_frame"),
    "reference_image[]": ("image_url", "reference_image"),
    "reference_video[]": ("video_url", "reference_video"),
    "reference_audio[]": ("audio_url", "reference_audio"),
}


async def with_content(request: Request, encode: Encode) -> dict[str, Any]:
    """Return a call's body whose `prompt` and files are its `content`.

    Pictures go as `encode` gives them; films and sounds are named by their URLs, the one form that
    is documented for them.

    Raises:
        ProviderError: a file cannot be sent, or has no part to play.
    """
    body = dict(request.call.body)
    text = body.pop("prompt", None)
    content: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    for name, files in request.files.items():
        content += [await _part(name, file, encode) for file in files]
    return {"content": content, **body}


async def _part(name: str, file: InputFile, encode: Encode) -> dict[str, Any]:
    if name not in ROLES:
        raise ProviderError(f"This provider takes no files called {name}.")
    kind, role = ROLES[name]
    address = await (encode(file) if kind == "image_url" else as_address(file))
    return {"type": kind, kind: {"url": address}, "role": role}
