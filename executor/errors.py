"""What can go wrong in `executor`, on top of the shared tree."""

from common.errors import NotFound, PixelFlowError, Unavailable


class ExecutionNotFound(NotFound):
    """There is no such run in this workspace."""

    default_detail = "There is no such execution."


class FileNotFound(NotFound):
    """There is no such file in this workspace."""

    default_detail = "There is no such file."


class ReviewNotFound(NotFound):
    """There is no such question in this workspace, or the link to it is void."""

    default_detail = "There is no such review."


class LeaseLost(Exception):
    """Somebody else owns the task by now: whatever was computed is dropped, nothing is written."""


class AttemptUnresolved(Exception):
    """A task has an attempt at a provider whose outcome is open: no other may begin beside it."""


class ProviderFull(Exception):
    """A provider, or an account there, works on as many jobs for us as staff allow."""


class CallbackNotFound(NotFound):
    """No attempt was given this callback token."""

    default_detail = "There is no such callback."


class StoreAway(Unavailable):
    """The media store did not take something, or did not say that it did. To put it again is harmless."""

    default_detail = "Files cannot be stored just now; try again later."


class BytesCollected(Unavailable):
    """The bytes of a deleted file of equal content went between storing and inserting this one."""

    default_detail = "The file could not be kept just now; send it again."


class TooManyWaits(PixelFlowError):
    """A workspace holds as many polls open as it may; `limit` says how many that is."""

    status = 429
    code = "too_many_concurrent"
    default_detail = "Too many polls of this workspace are waiting already."


class TooManyStreams(PixelFlowError):
    """A caller or a workspace follows as many runs as it may; `limit` says how many that is."""

    status = 429
    code = "too_many_concurrent"
    default_detail = "Too many event streams are open already."


class StreamsFull(Unavailable):
    """This process has as many event streams open as it can serve."""


class FollowedTooLong(Exception):
    """A stream of events has lasted as long as one may; whoever wants more comes back."""
