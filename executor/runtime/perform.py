"""From a doorbell to a finished task: claim, run, store, and on to what became ready."""

import logging
import secrets
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.db import Error as DatabaseError

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import TooLarge, UnsupportedMediaType
from common.fetch import FetchError, fetch
from executor import conf
from executor.engine.codec import ABSENT, decode, encode, is_kept
from executor.engine.plan import Plan
from executor.engine.segment import SegmentRunner
from executor.errors import LeaseLost
from executor.media.errors import MediaRejected
from executor.media.types import MediaLimits
from executor.models import Execution, File, Task
from executor.runtime.bench import TaskBench
from executor.runtime.running import Cancellation, RunningTask, RunningTasks
from executor.selectors import runs
from executor.selectors.planning import plan_of
from executor.services.claims import Claim, claim_next, claim_of, claim_task, hand_back
from executor.services.files import file_kind, import_media, media_of
from executor.services.results import (
    TaskReport,
    finish,
    finish_fetch,
    store_progress,
    tell_progress,
)
from executor.services.transitions import FETCH_SEGMENT
from executor.types import RunError
from workflows.catalogue.errors import NodeCancelled

logger = logging.getLogger(__name__)

COMMIT_EVERY_S = 1.0
ON_OWN_FOR_S = 20.0  # then the rest of a run is left to whoever is free


