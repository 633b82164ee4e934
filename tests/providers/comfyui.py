"""A ComfyUI server on loopback, as version 0.3.64 is (server.py, execution.py; read 2026-11-21)."""

import struct
from typing import Any

from aiohttp import web

from tests.providers.base import (
    FakeProvider,
    Job,
    Outcome,
    Said,
    Seen,
    list_of,
    raw_reply,
    reply,
    text_of,
)
from tests.providers.samples import CONTENT_TYPES, SUFFIXES, sample_file, sample_media
from workflows.catalogue.remote import ProviderCall

# What stands in for the hundreds of node types: inputs by name, and what an output node gives.
TYPES: dict[str, tuple[frozenset[str], str]] = {
    "LoadImage": (frozenset({"image"}), ""),
    "LoadImageMask": (frozenset({"image", "channel"}), ""),
    "EmptyImage": (frozenset({"width", "height", "batch_size", "color"}), ""),
    "CLIPTextEncode": (frozenset({"text"}), ""),
    "ImageInvert": (frozenset({"image"}), ""),
    "SaveImage": (frozenset({"images", "filename_prefix"}), "image"),
    "PreviewImage": (frozenset({"images"}), "temp"),
    "SaveVideo": (frozenset({"video", "filename_prefix"}), "video"),
    "SaveAudio": (frozenset({"audio", "filename_prefix"}), "audio"),
    "PreviewAny": (frozenset({"source"}), "text"),
}


