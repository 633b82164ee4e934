"""The API of the canvas and the pages, `/api/studio/`: django-ninja, session and CSRF."""

from ninja import NinjaAPI
from ninja.security import django_auth

from common.http.ninja import add_error_handlers

studio_api = NinjaAPI(
    title="Pixelflow studio",
    version="1",
    urls_namespace="studio",
    auth=django_auth,
    docs_url=None,
    openapi_url=None,
)
add_error_handlers(studio_api)
studio_api.add_router("", "workflows.http.studio.router")
studio_api.add_router("/playground", "executor.http.studio.router")
studio_api.add_router("/playground", "templates_gallery.http.studio.router")
