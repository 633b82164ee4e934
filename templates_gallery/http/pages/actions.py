"""What people do on a template's page: fork, rate, report."""

from urllib.parse import quote

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.api import RoleTooLow
from common.errors import Forbidden, Gone, InvalidInputs, NotFound
from common.http.guard import guard
from templates_gallery.api import (
    TemplateCard,
    fork_template,
    get_card,
    origin_of_workflow,
    rate_template,
    report_template,
)
from templates_gallery.http.pages.detail import REASONS, gone_page
from templates_gallery.http.pages.intents import note_fork, take_fork
from templates_gallery.http.pages.visitor import actor_of, workspace_to_edit
from templates_gallery.selectors.details import check_not_removed

FORKS_BY_ADDRESS = "30/m"
RATINGS_BY_ADDRESS = "30/m"
REPORTS_BY_ADDRESS = "5/m"
MAX_REPORT = 1_000

_STARS = frozenset("12345")


@never_cache
@require_http_methods(["GET", "POST"])
@guard("fork", by_address=FORKS_BY_ADDRESS)
def fork(request: HttpRequest, slug: str) -> HttpResponse:
    """Fork a template; a visitor signs up first, and comes back by GET to the fork they asked for."""
    if request.method == "POST" and not request.user.is_authenticated:
        try:
            card_or_404(slug)
        except Gone:
            return gone_page(request, slug)
        note_fork(request, slug)
        return redirect(f"{reverse('account_signup')}?next={quote(request.path)}")
    if request.method == "GET" and not (request.user.is_authenticated and take_fork(request, slug)):
        return redirect("template", slug=slug)
    return _fork(request, slug)


def _fork(request: HttpRequest, slug: str) -> HttpResponse:
    wanted = request.POST.get("workspace", "")
    workspace = workspace_to_edit(request, wanted)
    if workspace is None and wanted:
        raise Http404
    if workspace is None:
        messages.error(
            request, "You may look, but not add workflows here. Ask an owner for a role."
        )
        return redirect("template", slug=slug)
    try:
        made = fork_template(actor=actor_of(request), workspace_id=workspace.id, slug=slug)
    except (NotFound, RoleTooLow) as error:
        raise Http404 from error
    except Gone:
        return gone_page(request, slug)
    origin = origin_of_workflow(workspace.id, made.id)
    told = f"Forked from {origin.title} v{origin.version}." if origin else "Forked."
    messages.success(request, f"{told} It is yours to change.")
    query = urlencode({"workspace": workspace.id})
    return redirect(f"{reverse('workflow', args=[made.id])}?{query}")


@never_cache
@require_POST
@guard("rate_template", by_address=RATINGS_BY_ADDRESS)
def rate(request: HttpRequest, slug: str) -> HttpResponse:
    """Take a rating, or take it back."""
    page = reverse("template", args=[slug])
    if not request.user.is_authenticated:
        return redirect_to_login(page)
    text = request.POST.get("stars", "")
    stars = (int(text) if text in _STARS else 0) if text else None  # 0 is refused by the service
    try:
        rate_template(actor=actor_of(request), slug=slug, stars=stars)
    except NotFound as error:
        raise Http404 from error
    except Gone:
        return gone_page(request, slug)
    except InvalidInputs:
        messages.error(request, "A rating is one to five stars. Choose one and rate again.")
        return redirect(f"{page}#rate")
    except Forbidden as error:
        messages.error(request, error.detail)
        return redirect(f"{page}#rate")
    messages.success(request, "Thank you for rating." if stars else "Your rating is taken back.")
    return redirect(f"{page}#rate")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@guard("report_template", by_address=REPORTS_BY_ADDRESS)
def report(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the form for what is wrong with a template, or take what somebody wrote."""
    try:
        card = card_or_404(slug)
    except Gone:
        return gone_page(request, slug)
    if request.method != "POST":
        return _report_page(request, card, {})
    reason, text = request.POST.get("reason", ""), request.POST.get("text", "").strip()
    actor = actor_of(request) if request.user.is_authenticated else None
    try:
        report_template(actor=actor, slug=slug, reason=reason, text=text)
    except InvalidInputs as error:
        problems = {issue.path.rpartition("/")[2]: issue.message for issue in error.issues}
        return _report_page(request, card, problems or {"reason": "Choose a reason."}, status=422)
    messages.success(request, "Thank you. We look at every report.")
    return redirect("template", slug=slug)


def _report_page(
    request: HttpRequest, card: TemplateCard, problems: dict[str, str], *, status: int = 200
) -> HttpResponse:
    shown = {
        "card": card,
        "reasons": REASONS.items(),
        "reason": request.POST.get("reason", ""),
        "text": request.POST.get("text", "")[:MAX_REPORT],
        "problems": problems,
        "max_report": MAX_REPORT,
    }
    return render(request, "templates_gallery/report.html", shown, status=status)


def card_or_404(slug: str) -> TemplateCard:
    """Return a listed template as lists show it; a page that is not there is 404.

    Raises:
        Gone: it was removed.
    """
    card = get_card(slug)
    if card is None:
        check_not_removed(slug)
        raise Http404
    return card
