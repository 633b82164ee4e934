"""Registration of `workflows`."""

from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    """The app."""

    name = "workflows"
