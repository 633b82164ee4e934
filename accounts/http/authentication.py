"""From an `Authorization` header to a `Principal`, for DRF views and for whoever has only headers.

The header is the one place that is read: a key in a query string, a cookie or a body ends up in
logs, so it opens nothing there. DRF loads this module while it loads its own views: nothing here
may import `rest_framework.views`.
"""

from typing import cast

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.services.key_headers import SCHEME, authenticate_header
from accounts.types import Principal
from common.errors import Forbidden, InsufficientScope, Unauthenticated
from common.http.address import client_address
from common.http.asked import ask_once


class ApiKeyAuthentication(BaseAuthentication):
    """DRF authentication by API key; `request.auth` is the `Principal`, or None without a header."""

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        """Return the principal twice (there is no user behind a key), None without a header.

        Raises:
            Unauthenticated: a header was sent and is no good, on public views as well.
            Forbidden: the key may not be used from where it came.
        """
        header: str | None = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        # Who counts requests has asked before.
        principal = ask_once(request, "principal", lambda: authenticate_header(header))
        if not principal.may_come_from(client_address(cast(HttpRequest, request))):
            raise Forbidden("This key may not be used from this address.")
        return principal, principal

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """Return the value of `WWW-Authenticate`."""
        return SCHEME


class HasScope(BasePermission):
    """Lets a key through that has the scope which the view's `scopes` name for the method.

    Where the path names a workflow, the key must be good for that workflow as well. A view with
    `public = True` is answered without a key.
    """

    def has_permission(self, request: Request, view: object) -> bool:
        """Return True, or raise.

        Raises:
            Unauthenticated: no key, and the view is not public.
            InsufficientScope: a key without the scope.
            Forbidden: a key that is good for other workflows only.
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
        _check_workflow(view, principal)
        return True


def _check_workflow(view: object, principal: Principal) -> None:
    """Refuse a workflow that the key is not good for, whether there is such a one or not."""
    if not principal.workflows:
        return
    workflow_id = getattr(view, "kwargs", {}).get("workflow_id")
    if workflow_id is not None and not principal.may_use(workflow_id):
        raise Forbidden("This key may not be used for this workflow.")


def _scope_of(view: object, method: str) -> str | None:
    """Return the scope that a method needs; HEAD tells as much as GET, so it needs as much."""
    scopes: dict[str, str] = getattr(view, "scopes", {})
    return scopes.get("GET" if method == "HEAD" else method)
