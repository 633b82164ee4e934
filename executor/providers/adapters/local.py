"""The models that run here: the server of `executor.local`, by the contract in its docstring."""

import contextlib
import re
from typing import Any

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    get_any,
    get_list,
    get_number,
    get_str,
    known,
    need_dict,
    need_str,
    provider_words,
)
from executor.providers.base import (
    Answer,
    Correlation,
    Done,
    Failed,
    Handle,
    InputFile,
    KeyCheck,
    OutcomeClass,
    Request,
    ResultFile,
    Running,
    Submitted,
)
from executor.providers.compose import as_base64
from executor.providers.errors import ContentRefused, ProviderError, Unanswered
from executor.providers.outputs import KIND_OF_TASK, MAX_FILES
from executor.providers.transport import Rejection

MAX_PREVIEW = 60_000  # characters of a data URI
GIGABYTE = 1_000_000_000
# Words of ours in a body; all others are arguments of the pipeline.
_OWN = {
    "pipeline": "pipeline",
    "load": "load",
    "seed": "seed",
    "output_format": "outputFormat",
    "duration": "duration",
    "fps": "fps",
}
_CODES = frozenset({"invalid_value", "resource_limit", "provider_unavailable", "provider_error"})
_PREVIEW = re.compile(r"data:image/(?:jpeg|png|webp);base64,[A-Za-z0-9+/=]+")


class JobLost(ProviderError):
    """The server does not know the job: it keeps its jobs in memory."""

    code = "provider_unavailable"
    retryable = True
    default_message = "The accelerator's server was restarted, and the job is lost."


class LocalAdapter(HttpAdapter):
    """This installation's accelerator.

    The body has `pipeline` (a class of diffusers) and, where they are meant, `load` (what is loaded
    with the model), `seed`, `output_format`, and of films `duration` (s) and `fps`. All else are
    arguments of the pipeline under its names, so are the media. Our reference is the job's name.
    """

    name = "local"
    outcome_class = OutcomeClass.A
    poll_interval_s = 1.0
    submit_timeout_s = 120.0
    # The server knows a job for longer than this; one that it lost is done again, at no cost.
    key_lifetime_s = 3600.0
    max_answer_bytes = 512 * 1024 * 1024  # a film

    async def submit(self, request: Request, correlation: Correlation) -> Submitted:
        """Hand the order over."""
        order = await order_of(request, correlation.reference)
        job = (await self.ask("POST", "/jobs", body=order, timeout_s=self.submit_timeout_s)).json()
        if need_str(job, "reference") != correlation.reference:
            raise Unanswered("another job")
        return Submitted({"reference": correlation.reference})

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how the job stands, and fetch what it gave; a job that was lost has failed."""
        try:
            return await self._standing(f"/jobs/{handle['reference']}")
        except JobLost as error:
            return Failed(error)

    async def _standing(self, path: str) -> Running | Done | Failed:
        job = (await self.ask("GET", path)).json()
        match get_str(job, "state"):
            case "queued":
                return Running()
            case "running":
                return Running(_share(get_number(job, "progress")), _preview(job))
            case "done":
                return Done(await self._answer(path, job))
            case "failed":
                return Failed(_failure(get_any(job, "error")))
            case "cancelled":
                return Failed(ProviderError("The job was ended on the accelerator."))
            case state:
                raise Unanswered(f"state {state}")

    async def cancel(self, handle: Handle) -> None:
        """End the job before its next step."""
        with contextlib.suppress(JobLost):  # one that is not known needs no end
            await self.ask("DELETE", f"/jobs/{handle['reference']}")

    async def check(self) -> KeyCheck:
        """Ask how the machine is."""
        health = (await self.ask("GET", "/health")).json()
        title = need_str(need_dict(health, "device"), "title")
        memory = get_number(health, "memory", "total")
        size = "" if memory is None else f", {memory / GIGABYTE:.0f} GB"
        return KeyCheck(f"{provider_words(title, 'accelerator')}{size}")

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Read our own server's refusals."""
        if rejection.status == 404:
            return JobLost()
        if rejection.status in (400, 409, 413, 422):
            return _failure(get_any(rejection.json(), "error"))
        return None

    async def _answer(self, path: str, job: Any) -> Answer:
        files = [
            await self._file(f"{path}/files/{number}", get_str(file, "kind") or "image")
            for number, file in enumerate(get_list(job, "files")[:MAX_FILES])
        ]
        seconds = get_number(job, "usage", "gpu_seconds")
        usage = known({"gpu_seconds": seconds if seconds is None else max(0, seconds)})
        return Answer(known({"seed": get_number(job, "seed"), "usage": usage}), tuple(files))

    async def _file(self, path: str, kind: str) -> ResultFile:
        """Return a result's bytes: the server is on loopback, where nobody else may fetch."""
        reply = await self.ask("GET", path, timeout_s=self.submit_timeout_s)
        return ResultFile(kind, data=reply.body)


async def order_of(request: Request, reference: str) -> dict[str, Any]:
    """Return a call as the server reads it."""
    call = request.call
    own = {theirs: call.body[ours] for ours, theirs in _OWN.items() if ours in call.body}
    return {
        "reference": reference,
        "model": call.model,
        "operation": call.operation,
        "kind": KIND_OF_TASK.get(call.operation, "image"),
        "inputs": {name: value for name, value in call.body.items() if name not in _OWN},
        "files": await _files(request),
        **own,
    }


async def _files(request: Request) -> dict[str, Any]:
    return {place: [await _file(file) for file in files] for place, files in request.files.items()}


async def _file(file: InputFile) -> dict[str, str]:
    return {"contentType": file.content_type, "data": await as_base64(file)}


def _failure(error: Any) -> ProviderError:
    code, words = get_str(error, "code"), provider_words(get_any(error, "message"))
    if code == "content_policy":
        return ContentRefused()
    return ProviderError(words, code=code if code in _CODES else None)


def _share(progress: float | None) -> float | None:
    return None if progress is None else min(max(float(progress), 0.0), 1.0)


def _preview(job: Any) -> str | None:
    preview = get_str(job, "preview")
    is_good = preview is not None and len(preview) <= MAX_PREVIEW
    return preview if is_good and preview and _PREVIEW.fullmatch(preview) else None
