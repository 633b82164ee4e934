"""The forms that take a passkey's answer: allauth's, for answers that anybody may have made up.

allauth leaves it to the libraries beneath to stumble over what a browser never sends.
"""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as webauthn_forms
from django import forms
from django.core.exceptions import ValidationError
from fido2.utils import websafe_decode

from accounts.types import clean_name

MAX_ANSWER = 65_536  # characters; those of real keys have a few thousand
# What the libraries beneath raise over answers of another shape.
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
_WRONG = "This passkey did not answer as it should. Try again."


class AnswerField(forms.JSONField):
    """What a passkey answered, as JSON: an object that can be read and kept."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        """Return the object; nothing too long, too deep, or with a NUL gets further."""
        text = str(value or "")
        if len(text) > MAX_ANSWER or "\\u0000" in text:
            raise ValidationError(_WRONG)
        try:
            answer = super().to_python(value)
        except RecursionError as error:
            raise ValidationError(_WRONG) from error
        if answer is not None and not isinstance(answer, dict):
            raise ValidationError(_WRONG)
        return answer


class _Answered:
    """Takes what the libraries beneath cannot read as a wrong answer."""

    fields: dict[str, forms.Field]
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = AnswerField(required=True)

    def clean_credential(self) -> Any:
        """Return the passkey that answered."""
        try:
            _check_user(self.cleaned_data["credential"])
            return super().clean_credential()  # type: ignore[misc]
        except _UNREADABLE as error:
            raise ValidationError(_WRONG) from error


def _check_user(answer: dict[str, Any]) -> None:
    """Refuse a user's name that a database cannot even be asked for."""
    if b"\0" in websafe_decode(answer["response"].get("userHandle") or ""):
        raise ValidationError(_WRONG)


class SignInByPasskeyForm(_Answered, webauthn_forms.LoginWebAuthnForm):
    """A passkey in place of address and password."""


class SecondFactorPasskeyForm(_Answered, webauthn_forms.AuthenticateWebAuthnForm):
    """A passkey after the password."""


class ReauthenticatePasskeyForm(_Answered, webauthn_forms.ReauthenticateWebAuthnForm):
    """A passkey once more."""


class AddPasskeyForm(webauthn_forms.AddWebAuthnForm):
    """A new passkey and what it is called."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["credential"] = AnswerField(required=True)

    def clean_name(self) -> str:
        """Return the name as names are kept; a key that exists by now is not lost for its name."""
        try:
            return clean_name(super().clean_name())
        except ValueError:
            named = get_adapter().generate_authenticator_name
            return str(named(self.user, Authenticator.Type.WEBAUTHN))

    def clean(self) -> dict[str, Any]:
        """Return what was given, with an answer that is one."""
        try:
            return dict(super().clean())
        except _UNREADABLE as error:
            raise ValidationError(_WRONG) from error


class RenamePasskeyForm(webauthn_forms.EditWebAuthnForm):
    """What a passkey is called."""

    def clean_name(self) -> str:
        """Return the name as names are kept."""
        try:
            return clean_name(self.cleaned_data["name"])
        except ValueError as error:
            raise ValidationError(f"The name {error}.") from error
