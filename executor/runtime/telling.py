"""How far nodes are: said by tasks as often as they like, written for the others now and then.

Whoever runs nodes, in threads or in coroutines, says so without waiting; one loop of the process
writes the newest of each run, ten times a second at most, and more slowly where the database is
slow. What is stored of a task comes after all that was told of it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable

from django.db import Error as DatabaseError

from common.clock import SYSTEM_CLOCK, Clock
from executor.services.claims import Claim
from executor.services.results import Word, tell_progress

logger = logging.getLogger(__name__)

EVERY_S = 0.1
PREVIEW_EVERY_S = 0.5  # of one node; none before it has run for as long


class Teller:
    """Gathers what the tasks of one process say. Safe to use from many threads.

    `on_lost` is called, in the thread that writes, with the claim of a task that somebody else has
    by now, or whose run is over. `now` is a clock that never goes back.
    """

    def __init__(
        self,
        *,
        on_lost: Callable[[Claim], None],
        clock: Clock = SYSTEM_CLOCK,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_lost = on_lost
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._pending: dict[str, dict[str, Word]] = {}  # by run and node
        self._being_written: dict[str, list[Word]] = {}  # by run
        self._preview_at: dict[str, dict[str, float]] = {}  # by task and node
        self._due_at = 0.0

    def tell(
        self,
        claim: Claim,
        node_id: str,
        *,
        progress: float | None = None,
        preview: str | None = None,
    ) -> None:
        """Say how far a node of a task is, 0 to 1, and how it looks, a data URI; never waits.

        Only the newest counts, and of previews two a second.
        """
        with self._lock:
            words = self._pending.setdefault(claim.execution_id, {})
            word = words.get(node_id)
            if word is None or word.claim != claim:
                word = words[node_id] = Word(claim, node_id)
            if progress is not None:
                word.progress = progress
            if preview is not None:
                self._preview_time(claim, node_id)
                word.preview = preview

    def may_preview(self, claim: Claim, node_id: str) -> bool:
        """Say whether a preview would be written soon: making one that is not is a waste."""
        with self._lock:
            return self._now() >= self._preview_time(claim, node_id)

    def forget(self, claim: Claim) -> None:
        """Drop what a task has said and nobody was told yet: its results are about to be stored.

        From here on nothing of it is written, not even if it is being written just now and waits
        for the run.
        """
        with self._lock:
            words = self._pending.pop(claim.execution_id, {})
            for word in (*words.values(), *self._being_written.get(claim.execution_id, ())):
                if word.claim == claim:
                    word.is_taken_back = True
            if left := {node: word for node, word in words.items() if not word.is_taken_back}:
                self._pending[claim.execution_id] = left
            self._preview_at.pop(claim.task_id, None)

    def write(self) -> None:
        """Write what was said since the last time, if there is anything and it is time."""
        began_at = self._now()
        if began_at < self._due_at or not self._pending:
            return
        for execution_id, words in self._take().items():
            self._write_run(execution_id, words)
        took_s = self._now() - began_at
        self._due_at = began_at + max(EVERY_S, 2 * took_s)

    def _write_run(self, execution_id: str, words: list[Word]) -> None:
        try:
            lost = tell_progress(execution_id=execution_id, words=words, clock=self._clock)
        except DatabaseError as error:  # no failure of the node: there will be newer words
            logger.warning("progress not told: %s", error, extra={"action": "progress_not_told"})
            lost = []
        for claim in lost:
            self._on_lost(claim)

    def _take(self) -> dict[str, list[Word]]:
        """Return what is to be written by run; previews that come too soon stay for later."""
        with self._lock:
            taken, self._pending = self._pending, {}
            said = [word for words in taken.values() for word in words.values()]
            for word in said:
                if word.preview is not None and not self._take_preview(word):
                    later = Word(word.claim, word.node_id, preview=word.preview)
                    self._pending.setdefault(word.claim.execution_id, {})[word.node_id] = later
                    word.preview = None
            self._being_written = _by_run(word for word in said if not word.is_empty)
            return self._being_written

    def _take_preview(self, word: Word) -> bool:
        now = self._now()
        if now < self._preview_time(word.claim, word.node_id):
            return False
        self._preview_at[word.claim.task_id][word.node_id] = now + PREVIEW_EVERY_S
        return True

    def _preview_time(self, claim: Claim, node_id: str) -> float:
        """Return when the next preview of a node may be written, counted from the first question."""
        times = self._preview_at.setdefault(claim.task_id, {})
        return times.setdefault(node_id, self._now() + PREVIEW_EVERY_S)


class TaskVoice:
    """What one task says by a teller."""

    def __init__(self, teller: Teller, claim: Claim) -> None:
        self._teller = teller
        self._claim = claim

    def progress(self, node_id: str, done: float) -> None:
        """Say how far a node is, 0 to 1."""
        self._teller.tell(self._claim, node_id, progress=done)

    def may_preview(self, node_id: str) -> bool:
        """Say whether a preview would be written soon."""
        return self._teller.may_preview(self._claim, node_id)

    def preview(self, node_id: str, uri: str) -> None:
        """Say how a node's picture looks by now, as a data URI."""
        self._teller.tell(self._claim, node_id, preview=uri)


def _by_run(words: Iterable[Word]) -> dict[str, list[Word]]:
    runs: dict[str, list[Word]] = {}
    for word in words:
        runs.setdefault(word.claim.execution_id, []).append(word)
    return runs
