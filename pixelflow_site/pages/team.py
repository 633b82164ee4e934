"""`/team`: who is in a workspace, with which role, and who is asked in.

Every member sees it; admins and owners change it. A form carries the role that the caller had when
the page was shown, so that who was demoted meanwhile is told so and changes nothing.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.api import (
    PERMISSIONS,
    MemberRef,
    MembershipRef,
    Permission,
    Role,
    change_role,
    count_members,
    count_taken_seats,
    invite_member,
    leave_workspace,
    list_invitations,
    list_members,
    remove_member,
    resend_invitation,
    revoke_invitation,
    transfer_workspace,
)
from billing.api import get_limits
from common.clock import utc_now
from common.errors import InvalidInputs, Issue, NotFound, PixelFlowError, TooManyRequests
from common.http.guard import check, guard
from common.http.plain import error_page
from pixelflow_site.pages.chosen import caller, place_of
from pixelflow_site.pages.forms import confirmed, errors_of, field, go_on, text_of

PAGE = 50  # members on one page
FEW = 8  # members among whom nobody needs a search
MAX_ASKED = 200  # characters of a search

INVITES_BY_ADDRESS, INVITES_BY_ACCOUNT = "20/m", "40/h"
MAILS_TO_ONE = "5/h"

ROLES = (
    (Role.VIEWER, "Sees workflows, runs and results"),
    (Role.RUNNER, "Runs workflows and uploads files"),
    (Role.EDITOR, "Also builds workflows and webhooks"),
    (Role.ADMIN, "Also manages members, API keys and provider keys"),
    (Role.OWNER, "Also handles billing, transfer and deletion"),
)
WORDS = (
    (Permission.VIEW, "See workflows, runs and results"),
    (Permission.RUN, "Run workflows"),
    (Permission.UPLOAD, "Upload files"),
    (Permission.EDIT_WORKFLOWS, "Build and publish workflows"),
    (Permission.MANAGE_WEBHOOKS, "Manage webhooks"),
    (Permission.MANAGE_KEYS, "Manage API keys"),
    (Permission.MANAGE_MEMBERS, "Invite and manage members"),
    (Permission.MANAGE_PROVIDER_KEYS, "Manage provider keys"),
    (Permission.MANAGE_WORKSPACE, "Rename the workspace"),
    (Permission.MANAGE_BILLING, "Plan, payments and credits"),
    (Permission.TRANSFER_WORKSPACE, "Transfer the ownership"),
    (Permission.DELETE_WORKSPACE, "Delete the workspace"),
)
# What each role may do, line by line, as the page's table shows it.
MATRIX = [(word, [may in PERMISSIONS[role] for role in Role]) for may, word in WORDS]

Change = Callable[[MembershipRef], str]
_by_account = guard(
    "invitations",
    by_address=INVITES_BY_ADDRESS,
    by_account=INVITES_BY_ACCOUNT,
    account_of=lambda request: str(request.user.pk),
)


@never_cache
@require_safe
@login_required
def team_page(request: HttpRequest) -> HttpResponse:
    """Show the members of one of the caller's workspaces, and who is asked in."""
    wanted = request.GET.get("workspace", "")
    place = place_of(request, wanted)
    if place is None and wanted:
        return error_page(request, NotFound())
    if place is None:
        return render(request, "pixelflow_site/team_none.html")
    return _page(request, place)


@never_cache
@require_POST
@login_required
@_by_account
def invite(request: HttpRequest) -> HttpResponse:
    """Mail somebody a link into the workspace."""

    def change(place: MembershipRef) -> str:
        email = field(request, "email")
        check("invitation mails", request, by_account=MAILS_TO_ONE, account=email.strip().lower())
        invitation = invite_member(
            actor=caller(request),
            workspace_id=place.workspace.id,
            email=email,
            role=_role(request),
            seats=get_limits(place.workspace.id).seats,
        )
        return f"Invitation sent to {invitation.email}."

    return _do(request, change)


@never_cache
@require_POST
@login_required
@_by_account
def resend(request: HttpRequest) -> HttpResponse:
    """Mail a new link for an invitation; the old one is dead."""

    def change(place: MembershipRef) -> str:
        wanted = field(request, "invitation")
        check("invitation mails", request, by_account=MAILS_TO_ONE, account=wanted)
        invitation = resend_invitation(
            actor=caller(request), workspace_id=place.workspace.id, invitation_id=wanted
        )
        return f"A new link is on its way to {invitation.email}; the old one is dead."

    return _do(request, change)


@never_cache
@require_POST
@login_required
def revoke(request: HttpRequest) -> HttpResponse:
    """Withdraw an invitation."""

    def change(place: MembershipRef) -> str:
        email = revoke_invitation(
            actor=caller(request),
            workspace_id=place.workspace.id,
            invitation_id=field(request, "invitation"),
        )
        return f"The invitation of {email} is withdrawn."

    return _do(request, change)


@never_cache
@require_POST
@login_required
def set_role(request: HttpRequest) -> HttpResponse:
    """Give a member another role."""

    def change(place: MembershipRef) -> str:
        role = _role(request)
        change_role(
            actor=caller(request),
            workspace_id=place.workspace.id,
            user_id=field(request, "member"),
            role=role,
            acting_as=_acting_as(request),
        )
        return f"The role is now {role}."

    return _do(request, change)


@never_cache
@require_POST
@login_required
def remove(request: HttpRequest) -> HttpResponse:
    """Take a member out of the workspace; oneself by leaving it."""
    if field(request, "member") == str(request.user.pk):
        return _leave(request)

    def change(place: MembershipRef) -> str:
        remove_member(
            actor=caller(request),
            workspace_id=place.workspace.id,
            user_id=field(request, "member"),
            acting_as=_acting_as(request),
        )
        return "The member is removed."

    return _do(request, change)


