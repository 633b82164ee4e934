"""A Django with little but the bare endpoints, on the product's database settings.

Its one middleware gives answers their length, without which gunicorn would send them in chunks.
"""

from pixelflow_site.settings.base import DATABASES, DEFAULT_AUTO_FIELD, SECRET_KEY, USE_TZ

__all__ = ["DATABASES", "DEFAULT_AUTO_FIELD", "SECRET_KEY", "USE_TZ"]

ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["rest_framework", "benchmarks.bare"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "benchmarks.bare.urls"
USE_I18N = False
REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None}
