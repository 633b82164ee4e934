"""The remote worker: one event loop, in a thread of its own, that follows thousands of jobs at once.

A job is a coroutine that sleeps between two questions to its provider. Queries run in a few
threads, so many tasks share few connections; fetching results has threads of its own, so that a
slow download holds up no query. Leases are renewed, and cancelled runs noticed, by the process
(`executor.runtime.worker`), which knows these tasks like its others.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar

from django.db import Error as DatabaseError
from django.db import close_old_connections, connections

from common import metrics
from common.clock import SYSTEM_CLOCK, Clock
from executor import conf
from executor.models import Execution
from executor.providers.circuits import Circuits
from executor.providers.transport import Transport
from executor.runtime.adapters import Adapters
from executor.runtime.errand import InThread, Shop
from executor.runtime.remote_strays import settle_strays
from executor.runtime.remote_task import RemoteTask
from executor.runtime.running import RunningTasks
from executor.runtime.telling import Teller
from executor.services.attempts import REMOTE_QUEUE, hand_back_all
from executor.services.claims import Claim, claim_next

logger = logging.getLogger(__name__)

DATABASE_THREADS = 4
FETCH_THREADS = 8
ENTERING = 16
ASKING = 150  # submits at once; fewer than connections, so that polls get through
DRAIN_S = 6.0  # for calls that are under way when the process is told to stop
CLOSE_TIMEOUT_S = 4.0  # for the last query of a thread
STRAYS_EVERY_S = 5.0

Args = ParamSpec("Args")
Result = TypeVar("Result")


class RemoteLoop:
    """Takes remote tasks and follows them until it is stopped. One in each process, at most."""

    def __init__(
        self, owner: str, running: RunningTasks, teller: Teller, *, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._owner = owner
        self._running = running
        self._teller = teller
        self._clock = clock
        self._limit = conf.remote_jobs()
        self._tasks: dict[str, RemoteTask] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._left: list[str] = []  # to be handed back
        self._is_stopping = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="remote", daemon=True)
        self._bell = asyncio.Event()
        self._database = _Pool("remote-db", DATABASE_THREADS)
        self._fetchers = _Pool("remote-fetch", FETCH_THREADS)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def ring(self, task_id: str = "") -> None:
        """Hear a doorbell, from any thread: of a task to take, or of news for one that is here."""
        self._call(lambda: self._hear(task_id))

    def stop(self, *, grace_s: float = DRAIN_S) -> bool:
        """Take nothing new, end what is asked just now, hand all tasks back. Says whether it ended."""
        if self._thread.is_alive():
            self._call(self._drain)
            self._thread.join(timeout=grace_s)
        return not self._thread.is_alive()

    def _hear(self, task_id: str) -> None:
        known = self._tasks.get(task_id)
        if known is not None:
            known.nudge()
        else:
            self._bell.set()

    def _drain(self) -> None:
        self._is_stopping = True
        self._bell.set()
        for task in self._tasks.values():
            task.drain()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except Exception:  # the edge of a thread
            logger.exception("remote worker broke", extra={"action": "remote_broke"})
        finally:
            self._database.close()
            self._fetchers.close()
            self._loop.close()

    async def _main(self) -> None:
        async with Transport(clock=self._clock, allow=conf.fetch_policy()) as transport:
            self._shop = Shop(
                Adapters(transport), Circuits(self._clock), self._clock,
                self._database.run, self._fetchers.run, self._teller,
                _sleep,
                asyncio.Semaphore(ENTERING),
                asyncio.Semaphore(ASKING),
            )  # fmt: skip
            strays = asyncio.create_task(self._settle_strays())
            while not self._is_stopping:
                await self._guarded(self._take_all)
                await _sleep(self._bell, conf.sweep_s())
                self._bell.clear()
            strays.cancel()
            await asyncio.wait({strays})
            await self._hand_back()

    async def _take_all(self) -> None:
        """Take whatever is ready, as far as there is room."""
        while not self._is_stopping and len(self._tasks) < self._limit:
            claimed = await self._database.run(
                claim_next, queue=REMOTE_QUEUE, owner=self._owner, clock=self._clock
            )
            if claimed is None:
                return
            self._begin(*claimed)

    def _begin(self, claim: Claim, execution: Execution) -> None:
        waited_s = (self._clock.now() - claim.ready_at).total_seconds()
        metrics.task_claimed(claim.queue, waited_s)
        running = self._running.add(claim, execution.id)
        task = RemoteTask(running, self._shop)
        self._tasks[claim.task_id] = task
        running.cancellation.when_set(lambda: self._call(task.stop))
        if self._is_stopping:  # it came while the claim was made
            task.drain()
        job = asyncio.ensure_future(self._follow(task))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _follow(self, task: RemoteTask) -> None:
        claim = task.claim
        try:
            if await task.run():
                self._left.append(claim.task_id)
        except asyncio.CancelledError:
            self._left.append(claim.task_id)
            raise
        except DatabaseError:
            # The lease runs out by itself and another try finds everything as it was.
            logger.exception("task not stored", extra={"action": "task_not_stored"})
        except Exception:  # the edge between adapters and the worker; as above
            logger.exception("remote task broke", extra={"action": "remote_task_broke"})
        finally:
            if self._tasks.get(claim.task_id) is task:
                del self._tasks[claim.task_id]
                self._running.remove(claim)
                self._teller.forget(claim)

    async def _settle_strays(self) -> None:
        while True:
            await asyncio.sleep(STRAYS_EVERY_S)
            await self._guarded(lambda: settle_strays(self._shop))

    async def _hand_back(self) -> None:
        """Hand the tasks back, those last whose calls are under way."""
        if self._jobs:
            _, late = await asyncio.wait(set(self._jobs), timeout=DRAIN_S)
            for job in late:
                job.cancel()
            if late:
                await asyncio.wait(late)
        if self._left:
            await self._guarded(self._hand_back_left)

    async def _hand_back_left(self) -> None:
        await self._database.run(
            hand_back_all, owner=self._owner, task_ids=self._left, clock=self._clock
        )

    async def _guarded(self, work: Callable[[], object]) -> None:
        try:
            await work()  # type: ignore[misc]
        except DatabaseError as error:
            logger.warning("remote worker: %s", error, extra={"action": "remote_failed"})
        except Exception:  # the edge of a loop that everybody's jobs depend on
            logger.exception("remote worker failed", extra={"action": "remote_failed"})

    def _call(self, function: Callable[[], None]) -> None:
        """Have the loop do something; one that has ended needs no telling."""
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            logger.info("news after the end", extra={"action": "remote_news_late"})


class _Pool:
    """A few threads with a database connection each."""

    def __init__(self, name: str, threads: int) -> None:
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._threads = threads
        self.run: InThread = self._run

    async def _run(
        self, function: Callable[Args, Result], *args: Args.args, **kwargs: Args.kwargs
    ) -> Result:
        def call() -> Result:
            close_old_connections()  # one that the database dropped must not fail the next query
            return function(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def close(self) -> None:
        """End the threads, and their connections first: each thread closes its own."""
        meeting = threading.Barrier(self._threads)  # or one quick thread would close for all

        def leave() -> None:
            with suppress(threading.BrokenBarrierError):
                meeting.wait(CLOSE_TIMEOUT_S)
            connections.close_all()

        for _ in range(self._threads):
            self._executor.submit(leave)
        self._executor.shutdown(wait=False)


async def _sleep(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