class FakeComfyUi(FakeProvider):
    """The server behind a proxy that wants a key, so that keys can be told from none.

    It does what it is asked, has no rules about content, and takes no money.
    """

    name = "comfyui"
    takes_names = True  # of jobs; versions up to 0.3.44 do not
    never = frozenset(
        {
            ("workflow", Outcome.REFUSED),
            ("workflow", Outcome.RATE_LIMITED),
            ("workflow", Outcome.OUT_OF_CREDIT),
        }
    )

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self.takes_names = True
        self.inputs: dict[str, bytes] = {}
        self.forgotten = False  # as after a restart
        self.chatter = 0  # messages that say nothing, before those that do

    def routes(self) -> Any:
        """List what is understood."""
        yield "POST", "/prompt", self.submit
        yield "GET", "/queue", self.queue
        yield "POST", "/queue", self.delete
        yield "POST", "/interrupt", self.interrupt
        yield "GET", "/history", self.history
        yield "GET", "/history/{id}", self.past
        yield "POST", "/upload/image", self.upload
        yield "GET", "/view", self.view
        yield "GET", "/system_stats", self.stats

    def sockets(self) -> Any:
        """List the socket."""
        yield "/ws", self.socket

    def refusal(self, outcome: Outcome) -> web.Response | None:
        """Tell of keys: the proxy does. What went wrong with a job is in the history."""
        if outcome is Outcome.UNAUTHORIZED:
            return web.Response(status=401, text="Unauthorized")
        return None

    def invalid(self, message: str) -> web.Response:
        """Return the answer to a workflow that is none."""
        error = {"type": "invalid_prompt", "message": message, "details": "", "extra_info": {}}
        return reply({"error": error, "node_errors": {}}, 400)

    async def submit(self, seen: Seen) -> web.StreamResponse:
        """Queue a workflow; a name that was used before is used again, for another job."""
        self.expect(
            seen.body,
            required={"prompt": dict},
            optional={"prompt_id": text_of(100), "client_id": text_of(100)},
        )
        faults = self._faults(seen.body["prompt"])
        job = self.take(seen, reference=seen.body.get("client_id", ""))
        if self.takes_names:
            job.id = seen.body.get("prompt_id", job.id)
        return reply({"prompt_id": job.id, "number": len(self.jobs), "node_errors": faults})

    async def queue(self, seen: Seen) -> web.StreamResponse:
        """List what waits and what runs; asking for it is what makes time pass."""
        for job in self._known():
            job.polls += 1
        return reply(
            {
                "queue_running": self._items("running"),
                "queue_pending": self._items("queued"),
            }
        )

    async def delete(self, seen: Seen) -> web.StreamResponse:
        """Take jobs out of the queue."""
        self.expect(seen.body, optional={"delete": list_of(str), "clear": bool})
        for job in self._known():
            if job.id in seen.body.get("delete", []) and job.state == "queued":
                job.is_cancelled = True
        return web.Response()

    async def interrupt(self, seen: Seen) -> web.StreamResponse:
        """Stop the job that runs, if it is the one."""
        self.expect(seen.body, optional={"prompt_id": str})
        for job in self._known():
            if job.state == "running" and job.id == seen.body.get("prompt_id", job.id):
                job.is_cancelled = True
        return web.Response()

    async def history(self, seen: Seen) -> web.StreamResponse:
        """List the newest jobs that are over."""
        self.expect(seen.query, optional={"max_items": str, "offset": str})
        most = int(seen.query.get("max_items", "10000"))
        return reply({job.id: self._entry(job) for job in self._over()[-most:]})

    async def past(self, seen: Seen) -> web.StreamResponse:
        """Show a job that is over; `{}` for what is not."""
        job = next((job for job in self._over() if job.id == seen.params["id"]), None)
        if job is not None:
            job.asked_when_done += job.is_done
        return reply({} if job is None else {job.id: self._entry(job)})

    async def upload(self, seen: Seen) -> web.StreamResponse:
        """Keep a file among the inputs."""
        part = seen.part("image")
        if part is None or part.filename is None:
            return web.Response(status=400)
        self.expect(seen.fields, optional={"type": str, "overwrite": str, "subfolder": str})
        self.inputs[part.filename] = part.content
        return reply({"name": part.filename, "subfolder": "", "type": "input"})

    async def view(self, seen: Seen) -> web.StreamResponse:
        """Give a file, unless it is to be gone until its job is asked for a second time."""
        self.expect(seen.query, required={"filename": str, "subfolder": str, "type": str})
        suffix = seen.query["filename"].rpartition(".")[2]
        kind = next((kind for kind, known in SUFFIXES.items() if known == suffix), None)
        lost = (
            job for job in self.jobs
            if job.outcome is Outcome.EXPIRED_URL and job.asked_when_done < 2
        )  # fmt: skip
        if kind is None or any(lost):
            return web.Response(status=404)
        return raw_reply(sample_file(kind), CONTENT_TYPES[kind])

    async def stats(self, seen: Seen) -> web.StreamResponse:
        """Say what this is."""
        system = {"os": "posix", "comfyui_version": "0.3.64", "pytorch_version": "2.9.0"}
        return reply({"system": system, "devices": [{"name": "cuda:0", "type": "cuda"}]})

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Say how far the job of a client is, half of one of its two nodes, with a picture."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "status", "data": {"status": {}}})
        for _ in range(self.chatter):
            await socket.send_bytes(bytes(1_000))
        client = request.query.get("clientId", "")
        for job in self._known():
            if job.reference == client and job.state == "running":
                await self._tell(socket, job)
        async for _ in socket:  # until the client has heard enough
            pass
        return socket

    async def _tell(self, socket: web.WebSocketResponse, job: Job) -> None:
        nodes = list(job.request.body["prompt"])
        states = {node: {"value": 1, "max": 1, "state": "finished"} for node in nodes[:-1]}
        states[nodes[-1]] = {"value": 1, "max": 2, "state": "running"}
        data = {"prompt_id": job.id, "nodes": states}
        await socket.send_json({"type": "progress_state", "data": data})
        await socket.send_bytes(struct.pack(">II", 1, 2) + sample_file("image"))

    def _faults(self, prompt: dict[str, Any]) -> dict[str, Any]:
        """Return the faults of some outputs; a workflow of which no output is left is refused."""
        self.require(bool(prompt), "Prompt has no outputs")
        faults: dict[str, Any] = {}
        for node, facts in prompt.items():
            self.expect(
                facts, required={"class_type": str, "inputs": dict}, optional={"_meta": dict}
            )
            kind = facts["class_type"]
            self.require(kind in TYPES, f"Cannot execute because node {kind} does not exist.")
            fault = self._fault(node, facts)
            if fault is not None:
                faults[node] = {"errors": [fault], "class_type": kind, "dependent_outputs": []}
        outputs = [node for node, facts in prompt.items() if TYPES[facts["class_type"]][1]]
        self.require(bool(outputs), "Prompt has no outputs")
        if faults and not set(outputs) - faults.keys():
            error = {"type": "prompt_outputs_failed_validation", "message": "Failed validation"}
            raise Said(reply({"error": error, "node_errors": faults}, 400))
        return faults

    def _fault(self, node: str, facts: dict[str, Any]) -> dict[str, str] | None:
        missing = TYPES[facts["class_type"]][0] - facts["inputs"].keys()
        if missing:
            name = min(missing)
            return {"message": "Required input is missing", "details": name}
        image = facts["inputs"].get("image")
        if isinstance(image, str) and image not in self.inputs:
            return {"message": "Invalid image file", "details": f"image - {image}"}
        return None

    def _known(self) -> list[Job]:
        return [] if self.forgotten else self.jobs

    def _over(self) -> list[Job]:
        """The jobs that the history has: not those that were taken out of the queue."""
        is_over = ("done", "failed")
        stopped = [job for job in self._known() if job.is_cancelled and job.polls > job.queued]
        return [job for job in self._known() if job.state in is_over] + stopped

    def _items(self, state: str) -> list[Any]:
        return [self._item(job) for job in self._known() if job.state == state]

    def _item(self, job: Job) -> list[Any]:
        prompt = job.request.body["prompt"]
        extra = {"client_id": job.reference}
        return [self.jobs.index(job), job.id, prompt, extra, list(prompt)]

    def _entry(self, job: Job) -> dict[str, Any]:
        messages: list[Any] = [["execution_start", {"prompt_id": job.id}]]
        if job.is_cancelled:
            messages.append(["execution_interrupted", {"prompt_id": job.id, "node_id": "1"}])
        elif job.state == "failed":
            facts = {"node_type": "KSampler", "exception_message": "mat1 and mat2 do not fit"}
            messages.append(["execution_error", {**facts, "exception_type": "RuntimeError"}])
        is_good = len(messages) == 1
        status = {"status_str": "success" if is_good else "error", "completed": is_good}
        return {
            "prompt": self._item(job),
            "outputs": self._outputs(job) if is_good else {},
            "status": {**status, "messages": messages},
        }

    def _outputs(self, job: Job) -> dict[str, Any]:
        outputs: dict[str, Any] = {}
        for node, facts in job.request.body["prompt"].items():
            gives = TYPES[facts["class_type"]][1]
            kind = "image" if gives == "temp" else gives
            if gives == "text":
                outputs[node] = {"text": ["a cat"]}
            elif gives:
                file = {
                    "filename": f"ComfyUI_{node}_00001_.{SUFFIXES[kind]}",
                    "subfolder": "",
                    "type": "temp" if gives == "temp" else "output",
                }
                outputs[node] = {"audio" if gives == "audio" else "images": [file]}
        return outputs


