"""What a remote task needs beside its provider: its arguments, its files, its outcome. Synchronous."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from common import faults, metrics
from common.canonical import digest
from common.clock import Clock
from common.fetch import UrlNotAllowed, check_url
from executor import gateway
from executor.engine.charges import charges_of
from executor.engine.codec import encode
from executor.engine.plan import Plan
from executor.engine.segment import NodeOutcome, Outer, SegmentRunner, outputs_by_port
from executor.engine.state import RunState
from executor.models import Attempt, Execution, File
from executor.providers.base import Answer, InputFile, Request
from executor.runtime.bench import TaskBench
from executor.runtime.perform import values_from
from executor.runtime.running import Cancellation
from executor.runtime.telling import TaskVoice, Teller
from executor.selectors.files import get_storage_key
from executor.selectors.links import media_url
from executor.selectors.planning import plan_of
from executor.selectors.runs import get_execution_row
from executor.services.attempts import Undertaking, find_attempts, finish_with
from executor.services.claims import Claim
from executor.services.files import media_of
from executor.services.known import look_up_task, outer_forms
from executor.services.results import TaskReport
from executor.types import AttemptState, RunError
from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.remote import ProviderCall, ProviderResult, RemoteNode
from workflows.catalogue.values import Media
from workflows.graphs.resolved import ResolvedNode


@dataclass(frozen=True, slots=True)
class Prepared:
    """A task that is ready to be asked for, what was tried of it before, and what it will cost."""

    request: Request
    about: Undertaking
    attempts: Sequence[Attempt]
    price_credits: int


class RemoteWork:
    """One task of a remote node, in the worker's threads; made anew for each step."""

    def __init__(
        self, claim: Claim, cancellation: Cancellation, teller: Teller, clock: Clock
    ) -> None:
        self.claim = claim
        self.teller = teller
        self.clock = clock
        self.execution: Execution = get_execution_row(claim.execution_id)
        self.plan: Plan = plan_of(self.execution.version_id)
        (node_id,) = self.plan.segments[claim.spec.segment].node_ids
        self.node: ResolvedNode = self.plan.node(node_id)
        self.bench = TaskBench(
            plan=self.plan,
            workspace_id=self.execution.workspace_id,
            execution_id=self.execution.id,
            keep_all=self.execution.options["keep"] == "all",
            cancellation=cancellation,
            voice=TaskVoice(teller, claim),
            clock=clock,
        )

    def prepare(self) -> Prepared | TaskReport:
        """Return what to ask for; or what came of the node, where it is not to be asked for."""
        state, spec = RunState.from_json(self.execution.state), self.claim.spec
        forms = outer_forms(self.execution, self.plan, state, spec)
        tried = find_attempts(self.claim.task_id)
        report = TaskReport()
        if not tried:
            now = self.clock.now()
            found = look_up_task(self.execution, self.plan, state, spec, forms, now=now)
            report.keys = found.keys
            for outcome in found.outcomes:
                report.add(outcome)
            if found.is_whole:
                return report
        runner = self._runner(values_from(self.plan, state, spec, forms))
        prepared = runner.prepare(lambda args: self._prepared(args, tried))
        if isinstance(prepared, Prepared):
            return prepared
        report.add(prepared)
        return report

    def fail(
        self,
        error: RunError,
        *,
        attempt: Attempt | None,
        to: AttemptState,
        result: dict[str, Any] | None = None,
    ) -> None:
        """Store that the node failed, and close its attempt."""
        started_at = attempt.created_at if attempt is not None else self.clock.now()
        outcome = self._runner(Outer()).fail(error, started_at=started_at)
        self._finish(outcome, [], attempt, to, result)

    def complete(
        self, attempt: Attempt, answer: Answer, files: Sequence[File], *, price_credits: int
    ) -> None:
        """Store what the answer gives, with its files and its price, and close the attempt."""
        result = ProviderResult(answer.data, _as_media(answer, files))
        outcome = self._runner(Outer()).conclude(
            lambda: outputs_by_port(self._remote_node().result(self._context(), result)),
            started_at=attempt.created_at,
            price_credits=price_credits,
        )
        faults.point("remote.before_finish")
        stored = answer.as_json() if answer.is_storable else {"data": answer.data, "files": []}
        self._finish(outcome, files, attempt, AttemptState.DONE, stored)

    def store(self, report: TaskReport) -> None:
        """Store what came of a node that no provider was asked for."""
        self.teller.forget(self.claim)
        finish_with(
            claim=self.claim, attempt=None, to=AttemptState.DONE, report=report, clock=self.clock
        )

    def _finish(
        self,
        outcome: NodeOutcome,
        files: Sequence[File],
        attempt: Attempt | None,
        to: AttemptState,
        result: dict[str, Any] | None,
    ) -> None:
        outcome.outputs = self.bench.settle(outcome.outputs)
        report = TaskReport()
        report.add(outcome)
        report.files = [*_named_in(outcome, files), *self.bench.take_files()]
        self.teller.forget(self.claim)
        finish_with(
            claim=self.claim, attempt=attempt, to=to, report=report, result=result, clock=self.clock
        )
        metrics.node_ended(self.node.spec.cost, outcome.status, outcome.seconds)

    def _prepared(self, args: Any, tried: Sequence[Attempt]) -> Prepared:
        call = self._remote_node().request(args)
        files = {
            name: [self._input_file(media) for media in given] for name, given in call.media.items()
        }
        about = Undertaking(self.node.id, call.provider, call.model, _digest_of(call))
        charges = charges_of(self.execution.options, self.execution.mode)
        return Prepared(Request(call, files), about, tried, charges.of(self.node.id, args))

    def _input_file(self, media: Media) -> InputFile:
        file_id = media.file_id or ""
        key = get_storage_key(self.execution.workspace_id, file_id)
        if key is None:
            raise NodeFailed("input_fetch_failed", "A file that this needs was deleted.")
        content_type = "image/png" if media.draft else media.content_type
        return InputFile(content_type, _reachable(file_id), _reader(key), media.bytes or 0)

    def _remote_node(self) -> "RemoteNode[Any, Any]":
        return cast("RemoteNode[Any, Any]", self.node.spec.node())

    def _context(self) -> Any:
        return self.bench.context(self.node)

    def _runner(self, outer: Outer) -> SegmentRunner:
        return SegmentRunner(self.plan, self.claim.spec, outer, self.bench, self.clock, {})


