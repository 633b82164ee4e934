"""Sending a Django response from plain ASGI code."""

from typing import Any

from django.http import HttpResponse


async def send_response(response: HttpResponse, send: Any) -> None:
    """Send a whole response."""
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers.items()
    ]
    headers.append((b"content-length", str(len(response.content)).encode("ascii")))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
