"""What a remote task stands on: what its process shares, its waits, its rows, and its ends."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, ParamSpec, Protocol, TypeVar

from django.db import OperationalError

from common import metrics
from common.clock import Clock
from executor.models import Attempt
from executor.providers.account import PLATFORM, ProviderAccount
from executor.providers.base import Adapter, Correlation, Done, Failed, Request
from executor.providers.circuits import Circuits
from executor.providers.cost import cost_micros_of, micros_of
from executor.providers.errors import (
    AccountBlocked,
    NotSent,
    Overloaded,
    ProviderError,
    Unanswered,
)
from executor.runtime.adapters import Adapters
from executor.runtime.line import Line
from executor.runtime.loads import Loads
from executor.runtime.remote_work import RemoteWork, run_error
from executor.runtime.running import RunningTask
from executor.runtime.telling import Teller
from executor.services import attempts
from executor.services.attempts import Undertaking
from executor.services.provider_blocks import block_account, unblock_account
from executor.services.provider_files import NotStored, ResultGone
from executor.types import OPEN_ATTEMPTS, AttemptState, RunError

logger = logging.getLogger(__name__)

ASKING_OWN = 50  # submits at once
REHEARSING = 2  # half a gigabyte each for the largest pictures; the threads are those of fetches
HOLD_S = 5.0  # longer waits let go of the task
BACKOFF_S = 1.0  # doubles with each failure in a row
MAX_BACKOFF_S = 30.0
ROOM_AGAIN_S = 20.0  # looked after by ourselves; the end of a job here calls earlier
STORE_AGAIN_S = (0.5, 1.0, 2.0, 4.0)

Args = ParamSpec("Args")
Result = TypeVar("Result")
_random = Random()  # noqa: S311 - it only spreads questions over time


class InThread(Protocol):
    """Runs a function in a thread of some pool."""

    async def __call__(
        self, function: Callable[Args, Result], *args: Args.args, **kwargs: Args.kwargs
    ) -> Result:
        """Return what the function does."""
        ...


@dataclass(frozen=True, slots=True)
class Shop:
    """What all remote tasks of a process share."""

    adapters: Adapters
    circuits: Circuits
    clock: Clock
    in_database: InThread
    in_fetcher: InThread
    teller: Teller
    sleep: Callable[[asyncio.Event, float], Awaitable[None]]  # returns early when the event is set
    entering: asyncio.Semaphore  # for who reads what its task is about
    asking: asyncio.Semaphore  # for who is between an intent and its outcome
    line: Line = field(default_factory=Line)  # of tasks that wait for room at a provider
    strays: dict[str, datetime] = field(default_factory=dict)  # when those that failed come again
    loads: Loads = field(default_factory=Loads)  # of files that are being sent
    # As `asking`, by accounts that workspaces brought: a slow server of theirs holds up them alone.
    asking_own: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ASKING_OWN))
    # What test keys ask for must neither fill the memory nor keep paid results from being fetched.
    rehearsing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(REHEARSING))


class LetGo(Exception):
    """The task waits without a worker from here on."""


class Stopped(Exception):
    """The run is over."""


class HandBack(Exception):
    """The process is being stopped: somebody else is to go on."""


class Errand:
    """One claimed task, as far as it does not depend on where it stands at its provider."""

    about: Undertaking
    account: ProviderAccount
    request: Request | None  # until there is a handle
    adapter: Adapter
    give_up_at: datetime
    told: Mapping[str, Any] | None = None  # of the way that is taken

    def __init__(self, running: RunningTask, shop: Shop) -> None:
        self.claim = running.claim
        self.cancellation = running.cancellation
        self.shop = shop
        self.attempt: Attempt | None = None
        self._news = asyncio.Event()
        self._is_over = self._is_draining = False
        self._failures = 0  # in a row
        self._sent_at = 0.0  # by the monotonic clock: when the task was last confirmed to be ours
        self._rests_first = False  # a job that another process had left is polled at once
        self._is_noted = False
        self._told: tuple[float | None, str | None] = (None, None)

    @property
    def asking(self) -> asyncio.Semaphore:
        """The places that the task needs one of to ask."""
        return self.shop.asking if self.account.id == PLATFORM else self.shop.asking_own

    def stop(self) -> None:
        """Hear that the run is over; from the event loop's thread."""
        self._is_over = True
        self._news.set()

    def drain(self) -> None:
        """Hear that the process ends; what is under way is finished, nothing is waited for."""
        self._is_draining = True
        self._news.set()

    def nudge(self) -> None:
        """Hear that the provider may have news."""
        self._news.set()

    # --- ends

    async def _fail(self, code: str, message: str) -> bool:
        error = run_error(code, message, self.about)
        await self._store_failure(error, AttemptState.FAILED)
        return False

    async def _fail_with(
        self, error: ProviderError, *, result: dict[str, Any] | None = None
    ) -> bool:
        failure = run_error(error.code, error.message, self.about, retryable=error.retryable)
        cost = micros_of(error.cost_usd)
        await self._store_failure(failure, AttemptState.FAILED, result, cost)
        return False

    async def _fail_unknown(self) -> bool:
        message = (
            "Nobody knows whether the provider has done this. It is not asked again by itself."
        )
        error = run_error("provider_outcome_unknown", message, self.about, retryable=True)
        logger.error(
            "outcome unknown",
            extra={"action": "provider_outcome_unknown", "task": self.claim.task_id},
        )
        await self._store_failure(error, AttemptState.UNKNOWN)
        return False

    async def _store_failure(
        self,
        error: RunError,
        to: AttemptState,
        result: dict[str, Any] | None = None,
        cost_micros: int | None = None,
    ) -> None:
        attempt = self.attempt if self._is_open() else None
        store = partial(
            RemoteWork.fail, error=error, attempt=attempt, to=to, result=result,
            cost_micros=cost_micros, told=self.told,
        )  # fmt: skip
        await self._in_work(store)

    async def _abandon(self) -> None:
        """End the job of a run that is over. Where that fails, the sweep for strays goes on."""
        attempt = self.attempt
        if attempt is None or attempt.state not in (AttemptState.SUBMITTED, AttemptState.FETCHING):
            return
        if not await self.shop.in_database(attempts.is_task_over, attempt.task_id):
            return  # stopped for another reason; whoever goes on needs the job
        if attempt.state == AttemptState.FETCHING or await self._cancel_job(attempt):
            has_job = attempt.state == AttemptState.SUBMITTED
            await self.shop.in_database(
                attempts.cancel_attempt,
                attempt=attempt,
                cost_micros=await cost_after_end(self.adapter, attempt) if has_job else None,
                clock=self.shop.clock,
            )

    async def _cancel_job(self, attempt: Attempt) -> bool:
        try:
            await self._counted("cancel", self.adapter.cancel(attempt.handle))
        except (ProviderError, Unanswered) as error:
            logger.warning("not cancelled: %s", error, extra={"action": "provider_not_cancelled"})
            return False
        return True

    # --- waiting

    async def _wait(self, at: datetime, *, for_job: bool) -> None:
        """Wait until an hour: here for a moment, else without a worker.

        Raises:
            LetGo: the task is no longer ours.
        """
        self._check()
        left_s = (at - self.shop.clock.now()).total_seconds()
        if left_s <= HOLD_S:
            await self._rest(left_s)
            return
        await self.shop.in_database(
            attempts.wait_until, claim=self.claim, at=at, for_job=for_job, clock=self.shop.clock
        )
        raise LetGo

    async def _rest(self, seconds: float) -> None:
        self._check()
        if seconds > 0:
            await self.shop.sleep(self._news, seconds)
        self._news.clear()
        self._check()

    def _check(self) -> None:
        if self._is_draining:
            raise HandBack
        if self._is_over:
            raise Stopped

    async def _stand_in_line(self) -> None:
        """Wait until the provider may have room for one more job.

        Raises:
            LetGo: always, unless the process or the run ends.
        """
        self.shop.line.join(self.about.provider, self.claim.task_id)
        again_s = ROOM_AGAIN_S * _random.uniform(0.5, 1.5)
        at = self.shop.clock.now() + timedelta(seconds=again_s)
        await self._wait(at, for_job=False)

    async def _make_room(self) -> None:
        """Call the next in line at the provider, now that our job there is over."""
        if self.attempt is None or self._is_open():
            return
        while (task_id := self.shop.line.leave(self.attempt.provider)) is not None:
            if await self.shop.in_database(
                attempts.call_up, task_id=task_id, clock=self.shop.clock
            ):
                return

    def _spread(self, at: datetime) -> datetime:
        """Return a little later than an hour at which many may come."""
        return at + timedelta(seconds=_random.uniform(0.0, 1.0))

    def _poll_s(self) -> float:
        return self.adapter.poll_interval_s * _random.uniform(0.9, 1.1)

    def _backoff_s(self) -> float:
        doubled = BACKOFF_S * 2.0 ** min(self._failures - 1, 10)
        return min(doubled, MAX_BACKOFF_S) * _random.uniform(0.5, 1.0)

    def _backed_off(self) -> datetime:
        return self._soon(self._backoff_s())

    def _soon(self, seconds: float) -> datetime:
        """Return an hour so far ahead, but not past the one at which all is given up."""
        return min(self.shop.clock.now() + timedelta(seconds=seconds), self.give_up_at)

    async def _worked(self) -> None:
        """Take note that the provider serves us."""
        self._failures = 0
        if self.shop.circuits.worked(self.account):
            await self.shop.in_database(
                unblock_account,
                provider=self.account.provider,
                account=self.account.id,
                clock=self.shop.clock,
            )

    async def _went_wrong(self, error: Exception) -> None:
        """Take note of what speaks against asking there again soon, for other tasks as well."""
        self._failures += 1
        if isinstance(error, NotSent | Overloaded):
            self.shop.circuits.failed(self.account)
        elif isinstance(error, AccountBlocked) and not self.shop.circuits.is_open(self.account):
            self.shop.circuits.open(self.account)
            await self.shop.in_database(
                block_account,
                provider=self.account.provider,
                account=self.account.id,
                message=error.message,
                workspace_id=self.attempt.workspace_id if self.attempt is not None else "",
                clock=self.shop.clock,
            )

    # --- the rows

    def _is_open(self) -> bool:
        return self.attempt is not None and self.attempt.state in OPEN_ATTEMPTS

    def _correlation(self, attempt: Attempt) -> Correlation:
        return Correlation(
            attempt.client_ref,
            attempts.callback_url(attempt),
            attempt.submitted_at or attempt.created_at,
            job_named_to(attempt),
            attempt.model,
            self.request.call.operation if self.request is not None else "",
        )

    async def _counted(self, call: str, asking: Awaitable[Result]) -> Result:
        """Await a call to the provider, and count how it went."""
        began_at, outcome = time.monotonic(), "ok"
        try:
            return await asking
        except ProviderError as error:
            outcome = error.code
            raise
        except (Unanswered, ResultGone, NotStored):
            outcome = "unanswered"
            raise
        finally:
            seconds = time.monotonic() - began_at
            metrics.provider_called(self.adapter.name, call, outcome, seconds)

    async def _commit(self, function: Callable[..., None], **values: Any) -> None:
        await self._persist(partial(function, claim=self.claim, clock=self.shop.clock, **values))

    async def _reload(self, attempt: Attempt) -> None:
        await self.shop.in_database(attempt.refresh_from_db)

    async def _in_work(self, step: Callable[[RemoteWork], Result]) -> Result:
        def call() -> Result:
            return step(
                RemoteWork(self.claim, self.cancellation, self.shop.teller, self.shop.clock)
            )

        return await self._persist(call)

    async def _persist(self, call: Callable[[], Result]) -> Result:
        """Do something in the database, again if that is away: what it is about may be paid for.

        The fence makes a second try harmless: after a commit that only seemed to fail it finds the
        row moved on, and the task is left to whoever takes it up.
        """
        for wait_s in STORE_AGAIN_S:
            try:
                return await self.shop.in_database(call)
            except OperationalError as error:
                logger.warning("not stored: %s", error, extra={"action": "remote_not_stored"})
                await asyncio.sleep(wait_s)
        return await self.shop.in_database(call)


async def cost_after_end(adapter: Adapter, attempt: Attempt) -> int | None:
    """Return what a provider takes for a job that was ended, in millionths of a dollar, if it says."""
    try:
        found = await adapter.poll(attempt.handle)
    except (ProviderError, Unanswered):
        return None
    match found:
        case Done(answer):
            return cost_micros_of(answer.data)
        case Failed(error):
            return micros_of(error.cost_usd)
        case _:
            return None


def job_named_to(attempt: Attempt) -> str | None:
    """Return the job that a callback has named while we knew of none."""
    return (attempt.handle or {}).get("named")
