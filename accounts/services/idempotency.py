"""Requests that are done once, however often they are sent (`Idempotency-Key`, TRUST.md 3.4).

An answer is stored in the transaction of what it tells of, so a crash leaves both or neither, and
nothing is ever "stuck in progress": what a twin waits for is the first one's uncommitted row. Only
what succeeded is stored. A record counts until `expires_at`, whether it was purged by then or not.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import OperationalError, connection, models

from accounts.errors import AlreadyAnswered, IdempotencyInProgress, IdempotencyKeyReused
from accounts.models import IdempotencyRecord
from common import faults, strict_json
from common.canonical import digest
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import MalformedRequest
from common.sql import select_row, update_rows

KEPT = timedelta(hours=24)
WAIT_MS = 2_000  # for a twin, on PostgreSQL; SQLite has all writers queue anyway
PURGE_AT_ONCE = 1_000

HEADER = "Idempotency-Key"
MAX_LENGTH = 255

_BARE = re.compile(r"[\x20-\x7e]+")
_QUOTED = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_ESCAPED = re.compile(r"\\(.)")

_LOCK_TIMEOUT = "55P03"
_UNIQUE = ("workspace_id", "mode", "principal", "key")


@dataclass(frozen=True, slots=True)
class Namespace:
    """Where a key means one thing.

    `principal` is `api`, `hook:<id>` for a webhook's callers, `user:<id>` for a person's session.
    """

    workspace_id: str
    mode: str
    principal: str = "api"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it went out: status, body, and those of its headers that belong to it."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def read_key(header: str) -> str:
    """Return the key that a header names, bare or as a quoted string (RFC 8941).

    Raises:
        MalformedRequest: anything but 1 to 255 printable ASCII characters.
    """
    text = header.strip(" \t")
    quoted = _QUOTED.fullmatch(text)
    key = _ESCAPED.sub(r"\1", quoted.group(1)) if quoted else text
    is_good = quoted is not None or (not text.startswith('"') and _BARE.fullmatch(text))
    if not is_good or not 1 <= len(key) <= MAX_LENGTH:
        raise MalformedRequest(
            f"{HEADER} must be 1 to {MAX_LENGTH} printable ASCII characters, "
            "bare or as a quoted string."
        )
    return key


def fingerprint_of(method: str, target: str, content: bytes, *, media_type: str = "") -> str:
    """Return what tells a request from others under its key; `target` is path and query.

    JSON counts by its canonical form, anything else byte by byte.
    """
    told = _canonical(content) if media_type in ("", "application/json") else None
    kind = media_type if told is None else "canonical"
    body = hashlib.sha256(content if told is None else told).hexdigest()
    return digest([method, target, kind, body])


def _canonical(content: bytes) -> bytes | None:
    try:
        return strict_json.canonical(content)
    except MalformedRequest:
        return None


class KeyedRequest:
    """A request with a key: looks for the answer that was given, and stores its own.

    `answer` is what it stored itself, whether that was committed or not; `found` is what was there
    when it was identified. Implements `Once`.
    """

    def __init__(
        self,
        namespace: Namespace,
        key: str,
        fingerprint: Callable[[bytes], str],
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._where = {
            "workspace_id": namespace.workspace_id,
            "mode": namespace.mode,
            "principal": namespace.principal,
            "key": key,
        }
        self._fingerprint_of, self._fingerprint = fingerprint, ""
        self._clock = clock
        self.answer: Answer | None = None
        self.found: Answer | None = None

    @property
    def is_identified(self) -> bool:
        """Say whether it is known yet which request it is."""
        return bool(self._fingerprint)

    def identify(self, content: bytes) -> None:
        """Say what the body was.

        Raises:
            AlreadyAnswered: there is an answer for it.
            IdempotencyKeyReused: there is one for another request.
        """
        self._fingerprint = self._fingerprint_of(content)
        self.found = self.find_answer()
        if self.found is not None:
            raise AlreadyAnswered

    def find_answer(self) -> Answer | None:
        """Return the answer that was given before, None without one.

        Raises:
            IdempotencyKeyReused: it was given to another request.
        """
        row = select_row(IdempotencyRecord, self._where)
        if row is None or row.expires_at <= self._clock.now():
            return None
        if row.fingerprint != self._fingerprint:
            raise IdempotencyKeyReused
        return Answer(row.status, bytes(row.body), row.headers)

    def claim(self) -> None:
        """Take the key before it is known what the answer will be; `complete` adds that.

        First in the transaction: twins wait for it to end.

        Raises:
            AlreadyAnswered, IdempotencyInProgress: as `store`.
        """
        self._insert(Answer(0, b"", {}))

    def complete(self, answer: Answer) -> None:
        """Store the answer to what was claimed, in the same transaction."""
        changes = {"status": answer.status, "body": answer.body, "headers": dict(answer.headers)}
        update_rows(IdempotencyRecord, changes, self._where)
        self.answer = answer

    def store(self, *, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Store the answer in the caller's transaction, by one statement.

        Raises:
            AlreadyAnswered: a twin's is there.
            IdempotencyInProgress: a twin holds the key and does not come to an end.
        """
        self.answer = Answer(status, body, headers)
        self._insert(self.answer)

    def _insert(self, answer: Answer) -> None:
        now = self._clock.now()
        row = IdempotencyRecord(
            **self._where,
            fingerprint=self._fingerprint,
            status=answer.status,
            headers=dict(answer.headers),
            body=answer.body,
            created_at=now,
            expires_at=now + KEPT,
        )
        if not _take(row, now):
            raise AlreadyAnswered


