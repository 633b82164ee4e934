"""`…/poll?wait=S`: a poll that is held until the run's status changes, without holding a thread.

The router of `pixelflow_site` sends such polls here; whoever asks sees the same answers as from
`PollView`, which does all but the waiting.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast
from weakref import WeakKeyDictionary

from channels.layers import BaseChannelLayer, get_channel_layer
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import Principal
from executor.dispatch import execution_group
from executor.errors import TooManyWaits
from executor.http.execution_views import PollView
from executor.http.queries import read_wait
from executor.selectors.following import in_reader
from executor.selectors.runs import get_status

logger = logging.getLogger(__name__)

MAX_WAITS_OF_ONE = 100  # of one workspace in this process; one more is refused
MAX_WAITS = 2_000  # of all in this process; one more is answered at once
RECHECK_S = 2.0  # news may get lost: so often the database is asked anyway
RETRY_AFTER_S = 1


async def poll_and_wait(request: HttpRequest, execution_id: str) -> HttpResponse:
    """Answer a poll once the run's status is another than at first, or the time is over."""
    call = _Call(request, execution_id)
    try:
        response = await _respond(call)
    except Exception as error:  # noqa: BLE001 - the edge: DRF's handler answers and logs
        response = call.view.handle_exception(error)
        if isinstance(error, TooManyWaits):
            response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return call.finish(response)


class _Call:
    """One request, put through the steps of a DRF view one by one."""

    def __init__(self, request: HttpRequest, execution_id: str) -> None:
        self.execution_id = execution_id
        self.view = PollView()
        self.view.setup(request, execution_id=execution_id)
        self.view.headers = self.view.default_response_headers
        self.request: Request = self.view.initialize_request(request, execution_id=execution_id)
        self.view.request = self.request

    def admit(self) -> Principal:
        """Check method, negotiation, key and scope as for any other view."""
        self.view.initial(self.request, execution_id=self.execution_id)
        if self.request.method not in ("GET", "HEAD"):
            self.view.http_method_not_allowed(self.request)
        return cast(Principal, self.request.auth)

    def finish(self, response: Any) -> HttpResponse:
        """Return the rendered answer."""
        final = self.view.finalize_response(self.request, response)
        return cast(HttpResponse, final.render())


async def _respond(call: _Call) -> Response:
    workspace_id = (await in_reader(call.admit)).workspace_id
    wait_s = read_wait(call.request.query_params)
    with waits.place(workspace_id) as may_wait:
        if may_wait and wait_s:
            await _wait_for_change(workspace_id, call.execution_id, wait_s)
        return await in_reader(call.view.answer, workspace_id, call.execution_id)


async def _wait_for_change(workspace_id: str, execution_id: str, wait_s: float) -> None:
    """Return when the run's status is another than now, or is final, or the time is over.

    Raises:
        ExecutionNotFound: no such run here.
    """
    async with _news_of(execution_id) as news:  # first, so that nothing falls in between
        seen = await in_reader(get_status, workspace_id, execution_id)
        found, loop = seen, asyncio.get_running_loop()
        until = loop.time() + wait_s
        while found == seen and not seen.is_final and (left_s := until - loop.time()) > 0:
            await _wait_for(news, min(left_s, RECHECK_S))
            news.clear()
            found = await in_reader(get_status, workspace_id, execution_id)


@asynccontextmanager
async def _news_of(execution_id: str) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set whenever the run has news, as far as the channel layer tells."""
    news = asyncio.Event()
    listener = asyncio.create_task(
        _listen(execution_group(execution_id), news, joined := asyncio.Event())
    )
    try:
        await joined.wait()
        yield news
    finally:
        listener.cancel()
        await asyncio.wait({listener})


async def _listen(group: str, news: asyncio.Event, joined: asyncio.Event) -> None:
    """Set `news` for each message until cancelled; without a layer the rechecks have to do.

    Always ended within `receive`, where the Redis layer gives the channel up.
    """
    layer = cast(BaseChannelLayer, get_channel_layer())
    try:
        await _stay_awake(layer)
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        joined.set()
        try:
            while True:
                await layer.receive(channel)
                news.set()
        finally:
            await layer.group_discard(group, channel)
    except Exception as error:  # noqa: BLE001 - whatever the layer's client raises
        logger.warning("no live news: %s", error, extra={"action": "live_silent"})
    finally:
        joined.set()


async def _stay_awake(layer: BaseChannelLayer) -> None:
    """Hold one channel of each layer for as long as its loop lasts.

    The Redis layer looks for something to listen to every 100 ms while it has nothing; with one
    channel always there, the first news of a quiet minute comes at once.
    """
    loop = asyncio.get_running_loop()
    if _awake.get(loop) is not layer:
        _awake[loop] = layer
        await layer.new_channel()


async def _wait_for(news: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return


_awake: WeakKeyDictionary[asyncio.AbstractEventLoop, BaseChannelLayer] = WeakKeyDictionary()


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
