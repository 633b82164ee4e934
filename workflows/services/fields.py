"""What may stand in a workflow's own fields: each checked before it is stored."""

from collections.abc import Callable

from accounts.api import clean_line
from common.errors import InvalidInputs, Issue
from common.fetch import UrlNotAllowed, check_url
from workflows import selectors
from workflows.conf import fetch_policy
from workflows.graphs.calls import Calls
from workflows.types import UNCHANGED, WorkflowChanges, fold

MAX_NAME = 200
MAX_DESCRIPTION = 5_000


def checked_fields(changes: WorkflowChanges, calls: Calls) -> dict[str, object]:
    """Return the columns to write, checked; the graph comes with its problems.

    Raises:
        InvalidInputs, InvalidGraph: see `create_workflow`.
    """
    fields: dict[str, object] = {}
    if changes.name is not None:
        fields["name"] = _checked("/name", _clean_name, changes.name)
    if changes.description is not None:
        fields["description"] = _checked("/description", _clean_description, changes.description)
    if changes.callback_url is not None:
        fields["callback_url"] = _checked_url(changes.callback_url)
    if changes.graph is not UNCHANGED:
        resolution = selectors.check_graph(changes.graph, calls)
        fields["graph"] = changes.graph
        fields["problems"] = selectors.problems_of(changes.graph, resolution)
    return fields


def search_text_of(name: object, description: object) -> str:
    """Return what a workflow is found by."""
    return fold(f"{name}\n{description}")


def _checked(path: str, clean: Callable[[str], str], text: str) -> str:
    try:
        return clean(text)
    except ValueError as error:
        message = f"{path.lstrip('/')} {error}"
        raise InvalidInputs([Issue(path, "not_allowed", message)]) from error


def _clean_name(text: str) -> str:
    name = clean_line(text, limit=MAX_NAME)
    if not name:
        raise ValueError("may not be empty")
    return name


def _clean_description(text: str) -> str:
    """Return a description: lines of text, each as `clean_line` wants it."""
    if len(text) > MAX_DESCRIPTION:
        raise ValueError(f"may have {MAX_DESCRIPTION} characters at most")
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return "\n".join(clean_line(line, limit=MAX_DESCRIPTION) for line in lines).strip()


def _checked_url(url: str) -> str:
    if not url:
        return ""
    try:
        check_url(url, allow=fetch_policy())
    except UrlNotAllowed as error:
        raise InvalidInputs([Issue("/callbackUrl", error.code, error.detail)]) from error
    return url
