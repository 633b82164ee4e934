"""Starting and stopping the worker of a process, for the embedded server and the `worker` command."""

import logging
import os
import threading
from collections.abc import Sequence

from executor import conf
from executor.runtime.heartbeat import ChildHeartbeat
from executor.runtime.worker import WorkerProcess
from executor.services.claims import release_dead
from executor.services.results import fail_poisonous

logger = logging.getLogger(__name__)

GONE_WITHIN_S = 9.5


def start_worker(
    *,
    queues: Sequence[str] = conf.ROLES,
    threads: int | None = None,
    has_process: bool = False,
) -> WorkerProcess:
    """Start running tasks in this process; stop the returned worker to end it.

    `has_process` is for a process that does nothing else: a child of it renews the leases, and its
    signals go to that child as well. To be called in the main thread then.
    """
    worker = WorkerProcess(queues=queues, threads=threads, has_child=has_process)
    worker.start()
    if isinstance(worker.heart, ChildHeartbeat):
        worker.heart.hear_signals()
    return worker


def take_over_leases() -> None:
    """Take over every lease, whoever holds it.

    Only for a process that is alone on its database: the embedded server, which has just locked
    the data folder, so whoever held a lease is gone.
    """
    for task_id in release_dead(all_leases=True):
        try:
            fail_poisonous(task_id=task_id)
        except Exception:  # one that cannot be ended must not keep the server from starting
            logger.exception("poison failed", extra={"action": "poison_failed", "task": task_id})


def end_within(seconds: float = GONE_WITHIN_S) -> None:
    """End this process after so long, whatever hangs by then; what it held runs out by itself."""
    timer = threading.Timer(seconds, end_now, args=(1,))
    timer.daemon = True
    timer.start()


def end_now(status: int) -> None:
    """End this process without waiting for threads that nothing can stop."""
    logging.shutdown()
    os._exit(status)
