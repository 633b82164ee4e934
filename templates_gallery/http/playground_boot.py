"""What the playground's script begins with: one document in the page, and nothing secret in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token

from accounts.api import MembershipRef, Permission
from billing.api import get_balance
from executor.api import UPLOAD_LIMITS
from templates_gallery import conf
from templates_gallery.http.studio import RUNS
from templates_gallery.selectors.playground import Subject
from templates_gallery.types import ExampleMedia, ExampleValue, ExampleView

SIGN_UP = "/accounts/signup/"
SIGN_IN = "/accounts/login/"
PARALLEL = 3  # runs that one page follows side by side


@dataclass(frozen=True, slots=True)
class Place:
    """Where a playground's runs go: the caller's workspaces, and the chosen one; none for visitors."""

    memberships: tuple[MembershipRef, ...] = ()
    chosen: MembershipRef | None = None

    @property
    def workspace_id(self) -> str:
        """The chosen workspace's id; empty without one."""
        return self.chosen.workspace.id if self.chosen else ""

    def allows(self, permission: Permission) -> bool:
        """Say whether the caller may do something in the chosen workspace."""
        return self.chosen is not None and self.chosen.role.allows(permission)


@dataclass(frozen=True, slots=True)
class Start:
    """How a page begins: inputs to fill in (media as they are shown), and a run to show."""

    mode: str = "live"
    prefill: Mapping[str, Any] | None = None
    run: Mapping[str, Any] | None = None


def boot_of(request: HttpRequest, subject: Subject, place: Place, start: Start) -> dict[str, Any]:
    """Return the document that the script reads from `#boot`."""
    return {
        "subject": _subject(subject),
        "workspace": _membership(place.chosen) if place.chosen else None,
        "workspaces": [_membership(each) for each in place.memberships],
        "user": {"name": _name_of(request)} if request.user.is_authenticated else None,
        "inputs": _inputs(subject),
        "outputs": subject.output_schema,
        "nodes": [
            {"id": node.id, "label": node.label, "type": node.type, "credits": node.credits}
            for node in subject.nodes
        ],
        "estimate": _estimate(subject),
        "balance": get_balance(place.workspace_id).available if place.chosen else None,
        "examples": [_example(example) for example in subject.examples if example.outputs],
        "urls": _urls(subject, place),
        "api": _api(subject),
        "prefill": _prefill(start),
        "run": start.run,
        "csrf": {"header": "X-CSRFToken", "token": get_token(request)},
        "mode": start.mode,
        "limits": {**UPLOAD_LIMITS, "parallel": PARALLEL},
    }


def shown_media(media: ExampleMedia) -> dict[str, Any]:
    """Return a file of an example as results show files, with its name as an input."""
    shown = {
        "asset": media.asset,
        "url": media.url,
        "kind": media.kind,
        "mimeType": media.mime_type,
        "contentType": media.mime_type,
        "width": media.width,
        "height": media.height,
        "durationS": media.duration_s,
    }
    return {name: value for name, value in shown.items() if value is not None}


def shown_values(values: Iterable[ExampleValue]) -> dict[str, Any]:
    """Return inputs or outputs of an example by name, files with their addresses."""
    return {value.name: _shown(value) for value in values}


def _shown(value: ExampleValue) -> Any:
    if not value.media:
        return value.value
    files = [shown_media(media) for media in value.media]
    return files if isinstance(value.value, list) else files[0]


def _prefill(start: Start) -> dict[str, Any] | None:
    if start.prefill is None:
        return None
    if start.run is None:
        return {"inputs": start.prefill, "source": "link"}
    run = start.run["executionId"]
    return {"inputs": start.prefill, "source": "run", "executionId": run}


def _subject(subject: Subject) -> dict[str, Any]:
    return {
        "kind": subject.kind,
        "slug": subject.slug,
        "workflowId": subject.workflow_id,
        "title": subject.title,
        "version": subject.version,
        "description": subject.description,
        "typicalSeconds": subject.usual_ms / 1_000 or None,
    }


def _inputs(subject: Subject) -> dict[str, Any]:
    """Return the schema in the order of the graph, with a mark on texts of several lines."""
    properties = {
        name: {**schema, "x-order": order, **_multiline(subject, name)}
        for order, (name, schema) in enumerate(subject.input_schema.get("properties", {}).items())
    }
    return {**subject.input_schema, "properties": properties}


def _multiline(subject: Subject, name: str) -> dict[str, bool]:
    return {"x-multiline": True} if name in subject.multiline else {}


def _estimate(subject: Subject) -> dict[str, Any]:
    nodes = [
        {"nodeId": node.id, "type": node.type, "label": node.label, "credits": node.credits}
        for node in subject.nodes
        if node.credits
    ]
    return {
        "credits": subject.credits,
        "maxCredits": subject.max_credits,
        "nodes": nodes,
        "unavailable": list(subject.unavailable),
    }


def _example(example: ExampleView) -> dict[str, Any]:
    return {
        "title": example.title,
        "inputs": shown_values(example.inputs),
        "outputs": shown_values(example.outputs),
        "simulated": example.is_simulated,
    }


def _urls(subject: Subject, place: Place) -> dict[str, str | None]:
    asked = f"?workspace={place.workspace_id}"
    is_template = subject.kind == "template"
    pays = place.allows(Permission.MANAGE_BILLING)
    return {
        "api": f"{conf.public_url()}/api/v1",
        "runs": RUNS,
        "estimate": "/api/studio/playground/estimate",
        "files": "/api/studio/playground/files",
        "ws": "/ws/executions/{id}",
        "signUp": SIGN_UP,
        "signIn": SIGN_IN,
        "billing": f"/billing{asked}" if pays else None,
        "fork": f"/templates/{subject.slug}/fork" if is_template else None,
        "open": None if is_template else f"/workflows/{subject.workflow_id}{asked}",
        "template": f"/templates/{subject.slug}" if subject.slug else None,
        "shareBase": f"{conf.public_url()}/shared/",
        "docs": "/docs/api",
    }


def _api(subject: Subject) -> dict[str, str]:
    workflow = subject.workflow_id or "{workflowId}"
    return {"executeUrl": f"{conf.public_url()}/api/v1/workflows/{workflow}/execute"}


def _membership(membership: MembershipRef) -> dict[str, Any]:
    place = membership.workspace
    can_run = membership.role.allows(Permission.RUN)
    return {"id": place.id, "name": place.name, "canRun": can_run}


def _name_of(request: HttpRequest) -> str:
    return str(getattr(request.user, "display_name", "") or getattr(request.user, "email", ""))
