"""Who calls."""

from typing import cast

from rest_framework.request import Request

from accounts.api import Principal


def caller_of(request: Request) -> Principal:
    """Return the key behind a request; none of this app's API views is public."""
    return cast(Principal, request.auth)
