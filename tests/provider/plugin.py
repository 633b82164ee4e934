"""Node types and adapters for the test provider, as an installation's own module would have them.

`EXTRA_NODES` and `EXTRA_PROVIDERS` name it; TEST_PROVIDER_URL says where the provider is. The
settle time and the poll interval are short, as everything about the provider is.
"""

import base64
import hashlib
import os
from typing import Any, ClassVar

from executor.providers.account import ProviderAccount
from executor.providers.base import (
    Adapter,
    Answer,
    Correlation,
    Done,
    Failed,
    Handle,
    KeyCheck,
    OutcomeClass,
    Request,
    ResultFile,
    Running,
    Submitted,
)
from executor.providers.errors import ProviderError, Unanswered
from executor.providers.transport import Transport
from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Context, Inputs, Meta, Outputs
from workflows.catalogue.params import param, port
from workflows.catalogue.remote import ProviderCall, ProviderResult, RemoteNode
from workflows.catalogue.values import Image


class AskInputs(Inputs):
    """What is asked of the provider."""

    prompt: str = param(title="Prompt", max_length=1_000)
    picture: Image | None = port("Picture", required=False)
    image: bool = param(False, title="Give a picture as well")
    at_once: bool = param(False, title="Ask for what is answered at once", wirable=False)
    give_up_s: float = param(600.0, title="Give up after", wirable=False)


class AskOutputs(Outputs):
    """What it gives: always a text, a picture where one was asked for."""

    text: str = port("Text")
    image: Image = port("Image", required=False)


class Ask(RemoteNode[AskInputs, AskOutputs]):
    """Base of the four node types, one for each class of provider."""

    style: ClassVar[str]

    def request(self, args: AskInputs) -> ProviderCall:
        """Ask for the prompt."""
        return ProviderCall(
            provider=f"test_{self.style}",
            model="test/echo",
            body={"prompt": args.prompt, "image": args.image},
            media={"picture": [args.picture]} if args.picture is not None else {},
            give_up_s=args.give_up_s,
            operation="at-once" if args.at_once else "",
        )

    def result(self, ctx: Context, result: ProviderResult) -> AskOutputs:
        """Take the text and the picture."""
        if not isinstance(result.data, dict) or "text" not in result.data:
            raise NodeFailed("provider_error", "The provider gave no text.")
        given: dict[str, Any] = {"text": result.data["text"]}
        if result.files:
            given["image"] = result.files[0]
        return AskOutputs(**given)


def _meta(style: str) -> Meta:
    return Meta(
        type=f"test.remote_{style}",
        title=f"Ask provider {style.upper()}",
        description="Asks the test provider.",
        category="Test",
        cost="remote",
        cache="never",
        price="5",
    )


class AskA(Ask):
    """A provider that takes idempotency keys."""

    meta = _meta("a")
    style = "a"


class AskB(Ask):
    """A provider that finds jobs by our reference."""

    meta = _meta("b")
    style = "b"


class AskC(Ask):
    """A provider that calls back."""

    meta = _meta("c")
    style = "c"


class AskD(Ask):
    """A provider that answers at once, and can be asked nothing afterwards."""

    meta = _meta("d")
    style = "d"


NODES = (AskA, AskB, AskC, AskD)


