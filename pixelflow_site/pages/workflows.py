"""`/workflows`: a workspace's workflows, and a page for each: what it is, its API, its versions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.api import MembershipRef, Permission, list_workspaces_of
from common.errors import InvalidGraph, InvalidInputs, NotFound, PixelFlowError
from common.http.plain import error_page
from executor.api import list_runs_with_values
from pixelflow_site.pages.chosen import caller, place_of
from pixelflow_site.pages.forms import errors_of, field, go_on
from templates_gallery.api import Origin, find_own_template, origin_of_workflow
from workflows.api import (
    Drawing,
    WorkflowChanges,
    WorkflowRef,
    call_snippets,
    change_workflow,
    delete_workflow,
    draw_graph,
    get_catalogue,
    get_version,
    get_workflow,
    list_versions,
    list_workflows,
    publish_workflow,
    response_sample,
    restore_version,
    sample_inputs,
    view_draft,
)

PAGE = 30
VERSIONS = 50
RUNS = 5
MAX_QUERY = 200

Change = Callable[["Place"], str]


@dataclass(frozen=True, slots=True)
class Place:
    """A workflow in the workspace of a member."""

    workflow: WorkflowRef
    membership: MembershipRef

    @property
    def workspace_id(self) -> str:
        """The workspace's id."""
        return self.membership.workspace.id

    @property
    def may_edit(self) -> bool:
        """Whether the caller may change and publish it."""
        return self.membership.role.allows(Permission.EDIT_WORKFLOWS)

    @property
    def path(self) -> str:
        """The address of its page."""
        query = urlencode({"workspace": self.workspace_id})
        return f"{reverse('workflow', args=[self.workflow.id])}?{query}"


@never_cache
@require_safe
@login_required
def workflows_page(request: HttpRequest) -> HttpResponse:
    """Show the workflows of one of the caller's workspaces, newest first."""
    place = place_of(request, request.GET.get("workspace", ""))
    if place is None:
        return error_page(request, NotFound())
    query = _text(request.GET.get("q", ""))
    after = _text(request.GET.get("after", "")) or None
    found = list_workflows(place.workspace.id, limit=PAGE + 1, query=query, after=after)
    shown = {
        "nav": "workflows",
        "workspace": place.workspace,
        "q": query,
        "after": after,
        "workflows": found[:PAGE],
        "more": found[PAGE - 1].id if len(found) > PAGE else "",
        "may_edit": place.role.allows(Permission.EDIT_WORKFLOWS),
    }
    return render(request, "pixelflow_site/workflows.html", shown)


@never_cache
@require_safe
@login_required
def workflow_page(request: HttpRequest, workflow_id: str) -> HttpResponse:
    """Show a workflow: its graph, what is wrong with it, how it is called."""
    place = find_place(request, workflow_id)
    return _page(request, place) if place else error_page(request, NotFound())


@never_cache
@require_POST
@login_required
def publish(request: HttpRequest, workflow_id: str) -> HttpResponse:
    """Publish the draft as the next version."""

    def change(place: Place) -> str:
        made = publish_workflow(
            actor=caller(request), workspace_id=place.workspace_id, workflow_id=workflow_id
        )
        return f"Published as version {made.number}. The API runs it from now on."

    return _do(request, workflow_id, change)


@never_cache
@require_POST
@login_required
def rename(request: HttpRequest, workflow_id: str) -> HttpResponse:
    """Change a workflow's name and description."""

    def change(place: Place) -> str:
        change_workflow(
            actor=caller(request),
            workspace_id=place.workspace_id,
            workflow_id=workflow_id,
            changes=WorkflowChanges(
                name=field(request, "name").strip(), description=field(request, "description")
            ),
            expected_revision=None,
        )
        return "Saved."

    return _do(request, workflow_id, change)


@never_cache
@require_POST
@login_required
def restore(request: HttpRequest, workflow_id: str) -> HttpResponse:
    """Copy a published version into the draft."""

    def change(place: Place) -> str:
        text = field(request, "number")
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
        restore_version(
            actor=caller(request),
            workspace_id=place.workspace_id,
            workflow_id=workflow_id,
            number=number,
        )
        return f"Version {number} is the draft now. What is published stays as it is."

    return _do(request, workflow_id, change)