@never_cache
@require_POST
@login_required
def leave(request: HttpRequest) -> HttpResponse:
    """Take the caller out of the workspace."""
    return _leave(request)


def _leave(request: HttpRequest) -> HttpResponse:
    place = place_of(request, field(request, "workspace"))
    if place is None:
        return error_page(request, NotFound())
    try:
        leave_workspace(actor=caller(request), workspace_id=place.workspace.id)
    except PixelFlowError as error:
        return _page(request, place, problem=error, about="leave")
    return go_on(request, f"You left {place.workspace.name}.", reverse("team"))


@never_cache
@require_POST
@login_required
def transfer(request: HttpRequest) -> HttpResponse:
    """Make another member the owner, once the workspace's name was typed."""

    def change(place: MembershipRef) -> str:
        if not confirmed(request, place.workspace.name):
            raise _wrong("confirm", "Type the name exactly as it stands here.")
        transfer_workspace(
            actor=caller(request),
            workspace_id=place.workspace.id,
            user_id=field(request, "member"),
        )
        return "The ownership is transferred. You are an admin now."

    return _do(request, change, about="transfer")


def _do(request: HttpRequest, change: Change, *, about: str = "") -> HttpResponse:
    """Make a change and go back to the page, or show it with what stands in the way."""
    place = place_of(request, field(request, "workspace"))
    if place is None:
        return error_page(request, NotFound())
    try:
        said = change(place)
    except TooManyRequests as error:
        return error_page(request, error)
    except PixelFlowError as error:
        return _page(request, place, problem=error, about=about)
    return go_on(request, said, reverse("team"), workspace=place.workspace.id)


def _role(request: HttpRequest) -> Role:
    try:
        return Role(field(request, "role"))
    except ValueError as error:
        raise _wrong("role", "Choose one of these roles.") from error


def _acting_as(request: HttpRequest) -> Role | None:
    """Return the role that the caller had when the form was shown; None where it names none."""
    shown = field(request, "acting_as")
    return Role(shown) if shown in list(Role) else None


def _wrong(name: str, reason: str) -> InvalidInputs:
    return InvalidInputs([Issue(f"/{name}", "not_allowed", reason)])


def _page(
    request: HttpRequest,
    place: MembershipRef,
    *,
    problem: PixelFlowError | None = None,
    about: str = "",
) -> HttpResponse:
    """Show the page; `about` names the part of it that a problem belongs to."""
    own = _place_now(request, place)
    if own is None:  # removed while the request was under way
        return error_page(request, NotFound())
    shown: dict[str, Any] = {
        **_people(request, own),
        **_asked_in(own),
        "nav": "team",
        "place": own,
        "workspace": own.workspace,
        "roles": [(role, word) for role, word in ROLES if not role.outranks(own.role)],
        "all_roles": ROLES,
        "matrix": MATRIX,
        "may_manage": own.role.allows(Permission.MANAGE_MEMBERS),
        "may_transfer": own.role.allows(Permission.TRANSFER_WORKSPACE),
        "may_pay": own.role.allows(Permission.MANAGE_BILLING),
        "errors": errors_of(problem),
        "problem": text_of(problem),
        "about": about,
        "given": request.POST,
    }
    status = problem.status if problem else 200
    return render(request, "pixelflow_site/team.html", shown, status=status)


def _place_now(request: HttpRequest, place: MembershipRef) -> MembershipRef | None:
    return place_of(request, place.workspace.id) if request.method == "POST" else place


def _people(request: HttpRequest, own: MembershipRef) -> dict[str, Any]:
    """Return the members on the page that is asked for, and where it stands among the others."""
    workspace_id = own.workspace.id
    text = request.GET.get("q", "")[:MAX_ASKED].replace("\0", "").strip()
    total = count_members(workspace_id)
    found = count_members(workspace_id, text=text) if text else total
    page = Paginator(range(found), PAGE).get_page(request.GET.get("page"))
    first = (page.number - 1) * PAGE
    members = list_members(workspace_id, text=text, offset=first, limit=PAGE)
    others = [] if own.role is not Role.OWNER else list_members(workspace_id, limit=500)
    return {
        "members": [_row(member, request, own) for member in members],
        "others": [member for member in others if member.user.id != str(request.user.pk)],
        "q": text,
        "total": total,
        "is_searchable": bool(text) or total > FEW,
        "page": page,
    }


def _row(member: MemberRef, request: HttpRequest, own: MembershipRef) -> dict[str, Any]:
    is_self = member.user.id == str(request.user.pk)
    may = own.role.allows(Permission.MANAGE_MEMBERS) and not member.role.outranks(own.role)
    return {
        "member": member,
        "name": member.user.display_name or member.user.email,
        "is_self": is_self,
        "may_change": may,
        "may_remove": may and not is_self,
    }


def _asked_in(own: MembershipRef) -> dict[str, Any]:
    """Return who is asked in, and how many seats there are; addresses are for those who manage."""
    workspace_id, now = own.workspace.id, utc_now()
    seats, taken = get_limits(workspace_id).seats, count_taken_seats(workspace_id, now=now)
    may = own.role.allows(Permission.MANAGE_MEMBERS)
    return {
        "invitations": list_invitations(workspace_id, now=now) if may else [],
        "seats": seats,
        "taken": taken,
        "is_full": seats is not None and taken >= seats,
    }
