"""`If-Match`: the revision of a draft that a client has seen."""

import re

from rest_framework.request import Request

from common.errors import MalformedRequest

# 18 digits stay within a database integer; no revision gets there.
_REVISION = re.compile(r'(?:W/)?"([0-9]{1,18})"')


def read_if_match(request: Request) -> int | None:
    """Return the revision that `If-Match` demands; None without the header, and for `*`.

    A weak tag counts like a strong one: a revision says the same in both forms.

    Raises:
        MalformedRequest: anything else than one revision in quotes, or `*`.
    """
    header: str | None = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    match = _REVISION.fullmatch(header.strip())
    if match is None:
        raise MalformedRequest('If-Match must be a revision in quotes, as in "3", or *.')
    return int(match.group(1))
