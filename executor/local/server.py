"""The HTTP side of the model server: translates, and does nothing itself (`executor.local`)."""

import asyncio
import hmac
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from executor.local.jobs import Jobs
from executor.local.orders import read_order
from executor.local.types import Job, LocalError, ModelMissing, Recipe, WrongOrder

MAX_BODY_BYTES = 512 * 1024 * 1024  # a film in base64
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Stock(Protocol):
    """What this machine has."""

    def list_models(self) -> list[str]:
        """Return the repositories whose weights are here."""
        ...

    def find_missing(self, recipe: Recipe) -> str | None:
        """Return a repository that a recipe takes and that can not be had here; None if all can."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return device, memory and residents as JSON."""
        ...


class ModelServer:
    """The routes. `key` empty: nobody is asked for one."""

    def __init__(self, jobs: Jobs, stock: Stock, key: str = "") -> None:
        self._jobs, self._stock, self._key = jobs, stock, key

    def app(self) -> web.Application:
        """Return the application."""
        app = web.Application(
            client_max_size=MAX_BODY_BYTES, middlewares=[self._guard, _answer_errors]
        )
        app.router.add_post("/jobs", self.create)
        app.router.add_get("/jobs/{reference}", self.show)
        app.router.add_delete("/jobs/{reference}", self.end)
        app.router.add_get("/jobs/{reference}/files/{number}", self.give)
        app.router.add_get("/models", self.list_models)
        app.router.add_get("/health", self.tell_health)
        return app

    async def create(self, request: web.Request) -> web.Response:
        """Take an order."""
        try:
            order = await asyncio.to_thread(read_order, await request.json())
        except (ValueError, RecursionError):
            raise WrongOrder("This is no JSON.") from None
        missing = await asyncio.to_thread(self._stock.find_missing, order.recipe)
        if missing is not None:
            raise ModelMissing(f"The weights of {missing} are not on this machine.")
        return web.json_response(self._jobs.submit(order).as_json())

    async def show(self, request: web.Request) -> web.Response:
        """Tell how a job stands."""
        return web.json_response(self._job(request).as_json())

    async def end(self, request: web.Request) -> web.Response:
        """End a job."""
        job = self._job(request)
        self._jobs.cancel(job)
        return web.json_response(job.as_json())

    async def give(self, request: web.Request) -> web.StreamResponse:
        """Give a result."""
        results, number = self._job(request).results, request.match_info["number"]
        if not number.isdecimal() or int(number[:9]) >= len(results):
            raise web.HTTPNotFound
        found = results[int(number)]
        return web.FileResponse(found.path, headers={"Content-Type": found.content_type})

    async def list_models(self, _: web.Request) -> web.Response:
        """Tell which weights are here."""
        return web.json_response({"models": await asyncio.to_thread(self._stock.list_models)})

    async def tell_health(self, _: web.Request) -> web.Response:
        """Tell how the machine is."""
        facts = await asyncio.to_thread(self._stock.describe)
        return web.json_response({**facts, "waiting": self._jobs.count_waiting()})

    def _job(self, request: web.Request) -> Job:
        job = self._jobs.find(request.match_info["reference"])
        if job is None:
            raise web.HTTPNotFound
        return job

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        wanted = f"Bearer {self._key}".encode()
        if self._key and not hmac.compare_digest(given, wanted):
            return _refusal(401, "missing_credentials", "The key is missing or wrong.")
        return await handler(request)


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except LocalError as error:
        return _refusal(error.status, error.code, error.detail, error.retry_after_s)
    except web.HTTPException as error:
        return _refusal(
            error.status, "not_found" if error.status == 404 else "refused", error.reason
        )


def _refusal(
    status: int, code: str, message: str, retry_after_s: float | None = None
) -> web.Response:
    headers = {} if retry_after_s is None else {"Retry-After": str(math.ceil(retry_after_s))}
    body = {"error": {"code": code, "message": message}}
    return web.json_response(body, status=status, headers=headers)
