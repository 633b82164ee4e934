"""A task whose node runs a workflow: it is claimed to start the run, and again when that is over."""

from collections.abc import Mapping
from typing import Any

from common.clock import Clock
from common.errors import InvalidInputs
from executor.engine.rounds import feed_back, given_outputs, goes_on, take_inputs
from executor.engine.segment import NodeOutcome, SegmentRunner
from executor.engine.state import RunState
from executor.models import Execution
from executor.selectors.children import find_newest_child, get_call_charge, get_output_forms
from executor.services.calls import start_child, wait_for
from executor.services.claims import Claim
from executor.services.inputs import InputReader
from executor.types import ExecutionStatus, RunError
from workflows.api import Callee, Interface
from workflows.catalogue.errors import NodeFailed
from workflows.graphs.resolved import ResolvedNode


def call_once(
    *, claim: Claim, execution: Execution, runner: SegmentRunner, clock: Clock
) -> NodeOutcome | None:
    """Start the node's run, or go on; returns what came of the node, None while a run goes on.

    Raises:
        LeaseLost: the task is somebody else's, or the run is over.
    """
    call = _Call(claim, execution, runner, clock)
    child = find_newest_child(execution.id, claim.task_id)
    if child is None:
        return call.begin()
    if not child.status_is_final:
        child = wait_for(claim=claim, child_id=child.id, clock=clock)
    came = None if child is None else call.go_on(child)
    if came is not None:  # shown as the node's; it was charged where it arose
        came.credits = get_call_charge(execution.id, claim.task_id)
    return came


class _Call:
    """One claim of a call's task."""

    def __init__(
        self, claim: Claim, execution: Execution, runner: SegmentRunner, clock: Clock
    ) -> None:
        self.claim = claim
        self.execution = execution
        self.runner = runner
        self.clock = clock
        (node_id,) = runner.segment.node_ids
        self.node: ResolvedNode = runner.plan.node(node_id)
        assert self.node.callee is not None  # noqa: S101 - binding a call gives it one
        self.callee: Callee = self.node.callee

    def begin(self) -> NodeOutcome | None:
        """Start the run, the first of a loop; what it does not take fails the node."""
        started_at = self.clock.now()
        arrived = self.runner.prepare(lambda args: args.extra)
        if isinstance(arrived, NodeOutcome):
            return arrived
        reader = InputReader(self.execution.workspace_id, self.clock)
        try:
            inputs = self._inputs(arrived, reader)
        except NodeFailed as failure:
            return self.runner.fail(self._error(failure), started_at=started_at)
        self._start(inputs, files=reader.files)
        return None

    def go_on(self, child: Execution) -> NodeOutcome | None:
        """Take over what a run gave, or start the loop's next round."""
        if child.status != ExecutionStatus.COMPLETED:
            return self.runner.fail(self._error_of(child), started_at=child.created_at)
        outputs, rounds = get_output_forms(child), child.iteration + 1
        try:
            has_more = goes_on(self.node, outputs, rounds)
        except NodeFailed as failure:
            return self.runner.fail(self._error(failure), started_at=child.created_at)
        failure_of_run = RunState.from_json(self.execution.state).error
        if has_more and failure_of_run is not None:
            message = "The run failed before the next round."
            error = RunError(failure_of_run.code, message, self.node.id)
            return self.runner.fail(error, started_at=child.created_at)
        if has_more:
            inputs = feed_back(self.callee.interface, child.inputs, outputs)
            self._start(inputs, iteration=rounds)
            return None
        return self.runner.conclude(
            lambda: given_outputs(self.node, outputs, rounds), started_at=child.created_at
        )

    def _start(self, inputs: Mapping[str, Any], *, iteration: int = 0, files: Any = ()) -> None:
        start_child(
            claim=self.claim,
            parent=self.execution,
            callee=self.callee,
            inputs=inputs,
            iteration=iteration,
            files=files,
            clock=self.clock,
        )

    def _inputs(self, arrived: Mapping[str, Any], reader: InputReader) -> dict[str, Any]:
        """Return all inputs of the run: what arrived, and defaults for the others.

        Raises:
            NodeFailed: one that the workflow does not take, or needs and does not get.
        """
        interface = self.callee.interface
        taken = take_inputs(interface, arrived)
        others = tuple(field for field in interface.inputs if field.name not in taken)
        try:
            return {**reader.read(Interface(others, ()), {}), **taken}
        except InvalidInputs as error:
            raise NodeFailed("invalid_value", error.detail) from error

    def _error(self, failure: NodeFailed) -> RunError:
        return RunError(failure.code, failure.message, self.node.id, failure.retryable)

    def _error_of(self, child: Execution) -> RunError:
        """Return why the node failed: for the reason that its run did."""
        if child.error is None:
            return RunError("internal", "The run of this workflow was cancelled.", self.node.id)
        error = RunError.from_json(child.error)
        return RunError(error.code, error.message, self.node.id, error.retryable, error.provider)
