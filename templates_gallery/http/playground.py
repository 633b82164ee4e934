"""`/templates/<slug>/run` and `/run/<workflowId>`: trying a template, or a workflow of one's own.

With scripts the island takes over; without, the same page is a form that starts a run and a result
that refreshes itself. Everybody sees a template's playground, members only a workflow's.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect, ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

from accounts.api import MembershipRef, Permission, list_workspaces_of
from common import strict_json
from common.canonical import digest
from common.errors import (
    Gone,
    Invalid,
    InvalidInputs,
    Issue,
    NotFound,
    PixelFlowError,
    TooLarge,
)
from common.http.plain import error_page
from common.ids import is_id
from executor.api import cancel_execution, get_execution_json
from templates_gallery import conf
from templates_gallery.http.pages.head import MAX_DESCRIPTION, Head, cut, cut_title
from templates_gallery.http.pages.visitor import viewer_of
from templates_gallery.http.playground_boot import SIGN_IN, SIGN_UP, Place, Start, boot_of
from templates_gallery.http.playground_form import plain_fields, read_form, shown_form
from templates_gallery.http.playground_inputs import (
    PARAMETER,
    first_values,
    read_link,
    write_link,
)
from templates_gallery.http.playground_result import result_of
from templates_gallery.http.studio import admitted, keyed, started
from templates_gallery.selectors.playground import (
    Subject,
    get_template_subject,
    get_workflow_subject,
    list_workflows_tried,
)
from templates_gallery.services.playground import RunOrder
from workflows.api import NotPublished, WorkflowRef, get_workflow

MAX_FORM_BYTES = 512 * 1024 * 1024  # one film and what stands around it
MAX_VISITOR_BYTES = 1024 * 1024  # who is not signed in sends no files yet
REFRESH_S = 2
MAX_LOOK_DIGITS = 6
MAX_ONCE = 64

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a page shows beside its subject: inputs in the form, and what became of sending it."""

    values: Mapping[str, Any]
    problem: PixelFlowError | None = None
    issues: tuple[Issue, ...] = ()


def bounded(view: View) -> View:
    """Look at how much a form brings before any of it is read, its CSRF token among it."""
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        known = request.user.is_authenticated
        limit = MAX_FORM_BYTES if known else MAX_VISITOR_BYTES
        if request.method == "POST" and _length(request) > limit:
            if not known:
                return _to_sign_up(request.path)
            return error_page(request, TooLarge(limitBytes=limit))
        return protected(request, *args, **kwargs)

    return checked


