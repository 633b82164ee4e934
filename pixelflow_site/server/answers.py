"""Sending a Django response from plain ASGI code."""

from typing import Any

from django.http import HttpResponse, HttpResponseBase


async def send_response(response: HttpResponse, send: Any) -> None:
    """Send a whole response."""
    response.headers["Content-Length"] = str(len(response.content))
    await send_start(response, send)
    await send({"type": "http.response.body", "body": response.content})


async def send_start(response: HttpResponseBase, send: Any) -> None:
    """Send the status and the headers of a response; its body is still to come."""
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers.items()
    ]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
