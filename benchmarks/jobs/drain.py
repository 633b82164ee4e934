"""Accepting many runs while no worker runs, and seeing them through (P3).

`drain accept N` accepts alone and prints the first id; `drain watch N ID` waits until the
runs from that id on are final; `drain here N` accepts, starts a worker in this process, waits.
"""

import json
import secrets
import time
from typing import Any

from django.db.models import Max, Min, QuerySet

from benchmarks.jobs.access import Access
from executor.api import start_worker
from executor.models import Execution

LOOK_EVERY_S = 0.1
GIVE_UP_S = 300.0


def main(mode: str, count: str, first: str = "") -> None:
    """Print what came of it."""
    steps = {"accept": _accept, "here": _drain_here, "watch": _watch}
    print(json.dumps(steps[mode](Access(), int(count), first)), flush=True)


def _accept(access: Access, count: int, _first: str) -> dict[str, Any]:
    words = [f"{secrets.token_hex(4)} {index}" for index in range(count)]  # or the cache answers
    began = time.perf_counter()
    ids = [access.accept_run("text", {"text": word}) for word in words]
    return {"first": ids[0], "acceptedPerS": count / (time.perf_counter() - began)}


def _drain_here(access: Access, count: int, _first: str) -> dict[str, Any]:
    found = _accept(access, count, "")
    cpu_s = time.process_time()
    worker = start_worker()
    found |= _watch(access, count, found["first"])
    found["cpuMs"] = (time.process_time() - cpu_s) / count * 1_000
    worker.stop()
    return found


def _watch(access: Access, count: int, first: str) -> dict[str, Any]:
    """Wait for the end; the rate is from the first claim to the last final status, by the rows."""
    rows = Execution.objects.of(access.workspace_id).filter(pk__gte=first)
    deadline = time.monotonic() + GIVE_UP_S
    while _count_completed(rows) < count:
        if time.monotonic() > deadline:
            raise RuntimeError("the queue did not drain")
        time.sleep(LOOK_EVERY_S)
    span = rows.aggregate(begin=Min("started_at"), end=Max("finished_at"))
    return {"perS": count / (span["end"] - span["begin"]).total_seconds()}


def _count_completed(rows: QuerySet[Execution]) -> int:
    return rows.filter(status="COMPLETED").count()
