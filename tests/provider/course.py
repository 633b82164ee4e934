"""Remote tasks by hand: one process after the other, by a clock that the test moves."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.db.models import F

from accounts.api import WorkspaceRef
from common import faults
from common.clock import FixedClock, utc_now
from common.faults import FaultInjected
from executor import conf
from executor.models import Attempt, Task
from executor.providers.circuits import Circuits
from executor.providers.transport import Transport
from executor.runtime.adapters import Adapters
from executor.runtime.errand import Shop
from executor.runtime.line import Line
from executor.runtime.remote_strays import settle_strays
from executor.runtime.remote_task import RemoteTask
from executor.runtime.running import RunningTasks
from executor.runtime.telling import Teller
from executor.services.cancel import cancel_execution
from executor.services.claims import claim_next, release_dead
from executor.services.waking import wake_due
from tests.client import ApiClient
from tests.executor.runs import accept, answer_of, publish
from tests.graphs import graph


def asking(style: str, **params: Any) -> dict[str, Any]:
    """A graph that asks one provider for one text."""
    return graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "ask": (f"test.remote_{style}", params),
            "o": ("output", {"name": "text"}),
        },
        ["p.value -> ask.prompt", "ask.text -> o.value"],
    )


class Course:
    """One workspace's remote runs, and the processes that follow them, one at a time."""

    def __init__(self, workspace: WorkspaceRef) -> None:
        self.workspace = workspace
        self.clock = FixedClock(utc_now() + timedelta(seconds=1))
        self.circuits = Circuits(self.clock)
        self.line = Line()
        self.teller = Teller(on_lost=lambda _: None, clock=self.clock)
        self.naps: list[float] = []
        self.strays: dict[str, datetime] = {}
        self.at_nap: Any = None  # called with the task that sleeps

    def begin(self, document: dict[str, Any], **inputs: Any) -> str:
        """Accept a run; returns its id."""
        given = inputs or {"prompt": "tea"}
        accepted = accept(self.workspace, publish(self.workspace, document), given)
        behind_s = (utc_now() - self.clock.now()).total_seconds()
        self.clock.advance(max(behind_s, 0.0) + 0.1)  # accepting goes by the machine's clock
        return accepted.execution_id

    def work(self, owner: str = "one", arm: str = "") -> bool:
        """Take remote tasks until none is ready; says whether the process died at a kill point."""
        faults.arm(arm)
        try:
            async_to_sync(self._work)(owner)
        except FaultInjected:
            return True
        finally:
            faults.arm("")
        return False

    def take_over(self, owner: str = "two") -> None:
        """Let the leases of a dead process run out, and have another one take its tasks."""
        self.expire()
        self.work(owner)

    def expire(self) -> None:
        """Let the leases of a dead process run out."""
        self.advance(conf.lease_s() + 1)
        release_dead(clock=self.clock)

    def advance(self, seconds: float) -> None:
        """Move the clock, which for rows in PostgreSQL is the server's."""
        self.clock.advance(seconds)
        if conf.is_postgres():
            earlier = timedelta(seconds=seconds)
            Task.objects.update(wake_at=F("wake_at") - earlier)
            Task.objects.update(lease_until=F("lease_until") - earlier)

    def settle_strays(self) -> None:
        """Do what processes do every few seconds about attempts of runs that are over."""
        async_to_sync(self._settle)()

    def cancel(self, execution_id: str) -> None:
        """Cancel a run."""
        cancel_execution(workspace_id=self.workspace.id, execution_id=execution_id)

    def call_back(self, attempt: Attempt, body: Any) -> int:
        """Call what the provider was told to call; returns the status of the answer."""
        path = f"/providers/callbacks/{attempt.callback_token}"
        status = int(ApiClient(None).post(path, body).status_code)
        self.advance(10)  # the endpoint goes by the machine's clock, which is a little ahead
        return status

    def answer(self, execution_id: str) -> dict[str, Any]:
        """The poll answer."""
        return answer_of(self.workspace, execution_id)

    async def _work(self, owner: str) -> None:
        async with Transport(clock=self.clock, allow=conf.fetch_policy()) as transport:
            shop = self.shop(transport)
            while True:
                await _in_thread(wake_due, clock=self.clock)
                claimed = await _in_thread(
                    claim_next, queue="remote", owner=owner, clock=self.clock
                )
                if claimed is None:
                    return
                running = RunningTasks().add(claimed[0], claimed[1].id)
                task = RemoteTask(running, shop)
                self._task = task
                await task.run()

    async def _settle(self) -> None:
        async with Transport(clock=self.clock, allow=conf.fetch_policy()) as transport:
            await settle_strays(self.shop(transport))

    def shop(self, transport: Transport | None = None) -> Shop:
        """What the tasks of a process share; without a transport nothing can be asked."""
        return Shop(
            Adapters(transport or Transport()),
            self.circuits,
            self.clock,
            _in_thread,
            _in_thread,
            self.teller,
            self._sleep,
            asyncio.Semaphore(2),
            asyncio.Semaphore(2),
            line=self.line,
            strays=self.strays,
        )

    async def _sleep(self, event: asyncio.Event, seconds: float) -> None:
        self.naps.append(seconds)
        if self.at_nap is not None:
            await _in_thread(self.at_nap, self._task)
        if not event.is_set():
            await _in_thread(self.advance, seconds)


async def _in_thread(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call it in the test's own thread, whose transaction it has to see."""
    return await sync_to_async(function, thread_sensitive=True)(*args, **kwargs)
