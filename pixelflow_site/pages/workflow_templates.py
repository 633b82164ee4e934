"""`/workflows/<id>/template`: publish a workflow as a template of the gallery, change it, take it back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from common.errors import InvalidGraph, InvalidInputs, NotFound, PixelFlowError
from common.http.guard import guard
from common.http.plain import error_page
from executor.api import list_runs_with_values
from pixelflow_site.pages.chosen import caller
from pixelflow_site.pages.workflows import Place, find_place
from templates_gallery.api import (
    CATEGORIES,
    LICENCES,
    OwnTemplate,
    TemplateFields,
    find_own_template,
    submit_template,
    unpublish_template,
)
from workflows.api import NotPublished

MAX_TEXT = 25_000  # characters of any field; the service knows the bound of each
RUNS = 24
SUBMITS_BY_ADDRESS = "20/h"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@guard("submit_template", by_address=SUBMITS_BY_ADDRESS)
def template_form(request: HttpRequest, workflow_id: str) -> HttpResponse:
    """Show the form of a workflow's template, or hand in what was written."""
    place = find_place(request, workflow_id)
    if place is None or not place.may_edit:
        return error_page(request, NotFound())
    if request.method != "POST":
        return _page(request, place)
    try:
        own = submit_template(
            actor=caller(request),
            workspace_id=place.workspace_id,
            workflow_id=workflow_id,
            fields=_fields(request),
        )
    except (InvalidInputs, InvalidGraph) as error:
        return _page(request, place, problem=error, status=422)
    except NotPublished:
        messages.error(
            request, "Publish the workflow first: a template shows its published version."
        )
        return redirect(place.path)
    except PixelFlowError as error:
        return error_page(request, error)
    number = own.pending_number or own.listed_number
    messages.success(request, f"Version {number} is handed in. We look at it, mostly within a day.")
    return redirect(_path(place))


@never_cache
@require_POST
@login_required
def unpublish(request: HttpRequest, workflow_id: str) -> HttpResponse:
    """Take a workflow's template out of the gallery."""
    place = find_place(request, workflow_id)
    if place is None:
        return error_page(request, NotFound())
    try:
        unpublish_template(
            actor=caller(request), workspace_id=place.workspace_id, workflow_id=workflow_id
        )
    except PixelFlowError as error:
        return error_page(request, error)
    messages.success(request, "It is out of the gallery. Forks that people made stay theirs.")
    return redirect(_path(place))


def _page(
    request: HttpRequest,
    place: Place,
    *,
    problem: InvalidInputs | InvalidGraph | None = None,
    status: int = 200,
) -> HttpResponse:
    own = find_own_template(place.workspace_id, place.workflow.id)
    shown: dict[str, Any] = {
        "nav": "workflows",
        "place": place,
        "workflow": place.workflow,
        "workspace": place.membership.workspace,
        "own": own,
        "fields": _fields(request) if problem else _known_fields(place, own),
        "errors": _errors(problem),
        "graph_problems": problem.issues if isinstance(problem, InvalidGraph) else [],
        "categories": CATEGORIES,
        "licences": LICENCES.items(),
        "runs": _finished_runs(place),
    }
    return render(request, "pixelflow_site/workflow_template.html", shown, status=status)


def _known_fields(place: Place, own: OwnTemplate | None) -> TemplateFields:
    """Return what the form begins with: what was handed in last, else the workflow's own words."""
    if own is not None:
        return own.fields
    workflow = place.workflow
    return TemplateFields(
        title=workflow.name[:60], description=workflow.description[:155], category=""
    )


def _fields(request: HttpRequest) -> TemplateFields:
    def text(name: str) -> str:
        return request.POST.get(name, "")[:MAX_TEXT]

    return TemplateFields(
        title=text("title"),
        description=text("description"),
        category=text("category"),
        readme=text("readme"),
        audience=text("audience"),
        tags=tuple(tag.strip() for tag in text("tags").split(",") if tag.strip()),
        licence=text("licence"),
        notes=text("notes"),
        example_execution_id=text("example"),
    )


def _errors(problem: InvalidInputs | InvalidGraph | None) -> dict[str, str]:
    """Return what is wrong by the names of the form's controls."""
    if not isinstance(problem, InvalidInputs):
        return {}
    found: dict[str, str] = {}
    for issue in problem.issues:
        name = issue.path.strip("/").partition("/")[0]
        found.setdefault("example" if name.startswith("example") else name, issue.message)
    return found


def _finished_runs(place: Place) -> list[dict[str, Any]]:
    runs = list_runs_with_values(place.workspace_id, [place.workflow.id], limit=RUNS)
    return [run for run in runs if run["status"] == "COMPLETED"]


def _path(place: Place) -> str:
    query = urlencode({"workspace": place.workspace_id})
    return f"{reverse('workflow-template', args=[place.workflow.id])}?{query}"
