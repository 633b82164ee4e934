"""Ratings and reports of templates."""

import pytest

from accounts.api import Actor
from common.errors import Forbidden, InvalidInputs, NotFound
from templates_gallery.api import get_card, rate_template, report_template
from templates_gallery.models import TemplateReport
from templates_gallery.services.opinions import MAX_OPEN_REPORTS
from tests.factories import as_actor, make_own_template, make_template, make_user

pytestmark = pytest.mark.django_db


def test_a_person_has_one_rating_and_may_change_it_or_take_it_back():
    slug, one, two = make_template().slug, as_actor(make_user()), as_actor(make_user())

    seen = []
    for actor, stars in ((one, 5), (two, 2), (one, 4), (two, None), (two, None)):
        rate_template(actor=actor, slug=slug, stars=stars)
        card = get_card(slug)
        assert card is not None
        seen.append((card.ratings, card.rating))

    assert seen == [(1, 5.0), (2, 3.5), (2, 3.0), (1, 4.0), (1, 4.0)]


@pytest.mark.parametrize("stars", [0, 6, -1])
def test_there_are_one_to_five_stars(stars, owner):
    slug = make_template().slug

    with pytest.raises(InvalidInputs):
        rate_template(actor=as_actor(owner), slug=slug, stars=stars)


def test_a_key_rates_nothing():
    with pytest.raises(Forbidden):
        rate_template(actor=Actor("key", "key_1"), slug=make_template().slug, stars=5)


def test_t1_what_is_not_listed_is_neither_rated_nor_reported(workspace, stranger):
    slug = make_own_template(workspace, is_listed=False).slug

    with pytest.raises(NotFound):
        rate_template(actor=as_actor(stranger), slug=slug, stars=5)
    with pytest.raises(NotFound):
        report_template(actor=None, slug=slug, reason="spam")


def test_a_visitor_reports_a_template():
    card = make_template()

    report_template(actor=None, slug=card.slug, reason="broken", text="Step 2\r\nfails")

    report = TemplateReport.objects.get()
    assert (report.template_id, report.reporter, report.text) == (card.id, "", "Step 2\nfails")


@pytest.mark.parametrize(("reason", "text"), [("nonsense", ""), ("spam", "x" * 1_001)])
def test_v_bad_reports_are_refused(reason, text):
    slug = make_template().slug

    with pytest.raises(InvalidInputs):
        report_template(actor=None, slug=slug, reason=reason, text=text)


def test_reports_of_one_template_are_bounded():
    slug = make_template().slug

    for _ in range(MAX_OPEN_REPORTS + 2):
        report_template(actor=None, slug=slug, reason="spam")
    report_template(actor=None, slug=slug, reason="broken")

    assert TemplateReport.objects.count() == MAX_OPEN_REPORTS + 1


def test_nobody_rates_their_own_template(workspace, owner):
    own = make_own_template(workspace)

    with pytest.raises(Forbidden):
        rate_template(actor=as_actor(owner), slug=own.slug, stars=5)

    card = get_card(own.slug)
    assert card is not None
    assert card.ratings == 0
