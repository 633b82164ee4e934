"""What the contract fakes share: a loopback server, a scripted clock, outcomes, and tiny files.

A fake subclasses `FakeProvider`, names its routes, and says in its provider's words what each
outcome looks like. A handler that begins a job calls `take`, which answers for the outcomes that
are told at once; the other ones are told where the provider tells them, from `job.outcome`.

    class FakeThing(FakeProvider):
        name = "thing"

        def routes(self):
            yield "POST", "/v1/jobs", self.create
            yield "GET", "/v1/jobs/{id}", self.show

        def refusal(self, outcome): ...     # a response, or None where a poll tells it
        def invalid(self, message): ...     # the provider's 400 or 422

        async def create(self, seen):
            self.expect(seen.body, required={"prompt": str}, optional={"n": between(1, 4)})
            job = self.take(seen, callback_url=seen.body.get("callback_url", ""))
            return reply({"id": job.id})

        async def show(self, seen):
            job = self.find(seen)           # the job of `{id}`, None if unknown; counts a poll
            return reply({"status": job.state, "url": self.file_url(job, "image")})
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Self

from aiohttp import web

from executor.providers.account import ProviderAccount
from tests.providers.samples import CONTENT_TYPES, SUFFIXES, sample_file

MAX_BODY_BYTES = 64 * 1024 * 1024
SLOW_POLLS = 8
CUT_JSON = b'{"id": "job'


class Outcome(StrEnum):
    """How a job goes."""

    OK = "ok"
    REFUSED = "refused"  # against the rules
    FAILED = "failed"
    RATE_LIMITED = "rate_limited"  # with Retry-After: 7 where the provider sends one
    OUT_OF_CREDIT = "out_of_credit"
    UNAUTHORIZED = "unauthorized"
    SLOW = "slow"
    DROP_AFTER_SUBMIT = "drop_after_submit"
    BAD_JSON = "bad_json"  # to the submit
    EXPIRED_URL = "expired_url"  # of the first poll that says "done"; a later one gives a good one
    WEBHOOK_DUPLICATE = "webhook_duplicate"
    WEBHOOK_BAD_SIGNATURE = "webhook_bad_signature"


TOLD_AT_ONCE = (
    Outcome.RATE_LIMITED,
    Outcome.OUT_OF_CREDIT,
    Outcome.UNAUTHORIZED,
    Outcome.REFUSED,
    Outcome.FAILED,
)
UNPAID = (Outcome.REFUSED, Outcome.FAILED)
RETRY_AFTER_S = 7


@dataclass(frozen=True)
class Part:
    """A part of a multipart body."""

    name: str
    content: bytes
    filename: str | None = None
    content_type: str | None = None

    @property
    def text(self) -> str:
        """What it says."""
        return self.content.decode("utf-8")


@dataclass(frozen=True)
class Seen:
    """A request. `body` is its JSON (None for none), `raw` its bytes, `params` from the path."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    form: tuple[Part, ...] = ()
    raw: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)

    def part(self, name: str) -> Part | None:
        """Return the first part of a name."""
        return next((part for part in self.form if part.name == name), None)

    @property
    def fields(self) -> dict[str, str]:
        """The parts that are no files."""
        return {part.name: part.text for part in self.form if part.filename is None}


@dataclass
class Job:
    """A job that was taken. It is queued for `queued` polls, then runs for `running` polls."""

    id: str
    outcome: Outcome
    request: Seen
    reference: str = ""
    callback_url: str = ""
    queued: int = 1
    running: int = 1
    polls: int = 0
    asked_when_done: int = 0
    is_cancelled: bool = False

    @property
    def state(self) -> str:
        """`queued`, `running`, `done`, `failed`, `refused` or `cancelled`."""
        if self.is_cancelled:
            return "cancelled"
        if self.polls <= self.queued:
            return "queued"
        if self.polls <= self.queued + self.running:
            return "running"
        told = {Outcome.REFUSED: "refused", Outcome.FAILED: "failed"}
        return told.get(self.outcome, "done")

    @property
    def is_done(self) -> bool:
        """Whether there is a result."""
        return self.state == "done"


class Said(Exception):
    """Ends a handler with an answer."""

    def __init__(self, response: web.StreamResponse) -> None:
        self.response = response
        super().__init__()


class Dropped(Exception):
    """Ends a handler by breaking the connection."""


Handler = Callable[[Seen], Awaitable[web.StreamResponse]]
Rule = type | tuple[type, ...] | Callable[[Any], bool]


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return JSON."""
    return web.json_response(body, status=status, headers=headers)


def raw_reply(content: bytes, content_type: str, status: int = 200, **headers: str) -> web.Response:
    """Return bytes; names of headers are given with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(body=content, content_type=content_type, status=status, headers=named)


def limited(body: Any, status: int = 429) -> web.Response:
    """Return JSON with the Retry-After that the conformance suite looks for."""
    return reply(body, status, {"Retry-After": str(RETRY_AFTER_S)})


