"""`/healthz` says that the process is up, `/readyz` that it can work."""

from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from executor.api import is_storage_writable


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer for as long as the process can answer at all."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """Answer 200 when runs can be taken, else 503; a silent cache only degrades."""
    parts = {"database": _has_database(), "storage": is_storage_writable()}
    is_ready = all(parts.values())
    body = {"ready": is_ready, **parts, "cache": _has_cache()}
    return JsonResponse(body, status=200 if is_ready else 503)


def _has_database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM executor_execution LIMIT 1")
    except DatabaseError:
        return False
    return True


def _has_cache() -> bool:
    try:
        cache.set("readyz", 1, 5)
    except (OSError, RedisError):
        return False
    return True
