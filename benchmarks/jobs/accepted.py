"""Waiting for the end of the runs that a crowd had accepted, and counting them (P15).

`accepted FILE` takes the ids of the answers 202 from a file of JSON. All runs since the first of
them are counted, so one that nobody was told of is found too.
"""

import json
import time
from pathlib import Path
from typing import Any

from django.db.models import Count, Max

from benchmarks.jobs.access import Access
from executor.models import Execution, NodeResults
from executor.types import OPEN_STATUSES

LOOK_EVERY_S = 0.2
GIVE_UP_S = 300.0


def main(file: str) -> None:
    """Print what is there beside what was answered."""
    told = set(json.loads(Path(file).read_text("ascii")))
    rows = Execution.objects.of(Access().workspace_id).filter(pk__gte=min(told))
    deadline = time.monotonic() + GIVE_UP_S
    while rows.filter(status__in=sorted(OPEN_STATUSES)).exists():
        if time.monotonic() > deadline:
            raise RuntimeError("the accepted runs did not end")
        time.sleep(LOOK_EVERY_S)
    print(json.dumps(_counts(told)), flush=True)


def _counts(told: set[str]) -> dict[str, Any]:
    rows = Execution.objects.of(Access().workspace_id).filter(pk__gte=min(told))
    found = set(rows.values_list("pk", flat=True))
    span = rows.aggregate(accepted=Max("created_at"), final=Max("finished_at"))
    results = NodeResults.objects.filter(execution_id__gte=min(told))
    stored = results.values("execution_id").annotate(rows=Count("pk"))
    return {
        "told": len(told),
        "there": len(found),
        "lost": len(told - found),
        "untold": len(found - told),
        "completed": rows.filter(status="COMPLETED").count(),
        "twice": stored.filter(rows__gt=1).count(),
        "drainS": (span["final"] - span["accepted"]).total_seconds(),
    }
