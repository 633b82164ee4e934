"""Security in the settings: how somebody signs in, on one page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import conf
from accounts.services.sign_in import get_sign_in_ways

PROVIDERS = {"google": "Google", "github": "GitHub"}


@never_cache
@require_safe
@login_required
def security_page(request: HttpRequest) -> HttpResponse:
    """Show password, passkeys, second factor, sessions and connected sign-ins, each with its way on."""
    ways = get_sign_in_ways(str(request.user.pk))
    shown = {
        "ways": ways,
        "connected": [PROVIDERS.get(name, name) for name in ways.connected],
        "can_connect": any(map(conf.offers_sign_in_with, PROVIDERS)),
    }
    return render(request, "accounts/security.html", shown)
