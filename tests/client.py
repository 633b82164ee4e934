"""A client of the public API: JSON in, JSON out, a key in the Authorization header."""

import json
from typing import Any

from django.test import Client

BASE = "/api/v1"


class ApiClient:
    """Calls paths below `/api/v1` with one key, or with none.

    CSRF is enforced, as it is for real callers: an API view that forgot its exemption fails.
    """

    def __init__(self, key: str | None) -> None:
        self.key = key
        self._client = Client(enforce_csrf_checks=True)

    def with_key(self, key: str | None) -> "ApiClient":
        """Return a client with another key, or with none."""
        return ApiClient(key)

    def get(self, path: str, query: Any = None, **headers: str) -> Any:
        return self.send("GET", path, query=query, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PUT", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.send("DELETE", path, **headers)

    def send(
        self, method: str, path: str, body: Any = None, *, query: Any = None, **headers: str
    ) -> Any:
        """Send a request; bytes go as they are, None as no body, anything else as JSON.

        The answer is the test client's response, which beside Django's own members has `.json()`.
        Header names are keywords: `Idempotency_Key="abc"` sends `Idempotency-Key`.
        """
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key is not None:
            sent.setdefault("Authorization", f"Bearer {self.key}")
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        return self._client.generic(
            method,
            BASE + path,
            raw,
            content_type=sent.pop("Content-Type", "application/json"),
            query_params=query,
            headers=sent,
        )
