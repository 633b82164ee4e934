"""`/ws/executions/{id}`: the numbered events of a run, to whoever may see it.

What is sent comes from `executor.live`, which event streams share. Close codes: 1000 the run is
over, 1001 open for too long, 1003 a binary frame, 1009 a frame too big, 1011 our fault, 1013 the
server is full, 4400 a bad frame or `since`, 4401 no session and no good ticket (any more), 4404 no
such run here, 4408 the reader is too slow, 4429 too many frames or too many streams. With 1001, 1011
and 1013 the reason says when to come back, so that not everybody comes back at once.
"""

import asyncio
import contextlib
import logging
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast
from urllib.parse import parse_qs

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.http.request import validate_host

from common import strict_json
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import MalformedRequest, NotFound, PixelFlowError, Unauthenticated
from executor import conf
from executor.errors import FollowedTooLong, StreamsFull, TooManyStreams
from executor.live.limits import open_streams
from executor.live.news import live_news
from executor.live.stream import USUAL_TIMES, Times, retry_ms, stream
from executor.selectors.following import Frame, get_start, in_reader
from executor.services.admission import Follower, admit_ticket, admit_user, check_admitted

Scope = Mapping[str, Any]

logger = logging.getLogger(__name__)

MAX_FRAME_CHARS = 64 * 1024
MAX_FRAMES_PER_S = 20
MAX_QUERY_FIELDS = 20

_CLOSE_CODES: Mapping[type[PixelFlowError], int] = {
    Unauthenticated: 4401,
    NotFound: 4404,
    MalformedRequest: 4400,
    TooManyStreams: 4429,
    StreamsFull: 1013,
}
_COME_BACK = (1001, 1011, 1013)
_SINCE = re.compile(r"[0-9]{1,9}")


