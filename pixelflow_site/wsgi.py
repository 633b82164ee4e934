"""The WSGI application: every plain request, in the embedded server's threads or under gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelflow_site.settings.base")

application = get_wsgi_application()

from workflows.api import warm_catalogue  # noqa: E402 - once Django is set up

warm_catalogue()
