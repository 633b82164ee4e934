"""The test provider's books: jobs, what was paid for, and what is to go wrong next."""

import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from itertools import count
from typing import Any

PICTURE_SIDE = 8


@dataclass
class Job:
    """One paid job."""

    id: str
    style: str
    reference: str
    body: dict[str, Any]
    done_at: float
    callback: str | None = None
    cancelled: bool = False
    polls: int = 0

    def state(self) -> str:
        """Return where it stands by the clock."""
        if self.cancelled:
            return "cancelled"
        return "done" if time.monotonic() >= self.done_at else "running"


@dataclass
class Books:
    """Everything that the provider remembers; used from its one event loop.

    `script` holds actions by place (`a.submit`, `b.poll`, `files`, …), one taken for each request;
    see `tests.provider.server` for what they do. Of `settings`, `duration_s` is how long a job
    takes.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    paid: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    by_key: dict[str, str] = field(default_factory=dict)
    script: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    settings: dict[str, float] = field(default_factory=lambda: {"duration_s": 0.0})
    numbers: Any = field(default_factory=lambda: count(1))

    def next_action(self, place: str) -> str:
        """Take the next action of a place; empty for the plain course."""
        self.requests[place] += 1
        actions = self.script[place]
        return actions.popleft() if actions else ""

    def open_job(self, style: str, reference: str, body: dict[str, Any]) -> Job:
        """Take a job on, which costs."""
        self.paid[reference] += 1
        done_at = time.monotonic() + self.settings["duration_s"]
        job = Job(f"{style}-{next(self.numbers)}", style, reference, body, done_at)
        self.jobs[job.id] = job
        return job

    def open_job_once(self, key: str, body: dict[str, Any]) -> Job:
        """Take a job on, unless the key stands for one already."""
        if key not in self.by_key:
            self.by_key[key] = self.open_job("a", key, body).id
        return self.jobs[self.by_key[key]]

    def find(self, reference: str) -> list[Job]:
        """Return the jobs of a reference."""
        return [job for job in self.jobs.values() if job.reference == reference]

    def report(self) -> dict[str, Any]:
        """Return the figures that tests look at."""
        return {
            "paid": dict(self.paid),
            "jobs": len(self.jobs),
            "twice": sum(1 for times in self.paid.values() if times > 1),
            "cancelled": sorted(job.id for job in self.jobs.values() if job.cancelled),
            "requests": dict(self.requests),
        }
