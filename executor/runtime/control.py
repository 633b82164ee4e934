"""Starting the worker of a process, for the embedded server and the `worker` command."""

from collections.abc import Sequence

from executor import conf
from executor.runtime.worker import WorkerProcess
from executor.services.claims import release_dead
from executor.services.results import fail_poisonous


def start_worker(
    *, queues: Sequence[str] = conf.QUEUES, threads: int | None = None
) -> WorkerProcess:
    """Start running tasks in this process; stop the returned worker to end it."""
    worker = WorkerProcess(queues=queues, threads=threads)
    worker.start()
    return worker


def take_over_leases() -> None:
    """Take over every lease, whoever holds it.

    Only for a process that is alone on its database: the embedded server, which has just locked
    the data folder, so whoever held a lease is gone.
    """
    for task_id in release_dead(all_leases=True):
        fail_poisonous(task_id=task_id)
