"""Connections with a least pace: who sends or reads slower than that is cut off.

A client that stops in the middle would else hold a socket, and mostly one of few threads, for as
long as it likes.
"""

from asyncio import BaseTransport, Protocol, TimerHandle
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class PacedWriting(Protocol):
    """A deadline for each step of writing; goes before one of uvicorn's protocols."""

    drain_s: ClassVar[float] = 30.0  # within it, a client must make room for more

    writing: TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._set_writing(None)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Expect the client to take what lies ready for it."""
        super().pause_writing()
        own: Any = self  # uvicorn's protocols have a loop and a transport
        self._set_writing(own.loop.call_later(self.drain_s, own.transport.abort))

    def resume_writing(self) -> None:
        """Go on writing."""
        super().resume_writing()
        self._set_writing(None)

    def _set_writing(self, timer: TimerHandle | None) -> None:
        if self.writing is not None:
            self.writing.cancel()
        self.writing = timer


class PacedHttpProtocol(PacedWriting, HttpToolsProtocol):
    """uvicorn's protocol with a deadline for each step of reading and of writing."""

    step_s: ClassVar[float] = 15.0  # within it, `step_bytes` of a request must come, or its rest
    step_bytes: ClassVar[int] = 16 * 1024
    linger_s: ClassVar[float] = 5.0  # so long a body is dropped that was answered before its end

    reading: TimerHandle | None = None
    step_left = 0

    def connection_made(self, transport: BaseTransport) -> None:
        """Expect a first request."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect_step()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._set_reading(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, with a new deadline for each step that is made."""
        self.step_left -= len(data)
        if self.reading is not None and self.step_left <= 0 and not self._is_answered_early():
            self._expect_step()
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Expect a whole request."""
        super().on_message_begin()
        self._expect_step()

    def on_message_complete(self) -> None:
        """Expect nothing more of this request."""
        super().on_message_complete()
        self._set_reading(None)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over; sockets have clocks of their own."""
        self._set_reading(None)
        super().handle_websocket_upgrade()

    def on_response_complete(self) -> None:
        """Let the client read an early answer before the connection goes away."""
        super().on_response_complete()
        if self._is_answered_early():
            self._set_reading(self.loop.call_later(self.linger_s, self.transport.close))

    def _expect_step(self) -> None:
        self.step_left = self.step_bytes
        self._set_reading(self.loop.call_later(self.step_s, self._end_step))

    def _end_step(self) -> None:
        if self.flow.read_paused:  # the client waits for us
            self._expect_step()
        else:
            self.transport.close()

    def _is_answered_early(self) -> bool:
        cycle: Any = self.cycle
        return cycle is not None and cycle.response_complete and cycle.more_body

    def _set_reading(self, timer: TimerHandle | None) -> None:
        if self.reading is not None:
            self.reading.cancel()
        self.reading = timer


class PacedSocketProtocol(PacedWriting, WebSocketsSansIOProtocol):
    """uvicorn's protocol of WebSockets with a deadline for reading.

    The application tells a slow reader so (4408), which it will hardly read either; this is what
    lets go of its memory.
    """