@never_cache
@ensure_csrf_cookie
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def template_playground(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a template's playground, or run what its form brings."""
    try:
        subject = get_template_subject(slug, viewer=viewer_of(request))
        place = _place(request, _named_workspace(request))
    except (NotFound, Gone) as error:
        return error_page(request, error)
    return _answer(request, subject, place)


@never_cache
@ensure_csrf_cookie
@require_http_methods(["GET", "HEAD", "POST"])
@bounded
def workflow_playground(request: HttpRequest, workflow_id: str) -> HttpResponse:
    """Show a workflow's playground to the members of its workspace, or run what its form brings."""
    if not request.user.is_authenticated:
        return redirect(f"{SIGN_IN}?{urlencode({'next': request.get_full_path()})}")
    found = _own_workflow(request, workflow_id)
    if found is None:
        return error_page(request, NotFound())
    workflow, place = found
    try:
        subject = get_workflow_subject(place.workspace_id, workflow_id)
    except NotPublished:
        shown = {"workflow": workflow, "place": place}
        return render(request, "templates_gallery/playground_unpublished.html", shown)
    return _answer(request, subject, place)


def _answer(request: HttpRequest, subject: Subject, place: Place) -> HttpResponse:
    if request.method != "POST":
        start = _start(request, subject, place)
        values = start.prefill if start.prefill is not None else first_values(subject)
        return _page(request, subject, place, _Shown(values), start=start)
    if not request.user.is_authenticated:
        return _to_sign_up(request.path, _plain_values(request, subject))
    try:
        return redirect(_run_form(request, subject, place))
    except PixelFlowError as error:
        issues = tuple(error.issues) if isinstance(error, Invalid) else ()
        shown = _Shown(shown_form(request, subject), error, issues)
        return _page(request, subject, place, shown, start=Start(mode=_mode(request.POST)))


def _run_form(request: HttpRequest, subject: Subject, place: Place) -> str:
    """Do what a form asks for, and return the address that shows what becomes of it."""
    cancelled = request.POST.get("cancel", "")
    if cancelled:
        admitted(request, place.workspace_id, Permission.RUN)
        if not is_id(cancelled, "exec"):
            raise NotFound
        cancel_execution(workspace_id=place.workspace_id, execution_id=cancelled)
        return _address(request, place, cancelled)
    actor = admitted(request, place.workspace_id, Permission.RUN, starts_run=True)
    order = RunOrder(
        workspace_id=place.workspace_id,
        template=subject.slug if subject.kind == "template" else "",
        workflow_id=subject.workflow_id,
        inputs=read_form(request, subject, workspace_id=place.workspace_id),
        mode=_mode(request.POST),
    )
    token = request.POST.get("once", "")[:MAX_ONCE]
    key = f"form:{token}:{_sent(request)}"  # a form that was changed is another run
    once = keyed(request, order, actor, key) if token.isalnum() else None
    answer, _ = started(request, order, actor, once=once, content=key.encode())
    body = strict_json.parse(answer.body)
    assert isinstance(body, dict)  # noqa: S101 - our own answer
    return _address(request, place, str(body["executionId"]))


def _sent(request: HttpRequest) -> str:
    """Return what tells two forms apart, by their fields and files, whatever their CSRF token."""
    fields = [pair for pair in request.POST.lists() if pair[0] != "csrfmiddlewaretoken"]
    files = [
        (name, [(file.name, file.size) for file in sent]) for name, sent in request.FILES.lists()
    ]
    return digest([fields, files])


def _page(
    request: HttpRequest, subject: Subject, place: Place, shown: _Shown, *, start: Start
) -> HttpResponse:
    run = result_of(start.run, subject) if start.run else None
    context = {
        "subject": subject,
        "head": _head(subject) if subject.kind == "template" else None,
        "place": place,
        "start": start,
        "boot": boot_of(request, subject, place, start),
        "fields": plain_fields(subject, shown.values, shown.issues),
        "example": next((each for each in subject.examples if each.outputs), None),
        "problem": shown.problem,
        "run": run,
        "refresh_s": REFRESH_S if run and not run.is_final else 0,
        "refresh_to": _next_look(request),
        "once": secrets.token_hex(16),
        "may_run": place.chosen is None or place.allows(Permission.RUN),
        "workflows_url": f"/workflows?{urlencode({'workspace': place.workspace_id})}",
    }
    status = shown.problem.status if shown.problem else 200
    answer = render(request, "templates_gallery/playground.html", context, status=status)
    if shown.problem and shown.problem.retry_after_s is not None:
        answer.headers["Retry-After"] = str(int(shown.problem.retry_after_s))
    return answer


def _next_look(request: HttpRequest) -> str:
    """Return this address with another count: to the same one with `#result` browsers only scroll."""
    query = request.GET.copy()
    looks = query.get("look", "")
    query["look"] = (
        str(int(looks) + 1) if looks.isdecimal() and len(looks) < MAX_LOOK_DIGITS else "1"
    )
    return f"{request.path}?{query.urlencode()}#result"


def _head(subject: Subject) -> Head:
    """Return what link previews read; searches are sent to the template's own page."""
    base = conf.public_url()
    return Head(
        title=cut_title(f"Run {subject.title} | Pixelflow"),
        description=cut(subject.description, MAX_DESCRIPTION),
        canonical=f"{base}/templates/{subject.slug}",
        picture=f"{base}/og/template/{subject.slug}.png?v={subject.version}",
        picture_alt=f"A result of {subject.title}",
        is_indexed=False,
    )


def _start(request: HttpRequest, subject: Subject, place: Place) -> Start:
    """Return how an address asks the page to begin; what it names and is not there counts not."""
    start = Start(mode=_mode(request.GET))
    run = _run_of(request.GET.get("run", ""), subject, place)
    if run is not None:
        return replace(start, prefill=run.pop("inputs"), mode=run["mode"], run=run)
    link = request.GET.get(PARAMETER, "")
    prefill = read_link(link, subject, workspace_id=place.workspace_id) if link else None
    return replace(start, prefill={**first_values(subject), **prefill} if prefill else None)


def _run_of(execution_id: str, subject: Subject, place: Place) -> dict[str, Any] | None:
    """Return a run of this subject in the chosen workspace as the API shows it."""
    if not place.workspace_id or not is_id(execution_id, "exec"):
        return None
    try:
        run = get_execution_json(place.workspace_id, execution_id)
    except NotFound:
        return None
    if subject.kind == "template":
        own = list_workflows_tried(place.workspace_id, subject.slug)
    else:
        own = [subject.workflow_id]
    return run if run["workflowId"] in own else None


def _place(request: HttpRequest, wanted: str) -> Place:
    """Return where runs go: the workspace that is named, else the caller's first.

    Raises:
        NotFound: the caller is in no such workspace.
    """
    if not request.user.is_authenticated:
        return Place()
    memberships = tuple(list_workspaces_of(str(request.user.pk)))
    if not wanted:
        return Place(memberships, memberships[0] if memberships else None)
    return Place(memberships, _chosen(memberships, wanted))


def _chosen(memberships: tuple[MembershipRef, ...], wanted: str) -> MembershipRef:
    for membership in memberships:
        if membership.workspace.id == wanted:
            return membership
    raise NotFound


def _own_workflow(request: HttpRequest, workflow_id: str) -> tuple[WorkflowRef, Place] | None:
    memberships = tuple(list_workspaces_of(str(request.user.pk)))
    for membership in memberships:
        try:
            workflow = get_workflow(membership.workspace.id, workflow_id)
        except NotFound:
            continue
        return workflow, Place(memberships, membership)
    return None


def _named_workspace(request: HttpRequest) -> str:
    return str((request.POST if request.method == "POST" else request.GET).get("workspace", ""))


def _plain_values(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    """Return what a visitor typed; files wait until there is a workspace for them."""
    try:
        return read_form(request, subject, workspace_id="", with_files=False)
    except InvalidInputs:
        return {}


def _to_sign_up(path: str, values: Mapping[str, Any] | None = None) -> HttpResponse:
    link = write_link(values) if values else ""
    back = f"{path}?{urlencode({PARAMETER: link})}" if link else path
    return redirect(f"{SIGN_UP}?{urlencode({'next': back})}")


def _address(request: HttpRequest, place: Place, execution_id: str) -> str:
    query = {"workspace": place.workspace_id, "run": execution_id}
    return f"{request.path}?{urlencode(query)}#result"


def _mode(values: Mapping[str, Any]) -> str:
    return "test" if values.get("mode") == "test" else "live"


def _length(request: HttpRequest) -> int:
    text = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(text[:20]) if text.isascii() and text.isdigit() else 0
