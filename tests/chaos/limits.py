"""A web process that runs out of something, on SQLite: disk, descriptors, the right to write.

Also the data folder as a power cut would leave it: copied while every process stands still.
"""

import os
import random
import resource
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.chaos import zygote
from tests.chaos.killer import end
from tests.chaos.points import can_connect
from tests.chaos.servers import wait_for
from tests.chaos.stage import Stage

NOBODY = 65534
BAD_S = 2.0


def limits(folder: Path) -> dict[str, Any]:
    """Go through all; returns what clients saw while it lasted and afterwards, by name."""
    stage = Stage(folder, workers=1)
    stage.prepare()
    data = Path(os.environ["DATA_DIR"])
    seen: dict[str, Any] = {}
    for name, limit in {
        "x24_disk_full": lambda: _limit_file_size(data),
        "x25_no_descriptors": _limit_descriptors,
        "x26_read_only": _lose_rights,
    }.items():
        if name == "x26_read_only":
            _make_read_only(data)
        bad = _served(stage, limit)
        _make_writable(data)
        with stage.open():
            good = zygote.ask(lambda: stage.load(1).as_json(), log=stage.log)
            settled_s = stage.settle()
        seen[name] = {"during": bad, "after": good, "settled_s": settled_s}
    with stage.open():
        seen["x23_copies"] = _copy_under_load(stage, data, folder)
        stage.settle()
    return {**seen, "report": stage.report()}


def _served(stage: Stage, limit: Callable[[], None]) -> Any:
    from tests.chaos import worker

    def main() -> None:
        limit()
        worker.serve(zygote.port())

    pid = zygote.fork(main, log=stage.log)
    try:
        wait_for(lambda: can_connect(zygote.port()))
        seen = zygote.ask(lambda: stage.load(BAD_S).as_json(), log=stage.log)
        found, _ = os.waitpid(pid, os.WNOHANG)
        return {**seen, "died": bool(found)}
    finally:
        end([pid])


def _limit_file_size(data: Path) -> None:
    """Let no file grow beyond what the database's log has now: the disk is full."""
    log = data / "pixelflow.sqlite3-wal"
    size = log.stat().st_size if log.exists() else 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8_192, size + 8_192))


def _limit_descriptors() -> None:
    """Leave room for the server itself, one database connection, and a few clients."""
    most = len(list(Path("/proc/self/fd").iterdir())) + 13
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _make_read_only(data: Path) -> None:
    for path in (data, *data.glob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def _lose_rights() -> None:
    """Root may write anywhere; nobody may not."""
    if os.geteuid() == 0:
        os.setuid(NOBODY)


def _make_writable(data: Path) -> None:
    for path in (data, *data.glob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _copy_under_load(stage: Stage, data: Path, folder: Path) -> dict[str, Any]:
    """Copy the database at random instants; returns how many copies were whole, and what they lack."""
    answer = zygote.begin(lambda: stage.load(4, every_s=0.05).as_json(), log=stage.log)
    chance, whole, lacking = random.Random(1), 0, 0
    copies = 12
    for number in range(copies):
        time.sleep(chance.uniform(0.05, 0.4))
        copy = folder / f"copy{number}"
        copy.mkdir()
        for pid in stage.pids:
            os.kill(pid, signal.SIGSTOP)
        answered = stage.journal.read_text().split()
        for path in data.glob("pixelflow.sqlite3*"):
            if not path.name.endswith("-shm"):  # it lives in memory, and dies with the machine
                shutil.copy(path, copy)
        for pid in stage.pids:
            os.kill(pid, signal.SIGCONT)
        with sqlite3.connect(copy / "pixelflow.sqlite3") as connection:
            whole += connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            known = {row[0] for row in connection.execute("SELECT id FROM executor_execution")}
        lacking += len(set(answered) - known)
    return {"copies": copies, "whole": whole, "lacking": lacking, **answer()}
