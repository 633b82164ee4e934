"""A worker process: Dramatiq's threads around one performer, with heartbeat, watch and sweep.

A process has roles, which are named like the queues (`conf.ROLES`). `runs`, `gpu` and `remote` take
tasks; `upkeep` sweeps for everybody; any worker sweeps now and then, so that none is needed.
"""

import itertools
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import dramatiq
from django.db import Error as DatabaseError
from django.db import connections
from dramatiq.common import iter_queue

from billing.api import apply_stripe_events, is_payments_configured
from common.clock import SYSTEM_CLOCK, Clock
from executor import conf, dispatch
from executor.runtime.heartbeat import ChildHeartbeat, Heartbeat, ThreadHeartbeat
from executor.runtime.overdue import fence_off
from executor.runtime.perform import Performer
from executor.runtime.remote import RemoteLoop
from executor.runtime.upkeep import LOOK_EVERY_S, Upkeep
from executor.selectors.runs import list_final_among
from executor.services.claims import (
    hand_back,
    promote_forgotten,
    release_dead,
    ring_unheard,
)
from executor.services.results import fail_poisonous
from executor.services.waking import wake_due
from workflows.api import warm_catalogue

logger = logging.getLogger(__name__)

# An idle Dramatiq consumer of Redis backs off for as long as this: at its default of a second the
# first run on an idle system would wait 0.4 s; at 20 ms it waits 8 ms for 4 % of a core.
IDLE_TIMEOUT_MS = 20
TELL_S = 0.05  # how soon what a node says of itself is looked at
WATCH_S = 0.3  # how soon a cancelled run's node hears of it; a second among thousands
GRACE_S = 8.0  # for what is under way when the process is told to stop
PAYMENTS_S = 1.0  # how soon what Stripe told is applied
LAST_S = 1.0  # for threads to end after that; the process has 10 s in all
SELDOM = 10  # sweeps of those who are not there for it, in intervals of those who are


