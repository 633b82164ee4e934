"""How allauth works here: users through our services, mail through our letters, safe redirects."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import conf
from accounts.http.letters import letter_for
from accounts.models import User
from accounts.selectors import find_mailbox_owner, is_address_unverified
from accounts.services.mail import post_letter
from accounts.services.sign_in import load_user
from accounts.services.sign_up import sign_up
from accounts.services.users import set_own_password
from accounts.types import SYSTEM_ACTOR, mailbox_of
from common.http.address import NOWHERE, client_address
from common.http.guard import remember_device
from common.secrets import Place

NO_ADDRESS = "::"  # what stands in the list of sessions for a socket without an address
_SEALED = Place("mfa_authenticator", "data", "", "")


class AccountAdapter(DefaultAccountAdapter):
    """Passwords, addresses, mail and redirects."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "Address and password do not match. Check both, or sign in with a code by mail.",
        "enter_current_password": "This is not your current password.",
        "incorrect_password": "This is not your password.",
        "incorrect_code": "This code is not right, or too old. Ask for a new one.",
        "too_many_login_attempts": "Too many wrong codes. Ask for a new one.",
        "duplicate_email": "This is your address already.",
    }

    def save_user(self, _request: HttpRequest, _user: Any, form: BaseForm, **_: Any) -> User:
        """Create the user by the service that also notes what they agreed to."""
        data = form.cleaned_data
        made = sign_up(
            actor=SYSTEM_ACTOR,
            email=data["email"],
            password=data.get("password1"),
            display_name=data.get("display_name", ""),
        )
        return load_user(made.id)

    def set_password(self, user: Any, password: str) -> None:
        """Set a password by the service that audits it; `user` goes on with the new one."""
        set_own_password(user_id=user.pk, password=password)
        user.refresh_from_db(fields=["password"])

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Say whether this is the user's password."""
        return bool(user.check_password(password))

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Make an address the user's own, unless its mailbox is somebody else's."""
        if find_mailbox_owner(email_address.email, besides=email_address.user_id) is not None:
            template = "account/messages/email_confirmation_failed.txt"
            shown = {"email": email_address.email}
            self.add_message(request, messages.ERROR, template, shown)
            return False
        with transaction.atomic():
            return bool(super().confirm_email(request, email_address))

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Let somebody take back a wish for another address, and never the one they sign in with."""
        return bool(email_address.email != email_address.user.email)

    def is_safe_url(self, url: str) -> bool:
        """Allow paths of this site alone: no other host, not even one that is ours too."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Let this browser prove the next time that it has signed in before.

        Who has just signed in is not asked for the password again on the next page.
        """
        response: HttpResponse = super().post_login(request, user, **kwargs)
        record_authentication(request, user, method="sign_in", reauthenticated=True)
        remember_device(request, response, mailbox_of(user.email))
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the client's address as everything else here sees it."""
        address = client_address(request)
        return NO_ADDRESS if address == NOWHERE else address

    def send_mail(self, template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
        """Post our letter for the occasion, with links to the site's own address."""
        occasion = template_prefix.rpartition("/")[2]
        post_letter(to=email, letter=letter_for(occasion, _with_public_links(context)))

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell the owner of a mailbox that somebody tried to sign up with it."""
        links = {
            "login_url": reverse("account_login"),
            "password_reset_url": reverse("account_reset_password"),
        }
        self.send_mail("account_already_exists", email, links)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: Mapping[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell a user what was changed about how they sign in, and from where."""
        where = {
            "ip": self.get_client_ip(self.request),
            "user_agent": self.get_http_user_agent(self.request)[:200],
        }
        self.send_mail(template_prefix, email or user.email, {**where, **(context or {})})


class SocialAdapter(DefaultSocialAccountAdapter):
    """Signing in with Google or GitHub."""

    error_messages = {
        **DefaultSocialAccountAdapter.error_messages,
        "email_taken": "An account with this address exists. Sign in to it, then connect %s under Security.",
        "no_password": "Set a password or add a passkey first, or nothing signs you in any more.",
    }

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Connect nothing to an account whose address nobody has proved to be theirs.

        Whoever signs up with somebody else's address must keep no way in once its owner comes.
        """
        connects = sociallogin.state.get("process") == "connect"
        if connects and is_address_unverified(str(request.user.pk)):
            messages.error(request, "Verify your address first, then connect other sign-ins.")
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_email")))

    def save_user(
        self, request: HttpRequest, sociallogin: Any, form: BaseForm | None = None
    ) -> User:
        """Create the user by the service that also notes what they agreed to."""
        account = sociallogin.account
        name = str(account.extra_data.get("name") or "")
        data = form.cleaned_data if form else {}
        made = sign_up(
            actor=SYSTEM_ACTOR,
            email=data.get("email") or sociallogin.user.email,
            display_name=data.get("display_name") or _tidy(name),
        )
        user = load_user(made.id)
        sociallogin.user = user
        sociallogin.save(request)
        return user


class MfaAdapter(DefaultMFAAdapter):
    """The second factor; its secrets are sealed where they lie."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right. Codes change every half minute: try the next one.",
    }

    def encrypt(self, text: str) -> str:
        """Return a secret as it is stored."""
        return conf.key_ring().seal(text, _SEALED)

    def decrypt(self, encrypted_text: str) -> str:
        """Return a secret that was stored."""
        return conf.key_ring().open(encrypted_text, _SEALED)

    def generate_authenticator_name(self, _user: Any, _type: Any) -> str:
        """Return what a passkey is called until its owner says otherwise."""
        return "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return what passkeys are bound to: this host, shown as Pixelflow."""
        return {**super().get_public_key_credential_rp_entity(), "name": "Pixelflow"}


def _tidy(name: str) -> str:
    """Return a provider's name for somebody without what our names may not have."""
    return "".join(letter for letter in name if letter.isprintable())[:100]


def _with_public_links(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the context with every link at the site's own address, whatever host was asked for."""
    return {
        name: _public(value) if name.endswith("_url") and isinstance(value, str) else value
        for name, value in context.items()
    }


def _public(url: str) -> str:
    parts = urlsplit(url)
    return f"{conf.public_url()}{parts.path}" + (f"?{parts.query}" if parts.query else "")
