"""The shapes of Google's Gemini API: request bodies from plain names, and answers read with care.

Written from google-genai 3.4.0 and 1.56.0 and the provider page of 2026-11-21.
"""

import io
import re
import wave
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from executor.providers.answers import (
    clean_text,
    get_any,
    get_dict,
    get_list,
    get_number,
    get_str,
    known,
    need_bytes,
    need_list,
    need_numbers,
    provider_words,
    words,
)
from executor.providers.base import Answer, InputFile, Request, ResultFile
from executor.providers.compose import as_base64, too_large
from executor.providers.errors import ContentRefused, ProviderError, Unanswered

# A request may have 20 MB (Gemini API documents); base64 makes a third more of a file.
MAX_INLINE_BYTES = 14_000_000
PCM_RATE_HZ = 24_000  # of Gemini's speech where its type does not say

_NO_IMAGE = "NO_IMAGE"
_REFUSALS = frozenset({
    "SAFETY", "PROHIBITED_CONTENT", "RECITATION", "BLOCKLIST", "SPII", "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER",
})  # fmt: skip
_RULES = re.compile(r"safety|prohibited|responsible ai|usage guidelines|violat", re.IGNORECASE)
_RATE = re.compile(r"rate=(\d{4,6})")


def generate_body(body: Mapping[str, Any], files: Sequence[Any], kind: str) -> dict[str, Any]:
    """Return the body of `generateContent`; `kind` is what it shall give."""
    rest = dict(body)
    system, prompt = rest.pop("system", None), rest.pop("prompt", None)
    parts = [{"inlineData": file} for file in files]
    if prompt:
        parts.append({"text": prompt})
    if system:
        rest["systemInstruction"] = {"parts": [{"text": system}]}
    if kind != "text":
        config = dict(rest.get("generationConfig") or {})
        rest["generationConfig"] = {"responseModalities": [kind.upper()], **config}
    return {**rest, "contents": [{"role": "user", "parts": parts}]}


def interaction_body(
    body: Mapping[str, Any], files: Sequence[Any], model: str, kind: str
) -> dict[str, Any]:
    """Return the body of an interaction that runs in the background; films come as a URL."""
    rest = dict(body)
    system, prompt = rest.pop("system", None), rest.pop("prompt", None)
    blocks = [
        {"type": file["mimeType"].partition("/")[0], "data": file["data"],
         "mime_type": file["mimeType"]}
        for file in files
    ]  # fmt: skip
    if prompt:
        blocks.append({"type": "text", "text": prompt})
    if system:
        rest["system_instruction"] = system
    if kind == "video":
        rest["response_format"] = {"delivery": "uri", **rest["response_format"]}
    return {**rest, "model": model, "input": blocks, "background": True, "store": True}


async def inline_files(request: Request) -> list[dict[str, str]]:
    """Return all files of a call as `{mimeType, data}`, in the order of their names in the call."""
    return [await inline(file) for files in request.files.values() for file in files]


async def inline(file: InputFile) -> dict[str, str]:
    """Return a file as Gemini's `inlineData`.

    Raises:
        ProviderError: it is too large.
    """
    if file.size > MAX_INLINE_BYTES:
        raise too_large(MAX_INLINE_BYTES)
    return {"mimeType": file.content_type, "data": await as_base64(file)}


async def bytes_encoded(file: InputFile) -> dict[str, str]:
    """Return a picture as Imagen and Veo name the same.

    Raises:
        ProviderError: it is too large.
    """
    given = await inline(file)
    return {"bytesBase64Encoded": given["data"], "mimeType": given["mimeType"]}


def generated(answer: Any, kind: str, *, is_json: bool) -> Answer:
    """Return what `generateContent` gave.

    Raises:
        ProviderError: it refused, or gave nothing of the kind.
        Unanswered: it cannot be understood.
    """
    _check_blocked(answer)
    candidate = need_list(answer, "candidates")[0]
    reason = get_str(candidate, "finishReason") or ""
    if reason in _REFUSALS:
        raise ContentRefused
    parts = [part for part in get_list(candidate, "content", "parts") if isinstance(part, dict)]
    text = clean_text("".join(_texts(parts)))
    files = tuple(_inline_files(parts, kind))
    if (kind == "text" and not text) or (kind != "text" and not files):
        raise _nothing(reason, kind)
    data = words(text, {}, wants_json=is_json) if text else {}
    return Answer(known({**data, "usage": _usage(answer)}), files)


def embedded(answer: Any) -> Answer:
    """Return the vector that `embedContent` gave.

    Raises:
        Unanswered: there is none.
    """
    vector = need_numbers(answer, "embedding", "values")
    return Answer(known({"json": vector, "usage": _usage(answer)}))


def predicted(answer: Any) -> Answer:
    """Return the pictures that Imagen's `predict` gave.

    Raises:
        ProviderError: all were filtered.
        Unanswered: it cannot be understood.
    """
    found = get_list(answer, "predictions")
    files = tuple(
        ResultFile("image", data=need_bytes(one, "bytesBase64Encoded"))
        for one in found
        if get_str(one, "bytesBase64Encoded")
    )
    if not files and any(get_str(one, "raiFilteredReason") for one in found):
        raise ContentRefused
    if not files:
        raise Unanswered("the answer has no picture")
    return Answer({}, files)


