"""Registration of `pixelflow_site`."""

from django.apps import AppConfig


class PixelflowSiteConfig(AppConfig):
    """The app."""

    name = "pixelflow_site"

    def ready(self) -> None:
        """Arm the kill points that the settings name (in production none), and listen to sign-ups."""
        from django.conf import settings

        from common import faults
        from pixelflow_site import sign_up

        faults.arm(settings.FAULTS)
        sign_up.connect()
