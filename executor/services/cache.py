"""What nodes gave before, by key, so that equal work is done once in a workspace.

An entry only names files: one whose file is deleted is none. An entry that was written in a run
that keeps outputs alone may lack media between nodes; it lies under a key of its own, and answers
only runs that do not want them either.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, QuerySet, Sum

from common.clock import SYSTEM_CLOCK, Clock
from common.fields import PackedJSONField
from common.http.rendering import render_json
from executor.engine.codec import is_kept
from executor.engine.known import Outputs
from executor.models import CacheEntry, File

BATCH = 1_000  # keys of one statement
TOUCH_EVERY = timedelta(hours=1)  # how exactly it is known when something was used last

# What is dearer to keep than to compute again; of costly nodes, which are paid for, nearly nothing.
MAX_CHEAP_BYTES = 64 * 1024
MAX_COSTLY_BYTES = 1024 * 1024

MAX_AGE = timedelta(days=30)  # unused for so long, an entry goes
MAX_ENTRIES = 50_000  # of a workspace
MAX_BYTES = 256 * 1024 * 1024  # of a workspace

_KEEP = "ON CONFLICT (workspace_id, key) DO NOTHING"
_REPLACE = (
    "ON CONFLICT (workspace_id, key) DO UPDATE SET outputs = EXCLUDED.outputs, "
    "bytes = EXCLUDED.bytes, used_at = EXCLUDED.used_at"
)


def find_entries(
    workspace_id: str, keys: Collection[str], *, takes_partial: bool, now: datetime
) -> dict[str, Outputs]:
    """Return the outputs by key of what is there, and enter that they were used.

    `takes_partial`: media between nodes may be missing.
    """
    rows = _read(workspace_id, keys, takes_partial, now)
    alive = _alive(rows, use_files(workspace_id, _files_of(rows), now=now))
    _touch(workspace_id, rows, now)
    _drop_dead(workspace_id, rows, alive)
    return _by_key(rows, alive, keys)


def peek_entries(
    workspace_id: str, keys: Collection[str], *, takes_partial: bool, now: datetime
) -> dict[str, Outputs]:
    """Return as `find_entries` what is there, and leave everything as it is."""
    rows = _read(workspace_id, keys, takes_partial, now)
    files = File.objects.of(workspace_id).filter(deleted_at=None, pk__in=_files_of(rows))
    return _by_key(rows, _alive(rows, set(files.values_list("pk", flat=True))), keys)


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a node has just given. `is_costly`: not a matter of milliseconds."""

    key: str
    outputs: Outputs
    is_costly: bool


def store_entries(
    workspace_id: str, found: Iterable[Fresh], *, replaces: bool, now: datetime
) -> None:
    """Store outputs; what is there already stays, unless `replaces` says otherwise.

    Inserted in the order of the keys, so that two who store the same wait for each other in turn.
    """
    texts = {key: text for fresh in found for key, text in _entry_of(fresh)}
    used_at = _prepared(now)
    for batch in _batches(sorted(texts)):
        rows = ", ".join(["(%s, %s, %s, %s, %s)"] * len(batch))
        params: list[Any] = []
        for key in batch:
            text = texts[key]
            params += (workspace_id, key, text.decode("utf-8"), len(text), used_at)
        with connection.cursor() as cursor:
            cursor.execute(f"{_insert_sql()} {rows} {_REPLACE if replaces else _KEEP}", params)


def use_files(workspace_id: str, ids: Collection[str], *, now: datetime) -> set[str]:
    """Return which of these files are there, and let them count as young.

    Whoever deletes old files locks them as this does, so none that is returned goes meanwhile.
    """
    if not ids:
        return set()
    files = File.objects.of(workspace_id).filter(deleted_at=None)
    rows = [
        row
        for batch in _batches(ids)
        for row in files.filter(pk__in=batch).values_list("pk", "created_at", "reused_at")
    ]
    stale = [id_ for id_, made, used in rows if now - (used or made) >= TOUCH_EVERY]
    fresh = {id_ for id_, *_ in rows}.difference(stale)
    if not stale:
        return fresh
    with transaction.atomic():
        locked = files.filter(pk__in=stale).order_by("pk").select_for_update()
        found = list(locked.values_list("pk", flat=True))
        File.objects.of(workspace_id).filter(pk__in=found).update(reused_at=now)
    return fresh.union(found)


def purge_cache(*, clock: Clock = SYSTEM_CLOCK, limit: int = 1_000) -> int:
    """Delete up to `limit` entries that were not used for long, or are too many; returns how many.

    To be called again while it returns `limit`.
    """
    deleted, before = 0, clock.now() - MAX_AGE
    for workspace_id in _workspaces():
        entries = CacheEntry.objects.of(workspace_id)
        deleted += _delete(entries.filter(used_at__lt=before), limit - deleted)
        deleted += _delete_excess(entries, limit - deleted)
        if deleted >= limit:
            break
    return deleted


def partial_key(key: str) -> str:
    """Return the key under which outputs lie that lack media between nodes."""
    return "o" + key[1:]


