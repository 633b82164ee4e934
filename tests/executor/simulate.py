"""Running a plan to its end in memory: engine steps and segments, no database."""

import random
from collections import Counter
from typing import Any

from common.clock import SYSTEM_CLOCK
from executor.engine.charges import FREE, Charges
from executor.engine.codec import ABSENT, decode, encode
from executor.engine.measure import inner_shape, input_shapes, shape_of_node
from executor.engine.payload import NodeRecord, Presenter, RunRecord, node_forms
from executor.engine.plan import Plan
from executor.engine.segment import Outer, SegmentRunner
from executor.engine.state import RunState
from executor.engine.step import Step, TaskResult, TaskSpec, begin, drop_tasks, finish_task
from executor.types import ExecutionStatus
from tests.executor.engine_nodes import MemoryBench


class Simulation:
    """One run; `tasks_run` are the tasks that were performed, in order, `charged` credits by node."""

    def __init__(
        self, plan: Plan, inputs: dict[str, Any], *, seed: int = 0, charges: Charges = FREE
    ) -> None:
        self.plan = plan
        self.inputs = {name: encode(value) for name, value in inputs.items()}
        self.state = RunState()
        self.records: list[NodeRecord] = []
        self.ready: list[TaskSpec] = []
        self.final: ExecutionStatus | None = None
        self.tasks_run: list[TaskSpec] = []
        self.random = random.Random(seed)
        self.charges = charges
        self.charged: Counter[str] = Counter()

    def run(self) -> dict[str, Any]:
        """Perform ready tasks in random order until the run is over; return the poll answer."""
        self._apply(begin(self.plan, self.state, input_shapes(self.plan, self.inputs)))
        while self.final is None:
            task = self.ready.pop(self.random.randrange(len(self.ready)))
            self.tasks_run.append(task)
            self._apply(finish_task(self.plan, self.state, task, self._perform(task)))
            self.state = RunState.from_json(self.state.as_json())  # as the database would
        return self.answer()

    def answer(self) -> dict[str, Any]:
        error = self.state.error.as_json() if self.state.error else None
        record = RunRecord("exec_1", self.final or "RUNNING", self.inputs, 0, 0, error, None, None)
        return Presenter(self.plan, self.state, str).payload(record, self.records)

    def _apply(self, step: Step) -> None:
        self.ready.extend(step.ready)
        for node in step.empty:
            outputs: dict[str, Any] = {port: {"v": []} for port in self.plan.node(node).out_kinds}
            self._record(node, 0, "COMPLETED", outputs, None)
        if self.state.error is not None and step.final is None and self.ready:
            waiting, self.ready = self.ready, []
            step = drop_tasks(self.plan, self.state, [task.segment for task in waiting])
        self.final = self.final or step.final

    def _perform(self, task: TaskSpec) -> TaskResult:
        outer, bench = self._outer(task), MemoryBench()
        runner = SegmentRunner(self.plan, task, outer, bench, SYSTEM_CLOCK, {}, self.charges)
        statuses: dict[str, Any] = {}
        absent: dict[str, list[str]] = {}
        lengths: dict[str, Any] = {}
        error = None
        for outcome in runner.run():
            outputs = {port: encode(value) for port, value in outcome.outputs.items()}
            failure = outcome.error.as_json() if outcome.error else None
            self._record(outcome.node_id, task.start, outcome.status, outputs, failure)
            self.charged[outcome.node_id] += outcome.credits
            statuses[outcome.node_id] = outcome.status
            if outcome.absent and outcome.status == "COMPLETED":
                absent[outcome.node_id] = outcome.absent
            lengths |= {f"{outcome.node_id}.{p}": n for p, n in outcome.lengths.items()}
            error = error or outcome.error
        return TaskResult(statuses, absent, lengths, error)

    def _outer(self, task: TaskSpec) -> Outer:
        values = Outer()
        values.shape = inner_shape(self.plan, self.state, self.plan.segments[task.segment])
        for node in self.plan.graph.nodes:
            if node.spec.meta.role == "input":
                values[node.id, "value"] = decode(self.inputs[node.params["name"]])
                continue
            chunks = sorted(
                (record for record in self.records if record.node_id == node.id),
                key=lambda record: record.start,
            )
            for port in node.out_kinds:
                values[node.id, port] = ABSENT
            if not chunks or self.plan.segment_of[node.id] not in self.state.done:
                continue
            forms = node_forms(node, chunks, shape_of_node(self.plan, self.state, node))
            for port, form in forms.items():
                if not self.state.is_absent(node.id, port):
                    values[node.id, port] = decode(form)
        return values

    def _record(self, node: str, start: int, status: str, outputs: Any, error: Any) -> None:
        self.records.append(NodeRecord(node, start, status, outputs, error, 0, None, None))
