"""Errors of fetching by URL. No message ever holds a URL, a host or an address."""

from common.errors import PixelFlowError


class FetchError(PixelFlowError):
    """Root of the family."""

    status = 422
    code = "input_fetch_failed"
    default_detail = "The URL could not be fetched."


class UrlNotAllowed(FetchError):
    """The URL is plainly not allowed, as its text alone shows; raised when a request is accepted."""

    code = "url_not_allowed"
    default_detail = "This URL is not allowed."


class FetchBlocked(FetchError):
    """What DNS or a redirect showed is not allowed.

    It takes no detail: one message for all causes, so that the answer is no port scanner.
    """

    code = "input_fetch_blocked"
    default_detail = "This URL may not be fetched."

    def __init__(self) -> None:
        super().__init__()


class FetchFailed(FetchError):
    """The other side gave no usable answer; `retryable` says whether it may later."""

    def __init__(self, detail: str, *, retryable: bool) -> None:
        self.retryable = retryable
        super().__init__(detail)
