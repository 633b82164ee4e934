"""The test provider's HTTP: four styles of submitting, as TRUST.md 3.2 sorts them, and a control API.

    POST /a/jobs                 Idempotency-Key: a key stands for one job
    POST /b/jobs                 {reference}; GET /b/jobs?reference=R finds it again
    POST /c/jobs                 {callback}: is called when the job is taken and when it is done
    POST /d/jobs                 answers with the result; nothing can be looked up
    GET  /<style>/jobs/<id>      how it stands; DELETE ends it
    GET  /files/<name>           a picture

    GET  /count                  the books
    POST /script                 {"b.submit": ["drop"], "settings": {"duration_s": 2}}

Actions: `drop` does what was asked and breaks the connection; `drop_before` breaks it first;
`delay:S` answers late; `status:N` or `status:N:S` refuses, with Retry-After S; `policy` refuses the
content; `garble` answers no JSON, `wrong` JSON of another shape, `huge` too much; `running` says
that the job is not done; `failed` that it failed; `lost` gives a file that is not there, `text` one
that is no picture; `silent` never calls back; `twice` calls back twice, `early` before it answers.
"""

import asyncio
import base64
import contextlib
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image

from tests.provider.jobs import PICTURE_SIDE, Books, Job

CALL_BACK_TRIES = 200
CALL_BACK_AGAIN_S = 0.3
HUGE_BYTES = 40 * 1024 * 1024


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]


class Dropped(Exception):
    """The connection is to break without an answer."""