def answer_or_replay(
    once: KeyedRequest, content: bytes, answer: Callable[[], Answer]
) -> tuple[Answer, bool]:
    """Return an answer, and whether it was given before; `answer` stores its own by `once`.

    Raises:
        IdempotencyKeyReused: the key is that of another request.
        IdempotencyInProgress: a twin is being carried out.
        Exception: whatever `answer` raises; nothing of it is kept.
    """
    try:
        once.identify(content)
        return answer(), False
    except AlreadyAnswered as error:
        found = once.found or once.find_answer()
        if found is None:  # and that answer is gone again
            raise IdempotencyInProgress from error
        return found, True


def purge_idempotency(
    *, clock: Clock = SYSTEM_CLOCK, should_stop: Callable[[], bool] = lambda: False
) -> int:
    """Remove records that count no more; returns how many. Nothing depends on it being done."""
    purged = 0
    while not should_stop():
        now = clock.now()
        expired = IdempotencyRecord.objects.across_workspaces().filter(expires_at__lte=now)
        some = list(expired.values_list("pk", flat=True)[:PURGE_AT_ONCE])
        faults.point("idempotency.purge")
        # One of them may have been taken anew since: it is asked for its age once more.
        purged += expired.filter(pk__in=some).delete()[0]
        if len(some) < PURGE_AT_ONCE:
            break
    return purged


def _take(row: IdempotencyRecord, now: datetime) -> bool:
    """Insert a record, or replace one that is past its time; False if a living one is there.

    Raises:
        IdempotencyInProgress: a twin has held the key for too long.
    """
    values = [
        field.get_db_prep_save(getattr(row, field.attname), connection) for field in _fields()
    ]
    values.append(_field("expires_at").get_db_prep_save(now, connection))
    try:
        with connection.cursor() as cursor:
            cursor.execute(_statement(connection.vendor), values)
            return cursor.fetchone() is not None
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == _LOCK_TIMEOUT:
            raise IdempotencyInProgress from error
        raise


@cache
def _statement(vendor: str) -> str:
    """Return the one statement: it also bounds the wait for a twin, and no other wait after it.

    PostgreSQL computes the CTE before the row is inserted, and what is returned after that. Where a
    living record stands nothing is returned, but there the transaction is rolled back.
    """
    columns = [connection.ops.quote_name(str(field.column)) for field in _fields()]
    table = connection.ops.quote_name(IdempotencyRecord._meta.db_table)  # noqa: SLF001 - public
    marks = ", ".join(["%s"] * len(columns))
    before, source, result = "", f"VALUES ({marks})", "1"
    if vendor == "postgresql":
        before = (
            "WITH patience AS (SELECT current_setting('lock_timeout') AS usual, "
            f"set_config('lock_timeout', '{WAIT_MS}', true)) "
        )
        source = f"SELECT {marks} FROM patience"  # noqa: S608 - placeholders
        result = "set_config('lock_timeout', (SELECT usual FROM patience), true)"
    changes = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns)
    return (
        f"{before}INSERT INTO {table} ({', '.join(columns)}) {source} "
        f"ON CONFLICT ({', '.join(_UNIQUE)}) DO UPDATE SET {changes} "
        f"WHERE {table}.expires_at <= %s RETURNING {result}"
    )


@cache
def _fields() -> tuple["models.Field[Any, Any]", ...]:
    fields = IdempotencyRecord._meta.concrete_fields  # noqa: SLF001 - Django's public API
    return tuple(field for field in fields if not field.primary_key)


def _field(name: str) -> "models.Field[Any, Any]":
    return next(field for field in _fields() if field.attname == name)
