"""Stability AI: Stable Image and Stable Audio, mostly answered at once."""

import re
from typing import Any

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import get_any, get_str, need_number, provider_words
from executor.providers.base import (
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
from executor.providers.errors import ContentRefused, ProviderError, Unanswered
from executor.providers.forms import form_of
from executor.providers.jobs import need_id, speaks_of_rules
from executor.providers.transport import FormField, Rejection, Reply

MAX_FILE_BYTES = 10_000_000  # a request of up to 10 MiB (provider page)

_SEED = re.compile(r"\d{1,10}")
_FILTERED = "CONTENT_FILTERED"


class StabilityAdapter(HttpAdapter):
    """Stability AI's REST API v2beta, by the provider page of 2026-11-21.

    `model` is the path (`v2beta/stable-image/generate/core`); what is behind a colon in it goes as
    the field `model` (`…/generate/sd3:sd3.5-large`). The body and the files (`image`, `mask`, `audio`)
    go as a form. Pictures and sound come as bytes, whose headers tell seed and refusal; two tools
    give an id to poll for instead. It knows no reference of ours: class D.
    """

    name = "stability"
    outcome_class = OutcomeClass.D
    poll_interval_s = 10.0  # not faster, says the page
    submit_timeout_s = 180.0

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Read 403, which means moderation or the account, and inputs that are wrong."""
        said = rejection.json()
        name = get_str(said, "name") or ""
        match rejection.status:
            case 403 if speaks_of_rules(f"{name} {get_str(said, 'errors', 0)}"):
                return ContentRefused()
            case 400 | 413 | 422:
                words = get_any(said, "errors", 0)
                return ProviderError(provider_words(words), code="invalid_value")
            case 404:
                return ProviderError("The provider does not know this job or model (any more).")
        return None

    async def submit(
        self,
        request: Request,
        correlation: Correlation,  # noqa: ARG002
    ) -> Submitted | Done:
        """Ask for a picture or sound."""
        path, _, variant = request.call.model.partition(":")
        kind = "audio" if "/audio/" in path else "image"
        form = await form_of(request, max_file_bytes=MAX_FILE_BYTES)
        if variant:
            form.append(FormField("model", variant))
        if not any(part.filename for part in form):
            form.append(FormField("none", b"", "none"))  # makes it multipart (provider page)
        reply = await self.ask(
            "POST", f"/{path}", form=form, headers=_wanting(kind), timeout_s=self.submit_timeout_s
        )
        if not _is_json(reply):
            return Done(_media(reply, kind))
        answer = reply.json()
        if get_str(answer, "finish_reason") == _FILTERED:
            raise ContentRefused
        return Submitted({"id": need_id(answer, "id")})

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask for the result: 202 while there is none."""
        reply = await self.ask("GET", f"/v2beta/results/{handle['id']}", headers=_wanting("image"))
        if reply.status == 202:
            return Running()
        try:
            return Done(_media(reply, "image"))
        except ContentRefused as error:
            return Failed(error)

    async def check(self) -> KeyCheck:
        """Ask for the balance."""
        left = need_number((await self.ask("GET", "/v1/user/balance")).json(), "credits")
        return KeyCheck(f"{left:g} credits")


def _wanting(kind: str) -> dict[str, str]:
    return {"Accept": f"{kind}/*"}


def _is_json(reply: Reply) -> bool:
    return reply.headers.get("Content-Type", "").startswith("application/json")


def _media(reply: Reply, kind: str) -> Answer:
    """Return what came as bytes.

    Raises:
        ContentRefused: it was filtered, and what came is blurred or empty.
        Unanswered: it is no picture, or no sound.
    """
    if reply.headers.get("finish-reason") == _FILTERED:
        raise ContentRefused
    told = reply.headers.get("Content-Type", "")
    if not told.startswith(f"{kind}/") or not reply.body:
        raise Unanswered(f"what came is no {kind}")
    seed = reply.headers.get("seed", "")
    data: dict[str, Any] = {"seed": int(seed)} if _SEED.fullmatch(seed) else {}
    return Answer(data, (ResultFile(kind, data=reply.body),))
