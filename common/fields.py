"""Column conventions in one place: ids, checked JSON."""

import json
from typing import Any

import orjson
from django.db import models

from common import strict_json
from common.errors import MalformedRequest
from common.http.rendering import render_json
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


class PackedJSONField(models.TextField):  # type: ignore[type-arg] # no parameters at run time
    """JSON kept as text, for what no query ever looks into: written and read whole, and fast.

    Text also takes whatever a node or provider put into a string (NUL, a lone surrogate), as
    escapes, where a JSON column of PostgreSQL would refuse the row.
    """

    # What may be assigned and read, in the words of django-stubs.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def get_prep_value(self, value: Any) -> str | None:
        """Return the text that is stored."""
        return None if value is None else render_json(value).decode("utf-8")

    def from_db_value(self, text: str | None, *_: object) -> Any:
        """Return the value of a stored text."""
        if text is None:
            return None
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return json.loads(text)  # it has an escape that only this reader takes

    def value_to_string(self, obj: models.Model) -> str:
        """Return the text for a dump of the table."""
        return self.get_prep_value(self.value_from_object(obj)) or ""
