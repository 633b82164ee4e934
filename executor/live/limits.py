"""How many may follow at once in this process: so many of one caller, of one workspace, in all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from common import metrics
from executor import conf
from executor.errors import StreamsFull, TooManyStreams

RETRY_AFTER_S = 5


class OpenStreams:
    """Counts sockets and event streams together. Used from the event loop alone."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.total = 0

    @contextmanager
    def place(self, *, caller: str, workspace_id: str) -> Iterator[None]:
        """Take a place for one stream; `caller` is the id of a user or of a key.

        Raises:
            TooManyStreams: the caller, or its workspace, has no place left.
            StreamsFull: this process has none left.
        """
        self._check(caller, conf.max_streams_of_caller())
        self._check(workspace_id, conf.max_streams_of_workspace())
        if self.total >= conf.max_streams():
            raise StreamsFull(retry_after_s=RETRY_AFTER_S)
        self._count(1, caller, workspace_id)
        try:
            yield
        finally:
            self._count(-1, caller, workspace_id)

    def _check(self, whose: str, limit: int) -> None:
        if self._counts[whose] >= limit:
            raise TooManyStreams(retryAfter=RETRY_AFTER_S, limit=limit, window="concurrent")

    def _count(self, change: int, *ids: str) -> None:
        self.total += change
        metrics.streams_opened(change)
        for id_ in ids:
            self._counts[id_] += change
            if not self._counts[id_]:
                del self._counts[id_]


open_streams = OpenStreams()
