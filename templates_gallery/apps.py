"""Registration of `templates_gallery`."""

from django.apps import AppConfig


class TemplatesGalleryConfig(AppConfig):
    """The app."""

    name = "templates_gallery"
