"""How a node fails on purpose."""


class NodeFailed(Exception):
    """A node cannot give its outputs; becomes `error` of the node and of the run.

    `code` is one of API.md's codes of a failed node: `invalid_value`, `resource_limit`,
    `undecodable`, `timed_out`, `input_fetch_failed` and so on.
    """

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        self.code = code
        self.message = message
        self.retryable = retryable
        super().__init__(message)


class NodeCancelled(Exception):
    """The run was cancelled while the node worked."""
