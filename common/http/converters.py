"""Path converters for prefixed ids: a path with an id of the wrong shape matches nothing.

Importing this module registers one converter per prefix, named after it: `<wf:workflow_id>`.
"""

from django.urls import register_converter

from common.ids import ALPHABET, BODY_LENGTH

PREFIXES = ("wf", "wfv", "exec", "file", "tpl", "whk", "evt", "key", "bat", "rev")


class IdConverter:
    """Matches an id and gives it on as it is; the subclass for a prefix sets `regex`."""

    regex = ""

    def to_python(self, value: str) -> str:
        """Return the id."""
        return value

    def to_url(self, value: str) -> str:
        """Return the id."""
        return value


def id_converter(prefix: str) -> type[IdConverter]:
    """Return the converter of ids with this prefix."""
    regex = f"{prefix}_[{ALPHABET}]{{{BODY_LENGTH}}}"
    return type(f"{prefix.title()}IdConverter", (IdConverter,), {"regex": regex})


for _prefix in PREFIXES:
    register_converter(id_converter(_prefix), _prefix)
