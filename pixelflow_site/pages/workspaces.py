"""`/workspaces/new` and `/settings/workspace`: making, renaming and deleting workspaces."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.api import (
    MembershipRef,
    Permission,
    Role,
    delete_workspace,
    is_address_unverified,
    list_workspaces_of,
    rename_workspace,
)
from billing.api import open_workspace
from common.errors import Conflict, InvalidInputs, Issue, NotFound, PixelFlowError
from common.http.guard import guard
from common.http.plain import error_page
from pixelflow_site.pages.chosen import caller, place_of
from pixelflow_site.pages.forms import confirmed, errors_of, field, go_on, text_of
from pixelflow_site.sign_up import release_credits

MAX_OWNED = 20  # workspaces of one owner; more are a mistake, or a way to free credits


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@guard(
    "workspaces",
    by_address="20/m",
    by_account="20/h",
    account_of=lambda request: str(request.user.pk),
)
def new_workspace(request: HttpRequest) -> HttpResponse:
    """Ask for a name, then make a workspace that the caller owns."""
    wanted = request.GET.get("workspace", "")
    if wanted and place_of(request, wanted) is None:
        return error_page(request, NotFound())
    if request.method != "POST":
        return _new_page(request)
    try:
        _check_owned(request)
        workspace = open_workspace(
            actor=caller(request),
            name=field(request, "name"),
            owner_email=str(getattr(request.user, "email", "")),
            is_waiting=True,  # a mailbox gets the plan's credits for one workspace
        )
        _release_credits(request)
    except PixelFlowError as error:
        return _new_page(request, problem=error)
    said = f"{workspace.name} is ready. Invite whom you work with."
    return go_on(request, said, reverse("team"), workspace=workspace.id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def workspace_settings(request: HttpRequest) -> HttpResponse:
    """Show a workspace's settings, or take another name for it."""
    is_post = request.method == "POST"
    wanted = field(request, "workspace") if is_post else request.GET.get("workspace", "")
    place = place_of(request, wanted)
    if place is None and (wanted or is_post):
        return error_page(request, NotFound())
    if place is None:
        return render(request, "pixelflow_site/team_none.html")
    if not is_post:
        return _settings_page(request, place)
    try:
        rename_workspace(
            actor=caller(request), workspace_id=place.workspace.id, name=field(request, "name")
        )
    except PixelFlowError as error:
        return _settings_page(request, place, problem=error)
    return go_on(request, "The name is saved.", request.path, workspace=place.workspace.id)


@never_cache
@require_POST
@login_required
def delete(request: HttpRequest) -> HttpResponse:
    """Delete a workspace, once its name was typed."""
    place = place_of(request, field(request, "workspace"))
    if place is None:
        return error_page(request, NotFound())
    try:
        if not confirmed(request, place.workspace.name):
            reason = "Type the name exactly as it stands here."
            raise InvalidInputs([Issue("/confirm", "not_allowed", reason)])
        delete_workspace(actor=caller(request), workspace_id=place.workspace.id)
    except PixelFlowError as error:
        return _settings_page(request, place, problem=error)
    return go_on(request, f"{place.workspace.name} is deleted.", reverse("team"))


def _release_credits(request: HttpRequest) -> None:
    """Give the free plan's credits to whom they are due: once to a mailbox that is verified."""
    user_id, email = str(request.user.pk), str(getattr(request.user, "email", ""))
    if not is_address_unverified(user_id):
        release_credits(user_id=user_id, email=email)


def _check_owned(request: HttpRequest) -> None:
    places = list_workspaces_of(str(request.user.pk))
    if sum(place.role is Role.OWNER for place in places) >= MAX_OWNED:
        raise Conflict(f"You own {MAX_OWNED} workspaces, the most there may be. Delete one first.")


def _new_page(request: HttpRequest, *, problem: PixelFlowError | None = None) -> HttpResponse:
    shown = {
        "errors": errors_of(problem),
        "problem": text_of(problem),
        "given": request.POST,
    }
    status = problem.status if problem else 200
    return render(request, "pixelflow_site/workspace_new.html", shown, status=status)


def _settings_page(
    request: HttpRequest, place: MembershipRef, *, problem: PixelFlowError | None = None
) -> HttpResponse:
    shown: dict[str, Any] = {
        "nav": "settings",
        "place": place,
        "workspace": place.workspace,
        "places": list_workspaces_of(str(request.user.pk)),
        "may_rename": place.role.allows(Permission.MANAGE_WORKSPACE),
        "may_delete": place.role.allows(Permission.DELETE_WORKSPACE),
        "errors": errors_of(problem),
        "problem": text_of(problem),
        "given": request.POST,
    }
    status = problem.status if problem else 200
    return render(request, "pixelflow_site/workspace_settings.html", shown, status=status)
