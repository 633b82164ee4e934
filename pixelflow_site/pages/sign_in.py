"""The staff's sign-in: Django's own, behind a guard, for those whose password alone is enough."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from accounts.api import has_second_factor
from common.http.guard import guard, posted, remember_device

# Any twenty attempts within a few minutes meet these, wherever django-ratelimit's windows begin.
BY_ADDRESS = "9/m"
BY_ACCOUNT = "9/5m"

_account_of = posted("username")
_TWO_FACTORS = "You sign in with a second factor: do so at /accounts/login/, then come back here."


class StaffSignInForm(AdminAuthenticationForm):
    """Address and password; it knows no second factor, so it refuses who has set one up."""

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse who is no staff, and who signs in with more than a password."""
        super().confirm_login_allowed(user)
        if has_second_factor(str(user.pk)):
            raise ValidationError(_TWO_FACTORS, code="second_factor")


admin.site.login_form = StaffSignInForm


@guard("sign-in", by_address=BY_ADDRESS, by_account=BY_ACCOUNT, account_of=_account_of)
def staff_sign_in(request: HttpRequest) -> HttpResponse:
    """Show the form, or take it; a browser that got in is known the next time."""
    response = admin.site.login(request)
    if request.method == "POST" and request.user.is_authenticated:
        remember_device(request, response, _account_of(request))
    return response
