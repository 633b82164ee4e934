"""Attempts at providers: written down before the call that may cost money, and moved by one table.

Each move is an update of one row in one state, in a transaction that also checks the task's fence:
who lost the task writes nothing. The transactions lock in the order run, task, attempt.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q

from common.clock import SYSTEM_CLOCK, Clock
from common.ids import new_id
from common.sql import Plus, SharedNow, insert_rows, select_row, update_rows
from executor import conf, dispatch
from executor.errors import AttemptUnresolved, CallbackNotFound, LeaseLost, ProviderFull
from executor.models import Attempt, Execution, ProviderSetting, Task
from executor.providers.account import PLATFORM
from executor.providers.callbacks import challenge_in
from executor.providers.cost import cost_micros_of
from executor.selectors.adapters import adapter_classes
from executor.selectors.provider_terms import USUAL, Terms
from executor.services.claims import ADVANCED, UNCHANGED, Claim, check_lease
from executor.services.results import TaskReport, finish
from executor.services.timing import shared_now
from executor.services.transitions import lock_execution
from executor.services.waking import wake_task
from executor.types import ATTEMPT_MOVES, OPEN_ATTEMPTS, AttemptState, RunError, TaskState

REMOTE_QUEUE = conf.QUEUE_OF_COST["remote"]
MAX_NAME_CHARS = 200  # of the job that a callback names
STRAY_LIMIT = 100
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")  # 128 bits
_OVER = (TaskState.DONE, TaskState.DROPPED)


@dataclass(frozen=True, slots=True)
class Undertaking:
    """What an attempt is about: which node asks which provider for what.

    `model_key`, `route` and `account` are as `Attempt` has them.
    """

    node_id: str
    provider: str
    model: str
    digest: str
    model_key: str = ""
    route: int = 0
    account: str = PLATFORM


def callback_url(attempt: Attempt) -> str:
    """Return where the provider may call about an attempt."""
    return f"{conf.public_url()}/api/v1/providers/callbacks/{attempt.callback_token}"


def begin_attempt(
    *,
    claim: Claim,
    execution: Execution,
    about: Undertaking,
    terms: Terms = USUAL,
    clock: Clock = SYSTEM_CLOCK,
) -> Attempt:
    """Write down that a provider is about to be asked; only then may it be.

    Raises:
        LeaseLost: the task is somebody else's.
        AttemptUnresolved: an earlier attempt may still cost money.
        ProviderFull: as many jobs as the provider's `terms` allow are open.
    """
    with transaction.atomic():
        check_lease(claim, ADVANCED)
        last = Attempt.objects.filter(task_id=claim.task_id).order_by("-number").first()
        if last is not None and last.state in (*OPEN_ATTEMPTS, AttemptState.UNKNOWN):
            raise AttemptUnresolved(last.id)
        if terms.has_limits:
            _check_room(about, terms)
        number = 1 if last is None else last.number + 1
        attempt = _attempt(claim, execution, about, number, clock.now())
        insert_rows([attempt])
    return attempt


def record_resend(*, claim: Claim, attempt: Attempt, clock: Clock = SYSTEM_CLOCK) -> None:
    """Write down that the same request goes out again; the settle time counts from here.

    Raises:
        LeaseLost: the task is somebody else's, or the attempt has moved on.
    """
    with transaction.atomic():
        check_lease(claim, UNCHANGED)
        _change(attempt, {"submitted_at": clock.now()})


def record_submitted(
    *, claim: Claim, attempt: Attempt, handle: Mapping[str, Any], clock: Clock = SYSTEM_CLOCK
) -> None:
    """Keep the provider's handle; only then may the job be polled.

    Raises:
        LeaseLost: the task is somebody else's, or the attempt has moved on.
    """
    with transaction.atomic():
        check_lease(claim, ADVANCED)
        _move(attempt, AttemptState.SUBMITTED, {"handle": dict(handle)}, clock)


def record_answer(
    *, claim: Claim, attempt: Attempt, answer: Mapping[str, Any], clock: Clock = SYSTEM_CLOCK
) -> None:
    """Keep a finished job's answer. It is the first final word, and counts whatever comes after.

    Raises:
        LeaseLost: the task is somebody else's, or the attempt has moved on.
    """
    with transaction.atomic():
        check_lease(claim, ADVANCED)
        changes = {"result": dict(answer), "cost_micros": cost_micros_of(answer["data"])}
        _move(attempt, AttemptState.FETCHING, changes, clock)


def record_refusal(
    *,
    claim: Claim,
    attempt: Attempt,
    error: RunError,
    cost_micros: int | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Close an attempt that surely came to nothing, so that another may begin.

    Raises:
        LeaseLost: the task is somebody else's, or the attempt has moved on.
    """
    with transaction.atomic():
        check_lease(claim, UNCHANGED)
        changes = {"error": error.as_json(), "cost_micros": cost_micros}
        _move(attempt, AttemptState.FAILED, changes, clock)


