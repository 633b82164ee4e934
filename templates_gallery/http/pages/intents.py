"""What a visitor wanted before signing up, kept in their session for once.

The fork that follows sign-up comes by GET. It is made only if the same browser pressed Fork here, by
a form with a token, within the hour: a link from elsewhere finds no intent and changes nothing.
"""

from django.core import signing
from django.http import HttpRequest

MAX_AGE_S = 3_600
_KEY = "fork_intent"
_SALT = "templates_gallery.fork"


def note_fork(request: HttpRequest, slug: str) -> None:
    """Remember that this visitor pressed Fork; the last one counts."""
    request.session[_KEY] = signing.dumps({"slug": slug}, salt=_SALT)


def take_fork(request: HttpRequest, slug: str) -> bool:
    """Say whether this session pressed Fork for this template, and forget it."""
    noted = request.session.pop(_KEY, None)
    if not isinstance(noted, str):
        return False
    try:
        intent = signing.loads(noted, salt=_SALT, max_age=MAX_AGE_S)
    except signing.BadSignature:
        return False
    return isinstance(intent, dict) and intent.get("slug") == slug
