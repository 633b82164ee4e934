"""`/invitations/<token>`: what somebody sees who opens the link of an invitation.

Opening changes nothing: joining is a button. For whoever is signed in with another address the page
reads as if there were no such invitation, and says what may be the reason.
"""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.api import (
    InvitationRef,
    InvitationState,
    Role,
    accept_invitation,
    decline_invitation,
    find_invitation,
    get_membership_role,
)
from billing.api import get_limits
from common.clock import utc_now
from common.errors import PixelFlowError
from common.http.guard import guard
from pixelflow_site.pages.forms import field, go_on, text_of
from pixelflow_site.pages.team import ROLES

MAX_TOKEN = 100  # characters; longer ones are nobody's


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@guard("invitation links", by_address="60/m", methods=("GET", "POST"))
def invitation_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation, or take the answer to it."""
    known = find_invitation(token, now=utc_now()) if len(token) <= MAX_TOKEN else None
    if known is None or not _is_for(request, known):
        return _none(request)
    if known.state is not InvitationState.OPEN:
        return _over(request, known)
    if request.method != "POST":
        return _shown(request, known)
    if not request.user.is_authenticated:
        return redirect_to_login(request.path)
    return _answered(request, known, token)


def _is_for(request: HttpRequest, invitation: InvitationRef) -> bool:
    """Say whether the page may show it: to the one it is for, and to who has yet to sign in."""
    email = getattr(request.user, "email", None)
    return email is None or email == invitation.email


def _answered(request: HttpRequest, invitation: InvitationRef, token: str) -> HttpResponse:
    workspace, user_id = invitation.workspace, str(request.user.pk)
    try:
        if field(request, "answer") == "decline":
            decline_invitation(token=token, user_id=user_id)
            return go_on(request, f"You declined to join {workspace.name}.", reverse("home"))
        seats = get_limits(workspace.id).seats
        accept_invitation(token=token, user_id=user_id, seats=seats)
    except PixelFlowError as error:
        now = find_invitation(token, now=utc_now())
        if now is None:
            return _none(request)
        if now.state is not InvitationState.OPEN:  # somebody used or withdrew it meanwhile
            return _over(request, now)
        return _shown(request, now, problem=error)
    return go_on(request, f"Welcome to {workspace.name}.", reverse("team"), workspace=workspace.id)


def _shown(
    request: HttpRequest, invitation: InvitationRef, *, problem: PixelFlowError | None = None
) -> HttpResponse:
    shown = {
        "invitation": invitation,
        "role_word": dict(ROLES)[invitation.role],
        "problem": text_of(problem),
    }
    status = problem.status if problem else 200
    return render(request, "pixelflow_site/team_invitation.html", shown, status=status)


def _none(request: HttpRequest) -> HttpResponse:
    return render(request, "pixelflow_site/team_invitation_none.html", status=404)


def _over(request: HttpRequest, invitation: InvitationRef) -> HttpResponse:
    shown = {"invitation": invitation, "role": _role_of(request, invitation)}
    return render(request, "pixelflow_site/team_invitation_over.html", shown, status=410)


def _role_of(request: HttpRequest, invitation: InvitationRef) -> Role | None:
    """Return the role that the caller has by now in the invitation's workspace."""
    if not request.user.is_authenticated:
        return None
    return get_membership_role(workspace_id=invitation.workspace.id, user_id=str(request.user.pk))
