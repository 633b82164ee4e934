"""What can go wrong in `executor`, on top of the shared tree."""

from common.errors import NotFound, PixelFlowError


class ExecutionNotFound(NotFound):
    """There is no such run in this workspace."""

    default_detail = "There is no such execution."


class FileNotFound(NotFound):
    """There is no such file in this workspace."""

    default_detail = "There is no such file."


class LeaseLost(Exception):
    """Somebody else owns the task by now: whatever was computed is dropped, nothing is written."""


class TooManyWaits(PixelFlowError):
    """A workspace holds as many polls open as it may; `limit` says how many that is."""

    status = 429
    code = "too_many_concurrent"
    default_detail = "Too many polls of this workspace are waiting already."
