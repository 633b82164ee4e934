"""A worker process: Dramatiq's threads around one performer, with heartbeat, watch and sweep."""

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Sequence

import dramatiq
from django.db import Error as DatabaseError
from django.db import connections

from common.clock import SYSTEM_CLOCK, Clock
from executor import conf, dispatch
from executor.runtime.perform import Performer
from executor.selectors.runs import list_final_among
from executor.services.claims import (
    promote_forgotten,
    release_dead,
    renew_leases,
    ring_unheard,
)
from executor.services.results import fail_poisonous

logger = logging.getLogger(__name__)

# An idle Dramatiq consumer of Redis backs off for as long as this: at its default of a second the
# first run on an idle system would wait 0.4 s; at 20 ms it waits 8 ms for 4 % of a core.
IDLE_TIMEOUT_MS = 20
WATCH_S = 0.3  # how soon a cancelled run's node hears of it
STOP_TIMEOUT_MS = 10_000


def make_owner() -> str:
    """Return a name for this process that no other ever has."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


class WorkerProcess:
    """Runs tasks of some queues until it is stopped. One in each process."""

    def __init__(
        self,
        *,
        queues: Sequence[str] = conf.QUEUES,
        threads: int | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.queues = tuple(queues)
        self.clock = clock
        self.performer = Performer(make_owner(), clock=clock)
        self._threads = threads or conf.worker_threads()
        self._stop = threading.Event()
        self._loops: list[threading.Thread] = []
        self._dramatiq: dramatiq.Worker | None = None

    def start(self) -> None:
        """Start threads for tasks and the loops that keep them honest; returns at once."""
        set_performer(self.performer)
        self._dramatiq = dramatiq.Worker(
            dispatch.get_broker(),
            queues=set(self.queues),
            worker_timeout=IDLE_TIMEOUT_MS if conf.redis_url() else 1_000,
            worker_threads=self._threads,
        )
        self._dramatiq.start()
        self._loop("heartbeat", self._heartbeat, conf.lease_s() / 3)
        self._loop("watch", self._watch, WATCH_S)
        self._loop("sweep", self.sweep, conf.sweep_s())

    def stop(self) -> None:
        """Stop taking tasks and wait for those under way, 10 s at most; the rest is taken over."""
        self.performer.is_stopping = True
        self._stop.set()
        if self._dramatiq is not None:
            self._dramatiq.stop(timeout=STOP_TIMEOUT_MS)
        for loop in self._loops:
            loop.join(timeout=5)

    def sweep(self) -> None:
        """Take over what dead workers left, and ring for what nobody was told of."""
        poison = release_dead(clock=self.clock)
        promote_forgotten(clock=self.clock)
        ring_unheard(clock=self.clock, queues=self.queues)
        for task_id in poison:
            fail_poisonous(task_id=task_id, clock=self.clock)

    def _heartbeat(self) -> None:
        tasks = self.performer.running.tasks()
        if tasks:
            renew_leases(owner=self.performer.owner, task_ids=tasks, clock=self.clock)

    def _watch(self) -> None:
        """Stop the tasks of runs that were cancelled, by whatever process."""
        running = self.performer.running.executions()
        if running:
            self.performer.running.cancel(list_final_among(running))

    def _loop(self, name: str, work: Callable[[], None], every_s: float) -> None:
        thread = threading.Thread(target=self._repeat, args=(name, work, every_s), name=name)
        thread.daemon = True
        thread.start()
        self._loops.append(thread)

    def _repeat(self, name: str, work: Callable[[], None], every_s: float) -> None:
        while not self._stop.wait(every_s):
            try:
                work()
            except DatabaseError as error:
                logger.warning("%s failed: %s", name, error, extra={"action": f"{name}_failed"})
                connections.close_all()
            except Exception:  # the edge of a thread that everybody's runs depend on
                logger.exception("%s failed", name, extra={"action": f"{name}_failed"})
        connections.close_all()


_performer: Performer | None = None


def set_performer(performer: Performer) -> None:
    """Make a performer the one that this process's actors use."""
    global _performer  # noqa: PLW0603 - Dramatiq calls actors with a message and nothing else
    _performer = performer


def get_performer() -> Performer:
    """Return the process's performer.

    Raises:
        RuntimeError: no worker was started here: nothing would renew the leases of its tasks.
    """
    if _performer is None:
        raise RuntimeError("tasks are run by a WorkerProcess alone")
    return _performer
