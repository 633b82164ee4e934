"""The pages of signing in: allauth's, within a transaction, behind guards, and never cached.

A guard counts by address and by the mailbox that a form names, or by who is signed in. It stands
outside of everything else: what it refuses reads no session and hashes no password.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account import views as account_views
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.internal.stagekit import unstash_login
from allauth.socialaccount import views as social_views
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import conf
from accounts.errors import EmailTaken
from accounts.selectors import is_address_unverified
from accounts.services.sign_in import find_waiting_address
from accounts.services.users import drop_unproved_password
from accounts.types import clean_own_email, mailbox_of
from common.http.guard import AccountOf, guard

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

_LONGEST_LOOKED_AT = 400
_ENDED_WITH_THE_CODE = (
    "Your address is proved now. The password from before is gone, whoever set it: "
    "choose one under Security."
)


class SignUpView(account_views.SignupView):
    """Signing up: user, consent, workspace and mail come together or not at all."""

    def form_valid(self, form: Any) -> HttpResponseBase:
        """Take the form; of two who send the same address at once, the second one gets the mail."""
        try:
            with transaction.atomic():
                return cast(HttpResponseBase, super().form_valid(form))
        except EmailTaken:
            form.account_already_exists = True
            return cast(HttpResponseBase, super().form_valid(form))


class SocialSignUpView(social_views.SignupView):
    """The same for who comes from Google or GitHub and has to say an address."""

    def form_valid(self, form: Any) -> HttpResponseBase:
        """Take the form."""
        with transaction.atomic():
            return cast(HttpResponseBase, super().form_valid(form))


class ResetView(account_views.PasswordResetFromKeyView):
    """Choosing a new password by a link; one that is used, old or another's is a 400."""

    def render_to_response(self, context: dict[str, Any], **_: Any) -> HttpResponse:
        """Show the form, or that the link is no longer valid."""
        status = 400 if context.get("token_fail") else 200
        return cast(HttpResponse, super().render_to_response(context, status=status))


class CodeView(account_views.ConfirmLoginCodeView):
    """Signing in by a code from a mail, which proves the address as well."""

    def form_valid(self, form: Any) -> HttpResponseBase:
        """Take the code; who had set a password without proving the address is out."""
        user = self._process.user
        with transaction.atomic():
            if self._action == "verify" and user and drop_unproved_password(user_id=user.pk):
                user.refresh_from_db(fields=["password"])
                messages.info(self.request, _ENDED_WITH_THE_CODE)
            return cast(HttpResponseBase, super().form_valid(form))


class VerifyView(account_views.ConfirmEmailView):
    """Verifying an address by a link; one that is used or old is a 400."""

    def render_to_response(self, context: dict[str, Any], **_: Any) -> HttpResponse:
        """Show the button, or that the link is no longer valid."""
        status = 200 if context["confirmation"] else 400
        return cast(HttpResponse, super().render_to_response(context, status=status))

    def logout_other_user(self, confirmation: Any) -> None:
        """Leave whoever is signed in here as they are: a link that somebody sends signs nobody out."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Verify the address; a link that was used meanwhile shows so."""
        try:
            return cast(HttpResponseBase, super().post(*args, **kwargs))
        except Http404:
            self.object = None
            return self.render_to_response(self.get_context_data())


class AddressView(account_views.EmailView):
    """The address and the wish for another; a new one counts by its link and no other way."""

    def _action_primary(self, request: HttpRequest, *_: Any, **__: Any) -> None:
        """Change nothing: allauth would take an address that nobody has verified."""


def mailbox_in(name: str) -> AccountOf:
    """Return a reader of the mailbox that a form names; all its spellings are one account."""

    def account_of(request: HttpRequest) -> str:
        text = request.POST.get(name, "").strip()[:_LONGEST_LOOKED_AT]
        try:
            return mailbox_of(clean_own_email(text))
        except ValueError:
            return text.casefold()

    return account_of


def signed_in(request: HttpRequest) -> str:
    """Return who is signed in, as an account to count by."""
    return str(request.user.pk or "")


def half_signed_in(request: HttpRequest) -> str:
    """Return who has shown a password and not yet the second factor, as an account to count by."""
    login = unstash_login(request, peek=True)
    return str(login.user.pk) if login is not None and login.user is not None else ""


def verified_first(view: View) -> View:
    """Let nobody add a second factor to an account whose address they have not proved to be theirs.

    Else whoever signs up with somebody else's address could keep its owner out for good.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and is_address_unverified(str(request.user.pk)):
            messages.error(request, "Verify your address first: it is how you get back in.")
            return redirect("account_email")
        return view(request, *args, **kwargs)

    return cast(View, checked)


def offered(provider: str, view: View) -> View:
    """Let a provider's pages be found only where its keys are set."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not conf.offers_sign_in_with(provider):
            raise Http404
        return view(request, *args, **kwargs)

    return cast(View, checked)


@require_POST
@login_required
def resend_verification(request: HttpRequest) -> HttpResponse:
    """Send the link for the address that waits once more, and go back to where that was asked."""
    address = find_waiting_address(str(request.user.pk))
    if address is None:
        messages.success(request, "Your address is verified already.")
    else:
        send_verification_email_to_address(request, address)
    onward = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(onward, allowed_hosts=None)
    return HttpResponseRedirect(onward) if is_ours else redirect("account_email")


_sign_in = guard("sign-in", by_address="9/m", by_account="9/5m", account_of=mailbox_in("login"))
_mailed_to = guard("mailed", by_address="9/m", by_account="5/h", account_of=mailbox_in("email"))
_sign_up_a_day = guard("sign-up", by_address="50/d")
_by_user = guard("own-account", by_address="60/m", by_account="20/5m", account_of=signed_in)
_mail_by_user = guard("own-mail", by_address="20/m", by_account="6/h", account_of=signed_in)
_second_factor = guard(
    "second-factor", by_address="20/m", by_account="9/5m", account_of=half_signed_in
)
_from_a_mail = guard("from-a-mail", by_address="20/m")
_by_passkey = guard("passkey", by_address="60/m", methods=("GET", "HEAD", "POST"))


def _page(view: Any) -> Any:
    return never_cache(view)


sign_in = _sign_in(_page(account_views.login))
sign_up = _sign_up_a_day(_mailed_to(_page(SignUpView.as_view())))
sign_out = _page(account_views.logout)
request_code = _mailed_to(_page(account_views.request_login_code))
confirm_code = _from_a_mail(_page(CodeView.as_view()))
request_reset = _mailed_to(_page(account_views.password_reset))
reset = _from_a_mail(_page(ResetView.as_view()))
verify = _from_a_mail(_page(VerifyView.as_view()))
social_sign_up = _sign_up_a_day(_mailed_to(_page(SocialSignUpView.as_view())))


def own(view: Any) -> Any:
    """Return a page of who is signed in, behind a guard that counts what it is sent."""
    return _by_user(_page(view))


def own_with_mail(view: Any) -> Any:
    """Return a page of who is signed in that sends mail."""
    return _mail_by_user(_page(view))


def second_factor(view: Any) -> Any:
    """Return a page that takes a second factor."""
    return _second_factor(_page(view))


def by_passkey(view: Any) -> Any:
    """Return the page that signs in by a passkey; to ask it for a challenge makes a session."""
    return _by_passkey(_page(view))
