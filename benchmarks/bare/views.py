"""What a Django REST framework endpoint costs that does one statement and nothing else."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.bare.models import BareRow
from common.clock import utc_now


class BareView(APIView):
    """DRF with nothing switched on."""

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)
    schema = None


class BareInsertView(BareView):
    """One INSERT."""

    def post(self, request: Request) -> Response:
        """Insert what was sent."""
        sent = cast(dict[str, Any], request.data)
        row = BareRow.objects.create(body=sent["text"], created_at=utc_now())
        return Response({"id": row.pk}, status=201)


class BareSelectView(BareView):
    """One SELECT by key."""

    def get(self, request: Request, row_id: int) -> Response:  # noqa: ARG002 - DRF's signature
        """Return the row."""
        row = BareRow.objects.get(pk=row_id)
        return Response({"id": row.pk, "body": row.body, "createdAt": row.created_at})


def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer without a statement."""
    return HttpResponse("ok", content_type="text/plain")
