"""From an `Authorization` header to a `Principal`, for DRF views and for whoever has only headers.

The header is the one place that is read: a key in a query string, a cookie or a body ends up in
logs, so it opens nothing there. DRF loads this module while it loads its own views: nothing here
may import `rest_framework.views`.
"""

from typing import cast

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.services.key_tokens import TOKEN_LENGTH
from accounts.services.keys import authenticate_key
from accounts.types import Principal
from common.errors import InsufficientScope, Unauthenticated

SCHEME = "Bearer"
MAX_HEADER_LENGTH = len(SCHEME) + 1 + TOKEN_LENGTH


def authenticate_header(header: str | None) -> Principal:
    """Return the principal behind an `Authorization` header; None stands for no header.

    Synchronous, and may query: async code calls it by `sync_to_async`.

    Raises:
        Unauthenticated: anything but one `Bearer` and one good key. Two headers, which servers
            join with a comma, are no such thing.
    """
    if header is None or len(header) > MAX_HEADER_LENGTH:
        raise Unauthenticated
    scheme, _, token = header.partition(" ")
    if scheme.lower() != SCHEME.lower():
        raise Unauthenticated
    return authenticate_key(token)


class ApiKeyAuthentication(BaseAuthentication):
    """DRF authentication by API key; `request.auth` is the `Principal`, or None without a header."""

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        """Return the principal twice (there is no user behind a key), None without a header.

        Raises:
            Unauthenticated: a header was sent and is no good, on public views as well.
        """
        header: str | None = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        principal = authenticate_header(header)
        return principal, principal

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """Return the value of `WWW-Authenticate`."""
        return SCHEME


class HasScope(BasePermission):
    """Lets a key through that has the scope which the view's `scopes` name for the method.

    A view with `public = True` is answered without a key as well.
    """

    def has_permission(self, request: Request, view: object) -> bool:
        """Return True, or raise.

        Raises:
            Unauthenticated: no key, and the view is not public.
            InsufficientScope: a key without the scope.
        """
        principal = cast(Principal | None, request.auth)
        if principal is None:
            if getattr(view, "public", False):
                return True
            raise Unauthenticated
        scope = _scope_of(view, request.method or "")
        if scope is not None and scope not in principal.scopes:
            raise InsufficientScope(
                f"This call needs a key with the scope {scope}.", requiredScope=scope
            )
        return True


def _scope_of(view: object, method: str) -> str | None:
    """Return the scope that a method needs; HEAD tells as much as GET, so it needs as much."""
    scopes: dict[str, str] = getattr(view, "scopes", {})
    return scopes.get("GET" if method == "HEAD" else method)
