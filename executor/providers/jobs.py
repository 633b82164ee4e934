"""Reading which job an answer or a callback is about, and what an error says of it."""

import re
from typing import Any

from executor.providers.answers import Place, get_any
from executor.providers.errors import AccountBlocked, ProviderError, Unanswered

# Ids go into paths: nothing else may be in them, and no dots alone.
_ID = re.compile(r"(?!\.+\Z)[A-Za-z0-9_.:-]{1,200}")
_RULES = re.compile(
    r"moderat|sensitive|safety|nsfw|polic(?:y|ies)|violat|prohibit|inappropriate|risk control",
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


def speaks_of_rules(words: str | None) -> bool:
    """Say whether a provider's words tell of refused content, where it has no code for that."""
    return words is not None and _RULES.search(words) is not None
