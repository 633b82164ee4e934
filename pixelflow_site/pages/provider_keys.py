"""`/settings/models`: a workspace's own keys for model providers. For those who may manage them."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts.api import (
    KeyPolicy,
    Permission,
    WorkspaceRef,
    get_key_policy,
    list_provider_keys,
    revoke_provider_key,
    set_key_policy,
)
from common.errors import InvalidInputs, NotFound, PixelFlowError
from common.http.guard import guard
from executor.api import KeyDoesNotWork, check_own_key, list_own_providers, save_own_key
from pixelflow_site.pages.chosen import caller, chosen, workspaces_for

MAX_FIELD = 2_500  # characters; longer ones are refused as they are

POLICIES = (
    (KeyPolicy.OWN_FIRST, "Our own keys where we have them, else credits"),
    (KeyPolicy.OWN_ONLY, "Our own keys alone: never spend credits on models"),
    (KeyPolicy.PLATFORM_ONLY, "Credits alone: never use our own keys"),
)
Change = Callable[[WorkspaceRef], str]


@never_cache
@require_safe
@login_required
def provider_keys_page(request: HttpRequest) -> HttpResponse:
    """Show which keys there are, by their last characters, and whether they work."""
    workspaces = workspaces_for(request, Permission.MANAGE_PROVIDER_KEYS)
    workspace = chosen(workspaces, request.GET.get("workspace", ""))
    if workspace is None:
        return render(request, "pixelflow_site/provider_keys_none.html", status=404)
    return _page(request, workspace, workspaces, word=_WORDS.get(request.GET.get("done", ""), ""))


@never_cache
@require_POST
@login_required
@guard("provider_keys", by_address="30/m")
@sensitive_post_parameters("key", "secret")
def save_key(request: HttpRequest) -> HttpResponse:
    """Keep a key, then test it; one that does not work stays, with what the provider said."""

    def change(workspace: WorkspaceRef) -> str:
        provider = _field(request, "provider")
        save_own_key(
            actor=caller(request),
            workspace_id=workspace.id,
            provider=provider,
            key=_field(request, "key"),
            secret=_field(request, "secret"),
            base_url=_field(request, "base_url"),
        )
        return _tested(workspace, provider)

    return _do(request, change)


@never_cache
@require_POST
@login_required
@guard("provider_keys", by_address="30/m")
def check_key(request: HttpRequest) -> HttpResponse:
    """Test a key by a call that costs nothing."""
    return _do(request, lambda workspace: _tested(workspace, _field(request, "provider")))


@never_cache
@require_POST
@login_required
def remove_key(request: HttpRequest) -> HttpResponse:
    """Revoke a key."""

    def change(workspace: WorkspaceRef) -> str:
        revoke_provider_key(
            actor=caller(request),
            workspace_id=workspace.id,
            provider=_field(request, "provider"),
        )
        return "removed"

    return _do(request, change)


@never_cache
@require_POST
@login_required
def change_policy(request: HttpRequest) -> HttpResponse:
    """Decide whose keys are used."""

    def change(workspace: WorkspaceRef) -> str:
        policy = _field(request, "policy")
        if policy not in list(KeyPolicy):
            raise InvalidInputs([])
        set_key_policy(actor=caller(request), workspace_id=workspace.id, policy=KeyPolicy(policy))
        return "policy"

    return _do(request, change)


_WORDS = {
    "works": "The key works.",
    "fails": "The key is kept, but it does not work: see below what the provider says.",
    "removed": "The key is removed.",
    "policy": "Changed. It holds from the next run on.",
}


def _tested(workspace: WorkspaceRef, provider: str) -> str:
    try:
        check_own_key(workspace_id=workspace.id, provider=provider)
    except KeyDoesNotWork:
        return "fails"
    return "works"


def _do(request: HttpRequest, change: Change) -> HttpResponse:
    """Make a change and show the page with its outcome, or with what stands in the way."""
    workspaces = workspaces_for(request, Permission.MANAGE_PROVIDER_KEYS)
    workspace = chosen(workspaces, _field(request, "workspace"))
    if workspace is None:
        return render(request, "pixelflow_site/provider_keys_none.html", status=404)
    try:
        word = change(workspace)
    except (InvalidInputs, NotFound) as error:
        return _page(request, workspace, workspaces, problem=error)
    query = urlencode({"workspace": workspace.id, "done": word})
    return redirect(f"{reverse('provider-keys')}?{query}")


def _page(
    request: HttpRequest,
    workspace: WorkspaceRef,
    workspaces: list[WorkspaceRef],
    *,
    word: str = "",
    problem: PixelFlowError | None = None,
) -> HttpResponse:
    keys = {key.provider: key for key in list_provider_keys(workspace.id)}
    providers = list_own_providers()
    shown: dict[str, Any] = {
        "workspace": workspace,
        "workspaces": workspaces if len(workspaces) > 1 else [],
        "rows": [(provider, keys.get(provider.name)) for provider in providers],
        "policy": get_key_policy(workspace.id),
        "policies": POLICIES,
        "word": word,
        "problem": _reason(problem),
    }
    status = problem.status if problem else 200
    return render(request, "pixelflow_site/provider_keys.html", shown, status=status)


def _reason(problem: PixelFlowError | None) -> str:
    if problem is None:
        return ""
    issues = problem.issues if isinstance(problem, InvalidInputs) else []
    return " ".join(issue.message for issue in issues) or problem.detail


def _field(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "")[:MAX_FIELD].strip()
