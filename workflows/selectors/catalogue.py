"""The catalogue as it is at this moment: the release's, and what staff added and decided."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from django.db import DatabaseError, InterfaceError, connection, transaction

from common.sql import select_values
from workflows import conf
from workflows.catalogue.chooser import with_choosers
from workflows.catalogue.load import Catalogue, build_catalogue
from workflows.catalogue.model import ModelSpec
from workflows.catalogue.model_files import ModelFileError, read_model, shipped_models
from workflows.catalogue.nodes import ALL_NODES, CHOOSERS
from workflows.catalogue.overrides import NO_MARGIN, NO_OVERRIDE, Override, offer_of
from workflows.models import CatalogueState, ModelEntry, ModelOverride

logger = logging.getLogger(__name__)

STATE = 1  # the one row of `CatalogueState`
AGAIN_S = 1.0  # after the database did not answer


@dataclass(frozen=True, slots=True)
class StaffWork:
    """What staff did to the catalogue: documents and overrides by key, and the margin."""

    revision: int = 0
    margin_percent: Decimal = NO_MARGIN
    documents: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)


NO_WORK = StaffWork()


@dataclass(frozen=True, slots=True)
class LiveState:
    """A catalogue, out of what it was made, and what of that does not fit, by key."""

    catalogue: Catalogue
    work: StaffWork
    problems: Mapping[str, str]


def warm_catalogue() -> None:
    """Read what this release ships, which takes a second, and ask no database.

    For processes that start: a worker that did so with a task in its hands would keep its run
    waiting, and a site its first visitor.
    """
    for spec in build_catalogue((*ALL_NODES, *conf.extra_nodes())).specs.values():
        spec.digest  # noqa: B018 - kept with the spec


class LiveCatalogue:
    """The catalogue of this process, which follows what staff change in any process.

    Called, it returns the catalogue. Every `CATALOGUE_CHECK_S` seconds one call looks, by one small
    query, whether staff changed anything, and builds it anew then; inside an open transaction twice
    as late, and never in a thread that runs an event loop. Meanwhile, and while the database is
    away, everybody is served the last one.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._state: LiveState | None = None
        self._look_at = 0.0

    def __call__(self) -> Catalogue:
        """Return the catalogue as it is now."""
        return self.state().catalogue

    def state(self) -> LiveState:
        """Return the catalogue, and out of what it was made."""
        state = self._state
        if state is None:
            return self._first()
        late_s = self._monotonic() - self._look_at
        if late_s < 0 or not _may_look(late_s) or not self._lock.acquire(blocking=False):
            return state
        try:
            return self._looked(state)
        finally:
            self._lock.release()

    def refresh(self) -> Catalogue:
        """Return the catalogue after a look at what staff changed, however fresh it is.

        For whoever met something that the catalogue does not have: it may be a moment old.
        """
        state = self.state()
        if not _can_look():
            return state.catalogue
        with self._lock:
            return self._looked(state).catalogue

    def expire(self) -> None:
        """Look at the next call."""
        self._look_at = 0.0

    def cache_clear(self) -> None:
        """Forget the catalogue, as a process that has just started."""
        with self._lock:
            self._state = None

    def _first(self) -> LiveState:
        if _is_followed() and _is_in_loop():
            return _built(NO_WORK)  # for this call alone: a thread that can look comes by soon
        with self._lock:
            return self._state or self._looked(None)

    def _looked(self, state: LiveState | None) -> LiveState:
        """Return the state that the database has by now; without an answer, the one there is."""
        try:
            if _is_followed():
                state = _followed(state)
            self._look_at = self._monotonic() + conf.catalogue_check_s()
        except (DatabaseError, InterfaceError) as error:
            logger.warning(
                "catalogue not looked at: %s", error, extra={"action": "stale_catalogue"}
            )
            self._look_at = self._monotonic() + AGAIN_S
        self._state = state = state or _built(NO_WORK)
        return state


def _followed(state: LiveState | None) -> LiveState:
    """Return the state that the database has by now; the given one, if it is that."""
    with _undisturbed():
        revision = _revision()
        if state is not None and revision == state.work.revision:
            return state
        return _built(_read_work(revision))


def _is_followed() -> bool:
    """Say whether this installation looks at what staff change."""
    return conf.catalogue_check_s() > 0


def _is_in_loop() -> bool:
    """Say whether this thread runs an event loop, where no query may hold it up."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _can_look() -> bool:
    return _is_followed() and not _is_in_loop()


def _may_look(late_s: float) -> bool:
    """Say whether it is time; whoever holds rows in a transaction is spared for as long as it can."""
    is_patient = connection.in_atomic_block and late_s < conf.catalogue_check_s()
    return not is_patient and _can_look()


def _undisturbed() -> AbstractContextManager[None]:
    """Keep a failure of ours from breaking the caller's transaction."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def _revision() -> int:
    found = select_values(CatalogueState, ("revision",), {"id": STATE})
    return 0 if found is None else int(found[0])


def _read_work(revision: int) -> StaffWork:
    """Return what staff did. It may be newer than the revision read before: the next look tells."""
    if not revision:
        return NO_WORK
    margin = CatalogueState.objects.filter(pk=STATE).values_list("margin_percent", flat=True)
    overrides = {
        row.key: Override(row.is_off, row.price, tuple(row.providers), row.position)
        for row in ModelOverride.objects.all()
    }
    documents = dict(ModelEntry.objects.values_list("key", "document"))
    return StaffWork(revision, margin.get(), documents, overrides)


def _built(work: StaffWork) -> LiveState:
    """Build the catalogue; what staff wrote and no longer fits is left out of it."""
    nodes = build_catalogue((*ALL_NODES, *conf.extra_nodes()), ())
    problems: dict[str, str] = {}
    models = {model.key: model for model in shipped_models()}
    for key, document in sorted(work.documents.items()):
        try:
            model = _model_of(document)
        except ModelFileError as error:
            problems[key] = str(error)
            continue
        if key in models or model.type in nodes.specs:
            problems[key] = "The release has a model of this key by now."
            continue
        models[key] = model
    specs = dict(nodes.specs)
    for key, model in models.items():
        offered = offer_of(model, work.overrides.get(key, NO_OVERRIDE), work.margin_percent)
        specs[model.type] = offered.spec
        if offered.problem:
            problems[key] = offered.problem
    return LiveState(Catalogue(with_choosers(specs, CHOOSERS)), work, problems)


@lru_cache(maxsize=1024)
def _model_of(document: str) -> ModelSpec:
    return read_model(document)


get_catalogue = LiveCatalogue()
