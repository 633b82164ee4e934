"""`/billing`: what a workspace has, and buying more of it. For members who may manage billing."""

import logging
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.api import Permission, WorkspaceRef
from billing.api import (
    IntentState,
    find_checkout_state,
    get_balance,
    get_subscription,
    is_payments_configured,
    list_offered_packs,
    list_offered_plans,
    list_statement,
    open_portal,
    refresh_account,
    start_checkout,
)
from common.clock import utc_now
from common.errors import Conflict, NotFound, PixelFlowError, Unavailable
from pixelflow_site.pages.chosen import caller, chosen, workspaces_for

logger = logging.getLogger(__name__)


@never_cache
@require_safe
@login_required
def billing_page(request: HttpRequest) -> HttpResponse:
    """Show plan, credits, offers and statement of one of the caller's workspaces."""
    workspaces = workspaces_for(request, Permission.MANAGE_BILLING)
    workspace = chosen(workspaces, request.GET.get("workspace", ""))
    if workspace is None:
        return render(request, "pixelflow_site/billing_none.html", status=404)
    return _page(request, workspace, workspaces)


@never_cache
@require_POST
@login_required
def buy(request: HttpRequest) -> HttpResponse:
    """Send the caller to the checkout of a plan or a pack."""
    item = request.POST.get("item", "")[:60]
    return _go(
        request,
        lambda workspace: start_checkout(
            actor=caller(request),
            workspace_id=workspace.id,
            item=item,
            email=str(getattr(request.user, "email", "")),
        ),
    )


@never_cache
@require_POST
@login_required
def portal(request: HttpRequest) -> HttpResponse:
    """Send the caller to the portal: invoices, cards, tax ids, cancelling."""
    return _go(
        request, lambda workspace: open_portal(actor=caller(request), workspace_id=workspace.id)
    )


@never_cache
@require_safe
@login_required
def billing_return(request: HttpRequest) -> HttpResponse:
    """Say how far a purchase is. Looking gives nothing: only what Stripe tells us does."""
    workspace = chosen(
        workspaces_for(request, Permission.MANAGE_BILLING), request.GET.get("workspace", "")
    )
    if workspace is None:
        return render(request, "pixelflow_site/billing_none.html", status=404)
    session_id = request.GET.get("session", "")[:100].replace("\0", "")
    state = find_checkout_state(workspace_id=workspace.id, session_id=session_id)
    shown = {
        "workspace": workspace,
        "is_known": state is not None,
        "is_paid": state is IntentState.PAID,
        "is_over": state is IntentState.EXPIRED,
    }
    status = 404 if state is None else 200
    return render(request, "pixelflow_site/billing_return.html", shown, status=status)


def _go(request: HttpRequest, address_of: Any) -> HttpResponse:
    """Redirect to an address at Stripe, or show the page with what stands in the way."""
    workspaces = workspaces_for(request, Permission.MANAGE_BILLING)
    workspace = chosen(workspaces, request.POST.get("workspace", ""))
    if workspace is None:
        return render(request, "pixelflow_site/billing_none.html", status=404)
    try:
        return redirect(address_of(workspace))
    except (Unavailable, Conflict, NotFound) as error:
        return _page(request, workspace, workspaces, problem=error)
    except PixelFlowError as error:
        logger.exception("a purchase failed", extra={"action": "purchase_failed"})
        return _page(request, workspace, workspaces, problem=error)


def _page(
    request: HttpRequest,
    workspace: WorkspaceRef,
    workspaces: list[WorkspaceRef],
    *,
    problem: PixelFlowError | None = None,
) -> HttpResponse:
    refresh_account(workspace_id=workspace.id, now=utc_now())  # a new one may have none yet
    is_configured = is_payments_configured()
    plans = list_offered_plans()
    shown = {
        "workspace": workspace,
        "workspaces": workspaces if len(workspaces) > 1 else [],
        "query": urlencode({"workspace": workspace.id}),
        "is_configured": is_configured,
        "plan_name": next(
            (plan.name for plan in plans if plan.item == f"plan:{workspace.plan}"), workspace.plan
        ),
        "current": f"plan:{workspace.plan}",
        "balance": get_balance(workspace.id),
        "subscription": get_subscription(workspace.id),
        "plans": plans,
        "packs": list_offered_packs(),
        "statement": list_statement(workspace.id),
        "problem": problem.detail if problem else "",
    }
    status = problem.status if problem else 200
    response = render(request, "pixelflow_site/billing.html", shown, status=status)
    if isinstance(problem, Unavailable):
        response.headers["Retry-After"] = str(problem.retry_after_s)
    return response
