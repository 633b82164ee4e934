"""The index of this process, which follows what is listed in the database."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError

from common.sql import select_values
from templates_gallery import conf
from templates_gallery.models import GalleryState
from templates_gallery.selectors.cards import listed_cards, listed_figures
from templates_gallery.selectors.index import GalleryIndex

logger = logging.getLogger(__name__)

STATE = 1  # the one row of `GalleryState`
FIGURES_S = 30.0  # seconds for which figures are good enough
AGAIN_S = 1.0  # after the database did not answer


@dataclass(frozen=True, slots=True)
class _Looked:
    """An index, of which revision it is, and when its figures were read."""

    index: GalleryIndex
    revision: int
    figures_at: float


class LiveIndex:
    """Called, it returns the index. One call in a few seconds looks whether anything changed.

    By one small query; while the database is away everybody is served the last index. With
    `GALLERY_CHECK_S` 0 each call makes it anew.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last: _Looked | None = None
        self._look_at = 0.0

    def __call__(self) -> GalleryIndex:
        """Return the index as it is now."""
        if not conf.gallery_check_s():
            return GalleryIndex(listed_cards())
        last = self._last
        if last is None:
            with self._lock:
                return (self._last or self._looked(None)).index
        if self._monotonic() < self._look_at or not self._lock.acquire(blocking=False):
            return last.index
        try:
            return self._looked(last).index
        finally:
            self._lock.release()

    def cache_clear(self) -> None:
        """Forget the index, as a process that has just started."""
        with self._lock:
            self._last = None

    def _looked(self, last: _Looked | None) -> _Looked:
        try:
            self._last = found = self._followed(last)
            self._look_at = self._monotonic() + conf.gallery_check_s()
        except (DatabaseError, InterfaceError) as error:
            if last is None:
                raise
            logger.warning("gallery not looked at: %s", error, extra={"action": "stale_gallery"})
            self._look_at = self._monotonic() + AGAIN_S
            return last
        return found

    def _followed(self, last: _Looked | None) -> _Looked:
        now, revision = self._monotonic(), get_revision()
        if last is None or revision != last.revision:
            return _Looked(GalleryIndex(listed_cards()), revision, now)
        if now - last.figures_at < FIGURES_S:
            return last
        return _Looked(last.index.with_figures(listed_figures()), revision, now)


def get_revision() -> int:
    """Return how often what is listed was changed."""
    found = select_values(GalleryState, ("revision",), {"id": STATE})
    return 0 if found is None else int(found[0])


get_index = LiveIndex()
