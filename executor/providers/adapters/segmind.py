"""Segmind: models by slug, asked through a queue (v2) or for as long as it takes (v1).

Read from `segmind` 1.3.0 and docs.segmind.com, 2026-11-21.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    clean_json,
    clean_text,
    get_any,
    get_number,
    get_str,
    known,
    need_number,
    need_str,
)
from executor.providers.base import (
    Answer,
    Correlation,
    Done,
    Failed,
    Handle,
    InputFile,
    KeyCheck,
    Request,
    ResultFile,
    Running,
    Submitted,
)
from executor.providers.compose import as_data_uri, composed
from executor.providers.errors import ProviderError, Unanswered
from executor.providers.jobs import failure_told, need_id
from executor.providers.outputs import (
    KIND_OF_TASK,
    WORD_TASKS,
    files_in,
    is_link,
    kind_of_type,
    text_in,
)
from executor.providers.transport import Rejection, Reply
from executor.providers.uploads import as_link

SYNC = "sync-"  # `sync-text-to-image`: v1, for what has no queue
SYNC_TIMEOUT_S = 180.0  # v1 is meant for jobs under a minute; a cold start comes on top
MAX_UPLOAD_BYTES = 20_000_000  # not documented

_API, _ASSETS = "https://api.segmind.com", "https://workflows-api.segmind.com"
# What stands beside the output in the answer of a job.
_ABOUT = frozenset({"request_id", "status", "metrics", "status_url", "response_url", "error"})


class JobFailed(ProviderError):
    """An answer of 422 that says of a job that it failed."""


class SegmindAdapter(HttpAdapter):
    """Segmind. `model` is a slug, the body its input as it is; media names are places in it.

    The operation is the task, asked of v2; behind `sync-` it is asked of v1, which answers with the
    bytes of a file, or with JSON. Neither knows a reference of ours, nor who to call.
    """

    name = "segmind"
    poll_interval_s = 2.0

    def key_headers(self) -> Mapping[str, str]:
        """Return the headers that the key goes in."""
        return {"x-api-key": self.account.key}

    async def submit(self, request: Request, correlation: Correlation) -> Submitted | Done:  # noqa: ARG002 - there is no place for it
        """Ask for the job, and by v1 for its result."""
        call = request.call
        encode = as_link(self._upload, max_inline_bytes=-1, max_bytes=MAX_UPLOAD_BYTES)
        body = await composed(request, encode)
        if call.operation.startswith(SYNC):
            path, task = f"/v1/{quote(call.model)}", call.operation.removeprefix(SYNC)
            return Done(
                _given(await self.ask("POST", path, body=body, timeout_s=SYNC_TIMEOUT_S), task)
            )
        path = f"/v2/{quote(call.model)}"
        reply = await self.ask("POST", path, body=body, timeout_s=self.submit_timeout_s)
        return Submitted({"id": need_id(reply.json(), "request_id"), "task": call.operation})

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how the job stands, and for what it gave."""
        path = f"/v2/requests/{handle['id']}"
        try:
            status = (await self.ask("GET", f"{path}/status")).json()
            match get_str(status, "status"):
                case "QUEUED" | "PROCESSING":
                    return Running()
                case "COMPLETED":
                    return Done(_answer((await self.ask("GET", path)).json(), handle["task"]))
                case "FAILED":
                    return Failed(failure_told(get_str(status, "error")))
                case state:
                    raise Unanswered(f"state {state}")
        except JobFailed as failed:
            return Failed(failure_told(failed.message))

    async def check(self) -> KeyCheck:
        """Ask for the credits that are left."""
        answer = (await self.ask("GET", "/v1/get-user-credits")).json()
        return KeyCheck(f"{need_number(answer, 'credits'):g} credits")

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Read `{"error": text}`; 422 may be the answer of a job that failed."""
        answer = rejection.json()
        if rejection.status == 422 and get_str(answer, "status") == "FAILED":
            return JobFailed(get_str(answer, "error"))
        if rejection.status in (400, 422):
            return failure_told(get_str(answer, "error"), code="invalid_value")
        if rejection.status in (404, 405):
            return ProviderError("The provider does not know this model.")
        return None

    async def _upload(self, file: InputFile) -> str:
        home = _ASSETS if self.account.base_url == _API else self.account.base_url
        body = {"data_urls": [await as_data_uri(file)]}
        reply = await self.ask("POST", f"{home}/upload-asset", body=body)
        return need_str(reply.json(), "file_urls", 0)


def _given(reply: Reply, task: str) -> Answer:
    """Return what v1 answered with."""
    content_type = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    kind = kind_of_type(content_type)
    if kind is None and content_type == "application/octet-stream":
        kind = KIND_OF_TASK.get(task)
    if kind is not None and reply.body:
        return Answer({}, (ResultFile(kind, data=reply.body),))
    return _answer({"output": reply.json()}, task)


def _answer(result: Any, task: str) -> Answer:
    """Return what a job gave: under `output`, as JSON in a text perhaps, or beside its state."""
    output = _unpacked(get_any(result, "output"))
    if output is None and isinstance(result, dict):
        output = {name: value for name, value in result.items() if name not in _ABOUT}
    if task in WORD_TASKS:
        text = text_in(output) or get_str(output, "choices", 0, "message", "content")
        return Answer(known({"text": text, "json": clean_json(output)}))
    return Answer(known({"seed": get_number(output, "seed")}), files_in(output, task))


def _unpacked(output: Any) -> Any:
    """Return the JSON that an output may be the text of."""
    if not isinstance(output, str) or is_link(output):
        return output
    try:
        return json.loads(output)
    except (ValueError, RecursionError):
        return clean_text(output)
