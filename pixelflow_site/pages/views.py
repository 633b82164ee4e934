"""The documentation."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView

from common.http.problem import TITLES
from executor.api import FAILURES


@require_safe
def error_docs(request: HttpRequest) -> HttpResponse:
    """Show the codes of problem documents, whose `type` points here, and of failed runs."""
    shown = {
        "docs": "errors",
        "titles": sorted(TITLES.items()),
        "failures": sorted(FAILURES.items()),
    }
    return render(request, "pixelflow_site/errors.html", shown)


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document of the public API."""

    authentication_classes = ()
    permission_classes = ()
    renderer_classes = [OpenApiJsonRenderer]
    public = True


class ApiDocsView(SpectacularRedocView):
    """The API reference, made from the OpenAPI document; its script is served from here."""

    authentication_classes = ()
    permission_classes = ()
    url_name = "schema"
