"""What an adapter is: the verbs of one provider, and the words that they answer in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from executor.providers.account import ProviderAccount
from executor.providers.errors import ProviderError
from executor.providers.transport import Transport
from workflows.catalogue.remote import ProviderCall

Handle = Mapping[str, Any]  # JSON: all that finding the job again takes


class OutcomeClass(StrEnum):
    """What can be done after a submit that nobody knows the outcome of (TRUST.md 3.2).

    A: resend with the same idempotency key. B: look our reference up, after the settle time. C: the
    provider calls back and names the job. D: nothing; it must never be sent again.
    """

    A = "A"
    B = "B"
    C = "C"
    D = "D"


@dataclass(frozen=True, slots=True)
class Correlation:
    """How a job can be told to be ours.

    `reference` is the idempotency key (A) or our name for the job (B). `sent_at` is when it was
    last sent, `named_job` the id that a callback has named, which is a hint and no proof. `model` and
    `operation` are what was asked for, where finding the job again takes that as well; empty where
    nobody knows any more.
    """

    reference: str
    callback_url: str
    sent_at: datetime
    named_job: str | None = None
    model: str = ""
    operation: str = ""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to send along.

    `read` gives its bytes, and blocks: `executor.providers.compose` calls it in a thread. `url` is
    where the provider may fetch it, None where this installation cannot be reached from outside.
    """

    content_type: str
    url: str | None
    read: Callable[[], bytes] = field(repr=False, compare=False)
    size: int = 0  # bytes


@dataclass(frozen=True, slots=True)
class Request:
    """A call with its files at hand."""

    call: ProviderCall
    files: Mapping[str, Sequence[InputFile]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file that the provider gave: behind a URL, or as bytes in its answer.

    `kind` is what it must turn out to be (`image`, `video`, `audio`, …). With `needs_key` the URL
    is fetched with `Adapter.key_headers`, which go to no other host.
    """

    kind: str
    url: str | None = None
    data: bytes | None = field(default=None, repr=False)
    needs_key: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a finished job gave.

    `data` is JSON. A model's answer has in it what is known of `text`, `json`, `seed`, `usage`
    (`input_tokens`, `output_tokens`, `seconds`, …: whole or decimal numbers by name) and `costUsd`,
    what the provider says that it cost.
    """

    data: Any
    files: tuple[ResultFile, ...] = ()

    @property
    def is_storable(self) -> bool:
        """Say whether all of it fits into a row: its files lie behind URLs."""
        return all(file.url is not None for file in self.files)

    def as_json(self) -> dict[str, Any]:
        """Return a storable answer as JSON."""
        files = [[file.kind, file.url, file.needs_key] for file in self.files]
        return {"data": self.data, "files": files}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Answer":
        """Read an answer that `as_json` wrote."""
        files = (
            ResultFile(kind, url, needs_key=any(needs_key))
            for kind, url, *needs_key in value["files"]
        )
        return cls(value["data"], tuple(files))


@dataclass(frozen=True, slots=True)
class Submitted:
    """The provider has taken the job."""

    handle: Handle


@dataclass(frozen=True, slots=True)
class Running:
    """The job is not over.

    `progress` is 0 to 1 and `preview` a small picture as a data URI, where the provider tells.
    """

    progress: float | None = None
    preview: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The job is over and gave something."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Failed:
    """The job is over and gave nothing."""

    error: ProviderError


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """A key works; `balance` is what the provider says is left, in its own words, if it says so."""

    balance: str | None = None


class Adapter(Protocol):
    """One provider, by one account there. Every method may be called again after a crash.

    Cheap to make and without state: the worker makes one for each account that it meets.

    All methods raise `ProviderError` and `Unanswered` (`executor.providers.errors`). None of them
    retries, sleeps or keeps anything.
    """

    name: ClassVar[str]
    outcome_class: ClassVar[OutcomeClass]
    poll_interval_s: ClassVar[float]
    submit_timeout_s: ClassVar[float]
    settle_s: ClassVar[float]  # after this a job that was taken can be looked up
    key_lifetime_s: ClassVar[float]  # class A: for so long the key protects from a second job

    def __init__(self, transport: Transport, account: ProviderAccount) -> None: ...

    @classmethod
    def outcome_class_of(cls, operation: str) -> OutcomeClass:
        """Return the class of one operation: `outcome_class`, or D for what is answered at once."""
        ...

    async def submit(self, request: Request, correlation: Correlation) -> Submitted | Done:
        """Ask for the job. An error that is raised says whether there may be one now."""
        ...

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how the job stands; a finished one gives its answer, each time anew."""
        ...

    async def look_up(self, correlation: Correlation) -> Handle | None:
        """Return the job that is ours by reference (B) or by the id that was named (C)."""
        ...

    async def cancel(self, handle: Handle) -> None:
        """End the job if the provider can; one that is over, or that it cannot end, is no error."""
        ...

    async def check(self) -> KeyCheck:
        """Find out whether the account's key works, by a call that costs nothing."""
        ...

    def key_headers(self) -> Mapping[str, str]:
        """Return the headers that the account's key goes in."""
        ...

    @classmethod
    def job_named_in(cls, callback: Any) -> str | None:
        """Return the id of the job that the JSON of a callback is about, if it says so."""
        ...