def record_following(*, claim: Claim) -> None:
    """Say that a task which was taken over gets on, so that its claims count anew.

    Raises:
        LeaseLost: the task is somebody else's.
    """
    check_lease(claim, ADVANCED)


def finish_with(
    *,
    claim: Claim,
    attempt: Attempt | None,
    to: AttemptState,
    report: TaskReport,
    result: Mapping[str, Any] | None = None,
    cost_micros: int | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Store a finished remote task and close its attempt, both or neither.

    `cost_micros` is for one that gave no `result`; what a result says that it cost is in it.

    Raises:
        LeaseLost: the task is somebody else's, the run is over, or the attempt has moved on.
    """
    error = report.error.as_json() if report.error else None
    changes: dict[str, Any] = {"error": error}
    if to == AttemptState.DONE:
        changes["credits"] = sum(outcome.credits for outcome in report.outcomes)
    if result is not None:
        changes |= {"result": dict(result), "cost_micros": cost_micros_of(result["data"])}
    elif cost_micros is not None:
        changes["cost_micros"] = cost_micros
    with transaction.atomic():
        finish(claim=claim, report=report, clock=clock, go_on=False)
        if attempt is not None:
            _move(attempt, to, changes, clock)


def wait_until(*, claim: Claim, at: datetime, for_job: bool, clock: Clock = SYSTEM_CLOCK) -> None:
    """Let go of a task until an hour. No worker holds it meanwhile.

    With `for_job` an attempt is open: the task counts as under way, as it may be paid for. Without,
    it has yet to begin, and is dropped when its run fails in the meantime.
    """
    now = clock.now()
    changes = {
        "state": TaskState.WAITING if for_job else TaskState.READY,
        "lease_until": None,
        "wake_at": SharedNow(now, plus_s=max((at - now).total_seconds(), 0.0)),
        "rung_at": None,
        "attempts": Plus(-1),
    }
    owned = {
        "pk": claim.task_id,
        "state": TaskState.RUNNING,
        "fence": claim.fence,
        "lease_owner": claim.owner,
    }
    update_rows(Task, changes, owned)


def call_up(*, task_id: str, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Have a task that waits without an attempt go on now; says whether it was there."""
    changes = {"wake_at": SharedNow(clock.now()), "rung_at": None}
    if not update_rows(Task, changes, {"pk": task_id, "state": TaskState.READY}):
        return False
    dispatch.ring(task_id, REMOTE_QUEUE)
    return True


def take_callback(*, token: str, callback: Any, clock: Clock = SYSTEM_CLOCK) -> None:
    """Take a provider's callback as a hint: note it, and have somebody ask the provider.

    Raises:
        CallbackNotFound: no attempt has this token.
    """
    is_token = _TOKEN.fullmatch(token) is not None
    attempt = Attempt.objects.filter(callback_token=token).first() if is_token else None
    if attempt is None:
        raise CallbackNotFound
    if challenge_in(callback) is not None:
        return  # the address is tried
    if attempt.called_back_at is None or not attempt.handle:  # none has named a job yet
        _note_callback(attempt, callback, clock)
    if attempt.state in OPEN_ATTEMPTS:
        _wake_for_callback(attempt, clock)


def cancel_attempt(
    *, attempt: Attempt, cost_micros: int | None = None, clock: Clock = SYSTEM_CLOCK
) -> bool:
    """Close an attempt whose run is over; says whether it was still open. Nobody holds its task.

    `cost_micros` is what the provider takes for it all the same.
    """
    changes = {} if cost_micros is None else {"cost_micros": cost_micros}
    return _close(attempt, AttemptState.CANCELLED, changes, clock)


def is_task_over(task_id: str) -> bool:
    """Say whether nobody will take a task up again."""
    return Task.objects.filter(pk=task_id, state__in=_OVER).exists()


def keep_stray_handle(
    *, attempt: Attempt, handle: Mapping[str, Any], clock: Clock = SYSTEM_CLOCK
) -> bool:
    """Keep the handle of a job whose run ended while it was asked for; says whether that is so.

    Where the run goes on, another worker has the task, and finds the job by the provider's means.
    """
    if not is_task_over(attempt.task_id):
        return False
    try:
        _move(attempt, AttemptState.SUBMITTED, {"handle": dict(handle)}, clock)
    except LeaseLost:
        return False
    return True


def hand_back_all(*, owner: str, task_ids: Sequence[str], clock: Clock = SYSTEM_CLOCK) -> int:
    """Give remote tasks up, for other processes to take at once; returns how many were ours."""
    held = Task.objects.filter(pk__in=task_ids, lease_owner=owner, state=TaskState.RUNNING)
    return held.update(
        state=TaskState.READY,
        lease_until=None,
        wake_at=shared_now(clock.now()),
        rung_at=None,
        attempts=F("attempts") - 1,
    )


def lose_attempt(*, attempt: Attempt, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Close an attempt whose run is over and of which nobody knows whether it was ever heard of."""
    error = RunError(
        "provider_outcome_unknown", "The run was over before the outcome was known.",
        attempt.node_id, True, attempt.provider,
    )  # fmt: skip
    return _close(attempt, AttemptState.UNKNOWN, {"error": error.as_json()}, clock)


def list_strays() -> list[Attempt]:
    """Return open attempts that no task stands behind any more: their worker died, the run ended."""
    over = Task.objects.filter(pk=OuterRef("task_id"), state__in=_OVER)
    rows = Attempt.objects.filter(Exists(over), state__in=OPEN_ATTEMPTS)
    return list(rows.order_by("created_at")[:STRAY_LIMIT])


def find_attempts(task_id: str) -> list[Attempt]:
    """Return the attempts of a task in their order."""
    return list(Attempt.objects.filter(task_id=task_id).order_by("number"))


def _attempt(
    claim: Claim, execution: Execution, about: Undertaking, number: int, now: datetime
) -> Attempt:
    return Attempt(
        id=new_id("att"),
        execution_id=execution.id,
        workspace_id=execution.workspace_id,
        task_id=claim.task_id,
        node_id=about.node_id,
        number=number,
        provider=about.provider,
        model=about.model,
        model_key=about.model_key,
        route=about.route,
        account=about.account,
        client_ref=new_id("pf"),
        callback_token=secrets.token_urlsafe(16),
        request_digest=about.digest,
        created_at=now,
        submitted_at=now,
    )


def _check_room(about: Undertaking, terms: Terms) -> None:
    """Count a provider's open jobs. Whoever begins one at the same moment waits for the lock.

    Raises:
        ProviderFull: there are as many as may be.
    """
    select_row(ProviderSetting, {"pk": about.provider}, lock=True)
    rows = Attempt.objects.filter(provider=about.provider, state__in=OPEN_ATTEMPTS)
    counts = rows.aggregate(all=Count("pk"), own=Count("pk", filter=Q(account=about.account)))
    if _is_full(counts["all"], terms.max_jobs) or _is_full(
        counts["own"], terms.max_jobs_per_account
    ):
        raise ProviderFull(about.provider)


def _is_full(jobs: int, limit: int | None) -> bool:
    return limit is not None and jobs >= limit


def _move(attempt: Attempt, to: AttemptState, changes: Mapping[str, Any], clock: Clock) -> None:
    """Move an attempt, whose task the open transaction has confirmed to be ours.

    Raises:
        ValueError: there is no such move.
        LeaseLost: the attempt is no longer where we left it.
    """
    if to not in ATTEMPT_MOVES[AttemptState(attempt.state)]:
        raise ValueError(f"{attempt.state} cannot become {to}")
    ended = {} if to in OPEN_ATTEMPTS else {"finished_at": clock.now()}
    _change(attempt, {**changes, **ended, "state": to})


def _change(attempt: Attempt, changes: Mapping[str, Any]) -> None:
    if not update_rows(Attempt, changes, {"pk": attempt.id, "state": attempt.state}):
        raise LeaseLost(attempt.task_id)
    for name, value in changes.items():
        setattr(attempt, name, value)


def _close(attempt: Attempt, to: AttemptState, changes: Mapping[str, Any], clock: Clock) -> bool:
    try:
        _move(attempt, to, changes, clock)
    except LeaseLost:
        return False
    return True


def _note_callback(attempt: Attempt, callback: Any, clock: Clock) -> None:
    """Write down that it came; while the job's handle is not known, also which job it names."""
    now = clock.now()
    adapter = adapter_classes().get(attempt.provider)
    named = adapter.job_named_in(callback) if adapter is not None else None
    if named is not None and len(named) <= MAX_NAME_CHARS:
        hint = {"called_back_at": now, "handle": {"named": named}}
        if update_rows(Attempt, hint, {"pk": attempt.id, "state": AttemptState.INTENT}):
            return
    update_rows(Attempt, {"called_back_at": now}, {"pk": attempt.id, "called_back_at": None})


def _wake_for_callback(attempt: Attempt, clock: Clock) -> None:
    """Let the task go on if it waits; whoever polls just now is told as well."""
    with transaction.atomic():
        execution = lock_execution(attempt.execution_id)
        is_over = execution is None or execution.status_is_final
        if execution is None or is_over or wake_task(execution, attempt.task_id, clock.now()):
            return
    dispatch.ring(attempt.task_id, REMOTE_QUEUE)
