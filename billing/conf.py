"""Typed access to the settings of `billing`."""

from django.conf import settings


def adjustment_approval_credits() -> int:
    """Credits up to which one member of staff may adjust a balance alone."""
    return int(settings.ADJUSTMENT_APPROVAL_CREDITS)


def stripe_secret_key() -> str:
    """Secret key of the Stripe account; empty: payments are not configured."""
    return str(settings.STRIPE_SECRET_KEY)


def stripe_webhook_secrets() -> tuple[str, ...]:
    """Secrets that events may be signed with; two while one is being replaced."""
    return tuple(settings.STRIPE_WEBHOOK_SECRETS)


def stripe_api_base() -> str:
    """Where Stripe is in place of its own address, in development; else empty."""
    return str(settings.STRIPE_API_BASE)


def is_live() -> bool:
    """Say whether the key moves real money."""
    return stripe_secret_key().startswith(("sk_live_", "rk_live_"))


def public_url() -> str:
    """Where the site is reached from outside."""
    return str(settings.PUBLIC_URL)