def one_of(*values: Any) -> Callable[[Any], bool]:
    """Return the rule that a value is one of these, and of its kind."""
    return lambda given: any(given == value and type(given) is type(value) for value in values)


def between(least: float, most: float) -> Callable[[Any], bool]:
    """Return the rule that a value is a number within bounds; a whole one if both bounds are."""
    kinds = (int,) if isinstance(least, int) and isinstance(most, int) else (int, float)
    return lambda given: (
        isinstance(given, kinds) and not isinstance(given, bool) and least <= given <= most
    )


def text_of(most: int) -> Callable[[Any], bool]:
    """Return the rule that a value is a text of 1 to `most` characters."""
    return lambda given: isinstance(given, str) and 1 <= len(given) <= most


def list_of(rule: Rule, least: int = 0, most: int = 1_000) -> Callable[[Any], bool]:
    """Return the rule that a value is a list whose items obey a rule."""
    return lambda given: (
        isinstance(given, list)
        and least <= len(given) <= most
        and all(obeys(item, rule) for item in given)
    )


def uri(given: Any) -> bool:
    """Say whether a value is an http(s) URL or a base64 data URI."""
    return isinstance(given, str) and (
        given.startswith(("https://", "http://"))
        or (given.startswith("data:") and ";base64," in given)
    )


def obeys(given: Any, rule: Rule) -> bool:
    """Say whether a value is as a rule wants it. `float` takes whole numbers; `int` no booleans."""
    if isinstance(rule, type | tuple):
        kinds = rule if isinstance(rule, tuple) else (rule,)
        if isinstance(given, bool):
            return bool in kinds
        return isinstance(given, (*kinds, int) if float in kinds else kinds)
    return rule(given)


