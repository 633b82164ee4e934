"""The catalogue follows what staff change, in every process, and nothing of it breaks it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, transaction
from django.db.backends.utils import CursorWrapper

from executor.selectors.planning import plan_of
from tests.factories import make_version, make_workflow
from tests.graphs import graph
from tests.workflows.model_documents import STAFF, document
from workflows.api import resolved_version
from workflows.catalogue.chooser import ChooserSpec
from workflows.catalogue.overrides import Override
from workflows.models import CatalogueState, ModelEntry, ModelOverride
from workflows.selectors.catalogue import LiveCatalogue
from workflows.services.models import add_model, override_model

TYPE = "model.house-painter"


class Ticks:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def another(staff_catalogue, settings, ticks) -> LiveCatalogue:
    """The catalogue of another process."""
    settings.CATALOGUE_CHECK_S = 3.0
    found = LiveCatalogue(monotonic=ticks)
    found()
    return found


def test_another_process_sees_a_new_model_within_ten_seconds(another, ticks) -> None:
    add_model(actor=STAFF, document=document())
    assert TYPE not in another().specs

    ticks.now += 6.1  # in the middle of a transaction, as this test is

    assert TYPE in another().specs


@pytest.mark.django_db(transaction=True)
def test_it_looks_once_in_three_seconds_by_one_statement(
    another, ticks, django_assert_num_queries
) -> None:
    with django_assert_num_queries(0):
        another()
    ticks.now += 3.1
    with django_assert_num_queries(1):
        another()
        another()


@pytest.mark.django_db(transaction=True)
def test_a_transaction_is_disturbed_later_than_others(
    another, ticks, django_assert_num_queries
) -> None:
    ticks.now += 5.9
    with transaction.atomic(), django_assert_num_queries(0):
        another()
    ticks.now += 0.2
    with transaction.atomic(), django_assert_num_queries(3):  # with its savepoint
        another()


def test_what_did_not_change_is_not_made_again(staff_catalogue) -> None:
    before = staff_catalogue()

    add_model(actor=STAFF, document=document())
    after = staff_catalogue()

    assert after != before
    plain = {key: spec for key, spec in before.specs.items() if not isinstance(spec, ChooserSpec)}
    assert all(after.specs[type_] is spec for type_, spec in plain.items())


def test_it_goes_back_when_staff_take_back_what_they_did(staff_catalogue) -> None:
    before = staff_catalogue()
    add_model(actor=STAFF, document=document())
    key = "house-painter"

    override_model(actor=STAFF, key=key, override=Override(price="5"))
    changed = staff_catalogue()
    override_model(actor=STAFF, key=key, override=Override())
    ModelEntry.objects.all().delete()
    CatalogueState.objects.update(revision=99)

    assert changed.specs[TYPE].as_json()["price"]["credits"] == 5
    assert staff_catalogue() == before
    assert not ModelOverride.objects.exists()


def test_documents_that_fit_no_longer_are_left_out_and_told_of(staff_catalogue) -> None:
    add_model(actor=STAFF, document=document())
    add_model(actor=STAFF, document=document(key="good"))
    spoilt = document(("text-to-image", "a-task-of-old"))
    ModelEntry.objects.filter(pk="house-painter").update(document=spoilt)
    CatalogueState.objects.update(revision=99)

    state = staff_catalogue.state()

    assert "model.good" in state.catalogue.specs
    assert TYPE not in state.catalogue.specs
    assert "line 4, task" in state.problems["house-painter"]


def test_a_release_that_brings_a_staff_models_key_wins(staff_catalogue) -> None:
    shipped = next(iter(staff_catalogue().models))
    add_model(actor=STAFF, document=document(key="mine"))
    ModelEntry.objects.update(key=shipped, document=document(key=shipped))
    CatalogueState.objects.update(revision=99)

    state = staff_catalogue.state()

    assert state.catalogue.models[shipped].vendor != "The House"
    assert "by now" in state.problems[shipped]


def test_in_an_event_loop_it_asks_the_database_nothing(another, ticks) -> None:
    add_model(actor=STAFF, document=document())
    ticks.now += 60

    async def look() -> bool:
        fresh = LiveCatalogue(monotonic=ticks)
        return TYPE in another().specs or TYPE in another.refresh().specs or TYPE in fresh().specs

    assert asyncio.run(look()) is False
    assert TYPE in another().specs


@contextmanager
def database_away() -> Iterator[None]:
    """A database that refuses every statement."""

    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("gone away")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CursorWrapper, "execute", refuse)
        yield


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_the_last_one_is_served(another, ticks) -> None:
    add_model(actor=STAFF, document=document())
    ticks.now += 3.1
    known = another()
    ticks.now += 3.1

    with database_away():
        assert TYPE in known.specs
        assert another() is known
        assert "output" in LiveCatalogue(monotonic=ticks)().specs, (
            "the release's, for a new process"
        )


@pytest.mark.django_db(transaction=True)
def test_a_new_process_looks_again_a_second_after_the_database_was_away(another, ticks) -> None:
    add_model(actor=STAFF, document=document())
    fresh = LiveCatalogue(monotonic=ticks)
    with database_away():
        fresh()

    ticks.now += 1.1

    assert TYPE in fresh().specs


@pytest.mark.django_db(transaction=True)
def test_threads_that_meet_while_it_is_built_anew_are_served_the_last_one(another, ticks) -> None:
    add_model(actor=STAFF, document=document())
    ticks.now += 3.1
    seen: list[bool] = []

    with another._lock:  # another thread builds
        thread = threading.Thread(target=lambda: seen.append(TYPE in another().specs))
        thread.start()
        thread.join(5)

    assert seen == [False]
    assert TYPE in another().specs


def test_a_version_that_uses_a_model_of_a_moment_ago_is_resolved_by_another_process(
    staff_catalogue, workspace, settings
) -> None:
    add_model(actor=STAFF, document=document())
    version = _version_with(workspace, TYPE)
    settings.CATALOGUE_CHECK_S = 0.0
    staff_catalogue.cache_clear()
    staff_catalogue()  # a process that has not heard of it
    settings.CATALOGUE_CHECK_S = 1e6

    assert "paint" in resolved_version(version).by_id
    assert plan_of(version).node("paint").spec.type == TYPE


def test_plans_and_prices_follow_the_catalogue(staff_catalogue, workspace) -> None:
    add_model(actor=STAFF, document=document())
    version = _version_with(workspace, TYPE)
    before = plan_of(version)

    override_model(actor=STAFF, key="house-painter", override=Override(price="3"))

    assert plan_of(version) is not before
    assert plan_of(version).node("paint").spec.meta.price == "3"


def _version_with(workspace, type_: str) -> str:
    document_ = graph(
        {"paint": (type_, {"prompt": "a house"}), "out": ("output", {"name": "image"})},
        ["paint.image -> out.value"],
    )
    return make_version(make_workflow(workspace, graph=document_)).id
