"""Leases of tasks: taking one, keeping it, giving it back. Each move is compare-and-set."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from common import faults, metrics
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import InvalidGraph
from common.sql import (
    AtMost,
    Plus,
    SharedNow,
    forgettable,
    select_row,
    update_returning,
    update_rows,
)
from executor import conf, dispatch
from executor.engine.step import TaskSpec
from executor.errors import LeaseLost
from executor.models import Execution, Task
from executor.selectors.planning import plan_of
from executor.services.fairness import claim_fairest
from executor.services.places import list_workspaces_with_held, lock_load, promote_held
from executor.services.timing import lease_end, shared_now
from executor.types import ExecutionStatus, TaskState

logger = logging.getLogger(__name__)


RING_AGAIN_S = 2.0  # a doorbell that nobody followed, while the broker's queue is empty
RING_ANYWAY_S = 10.0  # the same while it is not: some bells of a flood may be lost
SWEEP_LIMIT = 500
LEAVE_FOR_S = 2.0  # to newer workers, what this one does not know
NOBODY = ""  # owns a task that is given up: no worker renews its lease or stores for it any more

# What becomes of a task together with an effect of it.
ENDED: Mapping[str, Any] = {"state": TaskState.DONE, "lease_until": None}
ADVANCED: Mapping[str, Any] = {"attempts": 1}  # it has stored something, so they count anew
UNCHANGED: Mapping[str, Any] = {"attempts": Plus(0)}


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that this worker owns for as long as `fence` is still the row's."""

    task_id: str
    execution_id: str
    fence: int
    owner: str
    spec: TaskSpec
    attempts: int
    queue: str
    ready_at: datetime


def claim_task(
    *, task_id: str, owner: str, clock: Clock = SYSTEM_CLOCK
) -> tuple[Claim, Execution] | None:
    """Take a certain ready task; None when it is not there to be taken (any more)."""
    now = clock.now()
    with _by_itself():
        task = update_returning(
            Task,
            {
                "state": TaskState.RUNNING,
                "lease_owner": owner,
                "lease_until": lease_end(now),
                "fence": Plus(1),
                "attempts": Plus(1),
            },
            {"pk": task_id, "state": TaskState.READY, "wake_at": AtMost(SharedNow(now))},
        )
        if task is None:
            return None
        execution = _begun(task.execution_id, now)
    faults.point("claim.after_commit")
    return _if_known(claim_of(task), execution, clock)


def claim_next(
    *, queue: str, owner: str, clock: Clock = SYSTEM_CLOCK
) -> tuple[Claim, Execution] | None:
    """Take the ready task of a queue whose turn it is (`executor.services.fairness`)."""
    now = clock.now()
    with _by_itself():
        task = claim_fairest(queue, owner, now)
        if task is None:
            return None
        faults.point("claim.before_commit")
        execution = _begun(task.execution_id, now)
    faults.point("claim.after_commit")
    return _if_known(claim_of(task), execution, clock)


def _if_known(claim: Claim, execution: Execution, clock: Clock) -> tuple[Claim, Execution] | None:
    """Return a claim, or leave it: a newer release may have accepted what this one does not know.

    Its workers will take the task. It costs no attempt, and those of this release let it be for a
    while, so that they do not hand it round.
    """
    try:
        plan_of(execution.version_id)
    except InvalidGraph as error:
        logger.warning("left to newer: %s", error, extra={"action": "left_to_newer"})
        hand_back(claim=claim, after_s=LEAVE_FOR_S, clock=clock)
        return None
    return claim, execution


@contextmanager
def _by_itself() -> Iterator[None]:
    """Let each statement of a claim commit by itself, where writers run side by side.

    A crash in between leaves a lease that runs out. One transaction would cost PostgreSQL three
    round trips more, and hold the task's row while it waits for the run's, where whoever cancels
    holds them the other way round. SQLite's writers queue, so there one transaction is cheapest.
    """
    if conf.is_postgres():
        yield
    else:
        with forgettable():
            yield


def _begun(execution_id: str, now: datetime) -> Execution:
    """Return a run that somebody works on: the first claim moves it out of the queue."""
    begun = {"status": ExecutionStatus.RUNNING, "started_at": now}
    queued = {"pk": execution_id, "status": ExecutionStatus.QUEUED}
    execution = update_returning(Execution, begun, queued)
    if execution is None:
        execution = select_row(Execution, {"pk": execution_id})
    assert execution is not None  # noqa: S101 - a task's run is never deleted before it
    if execution.status == ExecutionStatus.PAUSED:  # somebody decided, and it had to wait its turn
        resumed = {"status": ExecutionStatus.RUNNING}
        paused = {"pk": execution_id, "status": ExecutionStatus.PAUSED}
        execution = update_returning(Execution, resumed, paused) or execution
    return execution


def claim_of(task: Task) -> Claim:
    """Return a row that is already owned as a claim."""
    spec = TaskSpec(task.segment, task.start, task.stop)
    return Claim(
        task.id,
        task.execution_id,
        task.fence,
        task.lease_owner,
        spec,
        task.attempts,
        task.queue,
        task.wake_at,
    )


