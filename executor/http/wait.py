"""`…/poll?wait=S`: a poll that is held until the run's status changes, without holding a thread."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from django.http import HttpRequest, HttpResponseBase
from rest_framework.response import Response

from executor.errors import TooManyWaits
from executor.http.execution_views import PollView
from executor.http.queries import read_wait
from executor.http.threadless import ThreadlessCall
from executor.live.news import live_news
from executor.selectors.following import in_reader
from executor.selectors.runs import get_status

MAX_WAITS_OF_ONE = 100  # of one workspace in this process; one more is refused
MAX_WAITS = 2_000  # of all in this process; one more is answered at once
RETRY_AFTER_S = 1


async def poll_and_wait(request: HttpRequest, execution_id: str) -> HttpResponseBase:
    """Answer a poll once the run's status is another than at first, or the time is over."""
    call = ThreadlessCall(PollView(), request, execution_id)
    try:
        response = await _respond(call)
    except Exception as error:  # noqa: BLE001 - the edge: DRF's handler answers and logs
        is_full = isinstance(error, TooManyWaits)
        response = call.refuse(error, retry_after_s=RETRY_AFTER_S if is_full else None)
    return call.finish(response)


async def _respond(call: ThreadlessCall) -> Response:
    workspace_id = (await in_reader(call.admit)).workspace_id
    wait_s = read_wait(call.request.query_params)
    with waits.place(workspace_id) as may_wait:
        if may_wait and wait_s:
            await _wait_for_change(workspace_id, call.execution_id, wait_s)
        view = cast(PollView, call.view)
        return await in_reader(view.answer, workspace_id, call.execution_id)


async def _wait_for_change(workspace_id: str, execution_id: str, wait_s: float) -> None:
    """Return when the run's status is another than now, or is final, or the time is over.

    Raises:
        ExecutionNotFound: no such run here.
    """
    # Before anything is read of the run, so that nothing falls in between.
    async with live_news().watch(execution_id) as watch:
        seen = await in_reader(get_status, workspace_id, execution_id)
        found, loop = seen, asyncio.get_running_loop()
        until = loop.time() + wait_s
        while found == seen and not seen.is_final and (left_s := until - loop.time()) > 0:
            if await watch.wait(left_s):
                found = await in_reader(get_status, workspace_id, execution_id)


class WaitCounter:
    """How many polls wait in this process, by workspace. Used from the event loop alone."""

    def __init__(self, *, of_one: int = MAX_WAITS_OF_ONE, of_all: int = MAX_WAITS) -> None:
        self._of_one = of_one
        self._of_all = of_all
        self._counts: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """How many polls wait right now."""
        return self._counts.total()

    @contextmanager
    def place(self, workspace_id: str) -> Iterator[bool]:
        """Take a place for one poll; gives whether there is room to wait.

        Raises:
            TooManyWaits: the workspace has no place left.
        """
        if self._counts[workspace_id] >= self._of_one:
            raise TooManyWaits(retryAfter=RETRY_AFTER_S, limit=self._of_one, window="concurrent")
        has_room = self._counts.total() < self._of_all
        self._counts[workspace_id] += 1
        try:
            yield has_room
        finally:
            self._counts[workspace_id] -= 1
            if not self._counts[workspace_id]:
                del self._counts[workspace_id]


waits = WaitCounter()
