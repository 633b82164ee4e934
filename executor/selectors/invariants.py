"""What must hold of the stored runs at any moment, whatever was killed: asked in whole sets.

Each rule counts what it looked at and names some of what breaks it. All see the database as it was
at one moment, so they may be asked of a system at work. The numbers are those of the invariants
that the project promises: I1 every accepted run ends once, I2 the ledger (`billing` checks it),
I3 credits, I4 nothing is paid twice, I6 no half-accepted run, I8 events, I12 media.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Value, Window
from django.db.models.functions import Coalesce, Concat, Lag

from billing.api import RunSums, check_ledger, list_run_sums
from common.clock import SYSTEM_CLOCK, Clock
from common.sql import snapshot
from executor import conf
from executor.models import (
    Attempt,
    Execution,
    ExecutionEvent,
    NodeResults,
    Review,
    Task,
    WorkspaceLoad,
)
from executor.selectors.load import count_places_taken
from executor.types import (
    FINAL_STATUSES,
    LIVE_TASKS,
    OPEN_ATTEMPTS,
    OPEN_STATUSES,
    AttemptState,
    ExecutionStatus,
    ReviewState,
    TaskState,
)

AGE_SWEEP = timedelta(hours=1)  # the time that the sweep for runs past the age limit may take
SETTLING = timedelta(hours=1)  # a job may still be cancelled at its provider after its run's end
EXAMPLES = 5

_FINAL = sorted(FINAL_STATUSES)
_OPEN = sorted(OPEN_STATUSES)
_BATCH = 500
_FINAL_EVENT = '"type":"final"'


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one rule: `broken` of `checked` things break it, some of them named."""

    code: str
    rule: str
    checked: int
    broken: int
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as two sets: what it is about, and what breaks it (by its ids)."""

    code: str
    rule: str
    about: Callable[[], QuerySet[Any]]
    broken: Callable[[datetime], Iterator[str]]


def check_invariants(*, clock: Clock = SYSTEM_CLOCK) -> list[Finding]:
    """Return what came of every rule, in their order, all of one moment; the ledger's of the next."""
    with snapshot():
        findings = [_finding(rule, clock.now()) for rule in RULES]
    return findings + [
        Finding(found.code, found.rule, found.checked, found.broken, found.examples)
        for found in check_ledger()
    ]


def _finding(rule: Rule, now: datetime) -> Finding:
    broken, examples = 0, []
    for id_ in rule.broken(now):
        broken += 1
        if broken <= EXAMPLES:
            examples.append(id_)
    return Finding(rule.code, rule.rule, rule.about().count(), broken, examples)


def _executions() -> QuerySet[Execution]:
    return Execution.objects.across_workspaces()


def _ids(rows: QuerySet[Any], name: str = "pk") -> Iterator[str]:
    return (str(id_) for id_ in rows.values_list(name, flat=True).iterator())


def _tasks_of(name: str = "pk", **where: Any) -> Exists:
    return Exists(Task.objects.filter(execution_id=OuterRef(name), **where))


# --- I1: every accepted run has something that brings it to its end, and ends once


def _abandoned(_now: datetime) -> Iterator[str]:
    return _ids(_executions().filter(~_tasks_of(state__in=LIVE_TASKS), status__in=_OPEN))


def _too_old(now: datetime) -> Iterator[str]:
    return _ids(
        _executions().filter(status__in=_OPEN, created_at__lt=now - conf.run_max_age() - AGE_SWEEP)
    )


def _half_final(_now: datetime) -> Iterator[str]:
    is_marked = Q(finished_at__isnull=False, final_payload__isnull=False)
    final = Q(status__in=_FINAL)
    unmarked = Q(finished_at=None, final_payload=None)
    return _ids(_executions().filter((final & ~is_marked) | (~final & ~unmarked)))


def _payload_differs(_now: datetime) -> Iterator[str]:
    shown = Concat(
        Value('{"executionId":"'), F("id"), Value('","status":"'), F("status"), Value('"')
    )
    final = _executions().filter(status__in=_FINAL, final_payload__isnull=False)
    return _ids(final.exclude(final_payload__startswith=shown))


def _illegal_status(_now: datetime) -> Iterator[str]:
    yield from _ids(_executions().exclude(status__in=list(ExecutionStatus)))
    yield from _ids(Task.objects.exclude(state__in=list(TaskState)))


def _working_for_nobody(_now: datetime) -> Iterator[str]:
    live = Task.objects.filter(state__in=LIVE_TASKS)
    return _ids(live.filter(execution__status__in=_FINAL))


def _lease_differs(_now: datetime) -> Iterator[str]:
    running = Q(state=TaskState.RUNNING)
    leased = Q(lease_until__isnull=False)
    odd = (running & ~leased) | (Q(state__in=(TaskState.READY, TaskState.HELD)) & leased)
    return _ids(Task.objects.filter(odd))


# --- each node is stored once


