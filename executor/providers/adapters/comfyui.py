"""ComfyUI: somebody's own server, which runs a whole workflow as one job.

Read from ComfyUI 0.3.64 (server.py, execution.py, comfy_execution/progress.py), 2026-11-21.
"""

import asyncio
import copy
import hashlib
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    clean_text,
    get_any,
    get_dict,
    get_list,
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
from executor.providers.comfy_progress import is_last_word, progress_in
from executor.providers.compose import read_bytes, too_large
from executor.providers.errors import ProviderError, Unanswered
from executor.providers.forms import file_name
from executor.providers.jobs import need_id
from executor.providers.outputs import MAX_FILES, kind_of_name
from executor.providers.transport import FormField, Rejection
from executor.providers.uploads import ahead

MAX_UPLOAD_BYTES = 100 * 1024 * 1024  # the server's --max-upload-size, unless told otherwise
MAX_NAME = 1_000  # characters of a file's name or folder
LISTEN_S = 1.0
HISTORY_ITEMS = 64  # newest jobs that are looked through for one of ours

_FOLDERS = frozenset({"output", "temp", "input"})
_JOBS = uuid.UUID("6b0f2c52-3a1e-5d0b-8f07-51d1f2a6c9e4")  # the names of our jobs are made in here


class ComfyUiAdapter(HttpAdapter):
    """ComfyUI. The body has the workflow in its API form as `prompt`; there is one operation.

    Media names are `node.input`: the file is uploaded, and its name put there. Jobs are named by
    us, from the attempt's reference: servers that take no name for a job (up to 0.3.44) are
    told it as the client's. A server that is restarted forgets its jobs. The key is for a proxy
    before it: the server itself knows none.

    How far a job is, is told over a socket alone. `poll` opens it for a second and says what it
    heard: nothing has to be kept between polls for that, since each message says how far all nodes
    are, and whether a job is over is read from the queue and the history.
    """

    name = "comfyui"
    outcome_class = OutcomeClass.B
    settle_s = 270.0  # three uploads and a submit at their longest, and a lease (decision 0011)
    poll_interval_s = 1.0

    async def submit(self, request: Request, correlation: Correlation) -> Submitted:
        """Put the workflow into the queue, with its files uploaded."""
        prompt = await self._filled(request)
        job = _name_of(correlation)
        body = {"prompt": prompt, "prompt_id": job, "client_id": job}
        reply = await self.ask("POST", "/prompt", body=body, timeout_s=self.submit_timeout_s)
        answer = reply.json()
        handle = {"id": need_id(answer, "prompt_id"), "client": job, "nodes": len(prompt)}
        if get_dict(answer, "node_errors"):  # it would leave out the outputs that these lead to
            await self.cancel(handle)
            raise _invalid(answer)
        return Submitted(handle)

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how the job stands. It goes from the queue into the history, so it is asked first."""
        waiting, running = await self._queue()
        if any(get_any(item, 1) == handle["id"] for item in running):
            return await self._overheard(handle)
        if any(get_any(item, 1) == handle["id"] for item in waiting):
            return Running()
        entry = await self._past(handle["id"])
        if entry is None:
            return Failed(ProviderError("The server knows this job no more.", retryable=True))
        if get_str(entry, "status", "status_str") == "error":
            return Failed(_failure(entry))
        return Done(self._result(entry))

    async def look_up(self, correlation: Correlation) -> Handle | None:
        """Return the job that has our name, as its own or as its client's."""
        job = _name_of(correlation)
        waiting, running = await self._queue()
        for item in (*running, *waiting):
            if _is_ours(item, job):
                return _handle(item, job)
        entry = await self._past(job)
        if entry is not None:
            return _handle(get_list(entry, "prompt"), job)
        recent = (await self.ask("GET", f"/history?max_items={HISTORY_ITEMS}")).json()
        for entry in need_dict(recent).values():
            if _is_ours(get_list(entry, "prompt"), job):
                return _handle(get_list(entry, "prompt"), job)
        return None

    async def cancel(self, handle: Handle) -> None:
        """Take the job out of the queue, or stop it if it is the one that runs.

        Servers up to 0.3.56 stop whatever runs, so they are told to only while it is ours.
        """
        await self.ask("POST", "/queue", body={"delete": [handle["id"]]})
        _, running = await self._queue()
        if any(get_any(item, 1) == handle["id"] for item in running):
            await self.ask("POST", "/interrupt", body={"prompt_id": handle["id"]})

    async def check(self) -> KeyCheck:
        """Ask what the server is."""
        answer = (await self.ask("GET", "/system_stats")).json()
        if not get_dict(answer, "system"):
            raise Unanswered("this is no ComfyUI server")
        return KeyCheck()

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Pass on what is wrong with a workflow."""
        if rejection.status == 413:
            return ProviderError("A file is larger than the server takes.", code="invalid_value")
        if rejection.status == 400:
            return _invalid(rejection.json())
        return None

    async def _filled(self, request: Request) -> dict[str, Any]:
        """Return the workflow with the names of uploaded files in it."""
        prompt: dict[str, Any] = copy.deepcopy(request.call.body["prompt"])
        for place, files in request.files.items():
            node, _, name = place.partition(".")
            for file in files[:1]:
                prompt[node]["inputs"][name] = await ahead(self._upload(file))
        return prompt

    async def _upload(self, file: InputFile) -> str:
        """Return the name that a file has there now. Equal files are kept once, so by content."""
        if file.size > MAX_UPLOAD_BYTES:
            raise too_large(MAX_UPLOAD_BYTES)
        content = await read_bytes(file)
        digest = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        name = file_name(file, f"pixelflow-{digest[:32]}")
        form = (
            FormField("image", content, name, file.content_type),
            FormField("type", "input"),
            FormField("overwrite", "true"),
        )
        reply = await self.ask("POST", "/upload/image", form=form, timeout_s=self.submit_timeout_s)
        answer = reply.json()
        folder = get_str(answer, "subfolder")
        return f"{folder}/{need_str(answer, 'name')}" if folder else need_str(answer, "name")

    async def _queue(self) -> tuple[list[Any], list[Any]]:
        """Return what waits and what runs, each `[number, id, workflow, extra, outputs]`."""
        answer = (await self.ask("GET", "/queue")).json()
        waiting, running = get_any(answer, "queue_pending"), get_any(answer, "queue_running")
        if not isinstance(waiting, list) or not isinstance(running, list):
            raise Unanswered("the answer is no queue")
        return waiting, running

    async def _past(self, job: str) -> dict[str, Any] | None:
        """Return what the history has of a job; None for nothing."""
        answer = need_dict((await self.ask("GET", f"/history/{job}")).json())
        return need_dict(answer, job) if job in answer else None

    async def _overheard(self, handle: Handle) -> Running:
        url = f"{self.account.base_url}/ws?{urlencode({'clientId': handle['client']})}"
        heard = await self.transport.overhear(
            url,
            for_s=LISTEN_S,
            is_enough=lambda message: is_last_word(message, handle["id"]),
            headers=self.key_headers(),
            guarded=self.account.guarded,
        )
        return progress_in(heard, handle["id"], handle["nodes"])

    def _result(self, entry: dict[str, Any]) -> Answer:
        """Return the files and texts of all outputs; whoever fetches the files shows the key."""
        outputs = list(get_dict(entry, "outputs").values())
        found = list(_files(outputs))[:MAX_FILES]
        kept = [file for file in found if file["type"] == "output"] or found
        files = [self._file(file) for file in kept]
        texts = [text for output in outputs for text in get_list(output, "text")]
        text = "\n".join(text for text in texts if isinstance(text, str))
        return Answer(known({"text": clean_text(text) or None}), tuple(files))

    def _file(self, place: Mapping[str, str]) -> ResultFile:
        url = f"{self.account.base_url}/view?{urlencode(place)}"
        kind = kind_of_name(place["filename"]) or "image"
        return ResultFile(kind, url=url, needs_key=bool(self.account.key))


def _name_of(correlation: Correlation) -> str:
    """Return what the job of an attempt is called: a UUID, which is what servers give."""
    return str(uuid.uuid5(_JOBS, correlation.reference))


def _is_ours(item: Any, job: str) -> bool:
    return job in (get_any(item, 1), get_any(item, 3, "client_id"))


def _handle(item: list[Any], job: str) -> dict[str, Any]:
    """Return the handle of an entry of the queue or the history.

    Raises:
        Unanswered: it is none.
    """
    return {"id": need_str(item, 1), "client": job, "nodes": max(len(get_dict(item, 2)), 1)}


def _files(outputs: list[Any]) -> Iterator[dict[str, str]]:
    """Give where each file lies: outputs have lists of them under names such as `images`."""
    for output in outputs:
        for items in get_dict(output).values():
            for item in get_list(items):
                name, folder = get_str(item, "filename"), get_str(item, "subfolder") or ""
                place = get_str(item, "type") or "output"
                is_place = place in _FOLDERS and len(folder) <= MAX_NAME
                if is_place and name and len(name) <= MAX_NAME and kind_of_name(name) is not None:
                    yield {"filename": name, "subfolder": folder, "type": place}


def _invalid(answer: Any) -> ProviderError:
    """Return what is wrong with a workflow: the first of its nodes' faults, else the general one."""
    for node, fault in get_dict(answer, "node_errors").items():
        first = get_any(fault, "errors", 0)
        said = f"{get_str(first, 'message') or 'invalid'}: {get_str(first, 'details') or ''}"
        words = provider_words(f"Node {node} ({get_str(fault, 'class_type')}): {said}")
        return ProviderError(words, code="invalid_value")
    said = (
        f"{get_str(answer, 'error', 'message') or ''} {get_str(answer, 'error', 'details') or ''}"
    )
    words = provider_words(said.strip(), "The server does not take this workflow.")
    return ProviderError(words, code="invalid_value")


def _failure(entry: dict[str, Any]) -> ProviderError:
    """Return why a job ended early, from its messages, `[name, facts]` each."""
    for message in get_list(entry, "status", "messages"):
        if get_any(message, 0) == "execution_interrupted":
            return ProviderError("The job was stopped at the server.", retryable=True)
        if get_any(message, 0) == "execution_error":
            node = get_str(message, 1, "node_type") or "A node"
            said = get_str(message, 1, "exception_message") or "failed"
            is_memory = "OutOfMemory" in (get_str(message, 1, "exception_type") or "")
            return ProviderError(provider_words(f"{node}: {said}"), retryable=is_memory)
    return ProviderError("The workflow failed at the server.")
