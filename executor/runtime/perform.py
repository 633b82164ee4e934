"""From a doorbell to a finished task: claim, run, store, and on to what became ready."""

import logging
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, close_old_connections

from common import faults, metrics
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import TooLarge, UnsupportedMediaType
from common.fetch import FetchError, fetch
from executor import conf, dispatch
from executor.engine.charges import charges_of
from executor.engine.codec import ABSENT, decode, encode
from executor.engine.keys import Forms
from executor.engine.known import values_of
from executor.engine.measure import inner_shape
from executor.engine.plan import Plan
from executor.engine.segment import Outer, SegmentRunner
from executor.engine.state import RunState
from executor.engine.step import TaskSpec
from executor.errors import LeaseLost
from executor.media.errors import MediaRejected
from executor.media.types import MediaLimits
from executor.models import Execution, File, Task
from executor.runtime.bench import TaskBench
from executor.runtime.calls import call_once
from executor.runtime.gpu_rehearsal import rehearse_here
from executor.runtime.reviews import review_once
from executor.runtime.room import Room
from executor.runtime.running import Cancellation, RunningTask, RunningTasks, WatchedFile
from executor.runtime.telling import TaskVoice, Teller
from executor.selectors import runs
from executor.selectors.planning import plan_of
from executor.services.claims import (
    Claim,
    claim_next,
    claim_of,
    claim_task,
    count_try,
    hand_back,
)
from executor.services.files import file_kind, import_media, media_of
from executor.services.known import look_up_task, outer_forms
from executor.services.results import TaskReport, finish, finish_fetch, store_progress
from executor.services.transitions import FETCH_SEGMENT
from executor.types import RunError
from workflows.catalogue.errors import NodeCancelled

logger = logging.getLogger(__name__)

COMMIT_EVERY_S = 1.0
GIVE_BACK_TRIES = 20
GIVE_BACK_EVERY_S = 1.0
ON_OWN_FOR_S = 20.0  # then the rest of a run is left to whoever is free


class RemoteBell(Protocol):
    """Whoever follows the remote tasks of this process."""

    def ring(self, task_id: str = "") -> None:
        """Hear that a task is ready, or has news."""
        ...


