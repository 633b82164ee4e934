"""Entity tags: the revision of a draft, the digest of the catalogue."""

import re

from rest_framework.request import Request

from common.errors import MalformedRequest

# 18 digits stay within a database integer; no revision gets there.
_REVISION = re.compile(r'(?:W/)?"([0-9]{1,18})"')


def etag_of(value: object) -> str:
    """Return the entity tag for a revision or digest."""
    return f'"{value}"'


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


def is_fresh(if_none_match: str | None, etag: str) -> bool:
    """Say whether a client that sent this `If-None-Match` has the content of `etag` already."""
    if if_none_match is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in tags or "*" in tags