def _workflow(**nodes: Any) -> dict[str, Any]:
    """Return a workflow; `n4=("SaveImage", {...})` is node 4."""
    return {
        name.removeprefix("n"): {"class_type": kind, "inputs": inputs}
        for name, (kind, inputs) in nodes.items()
    }


PICTURE = _workflow(
    n1=("EmptyImage", {"width": 64, "height": 64, "batch_size": 1, "color": 0}),
    n2=("SaveImage", {"images": ["1", 0], "filename_prefix": "ComfyUI"}),
)
INVERSION = _workflow(
    n3=("LoadImage", {"image": "example.png"}),
    n4=("ImageInvert", {"image": ["3", 0]}),
    n5=("SaveImage", {"images": ["4", 0], "filename_prefix": "ComfyUI"}),
    n6=("PreviewImage", {"images": ["3", 0]}),
)
FILM = _workflow(
    n1=("SaveVideo", {"video": ["9", 0], "filename_prefix": "ComfyUI"}),
    n2=("PreviewAny", {"source": "a cat"}),
)


def _call(prompt: dict[str, Any], **media: str) -> ProviderCall:
    places = {name.replace("_", "."): [sample_media(kind)] for name, kind in media.items()}
    body = {"prompt": prompt}
    return ProviderCall(
        "comfyui",
        "workflow",
        body,
        {name.removeprefix("n"): files for name, files in places.items()},
        operation="workflow",
    )


FAKE = FakeComfyUi
SAMPLES = (_call(PICTURE), _call(INVERSION, n3_image="image"), _call(FILM))
