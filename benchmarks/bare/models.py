"""The one table of the bare endpoints."""

from typing import ClassVar

from django.db import models


class BareRow(models.Model):  # noqa: DJ008 - nobody reads it
    """A row that is inserted or selected, and nothing more."""

    objects: ClassVar[models.Manager["BareRow"]] = models.Manager()

    body = models.TextField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "bare"
