"""The staff's sign-in: Django's own, behind a guard."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from common.http.guard import guard, posted, remember_device

# Any twenty attempts within a few minutes meet these, wherever django-ratelimit's windows begin.
BY_ADDRESS = "9/m"
BY_ACCOUNT = "9/5m"

_account_of = posted("username")


@guard("sign-in", by_address=BY_ADDRESS, by_account=BY_ACCOUNT, account_of=_account_of)
def staff_sign_in(request: HttpRequest) -> HttpResponse:
    """Show the form, or take it; a browser that got in is known the next time."""
    response = admin.site.login(request)
    if request.method == "POST" and request.user.is_authenticated:
        remember_device(request, response, _account_of(request))
    return response
