"""`/metrics`: what Prometheus reads."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common import metrics
from executor.api import render_metrics


@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Show the metrics to who may see them; to others nothing is here.

    Raises:
        Http404: no token was sent, or (where none is set) somebody asks from elsewhere.
    """
    allowed = metrics.may_read(
        settings.METRICS_TOKEN,
        authorization=request.headers.get("Authorization", ""),
        peer=str(request.META.get("REMOTE_ADDR", "")),
        headers=request.headers,
    )
    if not allowed:
        raise Http404
    return HttpResponse(render_metrics(), content_type=metrics.CONTENT_TYPE)
