"""Telling others: the doorbell that wakes workers, and the word that a run has news.

Neither carries anything but an id, and both may get lost: the database is the truth. A sweep finds
tasks that nobody was told of, and whoever follows a run reads the database after its last number.
"""

import asyncio
import logging
import threading
import time
from functools import cache
from typing import Any

import dramatiq
import redis
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import transaction
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from common import faults, metrics
from executor import conf

logger = logging.getLogger(__name__)

TASK_ACTOR = "run_task"
RING_TIMEOUT_S = 0.05  # a slow broker must not slow down what it is only told of
SILENT_AFTER_FAILURE_S = 0.5
ASK_SILENT_EVERY_S = 0.5
OUT_AFTER_FAILURE_S = 6.0  # a consumer that lost its connection waits 3 s before the next one
BROKER_TIMEOUT_S = 5.0  # of the loops that wait for bells


@cache
def get_broker() -> dramatiq.Broker:
    """Return the process's broker. No middleware: no retries, delays or results of its own."""
    url = conf.redis_url()
    broker: dramatiq.Broker
    if url:
        broker = _redis_broker(url, timeout_s=BROKER_TIMEOUT_S)
    else:
        broker = StubBroker(middleware=[])
    for queue in conf.QUEUES:
        broker.declare_queue(queue)
    broker.delay_queues.clear()  # nothing of ours is delayed, and each of them would be polled
    return broker


@cache
def get_bell() -> dramatiq.Broker:
    """Return the broker for telling others, which gives up sooner than that of a worker's loops."""
    url = conf.redis_url()
    return _redis_broker(url, timeout_s=RING_TIMEOUT_S) if url else get_broker()


def _redis_broker(url: str, *, timeout_s: float) -> RedisBroker:
    # With a URL of its own the broker would drop the time-outs, and the client try again for long.
    client = redis.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
    )
    return RedisBroker(client=client, middleware=[])  # type: ignore[no-untyped-call]


class _Silence:
    """Whether the broker failed a moment ago, so that the next bell need not wait for it too."""

    def __init__(self) -> None:
        self._until = 0.0
        self._asked_at = 0.0
        self._out_until = 0.0

    def begin(self) -> None:
        """Ring no bells for a while."""
        now = time.monotonic()
        self._until, self._out_until = now + SILENT_AFTER_FAILURE_S, now + OUT_AFTER_FAILURE_S

    def lasts(self) -> bool:
        """Say whether it is too early to try again."""
        return time.monotonic() < self._until

    def ask(self) -> bool:
        """Say whether the broker is out, or was until a while ago: its listeners come back late."""
        now = time.monotonic()
        if now - self._asked_at > ASK_SILENT_EVERY_S:
            self._asked_at = now
            if not _answers():
                self._out_until = now + OUT_AFTER_FAILURE_S
        return now < self._out_until


_silence = _Silence()


def ring(task_id: str, queue: str) -> None:
    """Tell a worker of a task, within `RING_TIMEOUT_S`.

    A broker that fails is logged, and left alone for a moment; the sweep will tell again.
    """
    if _silence.lasts():
        metrics.doorbell_failed()
        return
    message: dramatiq.Message[Any] = dramatiq.Message(
        queue_name=queue,
        actor_name=TASK_ACTOR,
        args=(),
        kwargs={"task_id": task_id, "queue": queue},
        options={},
    )
    try:
        faults.point("enqueue.before")
        get_bell().enqueue(message)
        faults.point("enqueue.after")
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises
        _silence.begin()
        metrics.doorbell_failed()
        logger.warning("doorbell failed: %s", error, extra={"action": "doorbell_failed"})


def ring_on_commit(task_id: str, queue: str) -> None:
    """Tell a worker of a task once the open transaction is committed."""
    transaction.on_commit(lambda: ring(task_id, queue), robust=True)


def is_silent() -> bool:
    """Say whether nobody hears any bells, so that workers must look for tasks by themselves."""
    return _silence.ask()


def _answers() -> bool:
    broker = get_bell()
    try:
        return isinstance(broker, StubBroker) or bool(broker.client.ping())  # type: ignore[attr-defined]
    except RedisError as error:
        logger.warning("broker is silent: %s", error, extra={"action": "broker_silent"})
        return False


def backlog(queue: str) -> int:
    """Return how many doorbells wait in a queue; 0 when the broker does not answer."""
    broker = get_bell()
    try:
        if isinstance(broker, StubBroker):
            return int(broker.queues[queue].qsize())
        return int(broker.client.llen(f"{broker.namespace}:{queue}"))  # type: ignore[attr-defined]
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises
        logger.warning("broker is silent: %s", error, extra={"action": "broker_silent"})
        return 0


BUSY_FOR_S = 0.1  # how long an answer of `is_busy` counts
SILENT_FOR_S = 5.0  # the same when the broker was slow to answer


class _Busy:
    """What is known of each queue, and until when."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, bool]] = {}

    def ask(self, queue: str) -> bool:
        """Return what is known, asking the broker when that is too old."""
        until, is_busy = self._known.get(queue, (0.0, False))
        began = time.monotonic()
        if began >= until:
            is_busy = backlog(queue) > 0
            is_slow = time.monotonic() - began > RING_TIMEOUT_S
            self._known[queue] = began + (SILENT_FOR_S if is_slow else BUSY_FOR_S), is_busy
        return is_busy


_busy = _Busy()


def is_busy(queue: str) -> bool:
    """Say whether doorbells wait in a queue, as it was a moment ago at most."""
    return _busy.ask(queue)


class LiveBridge:
    """Carries news from any thread into the event loop in which the channel layer lives.

    The server sets its own loop; a process that has none gets a thread with one.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def use(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make `loop` the one that news goes into."""
        self._loop = loop

    def send(self, group: str, message: dict[str, Any]) -> None:
        """Send to a group of the channel layer, without waiting and without raising.

        In the memory of one process it is known when nobody listens; whoever joins just now reads
        the database after joining.
        """
        layer = get_channel_layer()
        if isinstance(layer, InMemoryChannelLayer) and group not in layer.groups:
            return
        loop = self._running_loop()
        asyncio.run_coroutine_threadsafe(self._send(group, message), loop)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._loop.is_closed():
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever, name="live-bridge", daemon=True
                ).start()
            return self._loop

    async def _send(self, group: str, message: dict[str, Any]) -> None:
        try:
            layer = get_channel_layer()
            if layer is not None:
                await layer.group_send(group, message)
        except Exception as error:  # noqa: BLE001 - readers come back to the database anyway
            logger.warning("live news lost: %s", error, extra={"action": "live_lost"})


live_bridge = LiveBridge()


def execution_group(execution_id: str) -> str:
    """Return the channel group of a run; ids hold nothing that a group name may not."""
    return f"execution.{execution_id}"


def announce(execution_id: str) -> None:
    """Say that a run has news; whoever follows it will look into the database."""
    live_bridge.send(
        execution_group(execution_id),
        {"type": "execution.changed", "executionId": execution_id},
    )


def announce_on_commit(execution_id: str) -> None:
    """Say that a run has news once the open transaction is committed."""
    transaction.on_commit(lambda: announce(execution_id), robust=True)
