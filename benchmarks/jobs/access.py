"""What the seed made, in a process of its own: accepting runs and looking at them."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.processes import ACCESS_KEY
from executor.api import ExecutionRequest, Trigger, accept_execution
from executor.models import Execution, Task


class Access:
    """A workspace and its workflows: the seeded ones, handed over by the benchmark's process."""

    def __init__(self, ids: dict[str, str] | None = None) -> None:
        self.ids: dict[str, str] = ids or json.loads(os.environ[ACCESS_KEY])
        self.workspace_id = self.ids["workspace"]

    def accept_run(self, name: str, inputs: Mapping[str, Any]) -> str:
        """Accept a run; return its id."""
        request = ExecutionRequest(
            workspace_id=self.workspace_id,
            workflow_id=self.ids[name],
            version=None,
            inputs=inputs,
            mode="live",
            trigger=Trigger.API,
        )
        return accept_execution(request).execution_id

    def accept(self, name: str, inputs: Mapping[str, Any]) -> str:
        """Accept a run that begins with one task; return the task's id."""
        execution = self.accept_run(name, inputs)
        return Task.objects.values_list("pk", flat=True).get(execution_id=execution)

    def check_completed(self, tasks: Sequence[str]) -> None:
        """Make sure that the measured work was done.

        Raises:
            RuntimeError: a run did not complete.
        """
        for task in tasks:
            execution = Execution.objects.of(self.workspace_id).get(
                pk=Task.objects.values_list("execution_id", flat=True).get(pk=task)
            )
            if execution.status != "COMPLETED":
                raise RuntimeError(f"a run ended {execution.status}: {execution.error}")
