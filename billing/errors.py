"""What `billing` raises on purpose.

PixelFlowError
├── PaymentRequired       402  a run that is not paid for
│   ├── InsufficientCredits    the workspace, or the key's monthly cap, cannot pay
│   └── OverMaxCredits         it may cost more than its caller allows
├── LimitExceeded         429  a window or a day is full
│   ├── RateLimited
│   └── DailyQuotaExceeded
├── BadSignature          400  an event that Stripe did not sign
├── PurchaseRefused       409  the thing is not for sale, or being bought already
├── PaymentsUnavailable   503  Stripe is out, or slow
│   └── PaymentsNotConfigured  there are no keys of Stripe
└── StripeRefused         500  Stripe will never take a request of ours
"""

from collections.abc import Mapping, Sequence
from typing import Any

from common.errors import Conflict, MalformedRequest, PixelFlowError, TooManyRequests, Unavailable


class PaymentRequired(PixelFlowError):
    """A run that is not paid for; `required`, `balance`, `shortfall` and `nodes` say what lacks."""

    status = 402
    code = "insufficient_credits"
    default_detail = "There are not enough credits for this run."

    def __init__(
        self,
        *,
        required: int,
        balance: int,
        nodes: Sequence[Mapping[str, object]] = (),
        detail: str | None = None,
        **fields: Any,
    ) -> None:
        self.required = required
        self.balance = balance
        self._more = fields
        super().__init__(
            detail,
            required=required,
            balance=balance,
            shortfall=max(required - balance, 0),
            nodes=list(nodes),
            **fields,
        )


class InsufficientCredits(PaymentRequired):
    """The workspace, or the monthly cap of the key, cannot pay for a run."""

    def for_nodes(self, nodes: Sequence[Mapping[str, object]]) -> "InsufficientCredits":
        """Return the same refusal with the nodes that the credits are for."""
        return InsufficientCredits(
            required=self.required,
            balance=self.balance,
            nodes=nodes,
            detail=self.detail,
            **self._more,
        )


class OverMaxCredits(PaymentRequired):
    """The upper estimate is above the caller's `maxCredits`; `required` is that estimate."""

    code = "over_max_credits"
    default_detail = "This run may cost more than maxCredits allows."


class LimitExceeded(TooManyRequests):
    """A window or a day is full; `retryAfter` says after how many whole seconds there is room."""


class RateLimited(LimitExceeded):
    """A sliding window of requests or of executions is full."""


class DailyQuotaExceeded(LimitExceeded):
    """The executions of this UTC day are used up."""

    code = "daily_quota_exceeded"
    default_detail = "The executions of this day (UTC) are used up."
    window = "day"


class BadSignature(MalformedRequest):
    """An event that nobody with the secret signed, or too long ago."""

    default_detail = "The signature is not valid."


class PurchaseRefused(Conflict):
    """The thing is not for sale here, is had already, or is being paid for."""


class PaymentsUnavailable(Unavailable):
    """Stripe is out, slow, or holds the object; the same request may work later."""

    default_detail = "Payments are not available right now. Nothing was charged; try again soon."


class PaymentsNotConfigured(PaymentsUnavailable):
    """This server has no keys of Stripe."""

    default_detail = "Payments are not configured on this server."


class StripeRefused(PixelFlowError):
    """Stripe will not take a request however often it is made: a mistake of ours, or of its settings.

    `reason` is Stripe's own code.
    """

    default_detail = "The payment service refused the request."

    def __init__(self, detail: str | None = None, *, reason: str = "") -> None:
        self.reason = reason
        super().__init__(detail)
