"""One job from its request to its end, as the worker follows it, but with nobody waiting."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from common.strict_json import check_text
from executor.providers.account import ProviderAccount
from executor.providers.base import (
    Adapter,
    Answer,
    Correlation,
    Done,
    Failed,
    Handle,
    KeyCheck,
    Request,
    ResultFile,
    Running,
    Submitted,
)
from executor.providers.errors import ProviderError, Unanswered
from executor.providers.transport import Transport
from tests.providers.base import FakeProvider
from tests.providers.samples import kind_of, request_of
from workflows.catalogue.remote import ProviderCall

T = TypeVar("T")
MAX_POLLS = 30
REFERENCE = "3f2b8c1e9d7a4650"
CALLBACK_URL = "https://pixelflow.example.com/api/callbacks/in/3f2b8c1e9d7a4650"


@dataclass(frozen=True)
class Course:
    """How a job went: what it ended with, and how often it was said to be running."""

    end: Done | ProviderError | Unanswered
    handle: Handle | None = None
    polls: int = 0

    @property
    def answer(self) -> Answer:
        """What it gave."""
        assert isinstance(self.end, Done), self.end
        return self.end.answer


class Bench:
    """An adapter class against its fake, in an event loop of its own."""

    def __init__(
        self, runner: asyncio.Runner, transport: Transport, cls: type[Adapter], fake: FakeProvider
    ) -> None:
        self.cls, self.fake = cls, fake
        self._runner, self._transport = runner, transport
        self._model = self._operation = ""  # of the job that was submitted last

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def adapter(self, account: ProviderAccount | None = None) -> Adapter:
        """Return a new adapter object: it knows nothing of what others did."""
        return self.cls(self._transport, account or self.fake.account())

    def submit(
        self, call: ProviderCall, account: ProviderAccount | None = None
    ) -> Submitted | Done | ProviderError | Unanswered:
        """Submit; errors are given back."""
        request, self._model, self._operation = request_of(call), call.model, call.operation
        return self.run(self._ended(self.adapter(account).submit(request, correlation())))

    def submit_request(self, request: Request) -> Submitted | Done | ProviderError | Unanswered:
        return self.run(self._ended(self.adapter().submit(request, correlation())))

    def poll(self, handle: Handle) -> Running | Done | Failed | ProviderError | Unanswered:
        """Ask once, from the JSON of a handle, by a new adapter object; errors are given back."""
        kept = json.loads(json.dumps(handle, allow_nan=False))
        return self.run(self._ended(self.adapter().poll(kept)))

    def cancel(self, handle: Handle) -> ProviderError | Unanswered | None:
        return self.run(self._ended(self.adapter().cancel(handle)))

    def look_up(self, named_job: str | None = None) -> Handle | ProviderError | Unanswered | None:
        asked = correlation(named_job, self._model, self._operation)
        return self.run(self._ended(self.adapter().look_up(asked)))

    def check(
        self, account: ProviderAccount | None = None
    ) -> KeyCheck | ProviderError | Unanswered:
        return self.run(self._ended(self.adapter(account).check()))

    def follow(self, handle: Handle) -> Course:
        """Poll until the job is over."""
        for polls in range(MAX_POLLS):
            came = self.poll(handle)
            match came:
                case Running():
                    continue
                case Failed(error):
                    return Course(error, handle, polls)
                case _:
                    return Course(came, handle, polls)
        raise AssertionError("the job never ends")

    def course(self, call: ProviderCall) -> Course:
        """Submit, and poll until the job is over."""
        came = self.submit(call)
        return self.follow(came.handle) if isinstance(came, Submitted) else Course(came)

    def content_of(self, file: ResultFile) -> bytes | None:
        """Return what a result file holds; None if there is nothing behind its URL."""
        if file.data is not None:
            return file.data
        return self.run(self._downloaded(file))

    async def _downloaded(self, file: ResultFile) -> bytes | None:
        assert file.url is not None
        headers = self.adapter().key_headers() if file.needs_key else {}
        try:
            reply = await self._transport.call("GET", file.url, timeout_s=10, headers=headers)
        except ProviderError:
            return None
        return reply.body

    async def _ended(self, work: Coroutine[Any, Any, T]) -> T | ProviderError | Unanswered:
        try:
            return await work
        except (ProviderError, Unanswered) as error:
            return error


class Benches:
    """Benches that share one event loop, one client, and one server for each fake."""

    def __init__(self, runner: asyncio.Runner, transport: Transport) -> None:
        self._runner, self._transport = runner, transport
        self._fakes: dict[type[FakeProvider], FakeProvider] = {}

    def of(self, cls: type[Adapter], fake: type[FakeProvider]) -> Bench:
        """Return a bench whose fake remembers nothing."""
        if fake not in self._fakes:
            self._fakes[fake] = fake().__enter__()
        self._fakes[fake].reset()
        return Bench(self._runner, self._transport, cls, self._fakes[fake])

    def close(self) -> None:
        """End the servers."""
        for fake in self._fakes.values():
            fake.__exit__()


@contextmanager
def open_benches() -> Iterator[Benches]:
    """Give benches, and end what they started; for a fixture of a module."""

    async def opened() -> Transport:
        return await Transport().__aenter__()

    with asyncio.Runner() as runner:
        transport = runner.run(opened())
        benches = Benches(runner, transport)
        try:
            yield benches
        finally:
            benches.close()
            runner.run(transport.__aexit__(None, None, None))


def correlation(named_job: str | None = None, model: str = "", operation: str = "") -> Correlation:
    """Return how the job of a course can be told."""
    sent_at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    return Correlation(REFERENCE, CALLBACK_URL, sent_at, named_job, model, operation)


def assert_storable(value: Any) -> None:
    """Check that JSON from an adapter can be written into a row and sent to a browser."""
    json.dumps(value, allow_nan=False)
    check_text(value)


def assert_files(bench: Bench, answer: Answer) -> None:
    """Check that every file is there and of the kind that the answer says."""
    for file in answer.files:
        content = bench.content_of(file)
        assert content is not None
        assert kind_of(content) == ("image" if file.kind == "mask" else file.kind)
