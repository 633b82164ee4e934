"""What people write about their templates: each field checked before it is stored."""

import re
from collections.abc import Callable, Iterable

from accounts.api import clean_line
from common.errors import InvalidInputs, Issue
from templates_gallery.types import CATEGORY_KEYS, TemplateFields

MAX_TITLE = 60
MAX_DESCRIPTION = 155
MAX_README = 20_000
MAX_AUDIENCE = 120
MAX_TAGS = 8
MAX_NOTES = 300

# What a person may publish under; the first is the usual one.
LICENCES = {
    "CC-BY-4.0": "Free to use with attribution (CC BY 4.0)",
    "CC0-1.0": "Free to use, no conditions (CC0)",
    "CC-BY-SA-4.0": "Free to use with attribution, share alike (CC BY-SA 4.0)",
    "MIT": "MIT licence",
}

_TAG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MAX_TAG = 24


def checked_fields(fields: TemplateFields) -> TemplateFields:
    """Return the fields as they are stored.

    Raises:
        InvalidInputs: every field that cannot be taken, each with its path and why.
    """
    issues: list[Issue] = []

    def checked(path: str, clean: Callable[[], str]) -> str:
        try:
            return clean()
        except ValueError as error:
            issues.append(Issue(path, "not_allowed", f"{path.lstrip('/').capitalize()} {error}."))
            return ""

    found = TemplateFields(
        title=checked("/title", lambda: _line(fields.title, MAX_TITLE, least=4)),
        description=checked(
            "/description", lambda: _line(fields.description, MAX_DESCRIPTION, least=20)
        ),
        category=fields.category,
        readme=checked("/readme", lambda: _lines(fields.readme, MAX_README)),
        audience=checked("/audience", lambda: _line(fields.audience, MAX_AUDIENCE)),
        tags=_tags(fields.tags, issues),
        licence=fields.licence,
        notes=checked("/notes", lambda: _line(fields.notes, MAX_NOTES)),
        example_execution_id=fields.example_execution_id.strip(),
    )
    if fields.category not in CATEGORY_KEYS:
        issues.append(Issue("/category", "not_allowed", "Choose one of the categories."))
    if fields.licence not in LICENCES:
        issues.append(Issue("/licence", "not_allowed", "Choose one of the licences."))
    if issues:
        raise InvalidInputs(issues)
    return found


def clean_lines(path: str, text: str, *, limit: int) -> str:
    """Return lines of people's text.

    Raises:
        InvalidInputs: too long, or with control characters.
    """
    try:
        return _lines(text, limit)
    except ValueError as error:
        name = path.lstrip("/").capitalize()
        raise InvalidInputs([Issue(path, "not_allowed", f"{name} {error}.")]) from error


def _line(text: str, limit: int, *, least: int = 0) -> str:
    line = clean_line(text, limit=limit)
    if len(line) < least:
        raise ValueError(f"needs {least} characters at least")
    return line


def _lines(text: str, limit: int) -> str:
    if len(text) > limit:
        raise ValueError(f"may have {limit} characters at most")
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return "\n".join(_with_indent(line, limit) for line in lines).strip("\n")


def _with_indent(line: str, limit: int) -> str:
    """Return a line with the spaces that it begins with, which mean something in Markdown."""
    clean = clean_line(line, limit=limit)
    return " " * (len(line) - len(line.lstrip(" "))) + clean if clean else ""


def _tags(tags: Iterable[str], issues: list[Issue]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(tag.strip().casefold().replace(" ", "-") for tag in tags))
    found = tuple(tag for tag in found if tag)
    if len(found) > MAX_TAGS:
        issues.append(Issue("/tags", "out_of_range", f"Give {MAX_TAGS} tags at most."))
    for tag in found:
        if not _TAG.fullmatch(tag) or len(tag) > _MAX_TAG:
            message = "A tag is made of letters a to z, digits and hyphens, 24 at most."
            issues.append(Issue("/tags", "not_allowed", message))
            break
    return found
