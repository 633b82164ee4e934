"""The database backend of the embedded mode.

SQLite has one writer at a time, and one that finds the lock taken sleeps in growing steps up to
100 ms. The embedded server's threads share a process, so they can wait on a lock of ours instead
and go on the moment that it is free. Writers of other processes still meet at SQLite's own lock.
"""

import threading
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

_write_lock = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that holds the process's write lock for as long as a transaction is open."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._holds_lock = False

    def _start_transaction_under_autocommit(self) -> None:
        # As long as SQLite itself waits for another process: who holds it may wait there.
        if not _write_lock.acquire(timeout=float(self.settings_dict["OPTIONS"]["timeout"])):
            raise OperationalError("database is locked by this process")
        self._holds_lock = True
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._release()
            raise

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if autocommit:
            self._release()

    def _commit(self) -> None:
        # One that fails is followed by a rollback, which lets go.
        super()._commit()  # type: ignore[misc]
        self._release()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._release()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._release()

    def _release(self) -> None:
        if self._holds_lock:
            self._holds_lock = False
            _write_lock.release()
