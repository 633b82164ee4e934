"""Who may run beside whom in one process: all together, or one that may bring the house down alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """Any number of tasks at once, or one alone.

    A task that has already lost its worker as often as a task may is tried for the last time, and
    alone: if the process dies again, nobody else was in it, so nobody else is taken for what killed
    it. Who wants to be alone goes before who comes later, and waits for who is there.
    """

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._inside = 0
        self._wanting = 0
        self._is_taken = False

    @contextmanager
    def entered(self, *, alone: bool) -> Iterator[None]:
        """Be in the room, as soon as there is room."""
        with self._change:
            if alone:
                self._wait_alone()
            else:
                self._change.wait_for(lambda: not self._is_taken and not self._wanting)
                self._inside += 1
        try:
            yield
        finally:
            with self._change:
                if alone:
                    self._is_taken = False
                else:
                    self._inside -= 1
                self._change.notify_all()

    def _wait_alone(self) -> None:
        self._wanting += 1
        self._change.wait_for(lambda: not self._is_taken and not self._inside)
        self._wanting -= 1
        self._is_taken = True