def _entry_of(fresh: Fresh) -> Iterator[tuple[str, bytes]]:
    """Yield the key and the text of an entry, unless it is not worth its place."""
    text = render_json(fresh.outputs)
    if len(text) <= (MAX_COSTLY_BYTES if fresh.is_costly else MAX_CHEAP_BYTES):
        is_whole = all(map(is_kept, fresh.outputs.values()))
        yield fresh.key if is_whole else partial_key(fresh.key), text


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry as it was found. `is_stale`: that it was used again is to be written down."""

    id: int
    key: str
    outputs: Outputs
    is_stale: bool


def _read(
    workspace_id: str, keys: Collection[str], takes_partial: bool, now: datetime
) -> list[_Entry]:
    """Read entries past the models, for there may be hundreds; written the same way."""
    wanted = [*keys, *(map(partial_key, keys) if takes_partial else ())]
    stale_before = _prepared(now - TOUCH_EVERY)
    unpack = PackedJSONField().from_db_value
    found: list[_Entry] = []
    with connection.cursor() as cursor:
        for batch in _batches(wanted):
            sql = f"{_select_sql()} ({', '.join(['%s'] * len(batch))})"
            cursor.execute(sql, (stale_before, workspace_id, *batch))
            found += [
                _Entry(id_, key, unpack(text), bool(is_stale))
                for id_, key, text, is_stale in cursor.fetchall()
            ]
    return found


@cache
def _select_sql() -> str:
    return (
        "SELECT id, key, outputs, used_at <= %s "  # noqa: S608
        f"FROM {_table()} WHERE workspace_id = %s AND key IN"
    )


@cache
def _insert_sql() -> str:
    return f"INSERT INTO {_table()} (workspace_id, key, outputs, bytes, used_at) VALUES"


def _table() -> str:
    return connection.ops.quote_name(CacheEntry._meta.db_table)  # noqa: SLF001 - public API


def _prepared(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def _by_key(
    rows: Iterable[_Entry], alive: Collection[int], keys: Iterable[str]
) -> dict[str, Outputs]:
    living: dict[str, Outputs] = {row.key: row.outputs for row in rows if row.id in alive}
    found = {key: living.get(key, living.get(partial_key(key))) for key in keys}
    return {key: outputs for key, outputs in found.items() if outputs is not None}


def _alive(rows: Iterable[_Entry], files: Collection[str]) -> set[int]:
    return {row.id for row in rows if all(id_ in files for id_ in file_ids(row.outputs.values()))}


def _files_of(rows: Iterable[_Entry]) -> set[str]:
    return {id_ for row in rows for id_ in file_ids(row.outputs.values())}


def file_ids(forms: Iterable[Mapping[str, Any] | None]) -> Iterator[str]:
    """Yield the ids of the files in stored forms."""
    for form in forms:
        if form is not None and "m" in form:
            yield form["m"]["file_id"]
        elif form is not None and "l" in form:
            yield from file_ids(form["l"])


def _touch(workspace_id: str, rows: Iterable[_Entry], now: datetime) -> None:
    stale = [row.id for row in rows if row.is_stale]
    if stale:
        entries = CacheEntry.objects.of(workspace_id)
        with transaction.atomic():
            entries.filter(pk__in=_lock(entries.filter(pk__in=stale))).update(used_at=now)


def _drop_dead(workspace_id: str, rows: Sequence[_Entry], alive: Collection[int]) -> None:
    """Delete entries whose files are gone, or they would keep better ones out."""
    if len(alive) < len(rows):
        dead = [row.id for row in rows if row.id not in alive]
        entries = CacheEntry.objects.of(workspace_id)
        with transaction.atomic():
            entries.filter(pk__in=_lock(entries.filter(pk__in=dead))).delete()


def _lock(entries: QuerySet[CacheEntry], limit: int | None = None) -> list[int]:
    """Lock entries that nobody else is busy with; for those it does not matter."""
    locked = entries.order_by("pk").select_for_update(skip_locked=True)
    return list(locked.values_list("pk", flat=True)[:limit])


def _workspaces() -> Iterator[str]:
    """Yield the workspaces that have entries; each costs one look into the index."""
    entries, last = CacheEntry.objects.across_workspaces().order_by("workspace_id"), ""
    while True:
        following = entries.filter(workspace_id__gt=last).values_list("workspace_id", flat=True)
        found = following.first()
        if found is None:
            return
        last = str(found)
        yield last


def _delete(entries: QuerySet[CacheEntry], limit: int) -> int:
    if limit <= 0:
        return 0
    with transaction.atomic():
        return entries.filter(pk__in=_lock(entries, limit)).delete()[0]


def _delete_excess(entries: QuerySet[CacheEntry], limit: int) -> int:
    """Delete what a workspace has too much of, oldest use first."""
    held = entries.aggregate(number=Count("pk"), size=Sum("bytes"))
    number, size = held["number"], held["size"] or 0
    ids: list[int] = []
    oldest = entries.order_by("used_at").values_list("pk", "bytes")
    for id_, length in oldest[: max(limit, 0)].iterator():
        if number <= MAX_ENTRIES and size <= MAX_BYTES:
            break
        ids.append(id_)
        number, size = number - 1, size - length
    return _delete(entries.filter(pk__in=ids), len(ids))


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    waiting = iter(items)
    while batch := list(islice(waiting, BATCH)):
        yield batch