class FakeProvider:
    """A loopback server with one provider's contract. Use it as a context manager.

    Thread-safe enough for tests: what the server's thread appends, the test reads when it has its
    answer.
    """

    name: ClassVar[str]
    base_path: ClassVar[str] = ""  # what the account's base URL has behind the host
    key: ClassVar[str] = "test-key-0123456789"
    secret: ClassVar[str] = ""
    # Pairs of operation and outcome that the provider does not know: the suite leaves them out.
    never: ClassVar[frozenset[tuple[str, Outcome]]] = frozenset()

    def __init__(self) -> None:
        self.url = ""
        self.reset()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._is_up = threading.Event()

    # --- for tests

    def reset(self) -> None:
        """Forget everything."""
        self.seen: list[Seen] = []
        self.jobs: list[Job] = []
        self.paid = 0
        self.queued = 1
        self.running = 1
        self._script: list[Outcome] = []
        self._instead: tuple[int, bytes, int, Mapping[str, str]] | None = None
        self._elsewhere: str | None = None

    def script(self, *outcomes: Outcome) -> None:
        """Set the outcomes of the next jobs; the ones behind them go well."""
        self._script = list(outcomes)

    def say_instead(
        self,
        body: bytes,
        *,
        after: int = 0,
        status: int = 200,
        kind: str = "application/json",
        **headers: str,
    ) -> None:
        """Do what is asked, but give this for an answer, `after` requests from now on.

        Names of headers are given with `_` for `-`.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._instead = (len(self.seen) + after, body, status, {"Content-Type": kind, **named})

    def point_elsewhere(self, url: str) -> None:
        """Name another server wherever an answer names this one."""
        self._elsewhere = url

    def account(self) -> ProviderAccount:
        """Return an account here."""
        return ProviderAccount(
            provider=self.name, base_url=self.url + self.base_path, key=self.key, secret=self.secret
        )

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_up.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    # --- for fakes to fill in

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        """Name method, path and handler of everything that is understood."""
        raise NotImplementedError

    def is_authorized(self, seen: Seen) -> bool:
        """Say whether a request has the right key."""
        return seen.headers.get("Authorization") == f"Bearer {self.key}"

    def refusal(self, outcome: Outcome) -> web.Response | None:
        """Return what a submit is told for an outcome of `TOLD_AT_ONCE`; None if a poll tells it.

        Also asked with `UNAUTHORIZED` for every request that has a wrong key.
        """
        raise NotImplementedError

    def invalid(self, message: str) -> web.Response:
        """Return the answer to inputs that are not as they should be."""
        raise NotImplementedError

    def sockets(self) -> Iterable[tuple[str, Callable[[web.Request], Awaitable[Any]]]]:
        """Name path and handler of every web socket. What is asked there is not in `seen`."""
        return ()

    def callback(self, job: Job) -> Any:
        """Return the JSON that is posted when a job is done; None where nobody calls back."""
        return None

    # --- for handlers

    def expect(
        self,
        given: Any,
        *,
        required: Mapping[str, Rule] | None = None,
        optional: Mapping[str, Rule] | None = None,
    ) -> None:
        """End the request as invalid if an object is not of exactly these fields."""
        if not isinstance(given, dict):
            raise Said(self.invalid("an object is expected"))
        for name, rule in (required or {}).items():
            if name not in given:
                raise Said(self.invalid(f"{name} is required"))
            self._check(name, given[name], rule)
        for name in given.keys() - (required or {}).keys():
            if name not in (optional or {}):
                raise Said(self.invalid(f"{name} is not known"))
            self._check(name, given[name], (optional or {})[name])

    def require(self, is_good: bool, message: str) -> None:
        """End the request as invalid unless something is the case."""
        if not is_good:
            raise Said(self.invalid(message))

    def take(self, seen: Seen, *, reference: str = "", callback_url: str = "") -> Job:
        """Begin the next job of the script, or end the request by what it is to be told at once."""
        outcome = self._script.pop(0) if self._script else Outcome.OK
        refusal = self.refusal(outcome) if outcome in TOLD_AT_ONCE else None
        if refusal is not None:
            raise Said(refusal)
        job = Job(
            f"job-{len(self.jobs) + 1:04d}",
            outcome,
            seen,
            reference,
            callback_url,
            queued=self.queued,
            running=SLOW_POLLS if outcome is Outcome.SLOW else self.running,
        )
        self.jobs.append(job)
        self.paid += outcome not in UNPAID
        if outcome is Outcome.DROP_AFTER_SUBMIT:
            raise Dropped
        if outcome is Outcome.BAD_JSON:
            raise Said(raw_reply(CUT_JSON, "application/json"))
        return job

    def find(self, seen: Seen, name: str = "id") -> Job | None:
        """Return the job that the path names, and count this as a poll."""
        job = self.job(seen.params.get(name, ""))
        if job is not None:
            job.polls += 1
            job.asked_when_done += job.is_done
        return job

    def job(self, job_id: str) -> Job | None:
        """Return a job."""
        return next((job for job in self.jobs if job.id == job_id), None)

    def file_url(self, job: Job, kind: str, number: int = 0) -> str:
        """Return where a result lies; for `EXPIRED_URL` it is gone until asked for a second time."""
        is_gone = job.outcome is Outcome.EXPIRED_URL and job.asked_when_done < 2
        return f"{self.url}/files/{'gone' if is_gone else job.id}-{number}.{SUFFIXES[kind]}"

    # --- the server

    def _check(self, name: str, given: Any, rule: Rule) -> None:
        if not obeys(given, rule):
            raise Said(self.invalid(f"{name} is not as it should be: {given!r:.80}"))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._start())
        self._is_up.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())

    async def _start(self) -> web.AppRunner:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_get("/files/{name}", _serve_file)
        for method, path, handler in self.routes():
            app.router.add_route(method, path, self._wrapped(handler))
        for path, socket in self.sockets():
            app.router.add_get(path, socket)
        app.router.add_route("*", "/{rest:.*}", self._wrapped(_not_found))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    def _wrapped(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            seen = await _read(request)
            self.seen.append(seen)
            number = len(self.seen)
            try:
                response = await self._answered(handler, seen)
            except Dropped:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            if self._instead is not None and number > self._instead[0]:
                _, body, status, headers = self._instead
                return web.Response(body=body, status=status, headers=headers)
            return self._pointing(response)

        return serve

    def _pointing(self, response: web.StreamResponse) -> web.StreamResponse:
        if self._elsewhere is None or not isinstance(response, web.Response):
            return response
        if not isinstance(response.body, bytes):  # there is nothing that could name an address
            return response
        body = response.body.replace(self.url.encode(), self._elsewhere.encode())
        return raw_reply(body, response.content_type, response.status)

    async def _answered(self, handler: Handler, seen: Seen) -> web.StreamResponse:
        try:
            if not self.is_authorized(seen):
                return self.refusal(Outcome.UNAUTHORIZED) or web.Response(status=401)
            return await handler(seen)
        except Said as said:
            return said.response


async def _not_found(seen: Seen) -> web.StreamResponse:
    return reply({"error": "not found", "path": seen.path}, 404)


async def _serve_file(request: web.Request) -> web.StreamResponse:
    stem, _, suffix = request.match_info["name"].rpartition(".")
    kind = next((kind for kind, known in SUFFIXES.items() if known == suffix), None)
    if kind is None or stem.startswith("gone"):
        return web.Response(status=404)
    return web.Response(body=sample_file(kind), content_type=CONTENT_TYPES[kind])


async def _read(request: web.Request) -> Seen:
    body: Any = None
    raw, form = b"", ()
    if request.content_type.startswith("multipart/"):
        form = tuple([part async for part in _parts(request)])
    else:
        raw = await request.read()
        if raw and request.content_type == "application/json":
            body = json.loads(raw)
    return Seen(
        request.method,
        request.path,
        dict(request.query),
        request.headers.copy(),
        body,
        form,
        raw,
        dict(request.match_info),
    )


async def _parts(request: web.Request) -> Any:
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        content = bytes(await part.read())  # type: ignore[union-attr]
        kind = part.headers.get("Content-Type")
        yield Part(part.name or "", content, part.filename, kind)  # type: ignore[union-attr]
