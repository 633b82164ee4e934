"""`python -m tests.durability.seed COMMAND`: makes runs and reports on them, from its own process."""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import django

django.setup()

from PIL import Image  # noqa: E402

from accounts.api import SYSTEM_ACTOR  # noqa: E402
from billing.api import open_workspace  # noqa: E402
from executor.models import Execution, ExecutionEvent, NodeResults, Task  # noqa: E402
from executor.services.files import take_upload  # noqa: E402
from tests.executor.runs import accept, publish  # noqa: E402
from tests.factories import ample  # noqa: E402
from tests.graphs import graph  # noqa: E402

BLURS = 6


def slow_graph():
    """Blurs in a row, each some tens of milliseconds, with a costly node in the middle."""
    nodes: dict[str, Any] = {"i": ("input.image", {"name": "photo"})}
    edges, before = [], "i.value"
    for index in range(BLURS):
        nodes[f"n{index}"] = (
            ("image.text", {"text": "x"}) if index == 3 else ("image.blur", {"radius": 30})
        )
        edges.append(f"{before} -> n{index}.image")
        before = f"n{index}.image"
    nodes["o"] = ("output", {"name": "image"})
    return graph(nodes, [*edges, f"{before} -> o.value"])


def seed(count: str) -> list[str]:
    """Accept runs; returns their ids."""
    workspace = open_workspace(
        actor=SYSTEM_ACTOR, name="Durable", owner_email="durable@example.com"
    )
    ample(workspace)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.png"
        Image.effect_noise((1400, 1400), 90).convert("RGB").save(path, compress_level=1)
        photo = take_upload(workspace_id=workspace.id, source=path)
    workflow = publish(workspace, slow_graph())
    inputs = {"photo": {"fileId": photo.id}}
    return [accept(workspace, workflow, inputs).execution_id for _ in range(int(count))]


def report() -> dict[str, object]:
    """Statuses, and what would show that something ran to its end twice."""
    executions = Execution.objects.across_workspaces()
    finals = Counter(
        row.execution_id
        for row in ExecutionEvent.objects.all()
        for item in row.items
        if item["type"] == "final"
    )
    runs = Counter(
        (row.execution_id, item[0]) for row in NodeResults.objects.all() for item in row.items
    )
    return {
        "statuses": Counter(executions.values_list("status", flat=True)),
        "finals": sorted(finals.values()),
        "twice": sum(1 for times in runs.values() if times > 1),
        "nodes": sum(runs.values()),
        "taken_over": Task.objects.filter(fence__gt=1).count(),
        "open": executions.filter(status__in=("QUEUED", "RUNNING")).count(),
        "running": Task.objects.filter(state="running").count(),
    }


if __name__ == "__main__":
    answer = seed(sys.argv[2]) if sys.argv[1] == "seed" else report()
    sys.stdout.write(json.dumps(answer) + "\n")
