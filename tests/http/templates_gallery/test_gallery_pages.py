"""`/templates` and its shelves: what is shown, for which address, and what it costs the database."""

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from templates_gallery.api import load_library
from tests.factories import library_template, make_template

pytestmark = pytest.mark.django_db

MOST_STATEMENTS = 12  # P13


def shown(path, **query):
    response = Client().get(path, query)
    assert response.status_code == 200, response.content
    return response.content.decode()


def structured(page):
    (text,) = re.findall(r'<script type="application/ld\+json" nonce="[^"]+">(.*?)</script>', page)
    return {part["@type"]: part for part in json.loads(text)["@graph"]}


def load(count):
    load_library([library_template(slug=f"shout-{number}") for number in range(count)])


def test_the_gallery_lists_templates_as_links_without_scripts():
    card = make_template(title="Shout it out")

    page = shown("/templates")

    assert f'href="/templates/{card.slug}"' in page
    assert "Shout it out" in page
    assert page.count("<h1") == 1


def test_a_search_says_what_it_looked_for_and_offers_to_clear_it():
    make_template(slug="loud", title="Loud and clear")
    make_template(slug="calm", title="Calm waters")

    page = shown("/templates", q="loud")

    assert "/templates/loud" in page
    assert 'href="/templates/calm"' not in page
    assert "“loud”" in page
    assert "Clear all" in page


def test_nothing_found_names_the_closest_ones_and_a_way_back():
    make_template(slug="loud", title="Loud and clear")

    page = shown("/templates", q="loud", category="video")

    assert "No template for “loud”" in page
    assert "Clear filters" in page


def test_every_active_filter_is_a_link_that_takes_it_away():
    make_template(tags=("text", "capitals"))

    page = shown("/templates", tag=["text", "capitals"], local="1")

    assert re.search(r'href="/templates\?tag=capitals&amp;local=1"', page)
    assert re.search(r'href="/templates\?tag=text&amp;tag=capitals"', page)


@pytest.mark.parametrize(
    "query",
    [
        {"page": "-1"},
        {"page": "99999999999999999999"},
        {"page": "٣"},
        {"max_credits": "many"},
        {"max_seconds": "1e9"},
        {"sort": "x' OR 1=1"},
        {"category": "../../etc"},
        {"q": "\x00\u202e" + "a" * 5_000},
        {"tag": ["x"] * 500},
    ],
)
def test_values_that_nobody_knows_are_left_out(query):
    make_template()

    assert Client().get("/templates", query).status_code == 200


def test_v2_what_was_searched_for_is_escaped():
    page = shown("/templates", q='"><script>alert(1)</script>')

    assert "<script>alert" not in page


def test_a_list_goes_on_by_a_real_link():
    load(30)

    first, second = shown("/templates"), shown("/templates", page="2")

    assert 'rel="next"' in first
    assert 'href="/templates?page=2"' in first
    assert first.count('class="card template-card"') == 24
    assert second.count('class="card template-card"') == 6
    assert 'rel="prev"' in second


def test_a_shelf_has_an_address_of_its_own_and_an_unknown_one_none():
    make_template(slug="loud")

    page = shown("/templates/c/text-llm")

    assert "/templates/loud" in page
    assert "<h1>Text and language</h1>" in page
    assert (
        'href="http://testserver/templates/c/text-llm"' in page or "/templates/c/text-llm" in page
    )
    assert Client().get("/templates/c/nothing").status_code == 404


def test_g_37_the_head_is_complete_and_short_enough():
    make_template()

    page = shown("/templates")

    (title,) = re.findall(r"<title>\s*(.*?)\s*</title>", page, re.DOTALL)
    (description,) = re.findall(r'name="description"\s+content="(.*?)"', page)
    assert 10 < len(title) <= 60
    assert 50 < len(description) <= 155
    assert re.search(r'<link rel="canonical" href="http[^"?]+/templates" />', page)
    assert "/og/page/templates.png" in page
    assert structured(page)["ItemList"]["itemListElement"][0]["position"] == 1
    assert "noindex" not in page


@pytest.mark.parametrize("query", [{"q": "x"}, {"tag": "text"}, {"sort": "new"}, {"page": "2"}])
def test_g_37_filtered_lists_are_followed_but_not_indexed(query):
    load(30)

    page = shown("/templates", **query)

    assert 'content="noindex,follow"' in page
    assert re.search(r'<link rel="canonical" href="http[^"?]+/templates" />', page)


def test_htmx_pushes_the_short_address():
    make_template()
    path = "/templates?q=&max_credits=&max_seconds=&sort=recommended&tag=text"

    response = Client().get(path, headers={"HX-Request": "true"})

    assert response.headers["HX-Push-Url"] == "/templates?tag=text"


def test_pages_differ_by_cookie_and_no_shared_cache_keeps_them():
    response = Client().get("/templates")

    assert "private" in response.headers["Cache-Control"]
    assert "Cookie" in response.headers["Vary"]


def test_no_page_has_styles_or_handlers_of_its_own():
    card = make_template()

    for path in ("/templates", f"/templates/{card.slug}", f"/templates/{card.slug}/report"):
        page = Client().get(path).content.decode()

        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", page), path


def test_p13_statements_do_not_grow_with_the_list(owner, workspace, django_user_model):
    browser = Client()
    browser.force_login(django_user_model.objects.get(pk=owner.id))
    load(3)
    few = {path: count(browser, path) for path in ("/templates", "/templates/shout-0")}
    load(300)

    many = {path: count(browser, path) for path in few}

    assert many == few
    assert max(many.values()) <= MOST_STATEMENTS, many


def count(browser, path):
    """The statements of a request, the one before having warmed what a process keeps."""
    assert browser.get(path).status_code == 200
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert browser.get(path).status_code == 200
    return len(found)


def test_the_feed_is_rss_with_the_newest_templates_and_can_be_asked_for_changes():
    card = make_template(title="Fish & chips <3")

    response = Client().get("/templates.rss")

    assert response.headers["Content-Type"].startswith("application/rss+xml")
    text = response.content.decode()
    assert "Fish &amp; chips &lt;3" in text
    assert f"/templates/{card.slug}</link>" in text
    again = Client().get("/templates.rss", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
