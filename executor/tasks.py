"""Dramatiq's actors. A message is a doorbell: it carries an id, and losing one loses nothing."""

import dramatiq
from django.db import close_old_connections

from executor import dispatch
from executor.runtime.worker import get_performer


@dramatiq.actor(actor_name=dispatch.TASK_ACTOR, queue_name="runs", broker=dispatch.get_broker())
def run_task(*, queue: str = "runs", task_id: str = "", **_: object) -> None:
    """Perform the task whose turn it is; unknown keywords of newer senders are ignored.

    A bell is rung for each task that becomes ready, and whoever hears one takes one: not
    necessarily that task, so that a workspace's thousand bells do not go before another's one.
    """
    close_old_connections()  # one that the database dropped must not fail the next task
    get_performer().perform_next(queue, task_id)
