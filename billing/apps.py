"""Registration of `billing`."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """The app."""

    name = "billing"