class Performer:
    """Performs tasks for one worker process; safe to use from many threads."""

    def __init__(self, owner: str, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.owner = owner
        self.clock = clock
        self.running = RunningTasks()
        self.is_stopping = False

    def perform_next(self, queue: str) -> None:
        """Claim the task of a queue whose turn it is, and perform it; nothing if there is none."""
        claimed = claim_next(queue=queue, owner=self.owner, clock=self.clock)
        if claimed is not None:
            self._perform(*claimed)

    def perform(self, task_id: str) -> None:
        """Claim a certain task and perform it, unless somebody has it or it was done long ago."""
        claimed = claim_task(task_id=task_id, owner=self.owner, clock=self.clock)
        if claimed is not None:
            self._perform(*claimed)

    def _perform(self, claim: Claim, execution: Execution) -> None:
        """Run a claimed task, then go on with what it made ready in the same run."""
        began_at = self.clock.now()
        following = self._perform_one(claim, execution)
        while following is not None:
            claim = claim_of(following)
            elapsed_s = (self.clock.now() - began_at).total_seconds()
            if self.is_stopping or elapsed_s > ON_OWN_FOR_S:
                hand_back(claim=claim, clock=self.clock)
                return
            following = self._perform_one(claim, runs.get_execution_row(execution.id))

    def _perform_one(self, claim: Claim, execution: Execution) -> Task | None:
        cancellation = self.running.add(claim, execution.id)
        try:
            if claim.spec.segment == FETCH_SEGMENT:
                return self._fetch_inputs(claim, execution, cancellation)
            return self._run_segment(claim, execution, cancellation)
        except (LeaseLost, NodeCancelled):
            logger.info("task dropped", extra={"action": "task_dropped", "task": claim.task_id})
            return None
        except DatabaseError:
            # The lease runs out by itself and another try finds everything as it was.
            logger.exception("task not stored", extra={"action": "task_not_stored"})
            return None
        finally:
            self.running.remove(claim)

    def _run_segment(
        self, claim: Claim, execution: Execution, cancellation: Cancellation
    ) -> Task | None:
        plan = plan_of(execution.version_id)
        bench = TaskBench(
            plan=plan,
            workspace_id=execution.workspace_id,
            execution_id=execution.id,
            keep_all=execution.options["keep"] == "all",
            cancellation=cancellation,
            tell=partial(self._tell, claim, cancellation),
            clock=self.clock,
        )
        report = TaskReport()
        taken_over = self._taken_over(claim, execution, plan, report)
        outer = _outer_values(plan, claim, execution)
        runner = SegmentRunner(plan, claim.spec, outer, bench, self.clock, taken_over)
        stored_at = self.clock.now()
        for outcome in runner.run():
            report.add(outcome, plan)
            if self._is_due(stored_at):
                self._settle(report, bench)
                store_progress(claim=claim, report=report, clock=self.clock)
                stored_at = self.clock.now()
        self._settle(report, bench)
        return finish(claim=claim, report=report, clock=self.clock)

    def _tell(self, claim: Claim, cancellation: Cancellation, node_id: str, done: float) -> None:
        """Tell how far a node is; that this cannot be stored now is no failure of the node."""
        try:
            tell_progress(claim, node_id, done, clock=self.clock)
        except LeaseLost:
            cancellation.set()
            cancellation.check()
        except DatabaseError as error:
            logger.warning("progress not told: %s", error, extra={"action": "progress_not_told"})

    def _is_due(self, stored_at: Any) -> bool:
        return bool((self.clock.now() - stored_at).total_seconds() > COMMIT_EVERY_S)

    def _settle(self, report: TaskReport, bench: TaskBench) -> None:
        for outcome in report.outcomes:
            outcome.outputs = bench.settle(outcome.outputs)
        report.files = bench.take_files()

    def _taken_over(
        self, claim: Claim, execution: Execution, plan: Plan, report: TaskReport
    ) -> Mapping[str, Mapping[str, Any] | None]:
        """Return what earlier tries at the task have stored, and enter it into the report."""
        if claim.fence == 1:
            return {}
        found: dict[str, Mapping[str, Any] | None] = {}
        stored = runs.list_records(
            execution.id, segments=[claim.spec.segment], start=claim.spec.start
        )
        for record in stored:
            report.add_stored(record, plan)
            whole = all(is_kept(form) for form in record.outputs.values())
            found[record.node_id] = (
                {port: decode(form) for port, form in record.outputs.items()} if whole else None
            )
        # The next row comes behind all of them; there are at least as many records as rows.
        report.partial_commits = len(stored)
        return found

    def _fetch_inputs(
        self, claim: Claim, execution: Execution, cancellation: Cancellation
    ) -> Task | None:
        """Fetch the inputs that are URLs, one after the other."""
        plan = plan_of(execution.version_id)
        fetched, error = dict(execution.inputs), None
        files: list[File] = []
        try:
            for node in plan.inputs:
                name = str(node.params["name"])
                if name in fetched:
                    fetched[name] = self._fetched(
                        fetched[name], node.id, execution, files, cancellation
                    )
        except _InputFailed as failure:
            error = failure.error
        return finish_fetch(
            claim=claim,
            inputs=fetched,
            files=files,
            error=error,
            clock=self.clock,
        )

    def _fetched(
        self,
        form: Any,
        node_id: str,
        execution: Execution,
        files: list[File],
        cancellation: Cancellation,
    ) -> Any:
        if "l" in form:
            items = [
                self._fetched(item, node_id, execution, files, cancellation) for item in form["l"]
            ]
            return {"l": items}
        if "u" not in form:
            return form
        cancellation.check()
        row = self._download(form["u"], node_id, execution)
        files.append(row)
        return encode(media_of(row, form["u"]["kind"]))

    def _download(self, wanted: Mapping[str, str], node_id: str, execution: Execution) -> File:
        path = conf.temporary_dir() / f"fetch-{secrets.token_hex(8)}"
        expected = file_kind(wanted["kind"])
        try:
            with path.open("wb") as sink:
                fetch(
                    wanted["url"],
                    max_bytes=MediaLimits().bytes_for(expected),
                    sink=sink,
                    deadline_s=conf.FETCH_DEADLINE_S,
                    allow=conf.fetch_policy(),
                )
            row = import_media(
                workspace_id=execution.workspace_id,
                source=path,
                clock=self.clock,
                execution_id=execution.id,
            )
        except FetchError as error:
            retryable = bool(getattr(error, "retryable", False))
            raise _InputFailed(RunError(error.code, error.detail, node_id, retryable)) from error
        except (MediaRejected, UnsupportedMediaType) as error:
            raise _InputFailed(RunError("undecodable", error.detail, node_id)) from error
        except TooLarge as error:  # it is of another kind, which may not have as many bytes
            raise _InputFailed(RunError("resource_limit", error.detail, node_id)) from error
        finally:
            path.unlink(missing_ok=True)
        if row.kind != expected:
            message = f"The URL gives a file of kind {row.kind}."
            raise _InputFailed(RunError("invalid_value", message, node_id))
        return row


class _InputFailed(Exception):
    """An input cannot be had; the run fails at its node."""

    def __init__(self, error: RunError) -> None:
        self.error = error
        super().__init__(error.message)


def _outer_values(plan: Plan, claim: Claim, execution: Execution) -> Mapping[tuple[str, str], Any]:
    """Return the values that a segment reads from outside of itself, by (node, port)."""
    inside = set(plan.segments[claim.spec.segment].node_ids)
    wanted = {
        (source.node, source.port)
        for id_ in inside
        for binding in plan.node(id_).bindings
        for source in binding.sources
        if source.node not in inside
    }
    values: dict[tuple[str, str], Any] = dict.fromkeys(wanted, ABSENT)
    stored: set[str] = set()
    for node, port in wanted:
        if plan.node(node).spec.meta.role == "input":
            values[node, port] = decode(execution.inputs[str(plan.node(node).params["name"])])
        else:
            stored.add(node)
    if stored:
        forms = runs.get_node_forms(execution.id, plan, stored)
        values |= {place: decode(forms[place]) for place in wanted if place in forms}
    return values
