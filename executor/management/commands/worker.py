"""`manage.py worker`: a process that runs tasks, beside others like it."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from executor import conf
from executor.runtime.control import end_now, end_within, start_worker
from executor.runtime.exposition import serve_metrics
from executor.runtime.worker import GRACE_S


class Command(BaseCommand):
    help = (
        "Run tasks until told to stop (SIGTERM or SIGINT): then finish or hand back what is under "
        "way, within 10 seconds. A second signal ends at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        roles = ", ".join(conf.ROLES)
        parser.add_argument("--queues", default=",".join(conf.ROLES), help=f"of {roles}")
        parser.add_argument("--threads", type=int, default=conf.worker_threads())
        parser.add_argument(
            "--grace",
            type=float,
            default=GRACE_S,
            help=f"seconds that running tasks are given at the end, {GRACE_S:g} at most",
        )

    def handle(self, *, queues: str, threads: int, grace: float, **_: Any) -> None:
        chosen = _queues(queues)
        if threads < 1:
            raise CommandError("--threads must be 1 or more")
        if not 0 <= grace <= GRACE_S:
            raise CommandError(f"--grace must be from 0 to {GRACE_S:g}")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: _on_signal(stop, number))
        worker = start_worker(queues=chosen, threads=threads, has_process=True)
        serve_metrics()
        self.stdout.write(f"worker {worker.performer.owner} runs {', '.join(chosen)}")
        self.stdout.flush()
        stop.wait()
        end_within()
        if not worker.stop(grace_s=grace):
            end_now(0)


def _on_signal(stop: threading.Event, number: int) -> None:
    if stop.is_set():
        end_now(128 + number)
    stop.set()


def _queues(text: str) -> list[str]:
    chosen = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [queue for queue in chosen if queue not in conf.ROLES]
    if unknown:
        raise CommandError(f"no queue {', '.join(unknown)}; queues are {', '.join(conf.ROLES)}")
    if not chosen:
        raise CommandError(f"name at least one queue of {', '.join(conf.ROLES)}")
    return chosen
