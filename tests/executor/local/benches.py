"""A model server on loopback, in this process: with a runner that pretends, or with pipelines."""

import argparse
import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web

from executor.local.jobs import Jobs
from executor.local.server import ModelServer
from executor.local.types import Cancelled, Job, Recipe, Result

DEADLINE_S = 60.0


class PretendedRunner:
    """Makes a byte of each job once `go` is set; notes in which order."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.done: list[str] = []
        self.resident = ""
        self.error: Exception | None = None

    def has(self, recipe: Recipe) -> bool:
        return recipe.model == self.resident

    def run(self, job: Job) -> Sequence[Result]:
        while not self.go.wait(0.01):
            if job.is_unwanted:
                raise Cancelled
        if self.error is not None:
            raise self.error
        self.done.append(job.order.reference)
        job.seed, job.gpu_seconds = 7, 0.25
        return [Result("image", "image/png", b"x")]


class PretendedStock:
    """Has `tiny/sd` alone."""

    def list_models(self) -> list[str]:
        return ["tiny/sd"]

    def find_missing(self, recipe: Recipe) -> str | None:
        return next((name for name in recipe.repositories() if name != "tiny/sd"), None)

    def describe(self) -> Mapping[str, Any]:
        return {"device": {"name": "cpu", "title": "processor"}, "memory": {"total": 1, "free": 1}}


class ServerBench:
    """The HTTP server in a thread, as a context manager."""

    def __init__(self, server: ModelServer, jobs: Jobs) -> None:
        self._server, self.jobs = server, jobs
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._is_up = threading.Event()
        self._client = httpx.Client(timeout=30)
        self.url = ""

    def __enter__(self) -> "ServerBench":
        self.jobs.start()
        self._thread.start()
        self._is_up.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._client.close()
        self.jobs.close()

    @property
    def pool(self) -> Any:
        """The pool of a server with real pipelines."""
        return vars(vars(self.jobs)["_runner"])["_pool"]

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._client.request(method, self.url + path, **options)

    def order(self, **parts: Any) -> httpx.Response:
        return self.ask("POST", "/jobs", json=order_of(**parts))

    def until(self, reference: str, *states: str) -> dict[str, Any]:
        """Wait until a job is in one of some states, and return it."""
        deadline = time.monotonic() + DEADLINE_S
        job = self.show(reference)
        while job["state"] not in states:
            assert time.monotonic() < deadline, f"{reference} is never {states}: {job}"
            time.sleep(0.01)
            job = self.show(reference)
        return job

    def show(self, reference: str) -> dict[str, Any]:
        """Return a job."""
        return dict(self.ask("GET", f"/jobs/{reference}").json())

    def watch(self, reference: str) -> list[dict[str, Any]]:
        """Return what a job says of itself until it is over; the last one is the end."""
        seen: list[dict[str, Any]] = []
        while not seen or seen[-1]["state"] in ("queued", "running"):
            seen.append(self.show(reference))
            time.sleep(0.01)
        return seen

    def finished(self, reference: str) -> dict[str, Any]:
        return self.until(reference, "done", "failed", "cancelled")

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._start())
        self._is_up.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())

    async def _start(self) -> web.AppRunner:
        runner = web.AppRunner(self._server.app(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner


def order_of(**parts: Any) -> dict[str, Any]:
    """Return an order as JSON."""
    return {
        "reference": "job-1",
        "model": "tiny/sd",
        "pipeline": "StableDiffusionPipeline",
        "operation": "text-to-image",
        "kind": "image",
        "inputs": {"prompt": "a cat"},
        **parts,
    }


def pretended(runner: PretendedRunner, key: str = "") -> ServerBench:
    """Return a server whose jobs are pretended."""
    jobs = Jobs(runner)
    return ServerBench(ModelServer(jobs, PretendedStock(), key), jobs)


def real(models: Path, **options: Any) -> ServerBench:
    """Return a server with the pipelines of a folder."""
    from executor.local.__main__ import build_server

    whole = {"models": models, "download": False, "device": 0, "memory_gb": None, **options}
    return ServerBench(*build_server(argparse.Namespace(**whole), key=""))
