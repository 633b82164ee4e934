"""Retrying a run: a new one that takes over what had completed, and pays only for the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Conflict, InvalidGraph, Issue
from common.ids import new_id
from executor.engine.digests import content_digest
from executor.engine.payload import NodeRecord
from executor.engine.plan import Plan
from executor.errors import ExecutionNotFound
from executor.models import Execution, NodeResults
from executor.selectors.planning import plan_of
from executor.selectors.records import records_of
from executor.services.accept import OnStore, accept_run
from executor.services.cache import file_ids, use_files
from executor.services.inputs import InputReader
from executor.services.known import REDO
from executor.services.shedding import shedder
from executor.types import SYSTEM_CALLER, Accepted, Caller, ExecutionStatus, Trigger
from workflows.api import get_workflow, interface_of_version

_ASKED = ("cache", "keep", "maxCredits")  # of the options; the others came of the run itself


@dataclass(frozen=True, slots=True)
class RetryRequest:
    """What a caller asks for: `from_node` and all behind it anew, `inputs` laid over the old ones."""

    workspace_id: str
    execution_id: str
    mode: str
    from_node: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    trigger: Trigger = Trigger.API
    caller: Caller = SYSTEM_CALLER


def retry_execution(
    request: RetryRequest, *, on_store: OnStore | None = None, clock: Clock = SYSTEM_CLOCK
) -> Accepted:
    """Store a new run of the same version; workers are rung on commit, if any have to work.

    It has the `maxCredits` of the run before. `on_store` as `accept_execution`.

    Raises:
        NotFound: no such run here, or its workflow is deleted.
        Conflict: it is not over yet, or was made in the other mode.
        InvalidGraph: there is no such node.
        InvalidInputs: inputs that do not fit, or old ones whose files are gone.
        PaymentRequired, LimitExceeded: as `accept_execution`.
        Unavailable: too many runs wait already.
    """
    shedder.check(request.trigger.priority)
    before = _get_final(request)
    get_workflow(before.workspace_id, before.workflow_id)
    plan = plan_of(before.version_id)
    if request.from_node is not None and request.from_node not in plan.graph.by_id:
        at = f"nodes/{request.from_node}"
        raise InvalidGraph([Issue(at, "not_found", "There is no such node in this version.")])
    reader = InputReader(request.workspace_id, clock)
    old = {name: _as_given(form) for name, form in before.inputs.items()}
    given = {**old, **request.inputs}
    inputs = reader.read(interface_of_version(before.version_id), given)
    execution = _execution(request, before, plan, inputs, clock)
    return accept_run(
        execution, plan, reader, caller=request.caller, on_store=on_store, clock=clock
    )


def _get_final(request: RetryRequest) -> Execution:
    rows = Execution.objects.of(request.workspace_id)
    before = rows.filter(pk=request.execution_id, parent_id=None).first()
    if before is None:
        raise ExecutionNotFound
    if not before.status_is_final:
        raise Conflict("This execution is not over yet; cancel it, or wait for its end.")
    if before.mode != request.mode:
        raise Conflict(f"This execution was made in {before.mode} mode; retry it with such a key.")
    return before


def _execution(
    request: RetryRequest, before: Execution, plan: Plan, inputs: Mapping[str, Any], clock: Clock
) -> Execution:
    options = {name: before.options[name] for name in _ASKED if name in before.options}
    roots = {
        node.id for node in plan.inputs if _has_changed(str(node.params["name"]), before, inputs)
    }
    roots |= nodes_without_files(before, clock)
    roots |= {request.from_node} if request.from_node is not None else set()
    return Execution(
        id=new_id("exec"),
        workspace_id=before.workspace_id,
        workflow_id=before.workflow_id,
        version_id=before.version_id,
        version_number=before.version_number,
        status=ExecutionStatus.QUEUED,
        priority=request.trigger.priority,
        mode=before.mode,
        trigger=request.trigger,
        key_id=request.caller.key_id,
        inputs=inputs,
        options={**options, REDO: sorted(roots)},
        metadata=before.metadata,
        callback_url=before.callback_url,
        retry_of=before.id,
        created_at=clock.now(),
    )


def _has_changed(name: str, before: Execution, inputs: Mapping[str, Any]) -> bool:
    old, new = before.inputs.get(name), inputs[name]
    if old == new:
        return False
    digest = content_digest(new)
    return old is None or digest is None or digest != content_digest(old)


def nodes_without_files(before: Execution, clock: Clock) -> set[str]:
    """Return the nodes some of whose files were deleted meanwhile: they have to make them anew."""
    stored = records_of(NodeResults.objects.filter(execution_id=before.id))
    wanted = {id_ for record in stored for id_ in _files_of(record)}
    alive = use_files(before.workspace_id, wanted, now=clock.now())
    return {record.node_id for record in stored if not alive.issuperset(_files_of(record))}


def _files_of(record: NodeRecord) -> Sequence[str]:
    return list(file_ids(record.outputs.values()))


def _as_given(form: Mapping[str, Any]) -> Any:
    """Return an input as a caller would give it."""
    if "m" in form:
        return {"fileId": form["m"]["file_id"]}
    if "u" in form:
        return {"url": form["u"]["url"]}
    if "l" in form:
        return [None if item is None else _as_given(item) for item in form["l"]]
    return form.get("v")
