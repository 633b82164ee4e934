"""What a remote task needs beside its provider: its arguments, its files, its outcome. Synchronous."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from common import faults, metrics
from common.canonical import digest
from common.clock import Clock
from common.fetch import UrlNotAllowed, check_url
from executor import gateway
from executor.engine.codec import encode
from executor.engine.plan import Plan
from executor.engine.routes import Way, next_way
from executor.engine.segment import NodeOutcome, Outer, SegmentRunner, outputs_by_port
from executor.engine.state import RunState
from executor.models import Attempt, Execution, File
from executor.providers.account import ProviderAccount
from executor.providers.base import Answer, InputFile, Request
from executor.providers.circuits import Avoided
from executor.runtime.bench import TaskBench
from executor.runtime.perform import values_from
from executor.runtime.rehearsal import Rehearsal, Scene, outputs_of, rehearsal_of
from executor.runtime.remote_ways import (
    Asked,
    Offer,
    earlier_providers,
    find_offer,
    tried_way,
)
from executor.runtime.running import Cancellation
from executor.runtime.telling import TaskVoice, Teller
from executor.selectors.accounts import find_account, find_successor
from executor.selectors.files import get_storage_key
from executor.selectors.links import media_url
from executor.selectors.planning import plan_of
from executor.selectors.runs import get_execution_row
from executor.services.attempts import Undertaking, find_attempts, finish_with
from executor.services.claims import Claim
from executor.services.files import media_of
from executor.services.known import look_up_task, outer_forms
from executor.services.results import TaskReport
from executor.types import OPEN_ATTEMPTS, AttemptState, RunError
from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.remote import ProviderCall, ProviderResult, RemoteNode
from workflows.catalogue.values import Media
from workflows.graphs.resolved import ResolvedNode


@dataclass(frozen=True, slots=True)
class Prepared:
    """A task that is ready to be asked for, or to be gone on with where its last attempt is open.

    `request` is None where there is a job already, or nobody could send the same once more;
    `account` where that of an open attempt is gone. `ways` are all there are, `rests_until` an hour
    to wait for before the way is taken. `price` gives the credits by an answer's data, and
    `told` what the node's entry tells of the way.
    """

    request: Request | None
    about: Undertaking
    attempts: Sequence[Attempt]
    account: ProviderAccount | None
    give_up_s: float
    price: Callable[[Any], int]
    ways: Sequence[Way] = ()
    rests_until: datetime | None = None
    told: Mapping[str, Any] | None = None


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

    def prepare(self, avoided: Avoided) -> Prepared | Rehearsal | TaskReport:
        """Return what to ask for; or what came of the node, where it is not to be asked for.

        `avoided` is whom this process does not ask at the moment. In a run of a test key nobody is
        asked: a rehearsal stands for it.
        """
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
        prepared = runner.prepare(lambda args: self._prepared(args, tried, avoided))
        if isinstance(prepared, Prepared | Rehearsal):
            return prepared
        if isinstance(prepared, RunError):
            prepared = runner.fail(prepared, started_at=started_at(tried, self.clock))
        report.add(prepared)
        return report

    def fail(
        self,
        error: RunError,
        *,
        attempt: Attempt | None,
        to: AttemptState,
        result: dict[str, Any] | None = None,
        cost_micros: int | None = None,
        told: Mapping[str, Any] | None = None,
    ) -> None:
        """Store that the node failed, and close its attempt."""
        started_at = attempt.created_at if attempt is not None else self.clock.now()
        outcome = self._runner(Outer()).fail(error, started_at=started_at)
        outcome.about = told
        self._finish(outcome, [], attempt, to, result, cost_micros)

    def complete(
        self,
        attempt: Attempt,
        answer: Answer,
        files: Sequence[File],
        *,
        price_credits: int,
        told: Mapping[str, Any] | None,
    ) -> None:
        """Store what the answer gives, with its files and its price, and close the attempt."""
        result = ProviderResult(answer.data, _as_media(answer, files))
        outcome = self._runner(Outer()).conclude(
            lambda: outputs_by_port(self._remote_node().result(self._context(), result)),
            started_at=attempt.created_at,
            price_credits=price_credits,
        )
        outcome.about = told
        faults.point("remote.before_finish")
        stored = answer.as_json() if answer.is_storable else {"data": answer.data, "files": []}
        self._finish(outcome, files, attempt, AttemptState.DONE, stored)

    def conclude(self, scene: Scene, files: Sequence[File], *, began_at: datetime) -> None:
        """Store what was simulated, with its files. It costs nothing."""
        node = self._remote_node()
        outcome = self._runner(Outer()).conclude(
            lambda: outputs_of(scene, node, self._context(), files), started_at=began_at
        )
        self._finish(outcome, files, None, AttemptState.DONE, None)

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
        cost_micros: int | None = None,
    ) -> None:
        outcome.outputs = self.bench.settle(outcome.outputs)
        report = TaskReport()
        report.add(outcome)
        report.files = [*_named_in(outcome, files), *self.bench.take_files()]
        self.teller.forget(self.claim)
        finish_with(
            claim=self.claim,
            attempt=attempt,
            to=to,
            report=report,
            result=result,
            cost_micros=cost_micros,
            clock=self.clock,
        )
        metrics.node_ended(self.node.spec.cost, outcome.status, outcome.seconds)

    def _prepared(
        self, args: Any, tried: Sequence[Attempt], avoided: Avoided
    ) -> Prepared | Rehearsal | RunError:
        if self.execution.mode == "test":
            return rehearsal_of(self.execution, self.node, args, input_file=self._input_file)
        asked = Asked(self.node, self.execution, args)
        if tried and tried[-1].state in OPEN_ATTEMPTS:
            return self._gone_on_with(asked, tried, avoided)
        return self._begun(asked, tried, find_offer(asked, self.execution, avoided, self.clock))

    def _begun(self, asked: Asked, tried: Sequence[Attempt], offer: Offer) -> Prepared | RunError:
        """Return what to ask for by the way that is to be taken next."""
        way = next_way(offer.ways, [tried_way(attempt) for attempt in tried])
        if way is None:
            last = tried[-1].error if tried else None
            return RunError.from_json(last) if last else offer.why_not(self.node.id)
        call, account = asked.call(way.route), offer.accounts[way.provider]
        return Prepared(
            self._request(call),
            _undertaking(self.node, call, way),
            tried,
            account,
            call.give_up_s,
            asked.price(way),
            offer.ways,
            offer.rests_until(way),
            asked.told(way, offer.passed_over(way, tried)),
        )

    def _gone_on_with(self, asked: Asked, tried: Sequence[Attempt], avoided: Avoided) -> Prepared:
        """Return what to go on with: the way and the account of the attempt that is open."""
        attempt = tried[-1]
        way = Way(attempt.route, attempt.provider, attempt.account)
        route, is_unsent = asked.route_of(attempt), attempt.state == AttemptState.INTENT
        # With a job there is nothing left to ask for, whatever staff have changed of the model since.
        call = asked.call(route) if is_unsent and route is not None else None
        ways = find_offer(asked, self.execution, avoided, self.clock).ways if is_unsent else ()
        account = find_account(way.provider, way.account, attempt.workspace_id)
        if account is None and not is_unsent:
            account = find_successor(way.provider, attempt.workspace_id)
        return Prepared(
            None if call is None else self._request(call),
            replace(_undertaking_of(attempt), digest="" if call is None else _digest_of(call)),
            tried,
            account,
            asked.give_up_s,
            asked.price(way),
            ways,
            told=asked.told(way, earlier_providers(way, tried)),
        )

    def _request(self, call: ProviderCall) -> Request:
        files = {
            name: [self._input_file(media) for media in given] for name, given in call.media.items()
        }
        return Request(call, files)

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


def _undertaking(node: ResolvedNode, call: ProviderCall, way: Way) -> Undertaking:
    model = node.spec.model
    return Undertaking(
        node.id,
        call.provider,
        call.model,
        _digest_of(call),
        "" if model is None else model.key,
        way.route,
        way.account,
    )


def _undertaking_of(attempt: Attempt) -> Undertaking:
    return Undertaking(
        attempt.node_id,
        attempt.provider,
        attempt.model,
        attempt.request_digest,
        attempt.model_key,
        attempt.route,
        attempt.account,
    )


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