class TestAdapter:
    """What the four adapters have in common."""

    name: ClassVar[str]
    outcome_class: ClassVar[OutcomeClass]
    poll_interval_s: ClassVar[float] = float(os.environ.get("TEST_PROVIDER_POLL_S", "0.1"))
    submit_timeout_s: ClassVar[float] = float(os.environ.get("TEST_PROVIDER_TIMEOUT_S", "1"))
    settle_s: ClassVar[float] = float(os.environ.get("TEST_PROVIDER_SETTLE_S", "3"))
    key_lifetime_s: ClassVar[float] = 3_600.0

    def __init__(self, transport: Transport, account: ProviderAccount) -> None:
        self._transport = transport
        self._base = f"{os.environ['TEST_PROVIDER_URL']}/{self.name[-1]}/jobs"

    @classmethod
    def outcome_class_of(cls, operation: str) -> OutcomeClass:
        """Take `at-once` for what is answered at once."""
        return OutcomeClass.D if operation == "at-once" else cls.outcome_class

    async def submit(self, request: Request, correlation: Correlation) -> Submitted | Done:
        """Ask for a job."""
        body = {
            **request.call.body,
            "reference": correlation.reference,
            "callback": correlation.callback_url,
            "files": {
                name: [_described(file.read(), file.content_type) for file in files]
                for name, files in request.files.items()
            },
        }
        answer = await self._ask(
            "POST", "", body=body, headers={"Idempotency-Key": correlation.reference}
        )
        if self.outcome_class == OutcomeClass.D:
            return Done(_answer_of(answer))
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise Unanswered("no id")
        return Submitted({"id": answer["id"]})

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how the job stands."""
        answer = await self._ask("GET", f"/{handle['id']}")
        if not isinstance(answer, dict):
            raise Unanswered("no object")
        match answer.get("state"):
            case "done":
                return Done(_answer_of(answer))
            case "running":
                return Running(answer.get("progress"))
            case "failed" | "cancelled":
                return Failed(ProviderError(cost_usd=answer.get("cost")))
            case _:
                raise Unanswered("no state")

    async def look_up(self, correlation: Correlation) -> Handle | None:
        """Find the job by our reference, or by the id that was named."""
        if self.outcome_class == OutcomeClass.C:
            return await self._named(correlation.named_job)
        answer = await self._ask("GET", f"?reference={correlation.reference}")
        jobs = answer["jobs"]
        return {"id": jobs[0]["id"]} if jobs else None

    async def cancel(self, handle: Handle) -> None:
        """End the job."""
        await self._ask("DELETE", f"/{handle['id']}")

    async def check(self) -> KeyCheck:
        """Take every key."""
        return KeyCheck()

    def key_headers(self) -> dict[str, str]:
        """Ask for none."""
        return {}

    @classmethod
    def job_named_in(cls, callback: Any) -> str | None:
        """Read our callbacks."""
        named = callback.get("job_id") if isinstance(callback, dict) else None
        return named if isinstance(named, str) else None

    async def _named(self, job_id: str | None) -> Handle | None:
        if job_id is None or not job_id.startswith("c-"):
            return None
        try:
            await self._ask("GET", f"/{job_id}")
        except ProviderError as error:
            if error.retryable:
                raise
            return None  # there is no such job
        return {"id": job_id}

    async def _ask(self, method: str, path: str, **sent: Any) -> Any:
        reply = await self._transport.call(
            method, self._base + path, timeout_s=self.submit_timeout_s, **sent
        )
        return reply.json()


class AdapterA(TestAdapter):
    """Idempotency keys."""

    name, outcome_class = "test_a", OutcomeClass.A


class AdapterB(TestAdapter):
    """Look-up by reference."""

    name, outcome_class = "test_b", OutcomeClass.B


class AdapterC(TestAdapter):
    """Callbacks."""

    name, outcome_class = "test_c", OutcomeClass.C


class AdapterD(TestAdapter):
    """Nothing."""

    name, outcome_class = "test_d", OutcomeClass.D


ADAPTERS: tuple[type[Adapter], ...] = (AdapterA, AdapterB, AdapterC, AdapterD)


def _answer_of(answer: Any) -> Answer:
    if not isinstance(answer, dict):
        raise Unanswered("no object")
    url = answer.get("image")
    files = (ResultFile("image", url),) if url else ()
    if isinstance(answer.get("image_b64"), str):
        files = (ResultFile("image", data=base64.b64decode(answer["image_b64"])),)
    data = {name: answer.get(name) for name in ("text", "cost")}
    return Answer({**data, "costUsd": answer.get("cost")}, files)


def _described(data: bytes, content_type: str) -> str:
    return f"{content_type}:{hashlib.sha256(data).hexdigest()[:8]}"
