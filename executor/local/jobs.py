"""The table of jobs, and the thread that does one after the other on a device."""

import itertools
import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from executor.local.types import (
    Cancelled,
    Job,
    JobState,
    LocalError,
    Order,
    Recipe,
    Result,
    StoredResult,
)

logger = logging.getLogger(__name__)

KEEP_S = 6 * 3600.0  # longer than anybody comes back for a result
MAX_WAITING = 100
PATIENCE_S = 30.0  # for so long others may go first because their model is resident


class Runner(Protocol):
    """Does jobs, one at a time."""

    def has(self, recipe: Recipe) -> bool:
        """Say whether a recipe could begin at once."""
        ...

    def run(self, job: Job) -> Sequence[Result]:
        """Do a job, telling in it how far it is.

        Raises:
            LocalError: it cannot be done, or nobody wants it any more (`Cancelled`).
        """
        ...


class Busy(LocalError):
    """Too many jobs wait."""

    status = 503
    code = "provider_unavailable"
    default_detail = "Too much waits for the accelerator."
    retry_after_s = 10.0


class ReferenceTaken(LocalError):
    """The reference was used for something else."""

    status = 409
    code = "invalid_value"
    default_detail = "There is another job of this reference."


class Jobs:
    """All jobs of a device. Safe to use from several threads."""

    def __init__(self, runner: Runner, clock: Callable[[], float] = time.monotonic) -> None:
        self._runner, self._clock = runner, clock
        self._jobs: dict[str, Job] = {}
        self._changed = threading.Condition()
        self._is_closed = False
        self._folder = Path(tempfile.mkdtemp(prefix="pixelflow-local-"))
        self._thread = threading.Thread(target=self._work, name="device", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the step that runs, and forget everything."""
        with self._changed:
            self._is_closed = True
            for job in self._jobs.values():
                job.is_unwanted = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(60)
        shutil.rmtree(self._folder, ignore_errors=True)

    def submit(self, order: Order) -> Job:
        """Take an order, or find the job that its reference already has.

        Raises:
            ReferenceTaken: that one asks for something else.
            Busy: too many wait.
        """
        with self._changed:
            known = self._jobs.get(order.reference)
            if known is not None:
                if known.order != order:
                    raise ReferenceTaken
                return known
            self._forget_old()
            if self.count_waiting() >= MAX_WAITING:
                raise Busy
            job = Job(order, began_waiting=self._clock())
            self._jobs[order.reference] = job
            self._changed.notify_all()
            return job

    def find(self, reference: str) -> Job | None:
        """Return a job; None for one that is not known (any more)."""
        return self._jobs.get(reference)

    def cancel(self, job: Job) -> None:
        """Have a job ended: at once if it waits, else before its next step."""
        with self._changed:
            job.is_unwanted = True
            if job.state is JobState.QUEUED:
                self._end(job, JobState.CANCELLED)

    def count_waiting(self) -> int:
        """Return how many jobs have not begun."""
        return sum(job.state is JobState.QUEUED for job in list(self._jobs.values()))

    # --- the worker's thread

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._do(job)

    def _next(self) -> Job | None:
        """Wait for a job, and mark it as running; None when there is nothing more to do."""
        with self._changed:
            while True:
                if self._is_closed:
                    return None
                job = self._choose()
                if job is not None:
                    job.state = JobState.RUNNING
                    return job
                self._changed.wait()

    def _choose(self) -> Job | None:
        """Return the oldest job whose model is resident, or the oldest that has waited too long."""
        waiting = [job for job in self._jobs.values() if job.state is JobState.QUEUED]
        if not waiting or self._clock() - waiting[0].began_waiting > PATIENCE_S:
            return waiting[0] if waiting else None
        ready = (job for job in waiting if self._runner.has(job.order.recipe))
        return next(ready, waiting[0])

    def _do(self, job: Job) -> None:
        state = JobState.FAILED
        try:
            results = self._runner.run(job)
            job.results = self._stored(job.order.reference, results)
            state = JobState.DONE
        except Cancelled:
            state = JobState.CANCELLED
        except LocalError as error:
            job.error = error
        except Exception:  # the edge of the thread: a pipeline may fail in any way
            logger.exception("a job broke", extra={"reference": job.order.reference})
            job.error = LocalError()
        with self._changed:
            self._end(job, state)

    def _end(self, job: Job, state: JobState) -> None:
        job.state, job.preview, job.ended = state, None, self._clock()
        job.progress = 1.0 if state is JobState.DONE else job.progress

    def _stored(self, reference: str, results: Sequence[Result]) -> tuple[StoredResult, ...]:
        folder = self._folder / reference
        folder.mkdir(exist_ok=True)
        stored = []
        for number, result in zip(itertools.count(), results, strict=False):
            path = folder / str(number)
            path.write_bytes(result.data)
            stored.append(StoredResult(result.kind, result.content_type, path, len(result.data)))
        return tuple(stored)

    def _forget_old(self) -> None:
        before = self._clock() - KEEP_S
        old = [
            name for name, job in self._jobs.items() if job.ended is not None and job.ended < before
        ]
        for name in old:
            del self._jobs[name]
            shutil.rmtree(self._folder / name, ignore_errors=True)
