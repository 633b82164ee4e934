"""Runs that nobody begins, to be followed and then cancelled (P8)."""

import json

from django.db import transaction

from accounts.api import LIMIT_NAMES, SYSTEM_ACTOR, override_limits
from benchmarks.jobs.access import Access
from benchmarks.jobs.seed import NO_LIMIT
from executor.services.places import take_place


def main(count: str) -> None:
    """Take the one place that the workspace has, so that its runs are held; print their ids."""
    access = Access()
    limits = dict.fromkeys(LIMIT_NAMES, NO_LIMIT) | {"runningAtOnce": 1}
    override_limits(actor=SYSTEM_ACTOR, workspace_id=access.workspace_id, limits=limits)
    with transaction.atomic():
        take_place(access.workspace_id)
    runs = [access.accept_run("text", {"text": "word"}) for _ in range(int(count))]
    print(json.dumps(runs), flush=True)