def run_error(
    error_code: str, message: str, about: Undertaking, *, retryable: bool = False
) -> RunError:
    """Return an error that names the provider."""
    return RunError(error_code, message, about.node_id, retryable, about.provider)


def started_at(attempts: Sequence[Attempt], clock: Clock) -> datetime:
    """Return since when a task is at its provider, which its give-up time counts from."""
    return attempts[0].created_at if attempts else clock.now()


def _digest_of(call: ProviderCall) -> str:
    """Return what tells whether a call is still the one that was sent."""
    media = {name: [encode(item) for item in given] for name, given in call.media.items()}
    return digest([call.provider, call.model, call.operation, dict(call.body), media])


def _as_media(answer: Answer, files: Sequence[File]) -> tuple[Media, ...]:
    return tuple(media_of(row, file.kind) for file, row in zip(answer.files, files, strict=True))


def _named_in(outcome: NodeOutcome, files: Sequence[File]) -> list[File]:
    """Return the rows of the files that the outputs name; the others were not asked to be kept."""
    named = set(_file_ids(list(outcome.outputs.values())))
    return [row for row in files if row.id in named]


def _file_ids(value: Any) -> list[str | None]:
    if isinstance(value, list):
        return [id_ for item in value for id_ in _file_ids(item)]
    return [value.file_id] if isinstance(value, Media) else []


def _reachable(file_id: str) -> str | None:
    """Return a file's URL where providers can fetch it; an installation on loopback is out of reach."""
    url = media_url(file_id)
    try:
        check_url(url)
    except UrlNotAllowed:
        return None
    return url


def _reader(key: str) -> Callable[[], bytes]:
    def read() -> bytes:
        with gateway.open_stored(key) as stream:
            return bytes(stream.read())

    return read
