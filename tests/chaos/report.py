"""What came of it all, asked of the database alone."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from executor.models import Attempt, Execution, NodeResults, Task
from executor.selectors.invariants import check_invariants
from executor.services.media_check import find_wrong_objects
from executor.types import AttemptState, ExecutionStatus
from tests.chaos.cases import BY_NAME
from tests.chaos.loader import result_of


def count_all() -> dict[str, int]:
    """Statuses of all runs."""
    rows = Execution.objects.across_workspaces().values_list("status", flat=True)
    return dict(Counter(rows))


def durations(execution_ids: list[str]) -> list[float]:
    """How many seconds these runs took from accepting to their ends."""
    rows = Execution.objects.across_workspaces().filter(pk__in=execution_ids)
    times = rows.values_list("created_at", "finished_at")
    return [(finished - created).total_seconds() for created, finished in times if finished]


def final_report(prepared: dict[str, Any], journal: Path, paid: dict[str, int]) -> dict[str, Any]:
    """Return counts, broken invariants, lost runs, and runs that gave something else."""
    findings = [*check_invariants(), find_wrong_objects()]
    by_rule = {finding.rule: finding.broken for finding in findings}
    answered = journal.read_text().split() if journal.exists() else []
    known = set(Execution.objects.across_workspaces().values_list("pk", flat=True))
    roots = Execution.objects.across_workspaces().filter(parent_id=None)
    wrong = _different(prepared)
    return {
        "accepted": roots.count(),
        "answered": len(answered),
        "lost": sorted(set(answered) - known),
        "statuses": dict(Counter(roots.values_list("status", flat=True))),
        "finished_twice": by_rule["a final run has told of it once"],
        "nodes_twice": by_rule["each node is stored once"],
        "nodes": sum(len(row.items) for row in NodeResults.objects.iterator()),
        "taken_over": Task.objects.filter(fence__gt=1).count(),
        "attempts": {
            f"{provider} {state}": number
            for (provider, state), number in sorted(
                Counter(Attempt.objects.values_list("provider", "state")).items()
            )
        },
        "paid_twice": _paid_twice(paid),
        "paid_for_nothing": _paid_for_nothing(paid),
        "different": wrong,
        "invariants": len(findings),
        "broken": [asdict(finding) for finding in findings if finding.broken],
    }


def _paid_twice(paid: dict[str, int]) -> dict[str, int]:
    """Return by provider how many nodes of runs were paid for more than once, whoever asked."""
    times: Counter[tuple[str, str, str]] = Counter()
    for attempt in Attempt.objects.iterator():
        times[attempt.provider, attempt.task_id, attempt.node_id] += paid.get(attempt.client_ref, 0)
    twice = {provider: 0 for provider, _, _ in times}
    for (provider, _, _), number in times.items():
        twice[provider] += number > 1
    return twice


def _paid_for_nothing(paid: dict[str, int]) -> dict[str, int]:
    """Return by provider how many paid jobs no run has the result of."""
    done = Attempt.objects.filter(state=AttemptState.DONE)
    known = set(done.values_list("client_ref", flat=True))
    by_ref = dict(Attempt.objects.values_list("client_ref", "provider"))
    return dict(Counter(by_ref.get(ref, "nobody") for ref in paid if ref not in known))


def _different(prepared: dict[str, Any]) -> list[Any]:
    """Return runs that ended otherwise than an undisturbed run of the same case."""
    wrong = []
    for row in Execution.objects.across_workspaces().filter(parent_id=None).iterator():
        case = BY_NAME[(row.metadata or {})["case"]]
        if case.cancel and row.status == ExecutionStatus.CANCELLED:
            continue
        found = result_of(row.workspace_id, row.id)
        if case.may_fail and found["error"][0] == case.may_fail:
            continue
        if found != prepared["expected"][case.name]:
            wrong.append([row.id, case.name, found["status"], found["error"]])
    return wrong
