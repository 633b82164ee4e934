"""By which way a model is asked for, and when another one is taken. Pure.

Another way is taken only behind a failure that surely cost nothing: nobody was reached, had room, or
served the account. What anybody may have done, or refused for its content, is not asked elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_TRIES = 3  # of one way
_NO_ROOM = "provider_rate_limited"
_NOT_THERE = "provider_unavailable"


@dataclass(frozen=True, slots=True)
class Way:
    """A route of a model by its number, and the account to ask by: empty is the platform's."""

    route: int
    provider: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """A try that came to nothing. `is_passing` says that the same way may be tried again."""

    way: Way
    code: str
    is_passing: bool


def next_way(ways: Sequence[Way], tried: Sequence[Tried]) -> Way | None:
    """Return which way to try next, None if it is time to give up; `ways` are the best first.

    Who limits how much it does for us is tried three times before another one is. Who cannot be
    reached or takes nothing is left for another at once, and is come back to if all others are no
    better.
    """
    if not tried:
        return ways[0] if ways else None
    last = tried[-1]
    if last.code not in (_NO_ROOM, _NOT_THERE):
        may_stay = last.is_passing and last.way in ways and _count(last.way, tried) < MAX_TRIES
        return last.way if may_stay else None
    left = [way for way in ways if _count(way, tried) < MAX_TRIES and not _is_closed(way, tried)]
    fresh = [way for way in left if not _was_away(way, tried)]
    if fresh:
        return fresh[0]
    return min(left, key=lambda way: _count(way, tried), default=None)


def _count(way: Way, tried: Sequence[Tried]) -> int:
    return sum(1 for each in tried if each.way == way)


def _is_closed(way: Way, tried: Sequence[Tried]) -> bool:
    return any(each.way == way and not each.is_passing for each in tried)


def _was_away(way: Way, tried: Sequence[Tried]) -> bool:
    return any(each.way == way and each.code == _NOT_THERE for each in tried)
