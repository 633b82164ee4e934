"""The forms of signing in: allauth's, with our fields, words and limits.

What would only burn time in the hasher is refused before it gets there.
"""

from typing import Any, cast

from allauth.account import forms as account_forms
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from allauth.socialaccount import forms as social_forms
from disposable_email_domains import blocklist
from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from accounts.selectors import find_mailbox_owner
from accounts.services.sign_in import find_active_user, wish_for_address
from accounts.types import (
    MAX_EMAIL_LENGTH,
    MAX_NAME_LENGTH,
    MAX_PASSWORD_LENGTH,
    clean_line,
    clean_own_email,
)

_HINT = "At least 8 characters. Longer is better than stranger."
_DISPOSABLE = (
    "This address is one of those that expire. Use one that you keep: it gets you back in."
)
_TOO_LONG = f"A password may have {MAX_PASSWORD_LENGTH:,} characters at most."


class AddressField(forms.EmailField):
    """An address as it is stored: one spelling, and refused where there is none."""

    def __init__(self, *, autocomplete: str = "email", **options: Any) -> None:
        super().__init__(max_length=MAX_EMAIL_LENGTH, label="E-mail address", **options)
        self.widget.attrs |= {"autocomplete": autocomplete, "spellcheck": "false"}

    def to_python(self, value: Any) -> str:
        """Return the stored spelling; what has none is left to the validators to refuse."""
        text = cast(str, super().to_python(value))
        if not text or len(text) > MAX_EMAIL_LENGTH:
            return text
        try:
            return clean_own_email(text)
        except ValueError as error:
            raise ValidationError(f"This address {error}.") from error


class KeptAddressField(AddressField):
    """An address that somebody wants to be reached at: none that is thrown away."""

    def clean(self, value: Any) -> str:
        """Refuse the domains of mailboxes that expire."""
        email = cast(str, super().clean(value))
        if email.rpartition("@")[2] in blocklist:
            raise ValidationError(_DISPOSABLE)
        return email


class PasswordField(forms.CharField):
    """A password to type or paste; spaces around it are part of it."""

    def __init__(self, *, autocomplete: str = "current-password", **options: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        super().__init__(strip=False, widget=widget, **{"label": "Password", **options})
        self.validators += [
            MaxLengthValidator(MAX_PASSWORD_LENGTH, message=_TOO_LONG),
            ProhibitNullCharactersValidator(),
        ]


def new_password(**options: Any) -> PasswordField:
    """Return a field for a password that is being chosen."""
    return PasswordField(autocomplete="new-password", help_text=_HINT, **options)


class SignInForm(account_forms.LoginForm):
    """Address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = AddressField(autocomplete="username")
        self.fields["password"] = PasswordField()


class SignUpForm(account_forms.SignupForm):
    """Address, password, and a name if they like. Who is here already gets a mail that says so."""

    field_order = ("email", "password1", "display_name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = KeptAddressField()
        self.fields["password1"] = new_password()
        self.fields["display_name"] = name_field()
        self.order_fields(self.field_order)

    def clean_display_name(self) -> str:
        """Return the name in its stored form."""
        return _clean_name(self.cleaned_data["display_name"])

    def validate_unique_email(self, value: str) -> str:
        """Note that the mailbox has an account, without a word about it in the form."""
        self.account_already_exists = find_mailbox_owner(value) is not None
        return value

    def try_save(self, request: HttpRequest) -> tuple[Any, HttpResponseRedirect | None]:
        """Create the user; where the mailbox has an account, tell its owner and nobody else."""
        if not self.account_already_exists:
            return self.save(request), None
        owner = find_mailbox_owner(self.cleaned_data["email"])
        if owner is not None:
            get_adapter(request).send_account_already_exists_mail(owner.email)
        return None, HttpResponseRedirect(reverse("account_email_verification_sent"))


class SocialSignUpForm(social_forms.SignupForm):
    """The address, where a provider tells none that can be taken."""

    field_order = ("email", "display_name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = KeptAddressField()
        self.fields["display_name"] = name_field()
        self.order_fields(self.field_order)

    def clean_display_name(self) -> str:
        """Return the name in its stored form."""
        return _clean_name(self.cleaned_data["display_name"])


class ChangeAddressForm(account_forms.AddEmailForm):
    """The address that somebody wants to have from now on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = KeptAddressField()

    def save(self, request: HttpRequest) -> EmailAddress:
        """Note the wish in place of an earlier one, and send the link; the address of now stays.

        allauth's own way takes an address that is not verified yet from the user at once.
        """
        wish = wish_for_address(user_id=self.user.pk, email=self.cleaned_data["email"])
        send_verification_email_to_address(request, wish)
        return wish


class ResetForm(account_forms.ResetPasswordForm):
    """The address to send a link to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = AddressField()

    def clean_email(self) -> str:
        """Find the user; an address that waits to be verified is nobody's yet."""
        email: str = self.cleaned_data["email"]
        user = find_active_user(email)
        self.users = [] if user is None else [user]
        return email


class RequestCodeForm(account_forms.RequestLoginCodeForm):
    """The address to send a sign-in code to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = AddressField()

    def clean_email(self) -> str:
        """Find the user; an address that waits to be verified is nobody's yet."""
        email: str = self.cleaned_data["email"]
        self._user = find_active_user(email)
        return email


class _OneNewPassword:
    """A new password is asked for once: it can be looked at while it is typed."""

    fields: dict[str, forms.Field]
    user: Any

    def ask_once(self) -> None:
        """Replace allauth's pair of fields."""
        self.fields.pop("password2", None)
        self.fields["password1"] = new_password(label="New password")

    def clean_password1(self) -> str:
        """Refuse what is too easy to guess."""
        password: str = self.cleaned_data["password1"]  # type: ignore[attr-defined]
        password_validation.validate_password(password, self.user)
        return password


class NewPasswordForm(_OneNewPassword, account_forms.ResetPasswordKeyForm):
    """The new password behind a link from a mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ask_once()


class ChangePasswordForm(_OneNewPassword, account_forms.ChangePasswordForm):
    """The password of now and the new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"] = PasswordField(label="Current password")
        self.ask_once()


class SetPasswordForm(_OneNewPassword, account_forms.SetPasswordForm):
    """A first password, for somebody who signed up without one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ask_once()


class ReauthenticateForm(account_forms.ReauthenticateForm):
    """The password once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"] = PasswordField()


def name_field() -> forms.CharField:
    """Return a field for what somebody wants to be called."""
    return forms.CharField(
        label="Name",
        required=False,
        max_length=MAX_NAME_LENGTH,
        help_text="What others in your workspace see. You can add it later.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


def _clean_name(text: str) -> str:
    try:
        return clean_line(text)
    except ValueError as error:
        raise ValidationError(f"The name {error}.") from error
