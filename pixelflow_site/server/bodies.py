"""Request bodies on their way to the WSGI threads: read before a thread is taken.

There are few threads, and one that reads from a slow client is a thread less for everybody.
"""

from typing import Any

UPLOAD_ONLY_BYTES = 10**12  # a length over every limit
MAX_HELD_BYTES = 2 * 1024 * 1024  # above what any body but an upload may have


async def received(scope: Any, receive: Any) -> tuple[Any, Any] | None:
    """Return the request with its body at hand; None when the client went away.

    A body that came in chunks gets its length, since WSGI reads by length alone; what is over the
    limit goes on with a length that every view refuses as too large. One that says itself that it
    is over the limit goes on unread.
    """
    headers = dict(scope["headers"])
    length = headers.get(b"content-length")
    if length is None and b"transfer-encoding" not in headers:
        return scope, receive
    if length is not None and int(length) > MAX_HELD_BYTES:
        return scope, receive
    body, more = bytearray(), True
    while more and len(body) <= MAX_HELD_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return _with_length(scope, UPLOAD_ONLY_BYTES if more else len(body)), _replay(bytes(body))


def _with_length(scope: Any, length: int) -> Any:
    dropped = (b"transfer-encoding", b"content-length")
    headers = [item for item in scope["headers"] if item[0] not in dropped]
    headers.append((b"content-length", str(length).encode("ascii")))
    return {**scope, "headers": headers}


def _replay(body: bytes) -> Any:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