def _stored_twice(_now: datetime) -> Iterator[str]:
    table = connection.ops.quote_name(NodeResults._meta.db_table)  # noqa: SLF001 - public API
    postgres = connection.vendor == "postgresql"
    # `json` and not `jsonb`: a node's text may hold an escaped NUL.
    items = "json_array_elements(r.items::json)" if postgres else "json_each(r.items)"
    node = "item.value->>0" if postgres else "json_extract(item.value, '$[0]')"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT r.execution_id, {node} FROM {table} r, {items} AS item "  # noqa: S608
            f"GROUP BY r.execution_id, {node}, r.start HAVING COUNT(*) > 1"
        )
        for execution_id, node_id in cursor.fetchall():
            yield f"{execution_id}/{node_id}"


# --- I8: a run's events are numbered without a gap, and tell of its end once


def _event_gap(_now: datetime) -> Iterator[str]:
    before = Window(Lag("last_seq"), partition_by=F("execution_id"), order_by="first_seq")
    numbered = ExecutionEvent.objects.annotate(before=Coalesce(before, Value(0)))
    odd = numbered.filter(~Q(first_seq=F("before") + 1) | Q(last_seq__lt=F("first_seq")))
    return _ids(odd, "execution_id")


def _event_count_differs(_now: datetime) -> Iterator[str]:
    counted = (
        _events_by_run().annotate(last=Max("last_seq")).exclude(last=F("execution__event_seq"))
    )
    yield from _ids(counted, "execution_id")
    silent = ~Exists(ExecutionEvent.objects.filter(execution_id=OuterRef("pk")))
    yield from _ids(_executions().filter(silent, event_seq__gt=0))


def _events_by_run() -> Any:
    return ExecutionEvent.objects.order_by().values("execution_id")


def _not_one_end(_now: datetime) -> Iterator[str]:
    tells = ExecutionEvent.objects.filter(items__contains=_FINAL_EVENT)
    silent = ~Exists(tells.filter(execution_id=OuterRef("pk")))
    yield from _ids(_executions().filter(silent, status__in=_FINAL))
    early = tells.filter(execution__status__in=_OPEN).values_list("execution_id", flat=True)
    often = tells.order_by().values("execution_id").annotate(n=Count("pk")).filter(n__gt=1)
    suspects = {*early, *often.values_list("execution_id", flat=True)}
    for execution_id in sorted(suspects):  # the words may also stand in a value of a node
        yield from _wrong_ends(execution_id)


def _wrong_ends(execution_id: str) -> Iterator[str]:
    rows = ExecutionEvent.objects.filter(execution_id=execution_id)
    ends = sum(item["type"] == "final" for row in rows for item in row.items)
    is_final = _executions().filter(pk=execution_id, status__in=_FINAL).exists()
    if ends != int(is_final):
        yield execution_id


# --- running at once


def _load_differs(_now: datetime) -> Iterator[str]:
    wanted = count_places_taken()
    kept = dict(WorkspaceLoad.objects.exclude(running=0).values_list("pk", "running"))
    for workspace_id in sorted(wanted.keys() | kept.keys()):
        if wanted.get(workspace_id, 0) != kept.get(workspace_id, 0):
            yield f"{workspace_id}: {kept.get(workspace_id, 0)} for {wanted.get(workspace_id, 0)}"


# --- runs that runs started


def _lost_children(_now: datetime) -> Iterator[str]:
    parent = _executions().filter(pk=OuterRef("parent_id"))
    fitting = parent.filter(workspace_id=OuterRef("workspace_id"), depth=OuterRef("depth") - 1)
    waiting = Task.objects.filter(
        pk=OuterRef("parent_task_id"), execution_id=OuterRef("parent_id"), state__in=LIVE_TASKS
    )
    children = _executions().filter(parent_id__isnull=False)
    yield from _ids(children.filter(~Exists(fitting)))
    yield from _ids(children.filter(~Exists(waiting), status__in=_OPEN))


# --- I3, I4: attempts and credits


def _attempts_differ(now: datetime) -> Iterator[str]:
    attempts = Attempt.objects.order_by()
    open_ones = attempts.filter(state__in=OPEN_ATTEMPTS)
    twice = open_ones.values("task_id").annotate(n=Count("pk")).filter(n__gt=1)
    yield from _ids(twice, "task_id")
    # One that is fetching without a handle was answered at once.
    yield from _ids(attempts.filter(state=AttemptState.SUBMITTED, handle=None))
    over = Q(execution__status__in=_FINAL, execution__finished_at__lt=now - SETTLING)
    yield from _ids(open_ones.filter(over))


def _paid_twice(_now: datetime) -> Iterator[str]:
    done = Attempt.objects.order_by().filter(state=AttemptState.DONE)
    return _ids(
        done.values("task_id", "node_id").annotate(n=Count("pk")).filter(n__gt=1), "task_id"
    )


