"""Files that go to a provider ahead of the job that wants them."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

from executor.providers.account import ProviderAccount
from executor.providers.base import InputFile
from executor.providers.compose import Encode, as_data_uri, too_large
from executor.providers.errors import NotSent, ProviderError, Unanswered
from executor.providers.transport import Rejection

Result = TypeVar("Result")
Upload = Callable[[InputFile], Awaitable[str]]


def as_link(upload: Upload, *, max_inline_bytes: int, max_bytes: int) -> Encode:
    """Return an encoder that gives each file as text: a data URI, its address, or an upload's.

    Small files go inline. Larger ones are fetched by the provider where it can reach them, and
    uploaded where it cannot. Its error: a file is larger than `max_bytes`.
    """

    async def encode(file: InputFile) -> str:
        if file.size > max_bytes:
            raise too_large(max_bytes)
        if file.size <= max_inline_bytes:
            return await as_data_uri(file)
        return file.url if file.url is not None else await ahead(upload(file))

    return encode


async def ahead(step: Awaitable[Result]) -> Result:
    """Await a step before the submit.

    Raises:
        NotSent: it was left unanswered. No job can have come of it, so it may be done again.
    """
    try:
        return await step
    except Unanswered as error:
        raise NotSent("The provider did not take a file.") from error


def judge_store(rejection: Rejection) -> ProviderError | None:
    """Return what it means that a store takes no file: nothing about the account, and no job."""
    if 400 <= rejection.status < 500 and rejection.status != HTTPStatus.TOO_MANY_REQUESTS:
        return ProviderError("The provider did not take a file.", retryable=True)
    return None


def check_store(url: str, account: ProviderAccount, stores: tuple[str, ...]) -> None:
    """See that a file may be put where an answer says: at the provider, or at one of its stores.

    `stores` are ends of host names, with the dot.

    Raises:
        NotSent: it may not. No job can have come of it.
    """
    if not account.trusts(url) and not _is_in(url, stores):
        raise NotSent("The provider did not take a file.")


def _is_in(url: str, stores: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme == "https" and parts.username is None and host.endswith(stores)
