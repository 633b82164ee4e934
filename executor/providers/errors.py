"""How a call to a provider goes wrong, by what it tells us about the job.

ProviderError         the provider (or the way to it) refused: surely no job, or a failed one
├── NotSent           no connection came about: it cannot have heard of us
├── RateLimited       too much at once; `retry_after_s` where it says for how long
├── Overloaded        503: it takes nothing right now
├── AccountBlocked    401, 402, 403, 406: key, money or region; every call will end so
└── ContentRefused    what was asked for is against its rules
Unanswered            the request went out and no usable answer came: anything may have happened
"""

from typing import ClassVar


class ProviderError(Exception):
    """A definite refusal or failure. `message` is fit for customers: no URL, key or host in it.

    `code` is one of API.md's codes of a failed node. `retryable` says whether the same request may
    succeed later. `cost_usd` is what the provider says that it takes for it all the same.
    """

    code: str = "provider_error"
    retryable: bool = False
    default_message: ClassVar[str] = "The provider could not do this."

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        retryable: bool | None = None,
        retry_after_s: float | None = None,
        cost_usd: float | None = None,
    ) -> None:
        self.message = message or self.default_message
        self.code = self.code if code is None else code
        self.retryable = self.retryable if retryable is None else retryable
        self.retry_after_s = retry_after_s
        self.cost_usd = cost_usd
        super().__init__(self.message)


class NotSent(ProviderError):
    """No connection: name not found, refused, timed out before anything was said."""

    code = "provider_unavailable"
    retryable = True
    default_message = "The provider could not be reached."


class RateLimited(ProviderError):
    """The provider wants fewer requests."""

    code = "provider_rate_limited"
    retryable = True
    default_message = "The provider limits how much it does for us at once."


class Overloaded(ProviderError):
    """The provider takes nothing right now."""

    code = "provider_unavailable"
    retryable = True
    default_message = "The provider is overloaded."


class AccountBlocked(ProviderError):
    """Our account there is no good: key, money, or region."""

    code = "provider_unavailable"
    default_message = "The provider does not serve this account at the moment."


class ContentRefused(ProviderError):
    """Against the provider's rules; it will be again."""

    code = "content_policy"
    default_message = "The provider refused this content."


class Unanswered(Exception):
    """The request went out; whether it had an effect, nobody can say."""
