"""Renewing the leases of a process's tasks: by a thread of its own, or by a child beside it."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from django.db import connection

from common.clock import Clock
from executor import conf
from executor.runtime.lease_table import LeaseTable
from executor.runtime.running import RunningTasks
from executor.services.claims import renew_leases

logger = logging.getLogger(__name__)

RESTART_AFTER_S = 1.0
STOP_LIMIT_S = 9.5  # from the first signal; whoever is still there then is killed
_PROJECT = Path(__file__).resolve().parents[2]
_COMMAND = (sys.executable, "-S", "-s", "-P", "-m", "executor.runtime.heartbeat_child")
# Of Django's own; everything else among OPTIONS is for the driver.
_DJANGO_OPTIONS = {"pool", "isolation_level", "assume_role", "server_side_binding", "service"}


class Heartbeat(Protocol):
    """Keeps the leases of the process's tasks from running out."""

    def start(self) -> None:
        """Begin."""
        ...

    def beat(self) -> None:
        """Renew what nobody else renews; called every third of a lease."""
        ...

    def tend(self) -> None:
        """Give a sign of life; called several times a second."""
        ...

    def catch_up(self) -> None:
        """Renew first, if this process was frozen: it must not take over its own tasks."""
        ...

    def stop(self) -> None:
        """End."""
        ...


class ThreadHeartbeat:
    """By the calling thread. For the embedded server: nobody else would take its tasks over."""

    def __init__(self, owner: str, running: RunningTasks, clock: Clock) -> None:
        self._owner, self._running, self._clock = owner, running, clock
        self._beat_at = time.monotonic()
        self._ahead_s = self._wall_ahead_s()

    def start(self) -> None:
        """Do nothing: the first lease is taken by the claim."""

    def beat(self) -> None:
        """Renew the leases of all tasks under way."""
        tasks = self._running.tasks()
        if tasks:
            renew_leases(owner=self._owner, task_ids=tasks, clock=self._clock)
        self._beat_at = time.monotonic()

    def tend(self) -> None:
        """Do nothing: nobody watches."""

    def catch_up(self) -> None:
        """Renew first, if it is too long ago by any clock."""
        if self._has_jumped() or time.monotonic() - self._beat_at > conf.lease_s() / 2:
            self._renew_all()

    def _renew_all(self) -> None:
        ahead_s = self._wall_ahead_s()
        ThreadHeartbeat.beat(self)
        self._ahead_s = ahead_s

    def _has_jumped(self) -> bool:
        """Say whether the wall clock was set, or the host slept: then leases may seem to be over."""
        return abs(self._wall_ahead_s() - self._ahead_s) > conf.lease_s() / 2

    def _wall_ahead_s(self) -> float:
        return self._clock.now().timestamp() - time.monotonic()

    def stop(self) -> None:
        """Do nothing."""


class ChildHeartbeat(ThreadHeartbeat):
    """By a child process (`heartbeat_child`); by the thread where the child does not get to it."""

    def __init__(self, owner: str, running: RunningTasks, clock: Clock) -> None:
        super().__init__(owner, running, clock)
        self._table = LeaseTable()
        self._ear, self._mouth = os.pipe()  # closes with this process, and carries its signals
        os.set_blocking(self._mouth, False)
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._is_over = self._hears = False
        running.book = self._table

    def start(self) -> None:
        """Start the child."""
        self._table.give_sign()
        self._table.note_renewal()
        self._started_at = time.monotonic()
        self._child = subprocess.Popen(  # noqa: S603 - our own command, no shell
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # a log that nobody reads must not stop the heart
            cwd="/",
            env=_env(),
            pass_fds=(self._table.descriptor, self._ear),
            start_new_session=True,
        )
        if self._child.stdin is not None:
            with self._child.stdin as config:
                config.write(json.dumps(self._config()).encode("utf-8"))

    def pid(self) -> int | None:
        """Return the child's process id."""
        return None if self._child is None else self._child.pid

    def hear_signals(self) -> None:
        """Pass this process's signals on to the child from now on; in the main thread alone."""
        signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        self._hears = True

    def beat(self) -> None:
        """Renew what the child has no slot for, or all when it is late."""
        if self._table.is_full() or self._is_late():
            super().beat()
            self._table.note_renewal()

    def tend(self) -> None:
        """Give a sign of life, and start the child again if it died."""
        self._table.give_sign()
        died = self._child is not None and self._child.poll() is not None
        if died and not self._is_over and time.monotonic() - self._started_at > RESTART_AFTER_S:
            logger.error("heartbeat died; starting another", extra={"action": "heartbeat_died"})
            self.start()

    def catch_up(self) -> None:
        """Renew first, if the child did not, or not by the clock as it is now."""
        if self._has_jumped() or self._is_late():
            self._renew_all()

    def stop(self) -> None:
        """End the child."""
        self._is_over = True
        if self._hears:
            signal.set_wakeup_fd(-1)
        os.close(self._mouth)
        if self._child is not None:
            try:
                self._child.wait(timeout=1)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        os.close(self._ear)
        self._running.book = None
        self._table.close()

    def _is_late(self) -> bool:
        return self._table.unrenewed_s() > conf.lease_s() / 2

    def _config(self) -> dict[str, Any]:
        return {
            "owner": self._owner,
            "table": self._table.descriptor,
            "pipe": self._ear,
            "lease_s": conf.lease_s(),
            "every_s": conf.lease_s() / 3,
            "silence_s": conf.longest_timeout_s() + conf.lease_s(),
            "stop_s": STOP_LIMIT_S,
            "database": database_params(connection.settings_dict),
        }


def database_params(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the child finds the database that Django uses."""
    if "postgresql" not in settings["ENGINE"]:
        return {"kind": "sqlite", "name": str(settings["NAME"])}
    names = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    params = {name: str(settings[key]) for name, key in names.items() if settings.get(key)}
    options = settings.get("OPTIONS") or {}
    extra = {
        name: value
        for name, value in options.items()
        if name not in _DJANGO_OPTIONS and isinstance(value, str | int)
    }
    return {"kind": "postgresql", "params": {**extra, **params}}


def _env() -> dict[str, str]:
    """Return the child's environment: where to import from, and nothing that is secret."""
    folders = [str(_PROJECT), *(folder for folder in sys.path if folder)]
    return {"PYTHONPATH": os.pathsep.join(folders), "PYTHONUTF8": "1"}
