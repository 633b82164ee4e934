"""What requests are put together of: files where a provider wants them, demands in words."""

import asyncio
import base64
import copy
from collections.abc import Awaitable, Callable
from typing import Any

from executor.providers.base import InputFile, Request
from executor.providers.errors import ProviderError
from workflows.catalogue.wire import LIST_MARK, put

Encode = Callable[[InputFile], Awaitable[Any]]

_ONLY_JSON = "Answer in JSON alone, with no words around it."


async def composed(request: Request, encode: Encode) -> dict[str, Any]:
    """Return a call's body with its files put in, each as `encode` gives it.

    The names of a call's media are places in the body: keys divided by dots. `[]` behind the last
    one has all files of that name in a list; without it there is one. `faces[].url` makes each of
    the list an object with that key.

    Raises:
        ProviderError: a file cannot be sent.
    """
    body = copy.deepcopy(dict(request.call.body))
    for path, files in request.files.items():
        values = [await encode(file) for file in files]
        place, is_list, key = path.partition(LIST_MARK)
        if is_list:
            name = key.removeprefix(".")
            put(body, place, [{name: value} for value in values] if name else values)
        elif values:
            put(body, path, values[0])
    return body


def asking_for_json(system: str | None) -> str:
    """Return a model's instructions with the demand for JSON.

    OpenAI's API refuses its mode for JSON where the word stands nowhere in the request (its guides);
    Anthropic's has no such mode.
    """
    return f"{system or ''}\n{_ONLY_JSON}".strip()


async def read_bytes(file: InputFile) -> bytes:
    """Return a file's bytes, read in a thread."""
    return await asyncio.to_thread(file.read)


async def as_base64(file: InputFile) -> str:
    """Return a file as base64, made in a thread."""
    return await asyncio.to_thread(lambda: base64.b64encode(file.read()).decode("ascii"))


async def as_data_uri(file: InputFile) -> str:
    """Return a file as a data URI."""
    return f"data:{file.content_type};base64,{await as_base64(file)}"


async def as_address(file: InputFile) -> str:
    """Return a file's URL, for providers that take nothing else.

    Raises:
        ProviderError: the provider cannot fetch it here.
    """
    if file.url is None:
        raise ProviderError(
            "This provider fetches files itself, and this installation is out of its reach.",
            code="provider_unavailable",
        )
    return file.url


def as_uri(max_inline_bytes: int, inline: Encode = as_data_uri) -> Encode:
    """Return an encoder that sends small files `inline` and names the others by their URL.

    Its error: a file is too large to be sent along, and the provider cannot fetch it here.
    """

    async def encode(file: InputFile) -> str:
        if file.size <= max_inline_bytes:
            return str(await inline(file))
        if file.url is None:
            raise too_large(max_inline_bytes)
        return file.url

    return encode


def too_large(max_bytes: int) -> ProviderError:
    """Return the error of a file that is too large for a provider."""
    megabytes = max_bytes // 1_000_000
    return ProviderError(
        f"A file is larger than the {megabytes} MB that this provider takes.", code="invalid_value"
    )
