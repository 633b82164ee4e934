"""JSON in and out of DRF.

Apart from `common.http.drf`, because DRF loads these classes while it defines `APIView`: nothing
here may import `rest_framework.views`.
"""

from collections.abc import Mapping
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from common.http.problem import CONTENT_TYPE
from common.http.rendering import render_json


class JsonRenderer(BaseRenderer):
    """Render by `common.http.rendering`; bytes pass through as they are."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> bytes:
        """Return the body's bytes; a value rendered before (a stored answer) is not touched."""
        if data is None:
            return b""
        return data if isinstance(data, bytes) else render_json(data)


class JsonNegotiation(DefaultContentNegotiation):
    """JSON is what there is; problem+json and wildcards ask for it as well."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer, or raise `NotAcceptable` when the client takes no JSON."""
        accepts = request.headers.get("Accept", "*/*")
        if CONTENT_TYPE in accepts or accepts in ("*/*", "application/json"):
            return renderers[0], renderers[0].media_type
        chosen: tuple[BaseRenderer, str] = super().select_renderer(
            request, renderers, format_suffix
        )
        return chosen
