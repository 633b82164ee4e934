"""`python -m tests.provider.seed COMMAND`: makes remote runs and reports on them, from its own process."""

import json
import sys
from collections import Counter

import django

django.setup()

from accounts.api import SYSTEM_ACTOR, override_limits  # noqa: E402
from billing.api import open_workspace  # noqa: E402
from executor.models import Attempt, Execution, ExecutionEvent, Task  # noqa: E402
from tests.executor.runs import accept, publish  # noqa: E402
from tests.factories import AMPLE_LIMITS  # noqa: E402
from tests.provider.course import asking  # noqa: E402


def seed(styles: str, count: str) -> dict[str, list[str]]:
    """Accept runs of each style; returns their ids."""
    workspace = open_workspace(
        actor=SYSTEM_ACTOR, name="Remote", owner_email="remote@example.com", credits=1_000_000
    )
    limits = {**AMPLE_LIMITS, "runningAtOnce": 10_000}
    override_limits(actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits=limits)
    flows = {style: publish(workspace, asking(style)) for style in styles}
    return {
        style: [accept(workspace, flow, {"prompt": "tea"}).execution_id for _ in range(int(count))]
        for style, flow in flows.items()
    }


def report() -> dict[str, object]:
    """Where runs and attempts stand, by provider, and what would show that one ended twice."""
    providers = dict(Attempt.objects.values_list("execution_id", "provider"))
    runs = Execution.objects.across_workspaces().values_list("id", "status", "error")
    finals = Counter(
        row.execution_id
        for row in ExecutionEvent.objects.all()
        for item in row.items
        if item["type"] == "final"
    )
    by_style = Counter(
        f"{providers.get(id_, 'test_?')[-1]} {(error or {}).get('code', status)}"
        for id_, status, error in runs
    )
    return {
        "runs": by_style,
        "open": sum(1 for _, status, _ in runs if status in ("QUEUED", "RUNNING")),
        "finals": max(finals.values(), default=0),
        "attempts": Counter(Attempt.objects.values_list("state", flat=True)),
        "numbers": max(Attempt.objects.values_list("number", flat=True), default=0),
        "fences": max(Task.objects.values_list("fence", flat=True), default=0),
    }


if __name__ == "__main__":
    answer = seed(*sys.argv[2:]) if sys.argv[1] == "seed" else report()
    sys.stdout.write(json.dumps(answer) + "\n")
