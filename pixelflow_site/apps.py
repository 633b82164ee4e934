"""Registration of `pixelflow_site`."""

from django.apps import AppConfig


class PixelflowSiteConfig(AppConfig):
    """The app."""

    name = "pixelflow_site"

    def ready(self) -> None:
        """Arm the kill points that the settings name, which in production is none."""
        from django.conf import settings

        from common import faults

        faults.arm(settings.FAULTS)
