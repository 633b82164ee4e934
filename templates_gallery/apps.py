"""Registration of `templates_gallery`: its regular jobs are done by the workers."""

from datetime import timedelta

from django.apps import AppConfig


class TemplatesGalleryConfig(AppConfig):
    """The app."""

    name = "templates_gallery"

    def ready(self) -> None:
        """Hand the regular jobs to the upkeep; what they do needs the models."""
        from executor.api import Job, register_job
        from templates_gallery.services.stats import age_runs, count_runs
        from templates_gallery.services.submissions import withdraw_orphans

        register_job(Job("template_runs", timedelta(minutes=1), count_runs))
        register_job(Job("template_orphans", timedelta(seconds=30), withdraw_orphans))
        register_job(Job("template_ages", timedelta(days=1), age_runs))
