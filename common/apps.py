"""Registration of `common`, for its error page template alone: it has no tables."""

from django.apps import AppConfig


class CommonConfig(AppConfig):
    """The shared base."""

    name = "common"
