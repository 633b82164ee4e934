"""What most adapters have in common: asking with the account's key, and verbs that they lack."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from executor.providers.account import ProviderAccount
from executor.providers.base import (
    Correlation,
    Done,
    Failed,
    Handle,
    KeyCheck,
    OutcomeClass,
    Request,
    Running,
    Submitted,
)
from executor.providers.errors import ProviderError, Unanswered
from executor.providers.transport import (
    MAX_ANSWER_BYTES,
    FormField,
    Rejection,
    Reply,
    Transport,
)


class HttpAdapter:
    """Base of the shipped adapters. Timings are in seconds; a subclass says where they come from."""

    name: ClassVar[str]
    outcome_class: ClassVar[OutcomeClass] = OutcomeClass.D
    poll_interval_s: ClassVar[float] = 5.0
    submit_timeout_s: ClassVar[float] = 60.0
    ask_timeout_s: ClassVar[float] = 30.0  # for polls, look-ups, checks
    settle_s: ClassVar[float] = 60.0
    key_lifetime_s: ClassVar[float] = 0.0
    # Of a provider itself; a customer's server is not trusted with more than the usual.
    max_answer_bytes: ClassVar[int] = MAX_ANSWER_BYTES

    def __init__(self, transport: Transport, account: ProviderAccount) -> None:
        self.transport = transport
        self.account = account

    @classmethod
    def outcome_class_of(cls, operation: str) -> OutcomeClass:  # noqa: ARG003
        """Return the class of an operation; here they are all alike."""
        return cls.outcome_class

    def key_headers(self) -> Mapping[str, str]:
        """Return the headers that the key goes in; servers of one's own may ask for none."""
        return {"Authorization": f"Bearer {self.account.key}"} if self.account.key else {}

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:  # noqa: ARG002
        """Return what an answer other than 2xx means here; None where its status says enough."""
        return None

    async def submit(self, request: Request, correlation: Correlation) -> Submitted | Done:
        """Ask for the job."""
        raise NotImplementedError

    async def poll(self, handle: Handle) -> Running | Done | Failed:  # noqa: ARG002
        """Ask how a job stands; a provider that answers at once has none."""
        raise Unanswered("there are no jobs here")

    async def look_up(self, correlation: Correlation) -> Handle | None:  # noqa: ARG002
        """Return the job that is ours; here none can be looked up."""
        return None

    async def cancel(self, handle: Handle) -> None:  # noqa: ARG002
        """End the job; here none can be ended."""
        return

    async def check(self) -> KeyCheck:
        """Find out whether the key works."""
        raise NotImplementedError

    @classmethod
    def job_named_in(cls, callback: Any) -> str | None:  # noqa: ARG003
        """Return the job that a callback names; here nobody calls back."""
        return None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        form: Sequence[FormField] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Reply:
        """Send a request with the key to a path of the account, or to a whole URL.

        Raises:
            ProviderError: it was refused, or the URL is none that may be shown the key.
            Unanswered: it went out, and nothing usable came back.
        """
        url = path if "://" in path else self.account.base_url + path
        if not self.account.trusts(url):
            raise ProviderError("The provider named an address that is not its own.")
        return await self.transport.call(
            method,
            url,
            timeout_s=timeout_s or self.ask_timeout_s,
            body=body,
            form=form,
            headers={**self.key_headers(), **(headers or {})},
            max_bytes=MAX_ANSWER_BYTES if self.account.guarded else self.max_answer_bytes,
            judge=self.judge,
            guarded=self.account.guarded,
        )