def filmed(operation: Any, trusts: Callable[[str], bool]) -> Answer:
    """Return the films of a Veo operation that is done.

    Raises:
        ProviderError: it failed, or all were filtered.
    """
    error = get_dict(operation, "error")
    if error:
        raise failure_of(error)
    place = ("response", "generateVideoResponse")
    found = [get_dict(one, "video") for one in get_list(operation, *place, "generatedSamples")]
    files = tuple(file for one in found if (file := media_file(one, "video", trusts)))
    if not files and get_list(operation, *place, "raiMediaFilteredReasons"):
        raise ContentRefused
    if not files:
        raise ProviderError("The provider gave no video.", retryable=True)
    return Answer({}, files)


def interacted(answer: Any, kind: str, trusts: Callable[[str], bool]) -> Answer:
    """Return what a completed interaction gave.

    Raises:
        ProviderError: nothing of the kind.
    """
    blocks = list(_blocks(answer))
    text = "".join(get_str(one, "text") or "" for one in blocks if one.get("type") == "text")
    media = [one for one in blocks if one.get("type") == kind]
    media = media or [get_dict(answer, f"output_{kind}")]
    files = tuple(file for one in media if (file := media_file(one, kind, trusts)))
    if (kind == "text" and not text) or (kind != "text" and not files):
        raise _nothing("", kind)
    usage = known({
        "input_tokens": get_number(answer, "usage", "total_input_tokens"),
        "output_tokens": get_number(answer, "usage", "total_output_tokens"),
    })  # fmt: skip
    return Answer(known({"text": clean_text(text) or None, "usage": usage or None}), files)


def media_file(
    block: Mapping[str, Any], kind: str, trusts: Callable[[str], bool]
) -> ResultFile | None:
    """Return the file that a block names or holds; None if it does neither.

    `trusts` says which URLs are fetched with the key.
    """
    place = dict(block)
    url = get_str(place, "uri")
    if url is not None:
        return ResultFile(kind, url=url, needs_key=trusts(url))
    name = "encodedVideo" if get_str(place, "encodedVideo") else "data"
    try:
        content = need_bytes(place, name)
    except Unanswered:
        return None
    told = get_str(place, "mime_type") or get_str(place, "mimeType") or ""
    return ResultFile(kind, data=playable(content, told) if kind == "audio" else content)


def playable(content: bytes, content_type: str) -> bytes:
    """Return sound as it can be stored: bare samples get the head of a WAV file."""
    told = content_type.lower()
    if not told.startswith(("audio/l16", "audio/pcm")):
        return content
    rate = _RATE.search(told)
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(int(rate.group(1)) if rate else PCM_RATE_HZ)
        sound.writeframes(content)
    return out.getvalue()


def failure_of(error: Any) -> ProviderError:
    """Return what the error of a job says: against the rules, or broken."""
    said = f"{get_str(error, 'code') or ''} {get_str(error, 'message') or ''}"
    if _RULES.search(said):
        return ContentRefused()
    return ProviderError(provider_words(get_any(error, "message"), "The provider failed."))


def _texts(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        if not part.get("thought"):
            yield get_str(dict(part), "text") or ""


def _check_blocked(answer: Any) -> None:
    if get_str(answer, "promptFeedback", "blockReason"):
        raise ContentRefused


def _inline_files(parts: Sequence[Mapping[str, Any]], kind: str) -> Iterator[ResultFile]:
    for part in parts:
        data = get_dict(dict(part), "inlineData")
        told = get_str(data, "mimeType") or ""
        file = media_file(data, kind, lambda _: False) if told.startswith(f"{kind}/") else None
        if file is not None and file.data and not part.get("thought"):
            yield file


def _blocks(answer: Any) -> Iterator[dict[str, Any]]:
    """Give the content of all steps of the model; early Lyria models name it `outputs`."""
    steps = [one for one in get_list(answer, "steps") if get_str(one, "type") == "model_output"]
    for step in steps or [{"content": get_list(answer, "outputs")}]:
        yield from (one for one in get_list(step, "content") if isinstance(one, dict))


def _usage(answer: Any) -> dict[str, int | float] | None:
    counts = get_dict(answer, "usageMetadata")
    told = get_number(counts, "candidatesTokenCount")
    thought = get_number(counts, "thoughtsTokenCount")
    given = None if told is None and thought is None else (told or 0) + (thought or 0)
    tokens = known({"input_tokens": get_number(counts, "promptTokenCount"), "output_tokens": given})
    return tokens or None


def _nothing(reason: str, kind: str) -> ProviderError:
    if reason == "MAX_TOKENS":
        return ProviderError("The answer was cut off before it began; allow more tokens.")
    return ProviderError(f"The provider gave no {kind}.", retryable=reason == _NO_IMAGE)
