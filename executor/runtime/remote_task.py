"""The course of one remote task: ask, follow, fetch, store; or go on where another process was.

Where it stands is in the rows alone. A step that waits for longer than a moment lets go of the task
instead, and whoever takes it up later begins here again.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

from common import faults, metrics
from executor import conf
from executor.engine.routes import Tried, Way, next_way
from executor.errors import AttemptUnresolved, LeaseLost, ProviderFull
from executor.models import Attempt
from executor.providers.account import ProviderAccount
from executor.providers.base import (
    Answer,
    Done,
    Failed,
    OutcomeClass,
    Running,
    Submitted,
)
from executor.providers.callbacks import callback_for
from executor.providers.cost import micros_of
from executor.providers.errors import AccountBlocked, ProviderError, Unanswered
from executor.providers.recovery import Act, Lost, next_act
from executor.runtime.errand import (
    MAX_BACKOFF_S,
    HandBack,
    LetGo,
    Stopped,
    cost_after_end,
)
from executor.runtime.loads import bytes_of
from executor.runtime.rehearsal import Rehearsal
from executor.runtime.rehearsing import Rehearsing
from executor.runtime.remote_results import Collecting
from executor.runtime.remote_ways import tried_way
from executor.runtime.remote_work import Prepared, RemoteWork, run_error, started_at
from executor.selectors.provider_terms import get_terms
from executor.services import attempts
from executor.services.results import TaskReport
from executor.types import AttemptState
from workflows.catalogue.errors import NodeCancelled

logger = logging.getLogger(__name__)

ASK_AGAIN_S = 30.0  # for a job that a callback named and the provider does not know
_WITH_JOB = (AttemptState.SUBMITTED, AttemptState.FETCHING)


class RemoteTask(Rehearsing, Collecting):
    """One claimed task, until it is done, let go or handed back."""

    tried: Sequence[Attempt] = ()  # before the one that `attempt` is
    ways: Sequence[Way] = ()

    async def run(self) -> bool:
        """Go through the course; says whether the task is to be handed back."""
        try:
            await self._follow()
            await self._make_room()
        except LeaseLost:
            metrics.leases_ended("lost")
        except (Stopped, NodeCancelled):
            await self._abandon()
            await self._make_room()
        except LetGo:
            return False
        except HandBack:
            return True
        return False

    async def _follow(self) -> None:
        if await self._take_up():
            while await self._step():
                pass

    async def _take_up(self) -> bool:
        """Find out what to ask for and where it stands; says whether there is anything to do."""
        prepared = await self._prepare()
        while isinstance(prepared, Prepared) and prepared.rests_until is not None:
            await self._wait(self._spread(prepared.rests_until), for_job=False)
            prepared = await self._prepare()
        if isinstance(prepared, Rehearsal):
            await self._rehearse(prepared)
            return False
        if isinstance(prepared, TaskReport):
            await self._in_work(lambda work: work.store(prepared))
            return False
        self.about, self.told, self.price = prepared.about, prepared.told, prepared.price
        self.request, self.ways, self.tried = prepared.request, prepared.ways, prepared.attempts
        began_at = started_at(prepared.attempts, self.shop.clock)
        self.give_up_at = began_at + timedelta(seconds=prepared.give_up_s)
        self.attempt = prepared.attempts[-1] if prepared.attempts else None
        return await self._go_to(prepared.account)

    async def _prepare(self) -> Prepared | Rehearsal | TaskReport:
        async with self.shop.entering:  # a thousand that begin at once keep no commit waiting
            avoided = self.shop.circuits.avoided()
            return await self._in_work(lambda work: work.prepare(avoided))

    async def _go_to(self, account: ProviderAccount | None) -> bool:
        """Get ready to ask by an account; says whether anything can be asked by it."""
        state = self.attempt.state if self.attempt is not None and self._is_open() else None
        if account is None and state == AttemptState.FETCHING:  # most results ask for no key
            account = ProviderAccount(self.about.provider, "", id=self.about.account)
        adapter = None if account is None else self.shop.adapters.make(account)
        if account is not None and adapter is not None:
            self.account, self.adapter = account, adapter
            return True
        if state == AttemptState.INTENT:
            return await self._fail_unknown()
        if account is None:
            return await self._fail("missing_credentials", "The key for this was removed.")
        return await self._fail("provider_unavailable", "This provider is not set up here.")

    async def _step(self) -> bool:
        """Go on from where the attempt stands; says whether there is more to do."""
        attempt = self.attempt
        if attempt is None or not self._is_open():
            return await self._begin()
        match AttemptState(attempt.state):
            case AttemptState.INTENT:
                return await self._resolve(attempt)
            case AttemptState.SUBMITTED:
                return await self._poll(attempt)
            case _:
                return await self._fetch(attempt, Answer.from_json(attempt.result))

    # --- asking

    async def _begin(self) -> bool:
        """Begin an attempt. Few do so at once, so that what is written down is sent at once."""
        self._check()
        if self.shop.circuits.is_open(self.account):  # since this way was chosen
            return await self._take_up()
        async with self.shop.loads.held(bytes_of(self.request)), self.asking:
            self._check()
            faults.point("remote.before_intent")
            try:
                attempt = await self._in_work(self._written_down)
            except AttemptUnresolved:  # a commit that seemed to fail did not
                return await self._pick_up()
            except ProviderFull:
                return await self._come_again()
            self.attempt = attempt
            self._sent_at = time.monotonic()
            faults.point("remote.after_intent")
            came = await self._send(attempt)
        return await self._go_on(attempt, came)

    async def _come_again(self) -> bool:
        """Wait for room at the provider, and look for a way anew."""
        await self._stand_in_line()
        return await self._take_up()

    def _written_down(self, work: RemoteWork) -> Attempt:
        return attempts.begin_attempt(
            claim=self.claim,
            execution=work.execution,
            about=self.about,
            terms=get_terms().of(self.about.provider),
            clock=self.shop.clock,
        )

    async def _pick_up(self) -> bool:
        """Go on with the newest attempt, of which nobody here knows whether it was sent."""
        tried = await self.shop.in_database(attempts.find_attempts, self.claim.task_id)
        self.attempt = tried[-1]
        return True if self._is_open() else await self._fail_unknown()

    async def _send(self, attempt: Attempt) -> Submitted | Done | ProviderError | Unanswered:
        """Send the request; only right behind a commit that confirmed the task to be ours."""
        assert self.request is not None  # noqa: S101 - kept until there is a handle
        faults.point("remote.before_submit")
        if time.monotonic() - self._sent_at > conf.lease_s():
            raise LeaseLost(attempt.task_id)  # the process was frozen; somebody may be further
        sending = self.adapter.submit(self.request, self._correlation(attempt))
        try:
            came = await self._counted("submit", self._unless_over(sending))
        except (ProviderError, Unanswered) as error:
            return error
        faults.point("remote.after_submit")
        return came

    async def _go_on(
        self, attempt: Attempt, came: Submitted | Done | ProviderError | Unanswered
    ) -> bool:
        """Go on with what came of a submit."""
        match came:
            case Submitted():
                await self._worked()
                await self._keep_handle(attempt, came)
                faults.point("remote.after_handle")
                return True
            case Done(answer):
                await self._worked()
                return await self._take(attempt, answer)
            case ProviderError():
                return await self._refused(attempt, came)
            case Unanswered():
                self._failures += 1
                logger.warning("no answer: %s", came, extra={"action": "provider_unanswered"})
                return True

    async def _unless_over(
        self, sending: Coroutine[Any, Any, Submitted | Done]
    ) -> Submitted | Done:
        """Await a submit. When the run ends meanwhile, one without a handle is not waited for."""
        if self._outcome_class() != OutcomeClass.D:
            return await sending
        task = asyncio.ensure_future(sending)
        while not task.done():
            news = asyncio.ensure_future(self._news.wait())
            await asyncio.wait({task, news}, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            if self._is_over and not self._is_draining and not task.done():
                task.cancel()
                await asyncio.wait({task})
                raise Stopped
            if not task.done():  # told to end, which this is finished before
                await asyncio.wait({task})
        return task.result()

    async def _keep_handle(self, attempt: Attempt, found: Submitted) -> None:
        """Keep the handle. If the run ended while we asked, the job has to be ended as well."""
        handle = dict(found.handle)
        try:
            await self._commit(attempts.record_submitted, attempt=attempt, handle=handle)
        except LeaseLost:
            is_stray = await self.shop.in_database(
                attempts.keep_stray_handle, attempt=attempt, handle=handle, clock=self.shop.clock
            )
            if is_stray:
                raise Stopped from None
            raise
        self.request = None
        self._rests_first = True

    async def _refused(self, attempt: Attempt, error: ProviderError) -> bool:
        """Close an attempt that came to nothing; begin another one later, or fail the node."""
        await self._went_wrong(error)
        wait_s = self._backoff_s() if error.retry_after_s is None else error.retry_after_s
        at = self.shop.clock.now() + timedelta(seconds=wait_s)
        way = Way(attempt.route, attempt.provider, attempt.account)
        # Whoever has us wait for long is not waited for where there is another way.
        is_passing = error.retryable and (wait_s <= MAX_BACKOFF_S or len(self.ways) == 1)
        before = [tried_way(each) for each in self.tried if each.id != attempt.id]
        tried = [*before, Tried(way, error.code, is_passing)]
        following = next_way(self.ways, tried)
        if following is None or (following == way and at >= self.give_up_at):
            return await self._fail_with(error)
        refusal = run_error(error.code, error.message, self.about, retryable=is_passing)
        cost = micros_of(error.cost_usd)
        await self._commit(
            attempts.record_refusal, attempt=attempt, error=refusal, cost_micros=cost
        )
        if following in (each.way for each in tried):
            await self._wait(at, for_job=False)
        return await self._take_up()

    # --- after a submit that nobody knows the outcome of

    async def _resolve(self, attempt: Attempt) -> bool:
        await self._reload(attempt)  # it may have been called about while it was sent
        if attempt.state != AttemptState.INTENT:
            raise LeaseLost(attempt.task_id)
        now = self.shop.clock.now()
        lost = Lost(
            self._outcome_class(),
            attempt.created_at,
            attempt.submitted_at or attempt.created_at,
            self.give_up_at,
            is_called_back=attempt.called_back_at is not None,
            can_be_called=callback_for(self.account, self._correlation(attempt)) is not None,
        )
        step = next_act(type(self.adapter), lost, now)
        match step.act:
            case Act.RESEND:
                return await self._resend(attempt)
            case Act.LOOK_UP:
                return await self._look_up(attempt)
            case Act.WAIT:
                await self._wait(step.until or now, for_job=True)
                return True
            case Act.GIVE_UP:
                return await self._fail_unknown()

    def _outcome_class(self) -> OutcomeClass:
        """Return what can be done after a submit of what is asked for here."""
        if self.request is None:  # its route is gone; of what it was, nobody knows more
            return self.adapter.outcome_class
        return self.adapter.outcome_class_of(self.request.call.operation)

    async def _resend(self, attempt: Attempt) -> bool:
        self._check()
        if attempt.request_digest != self.about.digest:
            return await self._fail_unknown()  # another release asks for something else
        if self._failures:
            await self._wait(self._backed_off(), for_job=True)
        async with self.shop.loads.held(bytes_of(self.request)):
            self._check()
            await self._commit(attempts.record_resend, attempt=attempt)
            self._sent_at = time.monotonic()
            came = await self._send(attempt)
        return await self._go_on(attempt, came)

    async def _look_up(self, attempt: Attempt) -> bool:
        """Ask for our job; adopt it, or where it surely is not there, send it again."""
        try:
            handle = await self._counted(
                "look_up", self.adapter.look_up(self._correlation(attempt))
            )
        except (ProviderError, Unanswered) as error:
            return await self._ask_again(error)
        if handle is not None:
            await self._keep_handle(attempt, Submitted(handle))
            return True
        if self.shop.clock.now() >= self.give_up_at:
            return await self._fail_unknown()
        if self._outcome_class() == OutcomeClass.B:
            return await self._resend(attempt)
        await self._wait(self._soon(ASK_AGAIN_S), for_job=True)
        return True

    async def _ask_again(self, error: Exception) -> bool:
        """Wait after a question that was not answered; the outcome stays open until it is."""
        logger.warning("not answered: %s", error, extra={"action": "provider_unanswered"})
        if self.shop.clock.now() >= self.give_up_at:
            return await self._fail_unknown()
        self._failures += 1
        await self._wait(self._backed_off(), for_job=True)
        return True

    # --- following

    async def _poll(self, attempt: Attempt) -> bool:
        """Ask how the job stands, after a while; at once where another process had left it."""
        if self._rests_first:
            await self._rest(self._poll_s())
        self._rests_first = True
        self._check()
        faults.point("remote.before_poll")
        try:
            found = await self._counted("poll", self.adapter.poll(attempt.handle))
        except (ProviderError, Unanswered) as error:
            return await self._poll_failed(attempt, error)
        faults.point("remote.after_poll")
        await self._worked()
        match found:
            case Done(answer):
                return await self._take(attempt, answer)
            case Failed(reason):
                return await self._fail_with(reason)
            case Running():
                await self._is_followed(found)
        if self.shop.clock.now() >= self.give_up_at:
            return await self._give_up(attempt)
        return True

    async def _poll_failed(self, attempt: Attempt, error: Exception) -> bool:
        if isinstance(error, ProviderError) and not _is_passing(error):
            return await self._fail_with(error)
        if self.shop.clock.now() >= self.give_up_at:
            return await self._give_up(attempt)
        await self._went_wrong(error)
        self._rests_first = False
        wait_s = getattr(error, "retry_after_s", None)
        at = self._backed_off() if wait_s is None else self._soon(wait_s)
        await self._wait(at, for_job=True)
        return True

    async def _give_up(self, attempt: Attempt) -> bool:
        """Nobody waits for the job any more: end it there, and fail the node."""
        is_ended = await self._cancel_job(attempt)
        cost = await cost_after_end(self.adapter, attempt) if is_ended else None
        error = run_error("timed_out", "The provider took too long.", self.about, retryable=True)
        await self._store_failure(error, AttemptState.CANCELLED, cost_micros=cost)
        return False

    async def _is_followed(self, found: Running) -> None:
        """Take note of a job that gets on. Writes nothing, unless there is something new."""
        if self.claim.attempts > 1 and not self._is_noted:
            await self.shop.in_database(attempts.record_following, claim=self.claim)
            self._is_noted = True
        word = (found.progress, found.preview)
        if word not in ((None, None), self._told):
            self._told = word
            done = None if found.progress is None else min(max(found.progress, 0.0), 1.0)
            self.shop.teller.tell(
                self.claim, self.about.node_id, progress=done, preview=found.preview
            )


def _is_passing(error: ProviderError) -> bool:
    """Say whether a question about a job may be answered later."""
    return error.retryable or isinstance(error, AccountBlocked)
