"""`/providers/callbacks/{token}`: what providers call about jobs. A hint, and never more than that."""

from typing import cast

from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import MalformedRequest, UnsupportedMediaType
from common.http import body as bodies
from common.http.drf import ApiView
from common.http.openapi import problems
from common.strict_json import JsonValue
from executor.http import schemas
from executor.providers.callbacks import challenge_in
from executor.services.attempts import take_callback

MAX_CALLBACK_BYTES = 256 * 1024


class ProviderCallbackView(ApiView):
    """Where a provider tells that something is new about one job."""

    public = True  # the token in the path is all that a provider has
    authentication_classes = []  # what else it sends along is not for us

    @extend_schema(
        operation_id="takeProviderCallback",
        summary="Hear of a provider's job",
        description="For providers. What is sent is not trusted: the provider is asked.",
        auth=[],
        request={"application/json": {}},
        responses={200: schemas.CallbackTaken, **problems(404, 413)},
    )
    def post(self, request: Request, token: str) -> Response:
        """Take the callback; the answer is the same whatever comes of it."""
        callback = _read(cast(HttpRequest, request))
        take_callback(token=token, callback=callback)
        challenge = challenge_in(callback)
        return Response({"ok": True} | ({} if challenge is None else {"challenge": challenge}))


def _read(request: HttpRequest) -> JsonValue:
    """Return the body's JSON; one that cannot be read still says that there is news."""
    try:
        return bodies.read_json(request, limit=MAX_CALLBACK_BYTES)
    except (MalformedRequest, UnsupportedMediaType):
        return None
