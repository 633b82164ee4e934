"""What each mail about an account says; allauth names the occasion, the words are ours."""

from collections.abc import Callable, Mapping
from typing import Any

from django.urls import reverse

from accounts import conf
from accounts.services.mail import Letter

Context = Mapping[str, Any]

_NOT_YOU = "If this was not you, you can ignore this mail: nothing has changed."
_LOCK_OUT = (
    "If this was not you, reset your password at once: that signs out everybody else. "
    "Then look through Security in your settings."
)


def letter_for(occasion: str, context: Context) -> Letter:
    """Return the letter for an occasion: the last part of the name that allauth gives its mail.

    Raises:
        KeyError: there is no letter for it.
    """
    if occasion in _NOTICES:
        return _notice(occasion, context)
    return _LETTERS[occasion](context)


def _verify(context: Context) -> Letter:
    return Letter(
        subject="Verify your address",
        heading="Verify your address",
        lines=(
            "One click, and this address is yours on Pixelflow.",
            "The free credits of your plan are added as soon as it is verified.",
        ),
        button=("Verify address", context["activate_url"]),
        note="The link works for 7 days. If you did not sign up, you can ignore this mail.",
    )


def _verify_new(context: Context) -> Letter:
    return Letter(
        subject="Verify your new address",
        heading="Verify your new address",
        lines=("Until you do, you sign in with the address that you have now.",),
        button=("Verify address", context["activate_url"]),
        note=f"The link works for 7 days. {_NOT_YOU}",
    )


def _code(context: Context) -> Letter:
    # What stands behind # stays in the browser: no log and no Referer has the code.
    link = f"{conf.public_url()}{reverse('account_confirm_login_code')}#{context['code']}"
    return Letter(
        subject=f"{context['code']} is your sign-in code",
        heading="Your sign-in code",
        lines=(
            "Type it into the page that asked for it, or press the button in the same browser.",
            "It works for 15 minutes.",
        ),
        button=("Sign in", link),
        code=context["code"],
        note=f"Nobody from Pixelflow ever asks you for it. {_NOT_YOU}",
    )


def _reset(context: Context) -> Letter:
    return Letter(
        subject="Choose a new password",
        heading="Choose a new password",
        lines=("You asked for a new password. It signs out everybody who is signed in as you.",),
        button=("Choose a new password", context["password_reset_url"]),
        note=f"The link works once, for 24 hours. {_NOT_YOU}",
    )


def _unknown(context: Context) -> Letter:
    return Letter(
        subject="There is no account with this address",
        heading="There is no account with this address",
        lines=(
            "Somebody tried to sign in to Pixelflow with this address, and no account has it.",
            "If that was you, try the address that you signed up with, or create an account.",
        ),
        button=("Create an account", context["signup_url"]),
        note=_NOT_YOU,
    )


def _exists(context: Context) -> Letter:
    return Letter(
        subject="You already have an account",
        heading="You already have an account",
        lines=(
            "Somebody tried to sign up with this address, or with another spelling of it.",
            "It has an account already. If its password is gone, choose a new one: "
            + context["password_reset_url"],
        ),
        button=("Sign in", context["login_url"]),
        note=_NOT_YOU,
    )


_LETTERS: Mapping[str, Callable[[Context], Letter]] = {
    "email_confirmation_signup": _verify,
    "email_confirmation": _verify_new,
    "login_code": _code,
    "password_reset_key": _reset,
    "unknown_account": _unknown,
    "account_already_exists": _exists,
}

# What happened, in a heading and a sentence.
_NOTICES: Mapping[str, tuple[str, str]] = {
    "email_changed": (
        "Your address was changed",
        "You sign in with {to_email} from now on, and mail goes there.",
    ),
    "email_confirm": ("Your address is verified", "It is yours on Pixelflow."),
    "email_deleted": ("An address was removed", "{deleted_email} is no longer yours on Pixelflow."),
    "password_changed": (
        "Your password was changed",
        "Everybody else who was signed in as you is signed out.",
    ),
    "password_set": ("A password was set", "You can sign in with it from now on."),
    "password_reset": (
        "Your password was changed",
        "Everybody else who was signed in as you is signed out.",
    ),
    "totp_activated": (
        "Two-factor sign-in is on",
        "Your authenticator app is asked for a code when you sign in.",
    ),
    "totp_deactivated": (
        "The authenticator app was removed",
        "It is not asked for a code any more.",
    ),
    "recovery_codes_generated": (
        "New recovery codes were made",
        "The codes of before do not work any more.",
    ),
    "webauthn_added": ("A passkey was added", "You can sign in with it from now on."),
    "webauthn_removed": ("A passkey was removed", "It does not sign anybody in any more."),
    "account_connected": (
        "A sign-in was connected",
        "You can sign in with {provider} from now on.",
    ),
    "account_disconnected": (
        "A sign-in was disconnected",
        "{provider} does not sign you in any more.",
    ),
}


def _notice(occasion: str, context: Context) -> Letter:
    heading, sentence = _NOTICES[occasion]
    names = ("to_email", "deleted_email", "provider")
    said = sentence.format(**{name: context.get(name, "") for name in names})
    where = f"From {context.get('ip', 'an unknown address')}, {context.get('user_agent', '')}."
    return Letter(subject=heading, heading=heading, lines=(said, where), note=_LOCK_OUT)