@never_cache
@require_POST
@login_required
def delete(request: HttpRequest, workflow_id: str) -> HttpResponse:
    """Delete a workflow; its runs stay readable until their retention."""
    place = find_place(request, workflow_id)
    if place is None:
        return error_page(request, NotFound())
    try:
        delete_workflow(
            actor=caller(request), workspace_id=place.workspace_id, workflow_id=workflow_id
        )
    except PixelFlowError as error:
        return error_page(request, error)
    said = f"“{place.workflow.name}” is deleted. Calls of its API answer 404."
    return go_on(request, said, reverse("workflows"), workspace=place.workspace_id)


def find_place(request: HttpRequest, workflow_id: str) -> Place | None:
    """Return a workflow where the caller is a member: in the workspace named, else in any of theirs."""
    wanted = request.POST.get("workspace", "") or request.GET.get("workspace", "")
    for membership in list_workspaces_of(str(request.user.pk)):
        if wanted and membership.workspace.id != wanted:
            continue
        try:
            return Place(get_workflow(membership.workspace.id, workflow_id), membership)
        except NotFound:
            continue
    return None


def _do(request: HttpRequest, workflow_id: str, change: Change) -> HttpResponse:
    """Make a change and go on to the page, or show it with what stands in the way."""
    place = find_place(request, workflow_id)
    if place is None:
        return error_page(request, NotFound())
    try:
        said = change(place)
    except InvalidInputs as error:
        return _page(request, place, errors=errors_of(error), status=422)
    except InvalidGraph:
        messages.error(request, "The draft has problems. Fix what is listed, then publish again.")
        return redirect(place.path)
    except PixelFlowError as error:
        return error_page(request, error)
    messages.success(request, said)
    return redirect(place.path)


def _page(
    request: HttpRequest,
    place: Place,
    *,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    workflow = place.workflow
    draft = view_draft(workflow)
    drawing = _drawing(workflow)
    versions = list_versions(place.workspace_id, workflow.id, limit=VERSIONS)
    problems = [problem for problem in draft.problems if problem.get("level") != "warning"]
    shown = {
        "nav": "workflows",
        "place": place,
        "workflow": workflow,
        "workspace": place.membership.workspace,
        "drawing": drawing,
        "problems": [_told(problem, workflow) for problem in problems],
        "warnings": [
            _told(problem, workflow) for problem in draft.problems if problem not in problems
        ],
        "versions": versions,
        "is_ahead": _is_ahead(place),
        "origin": _origin(place),
        "template": find_own_template(place.workspace_id, workflow.id),
        "runs": list_runs_with_values(place.workspace_id, [workflow.id], limit=RUNS),
        "errors": errors or {},
        "name": field(request, "name") if errors else workflow.name,
        "description": field(request, "description") if errors else workflow.description,
        **_api(workflow, draft.schemas.inputs, draft.schemas.outputs),
    }
    return render(request, "pixelflow_site/workflow.html", shown, status=status)


def _api(
    workflow: WorkflowRef, inputs: Mapping[str, Any], outputs: Mapping[str, Any]
) -> dict[str, Any]:
    base = settings.PUBLIC_URL
    return {
        "snippets": call_snippets(base, workflow.id, sample_inputs(inputs, {})),
        "response": json.dumps(response_sample(outputs), ensure_ascii=False, indent=2),
        "endpoint": f"{base}/api/v1/workflows/{workflow.id}/execute",
    }


def _drawing(workflow: WorkflowRef) -> Drawing | None:
    """Return the draft as a picture; None for a row that got past the gate years ago."""
    try:
        return draw_graph(workflow.graph, get_catalogue(), title=f"Graph of {workflow.name}")
    except InvalidGraph:
        return None


def _origin(place: Place) -> Origin | None:
    origin = origin_of_workflow(place.workspace_id, place.workflow.id)
    return None if origin is None or origin.is_trial else origin


def _is_ahead(place: Place) -> bool:
    """Say whether the draft is another than what is published."""
    number = place.workflow.published_number
    if number is None:
        return False
    published = get_version(place.workspace_id, place.workflow.id, number)
    return bool(published.graph != place.workflow.graph)


def _told(problem: Mapping[str, str], workflow: WorkflowRef) -> dict[str, str]:
    """Return a problem with the name of the node that it is about."""
    parts = problem["path"].split("/")
    labels = {
        node["id"]: node.get("label") or node["id"]
        for node in workflow.graph.get("nodes", [])
        if isinstance(node, dict) and "id" in node
    }
    about = labels.get(parts[1], "") if parts[0] == "nodes" and len(parts) > 1 else ""
    return {"about": about, "message": problem["message"], "path": problem["path"]}


def _text(text: str) -> str:
    return text.replace("\x00", "").strip()[:MAX_QUERY]
