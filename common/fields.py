"""Column conventions in one place: ids, checked JSON."""

from typing import Any

from django.db import models

from common import strict_json
from common.errors import MalformedRequest
from common.ids import MAX_ID_LENGTH


def id_field() -> "models.CharField[str, str]":
    """Return a primary key column for prefixed ids."""
    return models.CharField(primary_key=True, max_length=MAX_ID_LENGTH, editable=False)


class CheckedJSONField(models.JSONField):
    """JSON that was checked again before it was written.

    Values also come from providers and language models, not only through the gate of requests;
    NUL would break PostgreSQL and a lone surrogate every later list.
    """

    def get_prep_value(self, value: Any) -> Any:
        """Refuse text that cannot be stored and shown everywhere.

        Raises:
            ValueError: when a string holds NUL or a lone surrogate.
        """
        try:
            strict_json.check_text(value)
        except MalformedRequest as error:
            raise ValueError(error.detail) from error
        return super().get_prep_value(value)
