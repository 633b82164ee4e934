"""Dying at each kill point in turn, with a process that really dies there, and what comes of it."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.chaos import zygote
from tests.chaos.killer import drain, end, undisturbed
from tests.chaos.servers import free_port, wait_for
from tests.provider.control import Control

# The point, and a case whose runs pass it.
OF_WORKERS = {
    "claim.before_commit": "inline",
    "claim.after_commit": "inline",
    "run.after_node": "drawn",
    "files.half_put": "own",
    "files.after_put": "own",
    "progress.before_commit": "slow",
    "progress.after_commit": "slow",
    "finish.before_commit": "drawn",
    "finish.after_commit": "drawn",
    "enqueue.before": "mapped",
    "enqueue.after": "mapped",
}
OF_CALLERS = (
    "accept.before_commit",
    "accept.after_commit",
    "cancel.before_commit",
    "cancel.after_commit",
)
OF_THE_WEB = (
    "web.authenticated",
    "web.parsed",
    "accept.before_commit",
    "accept.after_commit",
    "web.before_answer",
    "web.mid_answer",
)
DIES_WITHIN_S = 10.0


def matrix(folder: Path, provider: Control) -> dict[str, Any]:
    """Go through all points; returns which were died at, and the final report."""
    from tests.chaos import loader, report, worker

    log, journal = folder / "log", folder / "journal"
    zygote.ask(loader.migrate, log=log)
    web = [zygote.fork(lambda: worker.serve(zygote.port()), log=log)]  # providers call back
    prepared = zygote.ask(loader.prepare, log=log)
    end(web)
    died: dict[str, bool] = {}
    for point, case in OF_WORKERS.items():
        zygote.ask(partial(_start, prepared, case, journal), log=log)
        died[point] = _dies(partial(worker.work, f"{point}=kill"), log=log)
    for point in OF_CALLERS:
        died[f"call: {point}"] = _dies(partial(_call, prepared, point), log=log)
    answers, made = {}, {}
    for point in OF_THE_WEB:
        before = zygote.ask(report.count_all, log=log)
        died[f"web: {point}"], answers[point] = _web(prepared, point, journal, log)
        after = zygote.ask(report.count_all, log=log)
        made[point] = sum(after.values()) - sum(before.values())
    pids = undisturbed(2, worker.work, log=log)
    drained_s = drain(pids, lambda: zygote.ask(loader.open_runs, log=log), timeout_s=60)
    found = zygote.ask(
        lambda: report.final_report(prepared, journal, provider.count()["paid"]), log=log
    )
    return {
        **found,
        "died": died,
        "answers": answers,
        "made": made,
        "drained_s": round(drained_s, 1),
    }


def _start(prepared: dict[str, Any], name: str, journal: Path) -> None:
    from tests.chaos.cases import BY_NAME
    from tests.chaos.loader import start

    execution_id = start(prepared["workspaces"][0], BY_NAME[name])
    with journal.open("a") as file:
        file.write(f"{execution_id}\n")


def _call(prepared: dict[str, Any], point: str) -> None:
    """Accept a run, or cancel one, in a process that dies of it."""
    from common import faults
    from executor.services.cancel import cancel_execution
    from tests.chaos.cases import BY_NAME
    from tests.chaos.loader import start

    place = prepared["workspaces"][0]
    if point.startswith("accept"):
        faults.arm(f"{point}=kill")
        start(place, BY_NAME["inline"])
    execution_id = start(place, BY_NAME["cancelled"])
    faults.arm(f"{point}=kill")
    cancel_execution(workspace_id=place["id"], execution_id=execution_id)


def _dies(main: Callable[[], None], *, log: Path) -> bool:
    """Say whether a process killed itself; one that does not is ended."""
    pid = zygote.fork(main, log=log)
    end = time.monotonic() + DIES_WITHIN_S
    while time.monotonic() < end:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


class Web:
    """The embedded server in a process forked here, on one port over its lives."""

    def __init__(self, log: Path) -> None:
        self.port, self.log = free_port(), log
        self.pid = 0

    def start(self, armed: str = "") -> None:
        """Start it; returns when it answers."""

        def main() -> None:
            from common import faults
            from pixelflow_site.server.embedded import run_server

            faults.arm(armed)
            run_server(self.port)

        self.pid = zygote.fork(main, log=self.log)
        try:
            wait_for(self._is_up)
        except TimeoutError:
            self.end()
            raise RuntimeError(self.log.read_text(errors="replace")[-4_000:]) from None

    def end(self, number: int = signal.SIGKILL) -> int:
        """End it; returns how it ended, as `os.waitpid` says."""
        if self.pid:
            os.kill(self.pid, number)
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return status

    def wait(self) -> int:
        """Wait for it to end by itself; returns how."""
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return status

    def client(self, key: str) -> httpx.Client:
        """A client of its API."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}/api/v1",
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
            trust_env=False,
        )

    def _is_up(self) -> bool:
        """Say whether it takes connections; a request would pass the points of answering."""
        return can_connect(self.port)


def can_connect(port: int) -> bool:
    """Say whether somebody listens on a port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _web(
    prepared: dict[str, Any], point: str, journal: Path, log: Path
) -> tuple[bool, list[int | str]]:
    """Call a server that dies of it, and again one that does not, under one key, as a client would.

    Returns whether the first died, and the answers; a broken connection is one.
    """
    web, place = Web(log), prepared["workspaces"][0]
    answers: list[int | str] = []
    path = f"/workflows/{place['workflows']['inline']}/execute"
    body = {"inputs": {"text": "a few words"}, "metadata": {"case": "inline"}}
    headers = {"Idempotency-Key": f"died at {point}"}
    web.start(f"{point}=kill")
    has_died = False
    with web.client(place["key"]) as client:
        for _ in range(2):
            try:
                answer = client.post(path, json=body, headers=headers)
            except httpx.TransportError:
                answers.append("broken")
                status = web.wait()
                has_died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
                web.start()
                continue
            answers.append(answer.status_code)
            with journal.open("a") as file:
                file.write(f"{json.loads(answer.content)['executionId']}\n")
    web.end()
    return has_died, answers
