"""The ASGI application: sockets and waits here, plain requests in WSGI threads beside them."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelflow_site.settings.base")

# Django must be set up before anything that touches models is imported.
django.setup(set_prefix=False)

from pixelflow_site.server.routing import build_application  # noqa: E402
from pixelflow_site.wsgi import application as _wsgi  # noqa: E402

application = build_application(wsgi=_wsgi)
