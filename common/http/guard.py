"""Guards before forms and hooks that strangers may send: passwords, sign-up, invitations, triggers.

django-ratelimit counts, by address and by account, in buckets of their own: a flood here takes
nothing from the windows of the API. Its windows are fixed, and refused attempts count in them.

Who hammers on an account must not keep its owner out. So a browser that has signed in gets a cookie
that proves it, and its attempts are counted apart from those of strangers.
"""

import secrets
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any, TypeVar, cast

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponseBase
from django_ratelimit.core import get_usage

from common.errors import TooManyRequests
from common.http.address import client_network
from common.http.plain import error_page

DEVICE_COOKIE = "known_device"
DEVICE_AGE_S = 180 * 24 * 3600
METHODS = ("POST",)

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
AccountOf = Callable[[HttpRequest], str]

_signer = Signer(salt="common.http.guard")


def posted(name: str) -> AccountOf:
    """Return a reader of the account that a form names, in one spelling."""

    def account_of(request: HttpRequest) -> str:
        return request.POST.get(name, "").strip().casefold()

    return account_of


_by_email = posted("email")


def guard(
    group: str,
    *,
    by_address: str | None = "20/m",
    by_account: str | None = None,
    account_of: AccountOf = _by_email,
    methods: tuple[str, ...] = METHODS,
) -> Callable[[View], View]:
    """Refuse a view's requests beyond a rate: 429 `rate_limited` with `Retry-After`.

    Rates are django-ratelimit's: `20/m`, `9/5m`. `account_of` names what the second rate counts by
    (an account, a webhook); an empty name is not counted. Requests of other methods pass.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method in methods:
                try:
                    check(group, request, by_address=by_address)
                    if by_account is not None:
                        named = account_of(request)
                        check(group, request, by_account=by_account, account=named)
                except TooManyRequests as error:
                    return error_page(request, error)
            return view(request, *args, **kwargs)

        return cast(View, guarded)

    return decorate


def check(
    group: str,
    request: HttpRequest,
    *,
    by_address: str | None = None,
    by_account: str | None = None,
    account: str = "",
) -> None:
    """Count a request, for views that learn late whose it is.

    Raises:
        TooManyRequests: there were more than the rate allows.
    """
    if by_address is not None:
        _count(request, f"{group}:address", by_address, client_network(request))
    if by_account is not None and account:
        device = _known_device(request, account)
        _count(request, f"{group}:account", by_account, f"{_digest(account)} {device}")


def remember_device(request: HttpRequest, response: HttpResponseBase, account: str) -> None:
    """Let a browser that has just signed in prove so by a cookie when it signs in the next time."""
    if _known_device(request, account):
        return
    response.set_cookie(
        DEVICE_COOKIE,
        _signer.sign(f"{_digest(account)}.{secrets.token_urlsafe(12)}"),
        max_age=DEVICE_AGE_S,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def _known_device(request: HttpRequest, account: str) -> str:
    """Return the mark of a browser that has signed in to this account before; empty for others."""
    try:
        owner, _, mark = _signer.unsign(request.COOKIES.get(DEVICE_COOKIE, "")).partition(".")
    except BadSignature:
        return ""
    return mark if owner == _digest(account) else ""


def _digest(account: str) -> str:
    """Return what stands for an account: of one length, and no address in a cookie or a cache."""
    return sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _count(request: HttpRequest, group: str, rate: str, value: str) -> None:
    # The library joins these without separators.
    usage: dict[str, Any] | None = get_usage(
        request, group=f"{group} ", key=lambda *_: f" {value} ", rate=rate, increment=True
    )
    if usage is not None and usage["should_limit"]:
        period = rate.partition("/")[2]
        raise TooManyRequests(
            "Too many attempts.",
            retry_after_s=max(1, usage["time_left"] + 1),
            limit=usage["limit"],
            window="minute" if period == "m" else period,
        )
