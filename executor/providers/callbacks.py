"""Whether a provider is told where to call back, and how it tries the address."""

from typing import Any

from executor.providers.account import ProviderAccount
from executor.providers.base import Correlation

MAX_CHALLENGE_CHARS = 200


def callback_for(account: ProviderAccount, correlation: Correlation) -> str | None:
    """Return where the provider may call about a job; None where it would not.

    Providers on the internet take `https` alone, and refuse a request that names anything else; an
    installation without it is asked to poll. One on this machine or network takes both.
    """
    url = correlation.callback_url
    is_home = not account.base_url.startswith("https://")
    return url if url.startswith("https://") or (url and is_home) else None


def challenge_in(callback: Any) -> str | None:
    """Return what a provider wants to hear back before it calls at an address, as MiniMax does.

    It is no news of a job. General knowledge: the documents that were read do not say.
    """
    challenge = callback.get("challenge") if isinstance(callback, dict) else None
    is_one = isinstance(challenge, str) and 0 < len(challenge) <= MAX_CHALLENGE_CHARS
    return challenge if is_one else None