def _charge_differs(_now: datetime) -> Iterator[str]:
    runs = _executions().order_by()
    yield from _ids(runs.filter(Q(charged_credits__lt=0) | Q(estimated_credits__lt=0)))
    shown = Concat(Value('"charged":'), F("charged_credits"), Value("}"), output_field=_text())
    final = runs.filter(status__in=_FINAL, final_payload__isnull=False)
    yield from _ids(final.exclude(final_payload__contains=shown))


def _ledger_differs(_now: datetime) -> Iterator[str]:
    """Runs whose hold or captures are not what their row says: all that held, and all that should."""
    holding = _holding()
    batch: list[RunSums] = []
    for sums in list_run_sums():
        batch.append(sums)
        if len(batch) == _BATCH:
            yield from _differing(batch)
            batch = []
    yield from _differing(batch)
    booked = {sums.execution_id for sums in list_run_sums()}
    yield from (id_ for id_ in _ids(holding) if id_ not in booked)


def _differing(batch: Sequence[RunSums]) -> Iterator[str]:
    names = ("status", "estimated_credits", "charged_credits")
    rows = _executions().filter(pk__in=[sums.execution_id for sums in batch])
    runs = {id_: rest for id_, *rest in rows.values_list("pk", *names)}
    for sums in batch:
        if sums.execution_id not in runs:  # past its retention: the ledger stays
            if sums.held:
                yield sums.execution_id
            continue
        status, estimated, charged = runs[sums.execution_id]
        held = 0 if status in FINAL_STATUSES else estimated - charged
        if (sums.held, sums.captured) != (held, charged):
            yield sums.execution_id


def _nodes_cost_otherwise(_now: datetime) -> Iterator[str]:
    """Runs whose charge is not the sum of what the final answer shows of their nodes."""
    rows = _finals().filter(charged_credits__gt=0, final_payload__isnull=False)
    for id_, charged, payload in rows.values_list(
        "pk", "charged_credits", "final_payload"
    ).iterator():
        if sum(node["credits"] for node in json.loads(str(payload))["nodes"]) != charged:
            yield id_


def _holding() -> QuerySet[Execution]:
    return _executions().filter(parent_id=None, mode="live", estimated_credits__gt=0)


def _charged() -> QuerySet[Execution]:
    return _finals().filter(charged_credits__gt=0)


def _text() -> Any:
    return Execution._meta.get_field("final_payload")  # noqa: SLF001 - public API


# --- reviews


def _reviews_differ(_now: datetime) -> Iterator[str]:
    reviews = Review.objects.across_workspaces()
    waiting = Task.objects.filter(pk=OuterRef("task_id"), state__in=LIVE_TASKS)
    asked = reviews.filter(state=ReviewState.OPEN)
    yield from _ids(asked.filter(~Exists(waiting) | Q(execution__status__in=_FINAL)))
    yield from _ids(reviews.filter(state=ReviewState.DECIDED, decided_at=None))


def _finals() -> QuerySet[Execution]:
    return _executions().filter(status__in=_FINAL)


def _opens() -> QuerySet[Execution]:
    return _executions().filter(status__in=_OPEN)


def _children() -> QuerySet[Execution]:
    return _executions().filter(parent_id__isnull=False)


def _live_tasks() -> QuerySet[Task]:
    return Task.objects.filter(state__in=LIVE_TASKS)


RULES: tuple[Rule, ...] = (
    Rule("I1", "an open run has live work", _opens, _abandoned),
    Rule("I1", "no run is open past the age limit", _opens, _too_old),
    Rule("I1", "a run has its final answer when it is final", _executions, _half_final),
    Rule("I1", "the final answer shows the run's status", _finals, _payload_differs),
    Rule("I1", "statuses and states are known ones", Task.objects.all, _illegal_status),
    Rule("I1", "a final run has no live work", _live_tasks, _working_for_nobody),
    Rule("I1", "running tasks have leases, and no others", _live_tasks, _lease_differs),
    Rule("I1", "each node is stored once", NodeResults.objects.all, _stored_twice),
    Rule("I1", "places taken are runs under way", WorkspaceLoad.objects.all, _load_differs),
    Rule("I1", "a run's run has its parent, and wakes it", _children, _lost_children),
    Rule(
        "I1",
        "a question to a person has a run that waits",
        Review.objects.across_workspaces,
        _reviews_differ,
    ),
    Rule("I3", "charges are shown as they are kept", _finals, _charge_differs),
    Rule("I3", "a run's hold and captures are in the ledger", _holding, _ledger_differs),
    Rule("I3", "a run is charged what its nodes cost", _charged, _nodes_cost_otherwise),
    Rule("I4", "a node's job is done once", Attempt.objects.all, _paid_twice),
    Rule("I4", "a task has one attempt, with its handle", Attempt.objects.all, _attempts_differ),
    Rule("I8", "event numbers have no gap", ExecutionEvent.objects.all, _event_gap),
    Rule("I8", "a run knows its last event's number", _executions, _event_count_differs),
    Rule("I8", "a final run has told of it once", _finals, _not_one_end),
)