def make_owner() -> str:
    """Return a name for this process that no other ever has."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


class WorkerProcess:
    """Runs tasks of some queues until it is stopped. One in each process."""

    def __init__(
        self,
        *,
        queues: Sequence[str] = conf.ROLES,
        threads: int | None = None,
        clock: Clock = SYSTEM_CLOCK,
        has_child: bool = False,
    ) -> None:
        self.queues = tuple(queues)
        self.clock = clock
        self.performer = Performer(make_owner(), clock=clock)
        self._threads = threads or conf.worker_threads()
        self._stop = threading.Event()
        self._stop_lock = threading.RLock()
        self._is_clean = True
        self._loops: list[threading.Thread] = []
        self._turns = itertools.count()
        self._dramatiq: dramatiq.Worker | None = None
        self._remote: RemoteLoop | None = None
        kind = ChildHeartbeat if has_child else ThreadHeartbeat
        self.heart: Heartbeat = kind(self.performer.owner, self.performer.running, clock)

    @property
    def task_queues(self) -> tuple[str, ...]:
        """The queues whose tasks are run here."""
        return tuple(queue for queue in self.queues if queue in conf.QUEUES)

    def start(self) -> None:
        """Start threads for tasks and the loops that keep them honest; returns once they run."""
        warm_catalogue()
        self.heart.start()
        set_performer(self.performer)
        if "remote" in self.queues:
            performer = self.performer
            self._remote = RemoteLoop(
                performer.owner, performer.running, performer.teller, clock=self.clock
            )
            performer.remote = self._remote
            self._remote.start()
        if self.task_queues:
            self._dramatiq = dramatiq.Worker(
                dispatch.get_broker(),
                queues=set(self.task_queues),
                worker_timeout=IDLE_TIMEOUT_MS if conf.redis_url() else 1_000,
                worker_threads=self._threads,
            )
            self._dramatiq.start()
        self._loop("heartbeat", self.heart.beat, conf.lease_s() / 3)
        self._loop("watch", self._watch, WATCH_S)
        self._loop("telling", self.performer.teller.write, TELL_S)
        self._loop("sweep", self.sweep, self._sweep_s())
        if conf.redis_url():
            for number in range(self._threads):
                self._loop(f"unbidden-{number}", self._work_unbidden, conf.sweep_s())
        if "upkeep" in self.queues:
            jobs = Upkeep(self.performer.owner, clock=self.clock)
            self._loop(
                "upkeep", partial(jobs.keep, lambda: self.performer.is_stopping), LOOK_EVERY_S
            )
            if is_payments_configured():
                self._loop("payments", self._apply_payments, PAYMENTS_S)

    def stop(self, *, grace_s: float = GRACE_S) -> bool:
        """Take nothing new, wait for what is under way, then hand the rest back for others.

        Nodes that look at their context stop then; those that do not are fenced off, and their
        threads are left behind. Says whether there are none. Whoever calls it again waits for the
        first call to end.
        """
        with self._stop_lock:
            if not self._stop.is_set():
                self._is_clean = self._stop_all(grace_s)
            return self._is_clean

    def _stop_all(self, grace_s: float) -> bool:
        self.performer.is_stopping = True
        stopping = [*self._stop_dramatiq(grace_s), *self._stop_remote(grace_s)]
        self._wait_idle(stopping, grace_s)
        self._hand_back_rest()
        self._stop.set()
        _join([*stopping, *self._loops], within_s=LAST_S)
        self.heart.stop()
        is_idle = not any(thread.is_alive() for thread in stopping)
        return is_idle and not self.performer.running.tasks()

    def sweep(self) -> None:
        """Take over what dead workers left, and ring for what nobody was told of."""
        self.heart.catch_up()
        poison = release_dead(clock=self.clock)
        wake_due(clock=self.clock)
        promote_forgotten(clock=self.clock)
        ring_unheard(clock=self.clock, queues=self._swept_queues())
        for task_id in poison:  # one that cannot be ended either must not keep the others
            self._guarded("poison", partial(fail_poisonous, task_id=task_id, clock=self.clock))

    def _apply_payments(self) -> None:
        apply_stripe_events(clock=self.clock, should_stop=lambda: self.performer.is_stopping)

    def _work_unbidden(self) -> None:
        """Perform what is ready for as long as the broker is out and brings no bells."""
        for queue in self.task_queues:
            while dispatch.is_silent() and self.performer.perform_next(queue):
                pass

    def _sweep_s(self) -> float:
        """Without Redis nobody else can ring here, so each process looks often."""
        is_on_duty = "upkeep" in self.queues or not conf.redis_url()
        return conf.sweep_s() * (1 if is_on_duty else SELDOM)

    def _swept_queues(self) -> Sequence[str]:
        """A bell is heard by other processes through Redis alone."""
        is_for_all = "upkeep" in self.queues and conf.redis_url()
        return conf.QUEUES if is_for_all else self.task_queues

    def _stop_remote(self, grace_s: float) -> list[threading.Thread]:
        remote = self._remote
        return [] if remote is None else [self._aside(partial(remote.stop, grace_s=grace_s))]

    def _stop_dramatiq(self, grace_s: float) -> list[threading.Thread]:
        """Have the threads end after their task, and give bells that wait in memory to others."""
        worker = self._dramatiq
        if worker is None:
            return []
        for consumer in worker.consumers.values():
            consumer.pause()
        stopping = self._aside(partial(worker.stop, timeout=int((grace_s + LAST_S) * 1_000)))
        for item in iter_queue(worker.work_queue):  # type: ignore[no-untyped-call]
            dispatch.ring("", item.message.queue_name)
            worker.consumers[item.message.queue_name].post_process_message(item.message)
        return [stopping]

    def _aside(self, work: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=self._guarded, args=("stop", work), daemon=True)
        thread.start()
        return thread

    def _wait_idle(self, stopping: Sequence[threading.Thread], grace_s: float) -> None:
        until = time.monotonic() + grace_s
        while time.monotonic() < until and (
            self.performer.running.tasks() or any(thread.is_alive() for thread in stopping)
        ):
            time.sleep(0.02)

    def _hand_back_rest(self) -> None:
        for running in self.performer.running.all():
            self._guarded("hand_back", partial(hand_back, claim=running.claim, clock=self.clock))
            running.cancellation.set()
        connections.close_all()

    def _watch(self) -> None:
        """Stop the tasks of runs that were cancelled, by whatever process, and those overdue."""
        self.heart.tend()
        tasks = self.performer.running
        running = tasks.executions(next(self._turns))
        if running:
            tasks.cancel(list_final_among(running))
        for task in tasks.timed():
            fence_off(task, clock=self.clock)

    def _loop(self, name: str, work: Callable[[], None], every_s: float) -> None:
        thread = threading.Thread(target=self._repeat, args=(name, work, every_s), name=name)
        thread.daemon = True
        thread.start()
        self._loops.append(thread)

    def _repeat(self, name: str, work: Callable[[], None], every_s: float) -> None:
        while not self._stop.wait(every_s):
            self._guarded(name, work)
        connections.close_all()

    def _guarded(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except DatabaseError as error:
            logger.warning("%s failed: %s", name, error, extra={"action": f"{name}_failed"})
            connections.close_all()
        except Exception:  # the edge of a thread that everybody's runs depend on
            logger.exception("%s failed", name, extra={"action": f"{name}_failed"})


def _join(threads: Sequence[threading.Thread], *, within_s: float) -> None:
    until = time.monotonic() + within_s
    for thread in threads:
        if thread is not threading.current_thread():
            thread.join(timeout=max(0.0, until - time.monotonic()))


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
