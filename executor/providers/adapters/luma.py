"""Luma's Dream Machine: generations of films and pictures from prompts and URLs.

Read from the SDK `lumaai` 1.21.0 and ComfyUI's client, 2026-11-21.
"""

from collections.abc import Mapping
from typing import Any

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import get_number, get_str, known
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
from executor.providers.callbacks import callback_for
from executor.providers.compose import as_address, composed
from executor.providers.errors import ProviderError, Unanswered
from executor.providers.jobs import failure_told, get_id, if_there, need_id
from executor.providers.transport import Rejection

ENDPOINTS: Mapping[str, str] = {
    "text-to-video": "/generations/video",
    "image-to-video": "/generations/video",
    "video-to-video": "/generations/video/modify",
    "reframe-video": "/generations/video/reframe",
    "text-to-image": "/generations/image",
    "image-to-image": "/generations/image",
    "image-edit": "/generations/image",
    "outpaint": "/generations/image/reframe",
}
# What the SDK has each of them say of itself, though the address says it too.
_TYPES: Mapping[str, str] = {
    "/generations/video/modify": "modify_video",
    "/generations/video/reframe": "reframe_video",
    "/generations/image/reframe": "reframe_image",
}
_WEIGHTED = frozenset({"image_ref", "style_ref", "modify_image_ref"})


class LumaAdapter(HttpAdapter):
    """Luma. The operation is a task, or `reframe-video`.

    The body goes as it is, with media by URL at their places: `media` and `first_frame` of a film
    to be changed, `image_ref[]`, `style_ref[]`, `character_ref[]` and `modify_image_ref` of a
    picture, whose weights the body has as `image_ref_weight` and so on. The `start_frame` and
    `end_frame` of a film become its `keyframes`.
    """

    name = "luma"
    outcome_class = OutcomeClass.C

    async def submit(self, request: Request, correlation: Correlation) -> Submitted:
        """Ask for a generation."""
        call = request.call
        endpoint = ENDPOINTS.get(call.operation)
        if endpoint is None:
            raise ProviderError(f"This provider does nothing called {call.operation}.")
        body = {
            "model": call.model,
            **_shaped(await composed(request, as_address)),
            **known(
                {
                    "generation_type": _TYPES.get(endpoint),
                    "callback_url": callback_for(self.account, correlation),
                }
            ),
        }
        reply = await self.ask("POST", endpoint, body=body, timeout_s=self.submit_timeout_s)
        return Submitted({"id": need_id(reply.json(), "id")})

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how a generation stands."""
        generation = (await self.ask("GET", _path(handle))).json()
        match get_str(generation, "state"):
            case "queued" | "dreaming":
                return Running()
            case "completed":
                return Done(_result(generation))
            case "failed":
                return Failed(failure_told(get_str(generation, "failure_reason")))
            case state:
                raise Unanswered(f"state {state}")

    async def look_up(self, correlation: Correlation) -> Handle | None:
        """Return the generation that a callback named, if there is one of that name."""
        job_id = get_id(correlation.named_job)
        if job_id is None:
            return None
        reply = await if_there(self.ask("GET", _path({"id": job_id})))
        return None if reply is None else {"id": need_id(reply.json(), "id")}

    async def check(self) -> KeyCheck:
        """Ask how much money is left."""
        cents = get_number((await self.ask("GET", "/credits")).json(), "credit_balance")
        return KeyCheck(None if cents is None else f"${cents / 100:.2f}")

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Tell refused prompts from inputs that are wrong, by their words."""
        if rejection.status in (400, 422):
            return failure_told(get_str(rejection.json(), "detail"), code="invalid_value")
        return None

    @classmethod
    def job_named_in(cls, callback: Any) -> str | None:
        """Read the generation that a callback carries."""
        return get_id(callback, "id")


def _path(handle: Handle) -> str:
    return f"/generations/{need_id(handle, 'id')}"


def _shaped(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body whose URLs stand in the objects that Luma wants them in."""
    frames = {"frame0": body.pop("start_frame", None), "frame1": body.pop("end_frame", None)}
    keyframes = {
        name: {"type": "image", "url": url} for name, url in frames.items() if url is not None
    }
    shaped = {name: _referred(name, body) for name in body if not name.endswith("_ref_weight")}
    if keyframes:
        shaped["keyframes"] = keyframes
    return shaped


def _referred(name: str, body: Mapping[str, Any]) -> Any:
    value = body[name]
    if name == "character_ref":
        return {"identity0": {"images": value}}
    if name in ("media", "first_frame"):
        return {"url": value}
    if name not in _WEIGHTED:
        return value
    weight = known({"weight": body.get(f"{name}_weight")})
    if isinstance(value, list):
        return [{"url": url, **weight} for url in value]
    return {"url": value, **weight}


def _result(generation: Any) -> Answer:
    for kind in ("video", "image"):
        url = get_str(generation, "assets", kind)
        if url is not None:
            return Answer({}, (ResultFile(kind, url=url),))
    raise Unanswered("no assets")
