"""A log handler that nobody who logs ever waits for."""

import atexit
import contextlib
import logging
import os
import threading
from collections import deque

from common import metrics

KEEP_LINES = 10_000  # that wait for a slow reader; then the oldest are dropped, and counted
LAST_S = 1.0  # for what is still to be written when the process ends


class PatientHandler(logging.Handler):
    """Writes lines to standard error from a thread of its own.

    A pipe whose reader hangs, or a disk that does, would stop whoever logs next, and with a lock in
    hand everybody. Here it stops one thread; lines wait in memory, and the oldest get lost. The
    thread starts with the first line, in each process anew.
    """

    def __init__(self, descriptor: int = 2) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: deque[str] = deque()
        self._is_news = threading.Event()
        self._is_written = threading.Event()
        self._is_written.set()
        self._writer_of: int | None = None  # the process whose thread writes
        atexit.register(self.flush)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line to be written soon."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - logging's own rule: a bad call must not break its caller
            self.handleError(record)
            return
        if len(self._lines) >= KEEP_LINES:
            with contextlib.suppress(IndexError):
                self._lines.popleft()
            metrics.log_line_lost()
        self._lines.append(line)
        self._is_written.clear()
        self._is_news.set()
        if self._writer_of != os.getpid():
            self._start()

    def flush(self) -> None:
        """Wait until all is written, a second at most."""
        if self._writer_of == os.getpid():
            self._is_written.wait(LAST_S)

    def _start(self) -> None:
        self._writer_of = os.getpid()
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def _write(self) -> None:
        while True:
            self._is_news.wait()
            self._is_news.clear()
            while self._lines:
                self._write_line(f"{self._lines.popleft()}\n".encode("utf-8", "replace"))
            self._is_written.set()
            if self._lines:  # of somebody who came in between
                self._is_written.clear()

    def _write_line(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # nobody is left to tell
            while data:
                data = data[os.write(self._descriptor, data) :]
