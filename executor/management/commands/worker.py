"""`manage.py worker`: a process that runs tasks, beside others like it."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from executor import conf
from executor.runtime.control import start_worker


class Command(BaseCommand):
    help = "Run tasks until told to stop (SIGTERM or SIGINT)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queues", default=",".join(conf.QUEUES), help="of runs, gpu, remote")
        parser.add_argument("--threads", type=int, default=conf.worker_threads())

    def handle(self, *, queues: str, threads: int, **_: Any) -> None:
        chosen = [queue.strip() for queue in queues.split(",") if queue.strip()]
        unknown = set(chosen) - set(conf.QUEUES)
        if unknown or not chosen:
            raise CommandError(f"queues are {', '.join(conf.QUEUES)}")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        worker = start_worker(queues=chosen, threads=threads)
        self.stdout.write(f"worker {worker.performer.owner} runs {', '.join(chosen)}")
        self.stdout.flush()
        stop.wait()
        worker.stop()
