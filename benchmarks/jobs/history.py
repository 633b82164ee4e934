"""A million runs of one workspace and ten of another, and pages of their lists (P14)."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from django.db import connection, transaction
from django.test import Client

from accounts.api import LIMIT_NAMES, SYSTEM_ACTOR, create_api_key, override_limits
from benchmarks.jobs.access import Access
from benchmarks.jobs.seed import NO_LIMIT
from billing.api import open_workspace
from common.clock import rfc3339, utc_now
from common.ids import lowest_id
from common.paging import ListScope, make_cursor
from executor.conf import cursor_secret
from executor.models import Execution

ROWS, FEW = 1_000_000, 10
DAYS = 30
CHILDREN = 20  # one run in so many was started by another, and is not listed
CANCELLED = 50  # runs at the far end: a rare status
PAGE = 100
REPEATS = 5
LIST = "/api/v1/workflows/executions"
# Workflows take turns in this order, so the first has 17 runs of 20, the last but one in 20.
TURNS = (*["wf_busy"] * 17, "wf_some", "wf_some", "wf_rare")

Rows = Iterator[tuple[Any, ...]]


def main(rounds: str) -> None:
    """Print how long seeding took, and milliseconds of each page, with those of a bare SELECT."""
    access = Access()
    template = _template(access)
    now = utc_now()
    start = now - timedelta(days=DAYS)
    began = time.perf_counter()
    _insert(_rows(template, start, ROWS))
    other = open_workspace(actor=SYSTEM_ACTOR, name="Few", owner_email="few@example.com", credits=0)
    limits = dict.fromkeys(LIMIT_NAMES, NO_LIMIT)
    override_limits(actor=SYSTEM_ACTOR, workspace_id=other.id, limits=limits)
    template["workspace_id"] = other.id
    _insert(_rows(template, start + timedelta(milliseconds=1), FEW))
    _analyse()
    seeded_s = time.perf_counter() - began
    few_key = create_api_key(
        actor=SYSTEM_ACTOR, workspace_id=other.id, name="Bench", mode="live", scopes=frozenset({"read"})
    ).secret  # fmt: skip
    pages = dict(_pages(access, start)) | {"ten runs": _page(few_key, other.id, {})}
    pages["ten runs, none matches"] = _page(few_key, other.id, {"status": "RUNNING"})
    figures: dict[str, list[float]] = {name: [] for name in (*pages, "bare")}
    middle = _id_at(start, 0.5)
    for page in pages.values():
        page()
    for _ in range(int(rounds) * REPEATS):
        for name, page in pages.items():
            figures[name].append(_ms(page))
            figures["bare"].append(_ms(lambda: _bare_select(middle)))
    print(json.dumps({"seededS": seeded_s, "ms": figures}), flush=True)


def _pages(access: Access, start: datetime) -> Iterator[tuple[str, Callable[[], None]]]:
    def page(filters: Mapping[str, str], after: float | None = None) -> Callable[[], None]:
        before = None if after is None else _id_at(start, after)
        return _page(access.ids["key"], access.workspace_id, filters, before)

    busy, rare = {"workflowId": _workflow("wf_busy")}, {"workflowId": _workflow("wf_rare")}
    day = {
        "since": str(rfc3339(start + timedelta(days=3))),
        "until": str(rfc3339(start + timedelta(days=4))),
    }
    yield "no filter, first page", page({})
    yield "no filter, half-way", page({}, 0.5)
    yield "no filter, last pages", page({}, 0.0002)
    for status in ("COMPLETED", "FAILED", "CANCELLED", "PAUSED"):
        yield f"status {status}", page({"status": status})
        yield f"busy workflow, {status}", page({**busy, "status": status})
        yield f"rare workflow, {status}", page({**rare, "status": status})
    yield "busy workflow, half-way", page(busy, 0.5)
    yield "busy workflow, FAILED, half-way", page({**busy, "status": "FAILED"}, 0.5)
    yield "rare workflow", page(rare)
    yield "unknown workflow", page({"workflowId": _workflow("wf_none")})
    yield "one day", page(day)
    yield "one day, CANCELLED", page({**day, "status": "CANCELLED"})
    yield "one day, busy workflow, FAILED", page({**day, **busy, "status": "FAILED"})
    yield "since a day, PAUSED", page({"since": day["since"], "status": "PAUSED"})
    yield "until a day, busy workflow", page({"until": day["until"], **busy})
    yield "one second", page({"since": day["since"], "until": _second_after(start)})


def _second_after(start: datetime) -> str:
    return str(rfc3339(start + timedelta(days=3, seconds=1)))


def _page(
    key: str, workspace_id: str, filters: Mapping[str, str], before: str | None = None
) -> Callable[[], None]:
    """Return a request for a page as a customer's client makes it."""
    client = Client(SERVER_NAME="127.0.0.1", headers={"Authorization": f"Bearer {key}"})
    query = {**filters, "limit": str(PAGE)}
    if before is not None:
        scope = ListScope("executions", workspace_id, dict(filters))
        query["cursor"] = make_cursor(
            scope, [before, str(int(utc_now().timestamp()))], secret=cursor_secret()
        )

    def ask() -> None:
        answer = client.get(LIST, query)
        if answer.status_code != 200:
            raise RuntimeError(f"the list answered {answer.status_code}: {answer.content!r}")

    return ask


