"""The index follows what other processes change, and asks little for it."""

import pytest
from django.db import OperationalError, connection
from django.db.models import F

from templates_gallery.models import GalleryState, Template
from templates_gallery.selectors.live import AGAIN_S, FIGURES_S, LiveIndex
from tests.factories import make_own_template, make_template

pytestmark = pytest.mark.django_db


class Ticks:
    """A clock of seconds that stands still."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def live(settings, ticks) -> LiveIndex:
    settings.GALLERY_CHECK_S = 3.0
    return LiveIndex(monotonic=ticks)


def refuse(*_: object) -> None:
    raise OperationalError("away")


def slugs(live: LiveIndex) -> list[str]:
    return [card.slug for card in live().cards]


def test_what_is_new_shows_after_the_next_look(live, ticks):
    make_template(slug="one")
    first = slugs(live)
    make_template(slug="two")

    at_once = slugs(live)
    ticks.at += 3.1

    assert (first, at_once) == (["one"], ["one"])
    assert slugs(live) == ["one", "two"]


def test_between_looks_nothing_is_asked_and_a_look_is_one_small_query(
    live, ticks, django_assert_num_queries
):
    make_template()
    live()

    with django_assert_num_queries(0):
        live()
    ticks.at += 3.1
    with django_assert_num_queries(1):
        live()


def test_the_index_is_read_in_three_statements_however_many_there_are(
    live, workspace, django_assert_num_queries
):
    for _ in range(3):
        make_template()
    make_own_template(workspace)

    with django_assert_num_queries(3):  # revision, templates, files of users' examples
        live()


def test_figures_are_read_anew_each_half_minute(live, ticks):
    make_template()
    live()
    Template.objects.across_workspaces().update(runs=7, succeeded=7)

    ticks.at += 3.1
    soon = live().cards[0].runs
    ticks.at += FIGURES_S
    later = live().cards[0]

    assert (soon, later.runs, later.success) == (0, 7, 1.0)


def test_everybody_is_served_the_last_index_while_the_database_is_away(live, ticks):
    make_template(slug="one")
    live()
    GalleryState.objects.update(revision=F("revision") + 1)
    ticks.at += 3.1

    with connection.execute_wrapper(refuse):
        meanwhile = slugs(live)
    Template.objects.across_workspaces().update(title="Newer")
    ticks.at += AGAIN_S + 0.1

    assert meanwhile == ["one"]
    assert live().cards[0].title == "Newer"
