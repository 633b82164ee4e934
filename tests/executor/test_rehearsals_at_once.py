"""Simulating takes memory and the threads of fetches: few tasks of a process do so at once."""

import asyncio
from typing import Any

from common.clock import SYSTEM_CLOCK
from executor.models import Execution
from executor.runtime.errand import REHEARSING, Shop
from executor.runtime.rehearsal import Rehearsal
from executor.runtime.rehearsing import Rehearsing
from executor.runtime.running import Cancellation, RunningTask
from executor.simulate.types import Made


class Studio:
    """Stands for the threads in which results are made; knows how many are made together."""

    def __init__(self) -> None:
        self.now = self.most = self.done = 0

    async def make(self, *_: Any, **__: Any) -> Any:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.001)
        self.now -= 1
        self.done += 1
        return Made({}), []


class Task(Rehearsing):
    """One that keeps nothing of what it made."""

    async def _in_work(self, *_: Any) -> Any:
        return None


def task(shop: Shop) -> Task:
    nothing: Any = None
    return Task(RunningTask(nothing, "exec_1", Cancellation()), shop)


async def test_a_mapped_model_of_a_test_run_is_simulated_few_elements_at_a_time() -> None:
    studio, rest = Studio(), asyncio.Semaphore()
    nothing: Any = None
    shop = Shop(
        nothing, nothing, SYSTEM_CLOCK, nothing, studio.make, nothing, nothing, rest, rest
    )  # fmt: skip
    rehearsal = Rehearsal(Execution(options={}), "paint", lambda: Made({}))

    async with asyncio.timeout(10):
        await asyncio.gather(*(task(shop)._rehearse(rehearsal) for _ in range(20)))

    assert studio.done == 20
    assert studio.most == REHEARSING
