"""`/settings`: the caller's own name, address and look of the pages, and closing the account."""

from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.api import (
    THEMES,
    close_account,
    get_user_by_email,
    list_only_owned,
    rename_user,
    set_theme,
)
from common.errors import InvalidInputs, Issue, NotFound, PixelFlowError
from common.http.guard import guard
from common.http.plain import error_page
from pixelflow_site.pages.chosen import caller, place_of
from pixelflow_site.pages.forms import confirmed, errors_of, field, go_on, text_of

THEME_WORDS = {
    "system": ("System", "Light or dark, as your device is set"),
    "light": ("Light", "Dark text on a light ground"),
    "dark": ("Dark", "Light text on a dark ground"),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def profile_page(request: HttpRequest) -> HttpResponse:
    """Show the profile, or take another display name."""
    if _is_foreign(request):
        return error_page(request, NotFound())
    if request.method != "POST":
        return _profile(request)
    try:
        rename_user(actor=caller(request), display_name=field(request, "displayName"))
    except PixelFlowError as error:
        return _profile(request, problem=error)
    return go_on(request, "Your name is saved.", request.path, **_query(request))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@guard(
    "appearance",
    by_address="120/m",
    by_account="60/m",
    account_of=lambda request: str(request.user.pk),
)
def appearance_page(request: HttpRequest) -> HttpResponse:
    """Show how pages look, or take another choice; a script that changed the page itself gets 204."""
    if _is_foreign(request):
        return error_page(request, NotFound())
    if request.method != "POST":
        return _appearance(request)
    try:
        set_theme(actor=caller(request), theme=field(request, "theme"))
    except PixelFlowError as error:
        return _appearance(request, problem=error)
    if _is_by_script(request):
        return HttpResponse(status=204)
    return go_on(request, "Saved. It holds wherever you sign in.", request.path, **_query(request))


@never_cache
@require_POST
@login_required
@guard(
    "closing",
    by_address="20/m",
    by_account="10/m",
    account_of=lambda request: str(request.user.pk),
)
def close(request: HttpRequest) -> HttpResponse:
    """Close the caller's account, once its address was typed."""
    if _is_foreign(request):
        return error_page(request, NotFound())
    try:
        if not confirmed(request, _email_of(request)):
            raise InvalidInputs([Issue("/confirm", "not_allowed", "Type your address as it is.")])
        close_account(actor=caller(request))
    except PixelFlowError as error:
        return _profile(request, problem=error)
    logout(request)
    return go_on(request, "Your account is closed.", reverse("home"))


def _is_by_script(request: HttpRequest) -> bool:
    """Say whether htmx or a script of ours sent the form, of which only scripts set the header."""
    return "HX-Request" in request.headers or "X-CSRFToken" in request.headers


def _is_foreign(request: HttpRequest) -> bool:
    """Say whether the address or form names a workspace that is none of the caller's."""
    wanted = request.GET.get("workspace", "") or field(request, "workspace")
    return bool(wanted) and place_of(request, wanted) is None


def _query(request: HttpRequest) -> dict[str, str]:
    """Return the workspace that the page was opened with, for it to stay in the address."""
    wanted = field(request, "workspace")
    return {"workspace": wanted} if wanted else {}


def _email_of(request: HttpRequest) -> str:
    return str(getattr(request.user, "email", ""))


def _profile(request: HttpRequest, *, problem: PixelFlowError | None = None) -> HttpResponse:
    user = get_user_by_email(_email_of(request))
    shown: dict[str, Any] = {
        "nav": "settings",
        "profile": user,
        "only_owned": list_only_owned(str(request.user.pk)),
        "errors": errors_of(problem),
        "problem": text_of(problem),
        "given": request.POST,
    }
    status = problem.status if problem else 200
    return render(request, "pixelflow_site/settings.html", shown, status=status)


def _appearance(request: HttpRequest, *, problem: PixelFlowError | None = None) -> HttpResponse:
    current = getattr(request.user, "theme", THEMES[0])
    shown = {
        "nav": "settings",
        "themes": [(theme, *THEME_WORDS[theme]) for theme in THEMES],
        "current": current,
        "errors": errors_of(problem),
        "problem": text_of(problem),
    }
    status = problem.status if problem else 200
    return render(request, "pixelflow_site/settings_appearance.html", shown, status=status)
