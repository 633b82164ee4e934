"""A template's page: what it shows, its head, ratings, reports; 404 and 410."""

import json
import re

import pytest
from django.test import Client

from templates_gallery.api import get_card
from templates_gallery.models import TemplateReport
from templates_gallery.services.moderation import take_down_template
from templates_gallery.types import Example
from tests.factories import make_own_template, make_template
from tests.http.templates_gallery.test_gallery_pages import structured
from tests.templates_gallery.staff import STAFF

pytestmark = pytest.mark.django_db


def browser_of(user, django_user_model):
    browser = Client()
    browser.force_login(django_user_model.objects.get(pk=user.id))
    return browser


def listed(slug):
    card = get_card(slug)
    assert card is not None
    return card


def page_of(card, browser=None):
    response = (browser or Client()).get(f"/templates/{card.slug}")
    assert response.status_code == 200
    return response.content.decode()


def test_everything_is_on_the_page_without_scripts():
    page = page_of(make_template(readme="## Why\n\nBecause it is **loud**."))

    for words in ("HELLO", "Inputs that made it", "<strong>loud</strong>", "pf-graph", "Python"):
        assert words in page
    assert page.count("<h1") == 1


def test_the_code_has_the_templates_own_inputs_and_the_examples_values():
    page = page_of(make_template())

    assert "&quot;text&quot;: &quot;hello&quot;" in page
    assert "Idempotency-Key" in page
    assert "callbackUrl" in page
    assert "sk-live-" not in page


def test_an_example_of_test_mode_says_so():
    real = page_of(make_template(slug="real"))
    made_up = Example("Hello", {"text": "hello"}, {"text": "HELLO"}, is_simulated=True)
    simulated = page_of(make_template(slug="simulated", examples=(made_up,)))

    assert "Example made in test mode" not in real
    assert "Example made in test mode" in simulated


def test_v2_what_authors_write_cannot_become_markup():
    nasty = "<img src=x onerror=alert(1)>"
    card = make_template(
        title="A </script><b> title",
        description=f"{nasty} and much more about it.",
        readme=f"{nasty}\n\n[click](javascript:alert(1)) ![x](https://evil.example/x.png)",
        author=nasty,
        examples=(Example(nasty, {"text": nasty}, {"text": nasty}, is_simulated=False),),
    )

    page = page_of(card)

    assert "<img src=x" not in page
    assert 'href="javascript:' not in page
    assert 'src="https://evil' not in page
    assert "A </script>" not in page
    assert structured(page)["HowTo"]["name"] == "A </script><b> title"


def test_g_37_the_head_names_cost_and_time_and_describes_the_template():
    card = make_template(title="Shout it out")

    page = page_of(card)

    title, *_ = re.findall(r"<title>\s*(.*?)\s*</title>", page, re.DOTALL)  # drawings have some
    (description,) = re.findall(r'name="description"\s+content="(.*?)"', page)
    assert title == "Shout it out – template | Pixelflow"
    assert len(description) <= 155
    assert "Free to run" in description
    assert re.search(rf'<link rel="canonical" href="http[^"?]+/templates/{card.slug}" />', page)
    assert f"/og/template/{card.slug}.png?v=1" in page
    parts = structured(page)
    assert [step["name"] for step in parts["HowTo"]["step"]]
    assert parts["BreadcrumbList"]["itemListElement"][2]["name"] == "Shout it out"


def test_a_template_that_never_was_is_404_and_a_removed_one_410():
    card = make_template()
    gone = make_template(slug="gone")
    take_down_template(actor=STAFF, template_id=gone.id, note="Rights")

    assert Client().get("/templates/never-was").status_code == 404
    response = Client().get("/templates/gone")
    assert response.status_code == 410
    assert "was removed" in response.content.decode()
    assert Client().get(f"/templates/{card.slug}").status_code == 200


def test_one_that_waits_is_shown_to_its_own_alone(owner, workspace, django_user_model):
    own = make_own_template(workspace, is_listed=False)

    page = browser_of(owner, django_user_model).get(f"/templates/{own.slug}")

    assert "Only you see this page" in page.content.decode()
    assert 'content="noindex,follow"' in page.content.decode()
    assert Client().get(f"/templates/{own.slug}").status_code == 404


def test_a_rating_counts_once_and_is_taken_back(owner, workspace, django_user_model):
    card = make_template()
    browser = browser_of(owner, django_user_model)

    for stars in ("2", "5"):
        response = browser.post(f"/templates/{card.slug}/rate", {"stars": stars})
        assert response.status_code == 302
        assert response.headers["Location"] == f"/templates/{card.slug}#rate"
    rated = listed(card.slug)
    browser.post(f"/templates/{card.slug}/rate", {"stars": ""})

    assert (rated.ratings, rated.rating) == (1, 5.0)
    assert listed(card.slug).ratings == 0


@pytest.mark.parametrize("stars", ["0", "6", "-1", "3.5", "five", "٣", "55"])
def test_a_rating_is_one_to_five_stars(owner, workspace, django_user_model, stars):
    card = make_template()

    browser = browser_of(owner, django_user_model)
    response = browser.post(f"/templates/{card.slug}/rate", {"stars": stars}, follow=True)

    assert "one to five stars" in response.content.decode()
    assert listed(card.slug).ratings == 0


def test_rating_asks_to_sign_in_and_comes_back():
    card = make_template()

    response = Client().post(f"/templates/{card.slug}/rate", {"stars": "5"})

    assert response.headers["Location"] == f"/accounts/login/?next=/templates/{card.slug}"
    assert listed(card.slug).ratings == 0


def test_anybody_may_report_a_template():
    card = make_template()

    response = Client().post(
        f"/templates/{card.slug}/report", {"reason": "broken", "text": "It whispers."}
    )

    assert response.status_code == 302
    found = TemplateReport.objects.get()
    assert (found.reason, found.text, found.reporter) == ("broken", "It whispers.", "")


@pytest.mark.parametrize(
    "fields", [{}, {"reason": "nonsense"}, {"reason": "broken", "text": "x" * 5_000}]
)
def test_a_report_that_cannot_be_taken_shows_its_form_again(fields):
    card = make_template()

    response = Client().post(f"/templates/{card.slug}/report", fields)

    assert response.status_code == 422
    assert 'class="error"' in response.content.decode()
    assert not TemplateReport.objects.exists()


def test_a8_no_form_is_taken_without_its_token(owner, workspace, django_user_model):
    card = make_template()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(django_user_model.objects.get(pk=owner.id))

    for verb, fields in (
        ("rate", {"stars": "5"}),
        ("report", {"reason": "spam"}),
        ("fork", {}),
    ):
        response = browser.post(f"/templates/{card.slug}/{verb}", fields)
        assert response.status_code == 403, verb
    assert not TemplateReport.objects.exists()
    assert listed(card.slug).forks == 0


def test_reports_are_bounded_by_address():
    card = make_template()
    browser = Client()

    found = [
        browser.post(f"/templates/{card.slug}/report", {"reason": "spam"}).status_code
        for _ in range(7)
    ]

    assert found[:5] == [302] * 5
    assert found[-1] == 429


def test_the_schemas_are_shown_as_json():
    page = page_of(make_template())

    (text,) = re.findall(r"(\{[^{}]*&quot;\$schema.*?)</code>", page, re.DOTALL)[:1]
    assert "text" in json.loads(text.replace("&quot;", '"').replace("&#x27;", "'"))["properties"]
