"""Who calls."""

from typing import cast

from rest_framework.request import Request

from accounts.api import Principal


def caller_of(request: Request) -> Principal:
    """Return the key behind a request; views that are not public always have one."""
    return cast(Principal, request.auth)