def check_lease(claim: Claim, changes: Mapping[str, Any]) -> None:
    """Confirm, inside the transaction of an effect, that the task is still this worker's.

    `changes` are those of the task itself: `ENDED`, `ADVANCED` or `UNCHANGED`.

    Raises:
        LeaseLost: somebody took it over; the transaction must roll back.
    """
    if not update_rows(Task, changes, _owned(claim)):
        raise LeaseLost(claim.task_id)


def renew_leases(*, owner: str, task_ids: Collection[str], clock: Clock = SYSTEM_CLOCK) -> int:
    """Push out the leases of the tasks that a worker process is busy with; returns how many.

    Of these alone: one that it dropped half-way (the database was away when it came to store) is
    still its own by the row, and must run out to be tried again.
    """
    held = Task.objects.filter(pk__in=task_ids, lease_owner=owner, state=TaskState.RUNNING)
    with forgettable():
        ends = shared_now(clock.now()) + timedelta(seconds=conf.lease_s())
        return held.update(lease_until=ends)


def count_try(claim: Claim, *, by: int) -> None:
    """Count a try at a task once more, or once less.

    Raises:
        LeaseLost: somebody took it over.
    """
    check_lease(claim, {"attempts": Plus(by)})


def hand_back(*, claim: Claim, after_s: float = 0.0, clock: Clock = SYSTEM_CLOCK) -> None:
    """Give a task up unfinished, for another worker to take; it costs no attempt.

    Whatever still works on it here is fenced off.
    """
    changes = {
        "state": TaskState.READY,
        "lease_until": None,
        "wake_at": SharedNow(clock.now(), plus_s=after_s),
        "rung_at": None,
        "attempts": Plus(-1),
    }
    task = update_returning(Task, changes, _owned(claim))
    if task is not None:
        metrics.leases_ended("handed_back")
        if not after_s:
            dispatch.ring(task.id, task.queue)


def release_dead(*, clock: Clock = SYSTEM_CLOCK, all_leases: bool = False) -> list[str]:
    """Make tasks whose lease ran out ready again, and return those that are poison instead.

    These are taken from their workers, for `fail_poisonous` to end; should nobody get to it, the
    next call returns them again.

    `all_leases` takes over every lease: the embedded server does so when it starts, since it is
    alone on its database and whoever held them is gone.
    """
    now = clock.now()
    dead = Task.objects.filter(state=TaskState.RUNNING)
    if not all_leases:
        dead = dead.filter(lease_until__lt=shared_now(now))
    most = conf.max_attempts()
    poison = list(dead.filter(attempts__gte=most).values_list("pk", flat=True))
    metrics.leases_ended("poison", len(poison))
    if poison:  # a worker that got through in the meantime keeps its task
        dead.filter(pk__in=poison, attempts__gte=most).update(
            lease_owner=NOBODY, fence=F("fence") + 1
        )
    released = dead.filter(attempts__lt=most).update(
        state=TaskState.READY,
        lease_until=None,
        wake_at=shared_now(now),
        rung_at=None,
        fence=F("fence") + 1,
    )
    metrics.leases_ended("taken_over", released)
    return poison


def promote_forgotten(*, clock: Clock = SYSTEM_CLOCK) -> int:
    """Let held runs go on where there are places after all; returns how many.

    Places are handed on when they are left; this is for a plan that grew, and for a run that was
    held in the moment in which the last place became free.
    """
    promoted = 0
    for workspace_id in list_workspaces_with_held():
        with transaction.atomic():
            lock_load(workspace_id)
            promoted += promote_held(workspace_id, clock.now())
    return promoted


def ring_unheard(*, clock: Clock = SYSTEM_CLOCK, queues: Sequence[str]) -> int:
    """Ring for claimable tasks that no worker seems to have heard of; returns how many."""
    now = clock.now()
    rung = 0
    for queue in queues:
        wait_s = RING_AGAIN_S if dispatch.backlog(queue) == 0 else RING_ANYWAY_S
        unheard = list(
            Task.objects.filter(
                _rung_before(now, wait_s),
                state=TaskState.READY,
                queue=queue,
                wake_at__lte=shared_now(now),
            )
            .order_by("wake_at")
            .values_list("pk", flat=True)[:SWEEP_LIMIT]
        )
        if unheard:
            Task.objects.filter(pk__in=unheard).update(rung_at=now)
        for task_id in unheard:
            dispatch.ring(task_id, queue)
        rung += len(unheard)
    return rung


def _rung_before(now: datetime, wait_s: float) -> Q:
    return Q(rung_at=None) | Q(rung_at__lt=now - timedelta(seconds=wait_s))


def _owned(claim: Claim) -> dict[str, Any]:
    return {
        "pk": claim.task_id,
        "state": TaskState.RUNNING,
        "fence": claim.fence,
        "lease_owner": claim.owner,
    }
