"""What a view found out of the window that a request counts in, for the headers of its answer.

Calls with a key are counted before any view runs. Whose window a call with a session counts in is
known once its view has looked at the session and the workspace.
"""

from django.http import HttpRequest

from common.limits.port import Decision

_NOTED = "_rate_decision"


def note_decision(request: HttpRequest, decision: Decision) -> None:
    """Have the answer to a request tell what is left of the window that it was counted in."""
    setattr(request, _NOTED, decision)


def noted_decision(request: HttpRequest) -> Decision | None:
    """Return what was noted of a request; None for one that no view has counted."""
    return getattr(request, _NOTED, None)
