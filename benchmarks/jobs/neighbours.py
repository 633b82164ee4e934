"""One workspace that sends a run now and then, beside another that is silent, at work or crowded (P16).

`neighbours queue LOAD` makes the other workspace and accepts what it has queued; `neighbours send
LOAD ID` sends the runs and prints how long each waited, while a worker runs elsewhere; `neighbours
here LOAD` does all of it, with a worker in this process.
"""

import json
import secrets
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.api import (
    LIMIT_NAMES,
    SYSTEM_ACTOR,
    override_limits,
)
from benchmarks.graphs import text
from benchmarks.jobs.access import Access
from benchmarks.jobs.seed import NO_LIMIT
from billing.api import open_workspace
from common.clock import utc_now
from executor import dispatch
from executor.api import start_worker
from executor.models import Execution, Task
from executor.types import OPEN_STATUSES
from workflows.api import create_workflow, publish_workflow

QUEUED = 10_000
AT_ONCE = 500  # accepted in one transaction
RUNNING_AT_ONCE = {"limited": 20}
HANDFUL = 5  # runs that a normal load adds each time that the neighbour sends one
SENT = 100
EVERY_S = 0.1
ALONE_S = 3.0  # for which the crowded one has the worker to itself
GIVE_UP_S = 60.0


def main(mode: str, load: str, crowded: str = "") -> None:
    """Print what came of it."""
    steps = {"queue": _queue, "here": _here, "send": lambda load: _send(load, crowded)}
    print(json.dumps(steps[mode](load)), flush=True)


def _queue(load: str) -> dict[str, Any]:
    crowded = _make_workspace(load)
    if load in {"queued", "limited"}:
        for _ in range(QUEUED // AT_ONCE):
            with transaction.atomic():
                _accept_some(crowded, AT_ONCE)
    return {"crowded": json.dumps(crowded.ids)}


def _here(load: str) -> dict[str, Any]:
    crowded = _queue(load)["crowded"]
    worker = start_worker()
    found = _send(load, crowded)
    worker.stop()
    return found


def _make_workspace(load: str) -> Access:
    workspace = open_workspace(
        actor=SYSTEM_ACTOR, name=load, owner_email="crowd@example.com", credits=NO_LIMIT
    )
    limits = dict.fromkeys(LIMIT_NAMES, NO_LIMIT)
    limits["runningAtOnce"] = RUNNING_AT_ONCE.get(load, NO_LIMIT)
    override_limits(actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits=limits)
    made = create_workflow(actor=SYSTEM_ACTOR, workspace_id=workspace.id, name="text", graph=text())
    publish_workflow(actor=SYSTEM_ACTOR, workspace_id=workspace.id, workflow_id=made.id)
    return Access({"workspace": workspace.id, "text": made.id})


def _send(load: str, crowded_ids: str) -> dict[str, Any]:
    access, crowded = Access(), Access(json.loads(crowded_ids))
    time.sleep(ALONE_S)
    alone = _rate(crowded, utc_now() - timedelta(seconds=ALONE_S / 2))
    began = utc_now()
    sent = []
    for _ in _ticks():
        if load == "normal":
            _accept_some(crowded, HANDFUL)
        sent += _accept_some(access, 1)
    beside = _rate(crowded, began)
    left = Task.objects.filter(workspace_id=crowded.workspace_id, state__in=("ready", "held"))
    found = {"waitsS": _waits(access, sent), "alonePerS": alone, "besidePerS": beside}
    found["left"] = left.count()
    left.delete()
    dispatch.get_broker().flush("runs")
    return found


def _ticks() -> Iterator[int]:
    due = time.monotonic()
    for number in range(SENT):
        time.sleep(max(0.0, due - time.monotonic()))
        yield number
        due += EVERY_S


def _accept_some(access: Access, count: int) -> list[str]:
    return [access.accept_run("text", {"text": secrets.token_hex(8)}) for _ in range(count)]


def _rate(access: Access, since: datetime) -> float:
    ended = Execution.objects.of(access.workspace_id).filter(finished_at__gte=since)
    return ended.count() / (utc_now() - since).total_seconds()


def _waits(access: Access, sent: list[str]) -> list[float]:
    """Return the seconds from the acceptance of each run to its first claim."""
    rows = Execution.objects.of(access.workspace_id).filter(pk__in=sent)
    deadline = time.monotonic() + GIVE_UP_S
    while rows.filter(status__in=sorted(OPEN_STATUSES)).exists():
        if time.monotonic() > deadline:
            raise RuntimeError("the runs did not end")
        time.sleep(EVERY_S)
    times = rows.values_list("created_at", "started_at")
    return [(started - created).total_seconds() for created, started in times if started]
