"""One run that is over and one that nobody has begun, to be polled (P7)."""

import json

from benchmarks.jobs.access import Access
from executor.models import Task
from executor.runtime.perform import Performer


def main() -> None:
    """Print their ids."""
    access = Access()
    task = Task.objects.get(pk=access.accept("text", {"text": "word"}))
    Performer("bench").perform(task.pk)
    queued = access.accept_run("text", {"text": "another word"})
    print(json.dumps({"final": task.execution_id, "queued": queued}), flush=True)