class ExecutionConsumer(AsyncWebsocketConsumer):
    """One socket on one run. What is passed in at making is for tests."""

    channel_layer_alias = ""  # no channel of its own: `executor.live` has one for all

    def __init__(self, *, clock: Clock = SYSTEM_CLOCK, times: Times = USUAL_TIMES) -> None:
        super().__init__()
        self._clock = clock
        self._times = times
        self._frames_at: deque[float] = deque(maxlen=MAX_FRAMES_PER_S)
        self._following: asyncio.Task[None] | None = None
        self._is_closed = False

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handle a message.

        Channels' own looks after database connections before each, in a thread; there are none
        here, and when a thousand sockets end at once that is most of the work.
        """
        await getattr(self, get_handler_name(message))(message)

    async def websocket_disconnect(self, message: Any) -> None:
        """Stop following, and end."""
        await self.disconnect(message["code"])
        raise StopConsumer

    async def connect(self) -> None:
        """Let the client in, or close with the code that says why not."""
        query = _read_query(self.scope["query_string"])
        if not is_welcome_origin(
            cast(Scope, self.scope), has_ticket=bool(query and "ticket" in query)
        ):
            await self.close()  # before accept: HTTP 403
            return
        await self.accept()
        try:
            since = _read_since(query)
            follower = await self._admit(query or {})
        except PixelFlowError as error:
            await self._end(_close_code(error))
            return
        self._following = asyncio.create_task(self._run(follower, since))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take a frame; clients have nothing to say here but that they are there."""
        code = self._fault_of(text_data, bytes_data)
        if code is not None:
            await self._end(code)

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 - Channels' signature
        """Stop following."""
        self._is_closed = True
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait({self._following})

    async def _admit(self, query: dict[str, str]) -> Follower:
        execution_id = self.scope["url_route"]["kwargs"]["execution_id"]
        if "ticket" in query:
            return await in_reader(admit_ticket, query["ticket"], execution_id, clock=self._clock)
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            raise Unauthenticated
        return await in_reader(admit_user, str(user.pk), execution_id)

    async def _run(self, follower: Follower, since: int | None) -> None:
        """Follow the run and close with the code that tells how it ended."""
        try:
            with open_streams.place(caller=follower.caller_id, workspace_id=follower.workspace_id):
                code = await self._follow(follower, since)
        except PixelFlowError as error:
            code = _close_code(error)
        except TimeoutError:
            code = 4408
        except FollowedTooLong:
            code = 1001
        except OSError:  # the client went away while a frame was sent; `disconnect` follows
            return
        except Exception:
            logger.exception("socket failed", extra={"action": "socket_failed"})
            code = 1011
        await self._end(code)

    async def _follow(self, follower: Follower, since: int | None) -> int:
        async with self._frames(follower, since) as frames:
            async for frame in frames:
                if frame is not None:
                    await self._send_frame(frame)
        return 1000

    @asynccontextmanager
    async def _frames(
        self, follower: Follower, since: int | None
    ) -> AsyncIterator[AsyncGenerator[Frame | None, None]]:
        # The news first, the database after it: nothing can fall in between.
        async with live_news().watch(follower.execution_id) as watch:
            start = await in_reader(get_start, follower.workspace_id, follower.execution_id, since)
            frames = stream(
                watch, start, check=lambda: self._check_admitted(follower), times=self._times
            )
            async with aclosing(frames):
                yield frames

    async def _send_frame(self, frame: Frame) -> None:
        """Send a frame.

        Raises:
            TimeoutError: the client does not read.
        """
        async with asyncio.timeout(self._times.send_s):
            await self.send(text_data=frame.text)

    async def _end(self, code: int) -> None:
        """Close once; a client that does not read is not waited for either."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._following is not None and self._following is not asyncio.current_task():
            self._following.cancel()
        reason = f"come back in {retry_ms()} ms" if code in _COME_BACK else None
        with contextlib.suppress(OSError):  # too slow, or gone
            async with asyncio.timeout(self._times.send_s):
                await self.close(code, reason)

    def _fault_of(self, text_data: str | None, bytes_data: bytes | None) -> int | None:
        """Return the close code for a frame; None for one that may pass."""
        now = asyncio.get_running_loop().time()
        recent = self._frames_at
        if len(recent) == MAX_FRAMES_PER_S and now - recent[0] < 1:
            return 4429
        recent.append(now)
        if text_data is None or bytes_data is not None:
            return 1003
        if len(text_data) > MAX_FRAME_CHARS:
            return 1009
        return None if _is_ping(text_data) else 4400

    def _check_admitted(self, follower: Follower) -> None:
        if follower.user_id is not None and not self._is_signed_in(follower.user_id):
            raise Unauthenticated
        check_admitted(follower, clock=self._clock)

    def _is_signed_in(self, user_id: str) -> bool:
        """Say whether the session that the socket was opened with still stands, by a new look."""
        session = self.scope["session"]
        request = HttpRequest()
        request.session = session.__class__(session.session_key)
        return str(get_user(request).pk) == user_id


def is_welcome_origin(scope: Scope, *, has_ticket: bool) -> bool:
    """Say whether a socket may be opened from where it comes from.

    From the site's own pages, at its public address or at the host that was asked. A client that
    is no browser names no origin, and then needs a ticket, since a cookie alone proves nothing.
    """
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    if not origins:
        return has_ticket
    if len(origins) > 1:
        return False
    return origins[0].decode("latin-1").lower() in _own_origins(scope)


def _own_origins(scope: Scope) -> set[str]:
    own = {conf.public_url().lower()}
    hosts = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
    if len(hosts) == 1 and validate_host(_without_port(hosts[0]), conf.allowed_hosts()):
        scheme = "https" if scope.get("scheme") == "wss" else "http"
        own.add(f"{scheme}://{hosts[0]}")
    return own


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() else host


def _read_query(raw: bytes) -> dict[str, str] | None:
    """Return the query's values; None for one that has a name twice, or cannot be read."""
    try:
        found = parse_qs(
            raw.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS
        )
    except ValueError:
        return None
    if any(len(values) > 1 for values in found.values()):
        return None
    return {name: values[0] for name, values in found.items()}


def _read_since(query: dict[str, str] | None) -> int | None:
    if query is None:
        raise MalformedRequest
    if "since" not in query:
        return None
    if not _SINCE.fullmatch(query["since"]):
        raise MalformedRequest
    return int(query["since"])


def _is_ping(text: str) -> bool:
    try:
        return strict_json.parse(text.encode("utf-8", "surrogatepass")) == {"type": "ping"}
    except MalformedRequest:
        return False


def _close_code(error: PixelFlowError) -> int:
    return next((code for kind, code in _CLOSE_CODES.items() if isinstance(error, kind)), 1011)
