"""Runs that somebody starts by hand: of a template's trial, or of a workflow of their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts.api import Actor
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import InvalidInputs, Issue
from executor.api import (
    Accepted,
    Caller,
    ExecutionRequest,
    Trigger,
    accept_execution,
    estimate_json,
)
from templates_gallery.selectors.details import get_template
from templates_gallery.selectors.playground import find_listed_origin
from templates_gallery.services.example_files import ExampleFiles, is_asset
from templates_gallery.services.forks import ensure_trial
from templates_gallery.services.runs import record_run
from templates_gallery.types import VISITOR, TemplateDetail, Viewer
from workflows.api import find_published

OnStore = Callable[[Accepted], None]


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What to run, of a template (by slug) or of a workflow, and with what.

    Inputs are as the execute API takes them; files of the template's examples may stand there as
    `{"asset": name}`.
    """

    workspace_id: str
    template: str = ""
    workflow_id: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    mode: str = "live"
    max_credits: int | None = None


@dataclass(frozen=True, slots=True)
class _Ready:
    workflow_id: str
    inputs: Mapping[str, Any]
    template_id: str = ""  # of which it counts as a run


def start_run(
    order: RunOrder,
    *,
    actor: Actor,
    viewer: Viewer = VISITOR,
    on_store: OnStore = lambda _accepted: None,
    clock: Clock = SYSTEM_CLOCK,
) -> Accepted:
    """Accept a run from the playground; one of a template counts in its statistics.

    Runs of one's own template do not: nobody makes a template popular by themselves.

    `on_store` as that of `accept_execution`.

    Raises:
        NotFound, Gone: no such template, or none for this viewer; no such workflow here.
        InvalidInputs: a file that is none of the template's examples.
        PixelFlowError: as `ensure_trial` and `accept_execution`.
    """
    ready = _prepare(order, actor, viewer, clock)

    def stored(accepted: Accepted) -> None:
        on_store(accepted)
        if ready.template_id:
            record_run(
                template_id=ready.template_id,
                workspace_id=order.workspace_id,
                execution_id=accepted.execution_id,
                mode=order.mode,
                now=accepted.created_at,
            )

    request = ExecutionRequest(
        workspace_id=order.workspace_id,
        workflow_id=ready.workflow_id,
        version=None,
        inputs=ready.inputs,
        mode=order.mode,
        trigger=Trigger.PLAYGROUND,
        max_credits=order.max_credits,
        caller=Caller(actor.label),
    )
    return accept_execution(request, on_store=stored, clock=clock)


def price_run(
    order: RunOrder, *, actor: Actor, viewer: Viewer = VISITOR, clock: Clock = SYSTEM_CLOCK
) -> dict[str, Any]:
    """Return what the run would cost, as the API answers it.

    Raises:
        PixelFlowError: as `start_run`; inputs that lack are taken as unknown.
    """
    ready = _prepare(order, actor, viewer, clock)
    version = find_published(order.workspace_id, ready.workflow_id)
    return estimate_json(version, ready.inputs, mode=order.mode)


def _prepare(order: RunOrder, actor: Actor, viewer: Viewer, clock: Clock) -> _Ready:
    """Make the workflow that runs, and files of this workspace out of those of the examples."""
    if not order.template:
        return _Ready(order.workflow_id, _with_files(order, None, clock))
    detail = get_template(order.template, viewer=viewer)
    trial = ensure_trial(
        actor=actor,
        workspace_id=order.workspace_id,
        slug=order.template,
        viewer=viewer,
        clock=clock,
    )
    is_own = detail.is_own or detail.workspace_id == order.workspace_id
    counted = "" if is_own else trial.template_id
    return _Ready(trial.workflow_id, _with_files(order, detail, clock), counted)


def _with_files(order: RunOrder, detail: TemplateDetail | None, clock: Clock) -> Mapping[str, Any]:
    """Return the inputs with files in place of assets.

    Raises:
        InvalidInputs: with an issue for each that is no file of an example.
    """
    if not any(_has_asset(value) for value in order.inputs.values()):
        return order.inputs
    if detail is None:
        detail = find_listed_origin(order.workspace_id, order.workflow_id)
    files = ExampleFiles(order.workspace_id, detail.version if detail else None, clock)
    given = {name: files.take(value, at=f"/inputs/{name}") for name, value in order.inputs.items()}
    if files.missing:
        raise InvalidInputs(
            [
                Issue(at, "not_found", "There is no such file in the examples.")
                for at in files.missing
            ]
        )
    return given


def _has_asset(value: object) -> bool:
    if isinstance(value, list):
        return any(_has_asset(item) for item in value)
    return is_asset(value)
