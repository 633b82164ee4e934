"""What a view and a service see of a request that is to be done once (`Idempotency-Key`)."""

from collections.abc import Mapping
from typing import Protocol


class Once(Protocol):
    """A POST with an `Idempotency-Key`, in the hands of the code that carries it out.

    Whoever has one stores the answer in the same transaction as what the answer tells of; a request
    without the header has none.
    """

    def store(self, *, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Keep the answer for whoever sends the request again: one statement.

        Best the first one of the transaction, so that a twin waits for this row and for no other.

        Raises:
            AlreadyAnswered: a twin has stored its answer meanwhile. The transaction must roll back;
                what the caller gets is the twin's answer.
            IdempotencyInProgress: a twin has been at it for longer than one may wait.
        """
        ...

    def identify(self, content: bytes) -> None:
        """Say what the body was, for views that read it themselves (`idempotency = "streamed"`).

        Before anything is done.

        Raises:
            AlreadyAnswered: this was answered before.
            IdempotencyKeyReused: the key is that of another request.
        """
        ...
