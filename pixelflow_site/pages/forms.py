"""What pages with forms share: fields as they came, errors by field, and the way on after a change."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode

from common.errors import InvalidInputs, PixelFlowError

MAX_FIELD = 2_500  # characters; what is longer is too long for every field here


def field(request: HttpRequest, name: str) -> str:
    """Return a field of a posted form, cut where it is longer than any may be."""
    return request.POST.get(name, "")[:MAX_FIELD]


def errors_of(problem: PixelFlowError | None) -> Mapping[str, str]:
    """Return what is wrong by field, as sentences: `{"email": "This is not an e-mail address."}`."""
    if not isinstance(problem, InvalidInputs):
        return {}
    found = {}
    for issue in problem.issues:
        name = issue.path.lstrip("/")
        reason = issue.message.removeprefix(f"{name} ")
        found[name] = reason if reason[:1].isupper() else f"This {reason}."
    return found


def text_of(problem: PixelFlowError | None) -> str:
    """Return what stands in the way, where that is about no field in particular."""
    return "" if problem is None or isinstance(problem, InvalidInputs) else problem.detail


def go_on(request: HttpRequest, said: str, path: str, **query: str) -> HttpResponse:
    """Send the browser on after a change, to a page that says what was done."""
    messages.success(request, said)
    return redirect(f"{path}?{urlencode(query)}" if query else path)


def confirmed(request: HttpRequest, wanted: str) -> bool:
    """Say whether the name was typed that irreversible things ask for."""
    return field(request, "confirm").strip() == wanted.strip()