class Provider:
    """Serves the styles above from one event loop."""

    def __init__(self) -> None:
        self.books = Books()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._picture = _picture()

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; `port` says where from then on."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=4_096)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no longer."""
        assert self._server is not None
        self._server.close()
        for task in self._background:
            task.cancel()
        if self._background:
            await asyncio.wait(self._background)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._background.add(task)
        try:
            while (asked := await _read(reader)) is not None:
                status, headers, body = await self._answer(asked)
                writer.write(_head(status, headers, len(body)) + body)
                await writer.drain()
        except (Dropped, ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            self._background.discard(task)
            writer.transport.abort()

    async def _answer(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        routes: dict[str, Callable[[Asked], Awaitable[Any]]] = {
            "count": self._count,
            "script": self._script,
            "files": self._file,
        }
        parts = asked.path.strip("/").split("/")
        route = routes.get(parts[0])
        if route is not None:
            found = await route(asked)
        elif len(parts) == 2:
            found = await self._collection(parts[0], asked)
        else:
            found = await self._one(parts[0], parts[2], asked)
        if isinstance(found, tuple):
            return found
        return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()

    async def _count(self, asked: Asked) -> Any:
        return self.books.report()

    async def _script(self, asked: Asked) -> Any:
        for place, actions in asked.body.items():
            if place == "clear":
                self.books = Books()
            elif place == "settings":
                self.books.settings.update(actions)
            else:
                self.books.script[place].extend(actions)
        return {}

    async def _file(self, asked: Asked) -> Any:
        action = self.books.next_action("files")
        if asked.path.endswith("lost") or action.startswith("status:"):
            return 404, {}, b""
        if action == "text":
            return 200, {"Content-Type": "image/png"}, b"no picture at all"
        return 200, {"Content-Type": "image/png"}, self._picture

    # --- jobs

    async def _collection(self, style: str, asked: Asked) -> Any:
        if asked.method == "GET":
            action = self.books.next_action(f"{style}.look_up")
            refusal = _refusal(action)
            found = self.books.find(asked.query.get("reference", ""))
            return refusal or {"jobs": [{"id": job.id} for job in found]}
        return await self._submit(style, asked)

    async def _submit(self, style: str, asked: Asked) -> Any:
        action = self.books.next_action(f"{style}.submit")
        if action == "drop_before":
            raise Dropped
        refusal = _refusal(action)
        if refusal is not None:
            return refusal
        job = self._take(style, asked)
        if style == "c":
            self._call_back(job, self.books.next_action("c.callback"))
        if action == "early":
            await asyncio.sleep(0.3)
        return await self._spoilt(action, self._submitted(style, job))

    def _take(self, style: str, asked: Asked) -> Job:
        if style == "a":
            return self.books.open_job_once(asked.headers["idempotency-key"], asked.body)
        job = self.books.open_job(style, asked.body["reference"], asked.body)
        job.callback = asked.body.get("callback")
        return job

    def _submitted(self, style: str, job: Job) -> dict[str, Any]:
        return {"id": job.id} if style != "d" else {"id": job.id, **self._result(job, "")}

    async def _one(self, style: str, job_id: str, asked: Asked) -> Any:
        job = self.books.jobs.get(job_id)
        if job is None or job.style != style or style == "d":
            return 404, {}, b"{}"
        if asked.method == "DELETE":
            self.books.next_action(f"{style}.cancel")
            job.cancelled = job.cancelled or job.state() == "running"
            return {}
        job.polls += 1
        action = self.books.next_action(f"{style}.poll")
        refusal = _refusal(action)
        if refusal is not None:
            return refusal
        state = action if action in ("running", "failed") else job.state()
        answer: dict[str, Any] = {"id": job.id, "state": state}
        if state == "running":
            answer["progress"] = min(job.polls / 10, 0.9)
        if state == "done":
            answer |= self._result(job, action)
        if state in ("failed", "cancelled"):
            answer["cost"] = 0.02
        return await self._spoilt(action, answer)

    def _result(self, job: Job, action: str) -> dict[str, Any]:
        result: dict[str, Any] = {"text": f"{job.body.get('prompt')}!", "cost": 0.05}
        if job.body.get("files"):
            result["text"] = f"{result['text']} {job.body['files']}"
        if job.body.get("image") and job.style == "d":
            result["image_b64"] = base64.b64encode(self._picture).decode()
        elif job.body.get("image"):
            name = "lost" if action == "lost" else f"{job.id}.png"
            result["image"] = f"http://127.0.0.1:{self.port}/files/{name}"
        return result

    async def _spoilt(self, action: str, answer: dict[str, Any]) -> Any:
        """Return an answer as the script wants it spoilt."""
        if action == "drop":
            raise Dropped
        if action.startswith("delay:"):
            await asyncio.sleep(float(action.partition(":")[2]))
        spoilt = {"garble": b"{no json", "wrong": b'["a", "b"]', "huge": b""}.get(action)
        if spoilt is not None:
            body = spoilt or b" " * HUGE_BYTES
            return 200, {"Content-Type": "application/json"}, body
        return answer

    def _call_back(self, job: Job, action: str) -> None:
        if job.callback is None or action == "silent":
            return
        for _ in range(2 if action == "twice" else 1):
            task = asyncio.ensure_future(_call(job.callback, {"job_id": job.id}))
            self._background.add(task)
            task.add_done_callback(self._background.discard)


def _refusal(action: str) -> tuple[int, dict[str, str], bytes] | None:
    if action == "policy":
        return 422, {}, b'{"error": {"type": "content_policy_violation"}}'
    if not action.startswith("status:"):
        return None
    _, status, *wait = action.split(":")
    return int(status), {"Retry-After": wait[0]} if wait else {}, b'{"error": "refused"}'


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    raw = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return Asked(method, parts.path, query, headers, json.loads(raw or b"{}"))


def _head(status: int, headers: dict[str, str], length: int) -> bytes:
    lines = [f"HTTP/1.1 {status} Answer", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _call(url: str, body: dict[str, Any]) -> None:
    """Call back until somebody answers; whoever should may be dead for a while."""
    for _ in range(CALL_BACK_TRIES):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if await _post(url, json.dumps(body).encode()) == 200:
                return
        await asyncio.sleep(CALL_BACK_AGAIN_S)


async def _post(url: str, body: bytes) -> int:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        status = (await reader.readline()).split(b" ")
        return int(status[1]) if len(status) > 1 else 0
    finally:
        writer.close()


def _picture() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (PICTURE_SIDE, PICTURE_SIDE), "teal").save(data, "PNG")
    return data.getvalue()