def _bare_select(id_: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM executor_execution WHERE id = %s", (id_,))
        if cursor.fetchone() is None:
            raise RuntimeError("the run is not there")


def _ms(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1_000


def _template(access: Access) -> dict[str, Any]:
    """Return the columns of a run that the product accepted, as the database takes them."""
    row = Execution.objects.of(access.workspace_id).get(
        pk=access.accept_run("text", {"text": "x" * 200})
    )
    return {
        field.attname: _stored(field.attname, getattr(row, field.attname)) for field in _fields()
    }


def _rows(template: Mapping[str, Any], start: datetime, count: int) -> Rows:
    names = [field.attname for field in _fields()]
    step = timedelta(days=DAYS) / count
    for number in range(count):
        at = start + number * step
        changed = {
            "id": lowest_id("exec", at),
            "workflow_id": _workflow(TURNS[number % len(TURNS)]),
            "status": _status(number),
            "parent_id": lowest_id("exec", at - step) if number % CHILDREN == 1 else None,
            "created_at": _stored("created_at", at),
        }
        values = {**template, **changed}
        yield tuple(values[name] for name in names)


def _status(number: int) -> str:
    if number < CANCELLED:
        return "CANCELLED"
    return "FAILED" if number % 33 == 0 else "COMPLETED"


def _insert(rows: Rows) -> None:
    columns = ", ".join(str(field.column) for field in _fields())
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        text = f"COPY executor_execution ({columns}) FROM STDIN"
        with cast(Any, connection.connection).cursor() as cursor, cursor.copy(text) as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join(["%s"] * len(_fields()))
    with transaction.atomic(), connection.cursor() as cursor:
        cast(Any, cursor).executemany(
            f"INSERT INTO executor_execution ({columns}) VALUES ({marks})", rows
        )


def _analyse() -> None:
    """Do what PostgreSQL's autovacuum does sooner or later; SQLite goes without, as it does in life."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE executor_execution")


def _fields() -> list[Any]:
    return list(Execution._meta.concrete_fields)  # noqa: SLF001 - Django's public API


def _stored(name: str, value: Any) -> Any:
    field = cast(Any, Execution._meta.get_field(name))  # noqa: SLF001 - Django's public API
    return field.get_db_prep_save(value, connection)


def _workflow(name: str) -> str:
    """Return an id of the shape that the list's filter takes."""
    return "wf_" + name.removeprefix("wf_").replace("u", "v").replace("o", "0").ljust(26, "0")


def _id_at(start: datetime, part: float) -> str:
    return lowest_id("exec", start + int(ROWS * part) * (timedelta(days=DAYS) / ROWS))