class Performer:
    """Performs tasks for one worker process; safe to use from many threads."""

    def __init__(self, owner: str, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.owner = owner
        self.clock = clock
        self.running = RunningTasks()
        self._room = Room()
        self.teller = Teller(on_lost=self.running.stop, clock=clock)
        self.is_stopping = False
        self.remote: RemoteBell | None = None

    def perform_next(self, queue: str, task_id: str = "") -> bool:
        """Claim the task of a queue whose turn it is, and perform it; says whether there was one.

        Remote ones are followed by the loop beside us, which is only told; of which task, too,
        since it may be one that it has, and of which there is news.
        """
        if queue == "remote" and self.remote is not None:
            self.remote.ring(task_id)
            return False
        if self.is_stopping:
            dispatch.ring("", queue)  # for another worker: this bell would be lost
            return False
        claimed = claim_next(queue=queue, owner=self.owner, clock=self.clock)
        if claimed is None:
            return False
        self._perform(*claimed)
        return True

    def perform(self, task_id: str) -> None:
        """Claim a certain task and perform it, unless somebody has it or it was done long ago."""
        claimed = claim_task(task_id=task_id, owner=self.owner, clock=self.clock)
        if claimed is not None:
            self._perform(*claimed)

    def _perform(self, claim: Claim, execution: Execution) -> None:
        """Run a claimed task, then go on with what it made ready in the same run."""
        began_at = self.clock.now()
        metrics.task_claimed(claim.queue, (began_at - claim.ready_at).total_seconds())
        following = self._perform_one(claim, execution)
        while following is not None:
            claim = claim_of(following)
            elapsed_s = (self.clock.now() - began_at).total_seconds()
            if self.is_stopping or elapsed_s > ON_OWN_FOR_S:
                hand_back(claim=claim, clock=self.clock)
                return
            following = self._perform_one(claim, runs.get_execution_row(execution.id))

    def _perform_one(self, claim: Claim, execution: Execution) -> Task | None:
        running = self.running.add(claim, execution.id)
        try:
            with self._in_room(claim):
                running.cancellation.check_over()
                if claim.spec.segment == FETCH_SEGMENT:
                    return self._fetch_inputs(claim, execution, running.cancellation)
                return self._run_segment(claim, execution, running)
        except (LeaseLost, NodeCancelled) as reason:
            if isinstance(reason, LeaseLost):
                metrics.leases_ended("lost")
            logger.info("task dropped", extra={"action": "task_dropped", "task": claim.task_id})
            return None
        except DatabaseError as error:
            # At worst the lease runs out, and another try finds everything as it was.
            logger.exception("task not stored", extra={"action": "task_not_stored"})
            if isinstance(error, OperationalError | InterfaceError):
                self._give_back(claim)
            return None
        finally:
            self.running.remove(claim)
            self.teller.forget(claim)

    def _give_back(self, claim: Claim) -> None:
        """Hand a task back once the database answers again, rather than let its lease run out."""
        for _ in range(GIVE_BACK_TRIES):
            close_old_connections()
            with suppress(DatabaseError):
                hand_back(claim=claim, after_s=GIVE_BACK_EVERY_S, clock=self.clock)
                return
            if self.is_stopping:
                return
            time.sleep(GIVE_BACK_EVERY_S)

    @contextmanager
    def _in_room(self, claim: Claim) -> Iterator[None]:
        """Perform beside others; alone, where this is the last try of a task that lost its workers.

        While it waits for that, the try does not count: whoever kills the process meanwhile is not
        this task.
        """
        is_last = claim.attempts >= conf.max_attempts()
        if is_last:
            count_try(claim, by=-1)
        with self._room.entered(alone=is_last):
            if is_last:
                count_try(claim, by=1)
            yield

    def _run_segment(self, claim: Claim, execution: Execution, running: RunningTask) -> Task | None:
        """Take over what is known of a task, and run the rest of its nodes; stores what came of it."""
        plan, report = plan_of(execution.version_id), TaskReport()
        taken_over = self._taken_over(claim, execution, plan, report)
        state, spec = RunState.from_json(execution.state), claim.spec
        forms = outer_forms(execution, plan, state, spec)
        found = look_up_task(
            execution, plan, state, spec, forms, stored=taken_over.keys(), now=self.clock.now()
        )
        report.keys = found.keys
        for outcome in found.outcomes:
            report.add(outcome)
        if found.is_whole:
            return finish(claim=claim, report=report, go_on=self._may_go_on(), clock=self.clock)
        taken_over = {**taken_over, **found.taken_over}
        outer = values_from(plan, state, spec, forms)
        bench = self._bench(execution, plan, running)
        charges = charges_of(execution.options, execution.mode)
        runner = SegmentRunner(plan, spec, outer, bench, self.clock, taken_over, charges)
        running.report, running.bench = report, bench
        if spec.segment in plan.reviews or spec.segment in plan.calls:
            return self._look_at_wait(claim, execution, runner, report, bench)
        if execution.mode == "test" and runner.segment.cost == "gpu":
            outcome, files = rehearse_here(execution, runner, bench, self.clock)
            report.add(outcome)
            self._settle(claim, report, bench)
            report.files += files
        else:
            self._run_nodes(claim, runner, report, bench)
        go_on = len(plan.segments) == 1 or self._may_go_on()
        return finish(claim=claim, report=report, go_on=go_on, clock=self.clock)

    def _bench(self, execution: Execution, plan: Plan, running: RunningTask) -> TaskBench:
        return TaskBench(
            plan=plan,
            workspace_id=execution.workspace_id,
            execution_id=execution.id,
            keep_all=execution.options["keep"] == "all",
            cancellation=running.cancellation,
            voice=TaskVoice(self.teller, running.claim),
            clock=self.clock,
        )

    def _look_at_wait(
        self,
        claim: Claim,
        execution: Execution,
        runner: SegmentRunner,
        report: TaskReport,
        bench: TaskBench,
    ) -> Task | None:
        """Begin or end a node that waits for a person or a run; while it waits nothing is stored."""
        if claim.spec.segment in runner.plan.reviews:
            came = review_once(claim=claim, runner=runner, clock=self.clock)
        else:
            came = call_once(claim=claim, execution=execution, runner=runner, clock=self.clock)
        if came is None:
            return None
        report.add(came)
        self._settle(claim, report, bench)
        return finish(claim=claim, report=report, clock=self.clock)

    def _run_nodes(
        self, claim: Claim, runner: SegmentRunner, report: TaskReport, bench: TaskBench
    ) -> None:
        """Run the nodes one after the other, and store about every second what has come of them."""
        stored_at = self.clock.now()
        for outcome in runner.run():
            bench.rest()
            faults.point("run.after_node")
            report.add(outcome)
            cost = runner.plan.node(outcome.node_id).spec.cost
            metrics.node_ended(cost, outcome.status, outcome.seconds)
            if self._is_due(stored_at):
                self._settle(claim, report, bench)
                store_progress(claim=claim, report=report, clock=self.clock)
                stored_at = self.clock.now()
        self._settle(claim, report, bench)

    def _may_go_on(self) -> bool:
        """Say whether a worker may go on with its run at once: not while others wait their turn."""
        return not self.is_stopping and not dispatch.is_busy("runs")

    def _is_due(self, stored_at: Any) -> bool:
        return bool((self.clock.now() - stored_at).total_seconds() > COMMIT_EVERY_S)

    def _settle(self, claim: Claim, report: TaskReport, bench: TaskBench) -> None:
        """Get a report ready to be stored: its files are written, and nobody tells more of it."""
        for outcome in report.outcomes:
            outcome.outputs = bench.settle(outcome.outputs)
        report.files = bench.take_files()
        self.teller.forget(claim)

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
            found[record.node_id] = values_of(record)
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
        row = self._download(form["u"], node_id, execution, cancellation)
        files.append(row)
        return encode(media_of(row, form["u"]["kind"]))

    def _download(
        self,
        wanted: Mapping[str, str],
        node_id: str,
        execution: Execution,
        cancellation: Cancellation,
    ) -> File:
        path = conf.temporary_dir() / f"fetch-{secrets.token_hex(8)}"
        expected = file_kind(wanted["kind"])
        try:
            with WatchedFile(path, cancellation) as sink:
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
        except MediaRejected as error:
            code = "resource_limit" if error.code == "image_too_large" else error.code
            raise _InputFailed(RunError(code, error.detail, node_id)) from error
        except UnsupportedMediaType as error:
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


def values_from(plan: Plan, state: RunState, spec: TaskSpec, forms: Forms) -> Outer:
    """Return what arrives at a segment as values, where nothing does too."""
    segment = plan.segments[spec.segment]
    outer = Outer(
        ((source.node, source.port), ABSENT)
        for id_ in segment.node_ids
        for binding in plan.node(id_).bindings
        for source in binding.sources
        if plan.segment_of.get(source.node) != spec.segment
    )
    outer.update((place, decode(form)) for place, form in forms.items())
    outer.shape = inner_shape(plan, state, segment)
    return outer
