"""Following a pipeline from step to step: how far it is, what it looks like, whether to stop."""

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from executor.local.previews import preview_of
from executor.local.types import Cancelled, Job

PREVIEWS = 8  # of one run, about
MIN_BETWEEN_S = 0.3  # a watcher sees no more


class Steps:
    """Takes the place of a pipeline's progress bars, and of its callback."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._total = 0
        self._shown_at = float("-inf")
        self.size: tuple[int, int] | None = (
            None  # of the picture in the making, if it was asked for
        )

    def bar(self, iterable: Iterable[Any] | None = None, total: int | None = None) -> "Bar":
        """Return what a pipeline counts its steps with."""
        items = None if iterable is None else list(iterable)
        self._total = max(1, total or len(items or ()))
        return Bar(self, items)

    def advance(self, done: int) -> None:
        """Note a step.

        Raises:
            Cancelled: nobody wants the job any more.
        """
        # The last step is not the end: what it gave is still to be decoded.
        self._job.progress = max(self._job.progress, min(done / self._total, 0.99))
        if self._job.is_unwanted:
            raise Cancelled

    def after_step(self, _: Any, step: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        """Show the picture in the making, every few steps; diffusers calls this after each."""
        if self._job.is_unwanted:
            raise Cancelled
        every = max(1, self._total // PREVIEWS)
        is_due = time.monotonic() - self._shown_at >= MIN_BETWEEN_S
        if step % every == 0 and is_due and "latents" in tensors:
            self._job.preview = preview_of(tensors["latents"], self.size)
            self._shown_at = time.monotonic()
        return tensors


class Bar:
    """Has what pipelines use of a progress bar of tqdm's."""

    def __init__(self, steps: Steps, items: list[Any] | None) -> None:
        self._steps, self._items = steps, items
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def __iter__(self) -> Iterator[Any]:
        for item in self._items or ():
            yield item
            self.update()

    def update(self, steps: int = 1) -> None:
        """Note that steps are done."""
        self._done += steps
        self._steps.advance(self._done)

    def set_description(self, *_: Any, **__: Any) -> None:
        """Take no note of a text."""

    def set_postfix(self, *_: Any, **__: Any) -> None:
        """Take no note of figures."""


def follow(pipeline: Any, steps: Steps) -> None:
    """Have a pipeline, and those it is made of, count their steps here."""
    inner = [each for each in vars(pipeline).values() if hasattr(each, "progress_bar")]
    for each in (pipeline, *inner):
        each.progress_bar = steps.bar
