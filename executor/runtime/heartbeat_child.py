"""`python -m executor.runtime.heartbeat_child`: renews a worker's leases while it cannot itself.

A child of each worker process. A C call that keeps the interpreter to itself stops every thread of
the worker, but not this process: the tasks stay the worker's, who is busy and not dead. It reads
them from memory that both share (`lease_table`), and imports neither Django nor anything else that
is heavy. It ends when the worker does, whose end of a pipe closes then.

It renews nothing for a worker that is stopped (SIGSTOP, a debugger), nor for one that has given no
sign of life for longer than any node may take. The worker's signals reach it through the pipe, by
`signal.set_wakeup_fd`, even while Python's own handlers cannot run: if the worker is still there
when it should be gone, its tasks are handed back and it is killed.
"""

import json
import os
import select
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from executor.runtime.lease_table import LeaseTable

STATEMENT_TIMEOUT_S = 5
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_CHUNK = 500
_OWNED = "WHERE id IN ({ids}) AND lease_owner = {mark} AND state = 'running'"


class Leases(Protocol):
    """A database with the tasks of one owner."""

    def renew(self, task_ids: Sequence[str]) -> None:
        """Push out the leases."""
        ...

    def hand_back(self, task_ids: Sequence[str]) -> None:
        """Make the tasks ready for others; it costs them no attempt."""
        ...


class SqliteLeases:
    """In SQLite, by this host's clock; times are texts as Django writes them."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._owner, self._lease_s = config["owner"], config["lease_s"]
        self._connection = sqlite3.connect(
            config["database"]["name"], timeout=STATEMENT_TIMEOUT_S, isolation_level=None
        )
        self._connection.execute("PRAGMA synchronous = NORMAL")

    def renew(self, task_ids: Sequence[str]) -> None:
        """Push out the leases."""
        self._update("lease_until = ?", [_sqlite_time(self._lease_s)], task_ids)

    def hand_back(self, task_ids: Sequence[str]) -> None:
        """Make the tasks ready for others."""
        changes = (
            "state = 'ready', lease_until = NULL, rung_at = NULL, "
            "attempts = attempts - 1, wake_at = ?"
        )
        self._update(changes, [_sqlite_time(0)], task_ids)

    def _update(self, changes: str, values: list[str], task_ids: Sequence[str]) -> None:
        for ids in _chunks(task_ids):
            where = _OWNED.format(ids=", ".join("?" * len(ids)), mark="?")
            self._connection.execute(
                f"UPDATE executor_task SET {changes} {where}",  # noqa: S608 - all marks
                [*values, *ids, self._owner],
            )


class PostgresLeases:
    """In PostgreSQL, by the server's clock."""

    def __init__(self, config: dict[str, Any]) -> None:
        import psycopg  # noqa: PLC0415 - the embedded platform has no need of it

        self._owner, self._lease_s = config["owner"], config["lease_s"]
        self._connection = psycopg.connect(
            **config["database"]["params"], connect_timeout=STATEMENT_TIMEOUT_S, autocommit=True
        )
        self._connection.execute("SET synchronous_commit = off")
        self._connection.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'")

    def renew(self, task_ids: Sequence[str]) -> None:
        """Push out the leases."""
        changes = "lease_until = STATEMENT_TIMESTAMP() + %s"
        self._update(changes, [timedelta(seconds=self._lease_s)], task_ids)

    def hand_back(self, task_ids: Sequence[str]) -> None:
        """Make the tasks ready for others."""
        changes = (
            "state = 'ready', lease_until = NULL, rung_at = NULL, "
            "attempts = attempts - 1, wake_at = STATEMENT_TIMESTAMP()"
        )
        self._update(changes, [], task_ids)

    def _update(self, changes: str, values: list[Any], task_ids: Sequence[str]) -> None:
        for ids in _chunks(task_ids):
            where = _OWNED.format(ids=", ".join(["%s"] * len(ids)), mark="%s")
            self._connection.execute(
                f"UPDATE executor_task SET {changes} {where}".encode(),  # noqa: S608 - all marks
                [*values, *ids, self._owner],
            )


class Heart:
    """Beats until the parent is gone."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._table = LeaseTable(config["table"])
        self._leases: Leases | None = None
        self._parent = os.getppid()
        self._kill_at: float | None = None

    def run(self) -> None:
        """Renew every `every_s` seconds; listen to the pipe in between."""
        poller, next_beat = select.poll(), time.monotonic()
        poller.register(self._config["pipe"], select.POLLIN)
        while True:
            wake_at = min(next_beat, self._kill_at or next_beat)
            if poller.poll(max(0.0, wake_at - time.monotonic()) * 1_000) and not self._hear():
                return
            now = time.monotonic()
            if self._kill_at is not None and now >= self._kill_at:
                self._end_parent()
                return
            if now >= next_beat:
                next_beat = now + self._config["every_s"]
                self._guarded(self._beat)

    def _hear(self) -> bool:
        """Take in which signals the parent got; False when it is gone."""
        said = os.read(self._config["pipe"], 256)
        if any(number in STOP_SIGNALS for number in said) and self._kill_at is None:
            self._kill_at = time.monotonic() + self._config["stop_s"]
        return bool(said)

    def _beat(self) -> None:
        if self._table.silent_s() > self._config["silence_s"] or is_stopped(self._parent):
            return
        tasks = self._table.tasks()
        if tasks:
            self._database().renew(tasks)
        self._table.note_renewal()

    def _end_parent(self) -> None:
        self._guarded(lambda: self._database().hand_back(self._table.tasks()))
        if os.getppid() == self._parent:
            os.kill(self._parent, signal.SIGKILL)

    def _database(self) -> Leases:
        if self._leases is None:
            is_sqlite = self._config["database"]["kind"] == "sqlite"
            self._leases = (SqliteLeases if is_sqlite else PostgresLeases)(self._config)
        return self._leases

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - the edge of a process; the parent sees that no beat came
            self._leases = None  # the next beat connects anew


def is_stopped(pid: int) -> bool:
    """Say whether a process is stopped; no where the system does not tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in ("T", "t")


def _chunks(items: Sequence[str]) -> Iterator[Sequence[str]]:
    return (items[at : at + _CHUNK] for at in range(0, len(items), _CHUNK))


def _sqlite_time(plus_s: float) -> str:
    at = datetime.now(UTC) + timedelta(seconds=plus_s)  # noqa: TID251 - no Django, no other clock
    return str(at.replace(tzinfo=None))


def main() -> None:
    """Read what to do from standard input, and do it."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # meant for the worker, which ends this with itself
    Heart(json.loads(sys.stdin.read())).run()


if __name__ == "__main__":
    main()
