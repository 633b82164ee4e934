"""HTTP/1.1 read strictly: what cannot be parsed is answered as a problem, within limits."""

import sys
from typing import Any

import httptools
import orjson

from common.http.problem import CONTENT_TYPE, problem_document
from common.http.request_id import HEADER, choose_request_id
from pixelflow_site.server.pace import PacedHttpProtocol

MAX_URL_BYTES = 16 * 1024
MAX_HEADER_BYTES = 48 * 1024

_STATUS_LINES = {
    400: b"HTTP/1.1 400 Bad Request\r\n",
    405: b"HTTP/1.1 405 Method Not Allowed\r\n",
    414: b"HTTP/1.1 414 URI Too Long\r\n",
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\n",
}


class StrictHttpProtocol(PacedHttpProtocol):
    """The paced protocol with bounds on what comes before a body, and problems as answers.

    httptools refuses what request smuggling needs (both lengths, bare line feeds) by itself.
    """

    refused_status = 400
    head_bytes = 0

    def on_message_begin(self) -> None:
        """Count the head of each request anew."""
        super().on_message_begin()
        self.head_bytes, self.refused_status = 0, 400

    def on_url(self, url: bytes) -> None:
        """Take in a piece of the URL, within bounds."""
        self._count(len(url), MAX_URL_BYTES, 414)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header, within bounds."""
        self._count(len(name) + len(value), MAX_URL_BYTES + MAX_HEADER_BYTES, 431)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the request, which since HTTP/1.1 must name its host (RFC 9112, 3.2)."""
        names_host = any(name == b"host" for name, _ in self.headers)
        if not names_host and self.parser.get_http_version() != "1.0":
            raise ValueError("the request names no host")
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over; what the socket's own parser cannot read is answered here."""
        super().handle_websocket_upgrade()
        opened: Any = self.transport.get_protocol()
        if not opened.handshake_initiated:
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """Answer a request that could not be read with a problem, and close."""
        status, code = self.refused_status, "malformed_request"
        if isinstance(sys.exc_info()[1], httptools.HttpParserInvalidMethodError):
            status, code = 405, "method_not_allowed"
        request_id = choose_request_id(None)
        body = orjson.dumps(_document(status, code, request_id))
        headers: dict[str, Any] = {
            "Content-Type": CONTENT_TYPE,
            "Content-Length": len(body),
            HEADER: request_id,
            "Access-Control-Allow-Origin": "*",
            "Connection": "close",
        }
        if status == 405:
            headers["Allow"] = "GET, POST, PATCH, DELETE, HEAD, OPTIONS"
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.transport.write(_STATUS_LINES[status] + lines.encode("ascii") + b"\r\n" + body)
        self.transport.close()

    def _count(self, length: int, limit: int, status: int) -> None:
        self.head_bytes += length
        if self.head_bytes > limit:
            self.refused_status = status
            raise ValueError("the head of the request is too large")


def _document(status: int, code: str, request_id: str) -> dict[str, Any]:
    return problem_document(
        status=status,
        code=code,
        detail="The request could not be read as HTTP/1.1.",
        instance="",
        request_id=request_id,
    )
