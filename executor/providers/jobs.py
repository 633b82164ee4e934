"""Reading which job an answer or a callback is about, and what an error says of it."""

import re
from collections.abc import Awaitable
from typing import Any, TypeVar

from executor.providers.answers import Place, get_any, provider_words
from executor.providers.errors import AccountBlocked, ContentRefused, ProviderError, Unanswered

Result = TypeVar("Result")

# Ids go into paths: nothing else may be in them, and no dots alone.
_ID = re.compile(r"(?!\.+\Z)[A-Za-z0-9_.:-]{1,200}")
_RULES = re.compile(
    r"moderat|sensitive|safety|unsafe|nsfw|polic(?:y|ies)|violat|prohibit|forbidden content"
    r"|inappropriate|flagged|risk control",
    re.IGNORECASE,
)


def get_id(value: Any, *place: Place) -> str | None:
    """Return the id at a place, a text or a whole number; None for what no path can hold."""
    found = get_any(value, *place)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found) if 0 <= found < 2**64 else None
    return found if isinstance(found, str) and _ID.fullmatch(found) else None


def need_id(value: Any, *place: Place) -> str:
    """Return the id at a place.

    Raises:
        Unanswered: there is none.
    """
    found = get_id(value, *place)
    if found is None:
        raise Unanswered(f"the answer has no id at {'.'.join(map(str, place))}")
    return found


def is_definite(error: ProviderError) -> bool:
    """Say whether an error is about the job asked for, and not about the moment or the account."""
    return not (error.retryable or isinstance(error, AccountBlocked))


async def if_there(asked: Awaitable[Result]) -> Result | None:
    """Return what asking about a job gave; None where the provider knows no such job, or it is over.

    Raises:
        ProviderError: it is about the moment or the account, so that nothing is known of the job.
        Unanswered: nothing usable came.
    """
    try:
        return await asked
    except ProviderError as error:
        if is_definite(error):
            return None
        raise


def speaks_of_rules(words: str | None) -> bool:
    """Say whether a provider's words tell of refused content, where it has no code for that."""
    return words is not None and _RULES.search(words) is not None


def failure_told(words: str | None, *, code: str | None = None) -> ProviderError:
    """Return the error that a provider tells in words alone: refused content, or what they say."""
    if speaks_of_rules(words):
        return ContentRefused()
    return ProviderError(provider_words(words, ProviderError.default_message), code=code)
