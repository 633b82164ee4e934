"""Registration of `executor`: its actors are declared once Django is ready."""

from django.apps import AppConfig


class ExecutorConfig(AppConfig):
    """The app."""

    name = "executor"

    def ready(self) -> None:
        """Declare the actors on the process's broker."""
        import executor.tasks  # noqa: F401 - declares by being imported
