"""Who follows which run in this process, and how they hear that it has news.

The numbered stream in the database is the truth; the channel layer only says "look". All followers
of an event loop share one channel of the layer, one look every `RECHECK_S` for what the layer
dropped, and what was read of a run: a thousand sockets on one run cost one query for each change.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from channels.layers import BaseChannelLayer, get_channel_layer
from django.db import Error as DatabaseError

from executor.dispatch import execution_group
from executor.selectors.following import Frame, Position, in_reader, list_frames, list_positions

logger = logging.getLogger(__name__)

RECHECK_S = 2.0  # news may get lost: so often the database is asked anyway
JOIN_S = 1.0  # so long a follower waits for a layer that does not answer; then the looks have to do
LISTEN_AGAIN_S = 1.0
_AT_ONCE = 500  # runs in one look


class Feed:
    """One followed run: what was read of it last, for all who follow it here."""

    def __init__(self, execution_id: str) -> None:
        self.execution_id = execution_id
        self.watchers: set[asyncio.Event] = set()
        self.is_joined = False
        self.position: Position | None = None
        self._batch: Sequence[Frame] = ()
        self._since: int | None = None  # the batch holds all that is known to follow this number
        self._changes = 1  # how often it may have changed, and how many of these were looked at
        self._looked_at = 0
        self._lock = asyncio.Lock()

    @property
    def newest(self) -> int | None:
        """The number of the last event that was read; None before the first look."""
        return self._batch[-1].seq if self._batch else self._since

    def change(self) -> None:
        """Take note that there may be new events."""
        self._changes += 1

    def wake(self) -> None:
        """Let all followers look."""
        for news in self.watchers:
            news.set()

    async def after(self, seq: int) -> Sequence[Frame]:
        """Return the events after number `seq`, or the first of them; empty when there are none.

        Who is as far as the others shares their query; who lags behind makes one of its own.
        """
        if self._looked_at < self._changes:
            async with self._lock:
                if self._looked_at < self._changes:  # nobody has looked while this one waited
                    await self._look(seq)
        if self._since is None or seq < self._since:
            return (await in_reader(list_frames, self.execution_id, since=seq)).frames
        return [frame for frame in self._batch if frame.seq > seq]

    async def _look(self, seq: int) -> None:
        since = seq if self.newest is None else self.newest
        changes = self._changes  # what changes during the query counts for the next one
        page = await in_reader(list_frames, self.execution_id, since=since)
        if page.frames or self._since is None:
            self._since, self._batch = since, page.frames
        if not page.has_more:
            self._looked_at = changes


class Watch:
    """One follower's place at a run; `news` is set whenever the run may have changed."""

    def __init__(self, feed: Feed) -> None:
        self.news = asyncio.Event()
        self.feed = feed

    async def wait(self, seconds: float) -> bool:
        """Wait for news, at most so long; says whether there are any, and takes note of them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0)):
                await self.news.wait()
        has_news = self.news.is_set()
        self.news.clear()
        return has_news


class LiveNews:
    """The runs that are followed in one event loop. Used from that loop alone."""

    def __init__(self, *, recheck_s: float = RECHECK_S) -> None:
        self.recheck_s = recheck_s
        self._feeds: dict[str, Feed] = {}
        self._channel: str | None = None
        self._is_silent = False
        self._is_tuned = asyncio.Event()  # listening, or known not to be
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def followed(self) -> set[str]:
        """The runs that somebody follows."""
        return set(self._feeds)

    @asynccontextmanager
    async def watch(self, execution_id: str) -> AsyncIterator[Watch]:
        """Follow a run; what happens to it from here on is news, so read it afterwards."""
        self._start()
        feed = self._feeds.setdefault(execution_id, Feed(execution_id))
        watch = Watch(feed)
        feed.watchers.add(watch.news)
        try:
            await self._join(feed)
            feed.change()
            yield watch
        finally:
            feed.watchers.discard(watch.news)
            if not feed.watchers:
                self._feeds.pop(execution_id, None)
                await asyncio.shield(asyncio.ensure_future(self._leave(execution_id)))

    async def close(self) -> None:
        """Stop listening; for a process that goes on without followers, and for tests."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _start(self) -> None:
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._keep_listening()),
                asyncio.create_task(self._keep_looking()),
            ]

    # --- the channel layer

    async def _join(self, feed: Feed) -> None:
        """Have the layer tell of a run; where it cannot, the looks have to do."""
        try:
            async with asyncio.timeout(JOIN_S):
                await self._is_tuned.wait()
                if self._channel is None or feed.is_joined:
                    return
                await _layer().group_add(execution_group(feed.execution_id), self._channel)
            feed.is_joined = True
        except Exception as error:  # noqa: BLE001 - whatever the layer's client raises
            self._fall_silent(error)

    async def _leave(self, execution_id: str) -> None:
        if self._channel is None or execution_id in self._feeds:
            return
        try:
            async with asyncio.timeout(JOIN_S):
                await _layer().group_discard(execution_group(execution_id), self._channel)
        except Exception as error:  # noqa: BLE001 - whatever the layer's client raises
            self._fall_silent(error)

    async def _keep_listening(self) -> None:
        """Hear the layer for as long as the loop lasts.

        Always ended within `receive`, where the Redis layer gives the channel up. It keeps one
        channel also while nobody follows: without any, the Redis layer would look for something to
        listen to only every 100 ms.
        """
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever the layer's client raises
                self._channel = None
                self._fall_silent(error)
            self._is_tuned.set()
            await asyncio.sleep(LISTEN_AGAIN_S)

    async def _listen(self) -> None:
        layer = _layer()
        channel = await layer.new_channel()
        self._channel = channel
        for feed in self._feeds.values():
            feed.is_joined = False
        self._is_tuned.set()
        self._is_silent = False
        while True:
            message = await layer.receive(channel)
            feed_of_news = self._feeds.get(message["executionId"])
            if feed_of_news is not None:
                feed_of_news.change()
                feed_of_news.wake()

    def _fall_silent(self, error: Exception) -> None:
        if not self._is_silent:
            logger.warning("no live news: %r", error, extra={"action": "live_silent"})
        self._is_silent = True

    # --- the looks

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self.recheck_s)
            for feed in [feed for feed in self._feeds.values() if not feed.is_joined]:
                await self._join(feed)
            try:
                for ids in _parts(list(self._feeds)):
                    self._compare(await in_reader(list_positions, ids))
            except DatabaseError as error:
                logger.warning("no look at runs: %s", error, extra={"action": "live_blind"})

    def _compare(self, positions: dict[str, Position]) -> None:
        """Wake the followers of runs that are elsewhere than at the last look."""
        for execution_id, position in positions.items():
            feed = self._feeds.get(execution_id)
            if feed is None or feed.position == position:
                continue
            feed.position = position
            if feed.newest is None or position.seq > feed.newest:
                feed.change()
            feed.wake()


def live_news() -> LiveNews:
    """Return the news of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _of_loops:
        _of_loops[loop] = LiveNews()
    return _of_loops[loop]


def _layer() -> BaseChannelLayer:
    layer = get_channel_layer()
    assert layer is not None  # noqa: S101 - the settings always name one
    return layer


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[first : first + _AT_ONCE] for first in range(0, len(ids), _AT_ONCE))


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, LiveNews] = WeakKeyDictionary()
