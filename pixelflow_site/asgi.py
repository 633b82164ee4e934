"""The ASGI application: sockets and waits here, plain requests in WSGI threads beside them."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelflow_site.settings.base")

# Django must be set up before anything that touches models is imported.
_django = get_asgi_application()

from pixelflow_site.server.routing import build_application  # noqa: E402
from pixelflow_site.wsgi import application as _wsgi  # noqa: E402

application = build_application(django=_django, wsgi=_wsgi)
