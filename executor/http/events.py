"""`GET …/events`: the numbered events of a run as Server-Sent Events.

What is sent comes from `executor.live`, which sockets share. Without the router in front (a process
that has WSGI threads alone) a stream would hold a thread; there the view answers with what has
happened so far and ends, and the client comes back by itself for the rest.
"""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from functools import partial
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from accounts.api import Principal
from common.clock import SYSTEM_CLOCK
from common.errors import MalformedRequest, Unauthenticated
from common.http.drf import ApiView
from common.http.drf_json import JsonNegotiation
from common.http.openapi import KEY_PROBLEMS, problems
from executor.errors import FollowedTooLong, TooManyStreams
from executor.http.caller import caller_of
from executor.http.threadless import ThreadlessCall
from executor.live.limits import RETRY_AFTER_S, open_streams
from executor.live.news import live_news
from executor.live.stream import USUAL_TIMES, Times, retry_ms, stream
from executor.selectors.following import Frame, Start, get_start, in_reader, list_frames
from executor.services.admission import Follower, check_admitted

CONTENT_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # nginx would hold events back
HEARTBEAT = b":\n\n"

_NUMBER = re.compile(r"[0-9]{1,9}")

_EVENT = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
# Of each event in the stream; OpenAPI 3.1 has no word for the stream itself.
EVENT_SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "event": {"type": "string", "enum": ["snapshot", "node", "progress", "preview", "final"]},
        "data": {"type": "string", "description": "JSON, as the event's frame on a socket."},
    },
    "required": ["id", "event", "data"],
}
SINCE_NUMBER = OpenApiParameter(
    "since", _EVENT, description="The number of the last event that was seen; the rest is sent."
)
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    _EVENT,
    location=OpenApiParameter.HEADER,
    description="The same, as browsers send it when they come back; it goes before `since`.",
)


class EventStreamNegotiation(JsonNegotiation):
    """Who takes an event stream is answered; problems are JSON all the same."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """Return the renderer of problems, or raise `NotAcceptable`."""
        accepts = request.headers.get("Accept", "")
        if CONTENT_TYPE in accepts or "text/*" in accepts:
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


class EventsView(ApiView):
    """The events of a run."""

    scopes: ClassVar = {"GET": "read"}
    http_method_names = ["get", "options"]
    content_negotiation_class = EventStreamNegotiation

    @extend_schema(
        operation_id="followExecution",
        summary="Follow an execution",
        parameters=[SINCE_NUMBER, LAST_EVENT_ID],
        responses={
            (200, CONTENT_TYPE): EVENT_SCHEMA,
            204: None,
            **problems(400, *KEY_PROBLEMS, 404, 429),
        },
    )
    def get(self, request: Request, execution_id: str) -> HttpResponse:
        """Follow the run from a snapshot, or from the last event seen, to its `final` event.

        Each event has a number as its `id`; a client that comes back with the last one misses
        nothing and gets nothing twice. Who has seen the end gets 204.
        """
        start = get_start(caller_of(request).workspace_id, execution_id, read_last_seen(request))
        page = list_frames(execution_id, since=start.seq)
        if start.is_over and start.snapshot is None and not page.frames:
            return _nothing_more()
        first = [] if start.snapshot is None else [Frame(start.seq, "snapshot", start.snapshot)]
        body = b"".join([_retry(), *map(event_of, [*first, *page.frames])])
        return HttpResponse(body, content_type=CONTENT_TYPE, headers=HEADERS)


async def follow_events(
    request: HttpRequest, execution_id: str, held: AsyncExitStack, *, times: Times = USUAL_TIMES
) -> HttpResponseBase:
    """Answer with a stream of a run's events; it lasts as long as `held`, which the caller closes."""
    call = ThreadlessCall(EventsView(), request, execution_id)
    try:
        response = await _respond(call, held, times)
    except Exception as error:  # noqa: BLE001 - the edge: DRF's handler answers and logs
        is_full = isinstance(error, TooManyStreams)
        response = call.refuse(error, retry_after_s=RETRY_AFTER_S if is_full else None)
    return call.finish(response)


def read_last_seen(request: Request) -> int | None:
    """Return the number of the last event that the client has seen; None if it has seen none.

    Raises:
        MalformedRequest: a number that is none.
    """
    sent, asked = request.headers.get("Last-Event-ID"), request.query_params.getlist("since")
    values = asked if sent is None else [sent, *asked]
    if len(asked) > 1 or not all(_NUMBER.fullmatch(value) for value in values):
        raise MalformedRequest("Last-Event-ID and since must be the number of an event.")
    return int(values[0]) if values else None


def event_of(frame: Frame) -> bytes:
    """Return a frame in the form of an event stream; rendered JSON has no line breaks."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (frame.seq, frame.type.encode(), frame.data)


async def _respond(call: ThreadlessCall, held: AsyncExitStack, times: Times) -> HttpResponseBase:
    principal = await in_reader(call.admit)
    last_seen = read_last_seen(call.request)
    held.enter_context(
        open_streams.place(caller=principal.key_id, workspace_id=principal.workspace_id)
    )
    # The news first, the database after it: nothing can fall in between.
    watch = await held.enter_async_context(live_news().watch(call.execution_id))
    start = await in_reader(get_start, principal.workspace_id, call.execution_id, last_seen)
    if start.is_over and await _has_seen_all(call.execution_id, start):
        return _nothing_more()
    check = partial(check_admitted, _follower_of(principal, call.execution_id), clock=SYSTEM_CLOCK)
    frames = await held.enter_async_context(
        aclosing(stream(watch, start, check=check, times=times))
    )
    return StreamingHttpResponse(_events(frames), content_type=CONTENT_TYPE, headers=HEADERS)


async def _has_seen_all(execution_id: str, start: Start) -> bool:
    if start.snapshot is not None:
        return False
    return not (await in_reader(list_frames, execution_id, since=start.seq)).frames


async def _events(frames: AsyncIterator[Frame | None]) -> AsyncIterator[bytes]:
    """Yield the pieces of a stream; one that is cut off ends, and the client comes back."""
    yield _retry()
    try:
        async for frame in frames:
            yield HEARTBEAT if frame is None else event_of(frame)
    except (FollowedTooLong, Unauthenticated):
        return


def _retry() -> bytes:
    return b"retry: %d\n\n" % retry_ms()


def _nothing_more() -> HttpResponse:
    """Tell a client that nothing follows: by the standard it stops to come back."""
    return HttpResponse(status=204, headers={"Cache-Control": "no-cache"})


def _follower_of(principal: Principal, execution_id: str) -> Follower:
    return Follower(principal.workspace_id, execution_id, key_id=principal.key_id)
