"""Typed access to the settings of `accounts`."""

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from common.secrets import KeyRing, read_key_ring
from common.tokens import Pepper

MAX_PEPPER_ID_LENGTH = 16  # width of the column beside each digest


def key_peppers() -> tuple[Pepper, ...]:
    """Return the peppers of API key digests; the first one is used for new keys.

    Raises:
        ImproperlyConfigured: `KEY_PEPPERS` is not `id:secret,id:secret` with ids of their own.
    """
    return _parse(settings.KEY_PEPPERS)


def key_ring() -> KeyRing:
    """Return the keys that stored secrets are sealed with.

    Raises:
        ImproperlyConfigured: `SEALING_KEYS` does not describe any.
    """
    return _read_ring(settings.SEALING_KEYS)


def public_url() -> str:
    """Return the site's own address without a slash at its end; links in mails begin with it."""
    return str(settings.PUBLIC_URL)


def sends_mail_out() -> bool:
    """Say whether mail goes to another machine, for which no request should wait."""
    return str(settings.EMAIL_BACKEND) == "django.core.mail.backends.smtp.EmailBackend"


def offers_sign_in_with(provider: str) -> bool:
    """Say whether people may sign in by a provider: whether its keys are set."""
    return bool(settings.SOCIALACCOUNT_PROVIDERS.get(provider, {}).get("APPS"))


@lru_cache(maxsize=4)
def _read_ring(text: str) -> KeyRing:
    try:
        return read_key_ring(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"SEALING_KEYS: {error}") from error


@lru_cache(maxsize=4)  # a handful of values: the setting, and those that tests put in its place
def _parse(text: str) -> tuple[Pepper, ...]:
    peppers = tuple(_pepper(item.strip()) for item in text.split(",") if item.strip())
    if not peppers or len({pepper.id for pepper in peppers}) != len(peppers):
        raise ImproperlyConfigured("KEY_PEPPERS needs at least one pepper, and ids of their own")
    return peppers


def _pepper(item: str) -> Pepper:
    pepper_id, _, secret = item.partition(":")
    if not (pepper_id and secret) or len(pepper_id) > MAX_PEPPER_ID_LENGTH:
        raise ImproperlyConfigured(
            f"KEY_PEPPERS: each item is id:secret, the id up to {MAX_PEPPER_ID_LENGTH} characters"
        )
    return Pepper(pepper_id, secret.encode("utf-8"))
