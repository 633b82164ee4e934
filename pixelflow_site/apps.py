"""Registration of `pixelflow_site`."""

from django.apps import AppConfig


class PixelflowSiteConfig(AppConfig):
    """The app."""

    name = "pixelflow_site"
