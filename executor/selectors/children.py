"""Reads of the runs that a run's nodes start."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Sum

from executor.engine.plan import Plan
from executor.engine.state import RunState
from executor.engine.step import TaskSpec
from executor.models import Execution, NodeResults, Task
from executor.selectors.planning import plan_of
from executor.selectors.records import presenter_of, records_of, run_record
from executor.types import OPEN_STATUSES


def find_newest_child(execution_id: str, task_id: str) -> Execution | None:
    """Return the run that a task has started last, of a loop the newest round; None before."""
    rows = Execution.objects.across_workspaces().filter(
        parent_id=execution_id, parent_task_id=task_id
    )
    return rows.order_by("-iteration").first()


def list_open_children(execution_id: str) -> list[str]:
    """Return the runs under way that a run's nodes have started."""
    rows = Execution.objects.across_workspaces().filter(
        parent_id=execution_id, status__in=OPEN_STATUSES
    )
    return list(rows.values_list("pk", flat=True))


def find_predecessor(parent: Execution, spec: TaskSpec, iteration: int) -> Execution | None:
    """Return the run that was started at this place of the run that the parent retries, if any."""
    same = Task.objects.filter(execution_id=parent.retry_of, segment=spec.segment, start=spec.start)
    rows = Execution.objects.of(parent.workspace_id).filter(
        parent_id=parent.retry_of, parent_task_id__in=same.values("pk"), iteration=iteration
    )
    return rows.first()


def get_call_charge(execution_id: str, task_id: str) -> int:
    """Return what the runs of a call's task were charged, all rounds of a loop together."""
    rows = Execution.objects.across_workspaces().filter(
        parent_id=execution_id, parent_task_id=task_id
    )
    return int(rows.aggregate(charged=Sum("charged_credits"))["charged"] or 0)


def list_call_charges(execution_id: str, plan: Plan) -> dict[str, int]:
    """Return what the runs of a run's nodes were charged, by the node; those of 0 too."""
    rows = Execution.objects.across_workspaces().filter(parent_id=execution_id)
    charged = dict(rows.values_list("parent_task_id").annotate(charged=Sum("charged_credits")))
    segments = Task.objects.filter(pk__in=charged).values_list("pk", "segment")
    found: dict[str, int] = {}
    for task_id, segment in segments:
        (node_id,) = plan.segments[segment].node_ids
        found[node_id] = found.get(node_id, 0) + charged[task_id]
    return found


def get_output_forms(execution: Execution) -> Mapping[str, Mapping[str, Any]]:
    """Return the outputs of a finished run by name, in stored form; what was not given is left out."""
    plan, state = plan_of(execution.version_id), RunState.from_json(execution.state)
    records = records_of(NodeResults.objects.filter(execution_id=execution.id))
    return presenter_of(execution, plan, state).output_forms(run_record(execution), records)
