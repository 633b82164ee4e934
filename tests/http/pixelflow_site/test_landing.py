"""The start page and the prices: counted figures, real templates, plans as staff set them."""

import json
import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from billing.models import Plan
from tests.factories import make_template, make_user

pytestmark = pytest.mark.django_db


def structured(html: str) -> list[dict]:
    found = re.search(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert found
    graph: list[dict] = json.loads(found[1])["@graph"]
    return graph


def test_the_start_page_shows_templates_and_counts_them(client: Client) -> None:
    make_template(slug="first", title="Make it shine")

    html = client.get("/").content.decode()

    assert html.count("<h1") == 1
    assert "Make it shine" in html
    assert re.search(r"<dt>templates</dt>\s*<dd>1</dd>", html)


def test_the_start_page_stands_without_a_single_template(client: Client) -> None:
    response = client.get("/")

    assert response.status_code == 200
    assert re.search(r"<dt>templates</dt>\s*<dd>0</dd>", response.content.decode())


def test_every_question_of_the_start_page_is_in_its_structured_data(client: Client) -> None:
    html = client.get("/").content.decode()

    faq = next(part for part in structured(html) if part["@type"] == "FAQPage")
    assert len(faq["mainEntity"]) == html.count("<summary>")


def test_a_price_that_staff_change_stands_on_the_page_and_in_its_data(client: Client) -> None:
    Plan.objects.filter(pk="starter").update(price_cents=1_350, executions_per_day=321)

    html = client.get("/pricing").content.decode()

    assert "$13.50" in html
    assert "321" in html
    offers = next(part for part in structured(html) if "offers" in part)["offers"]
    assert {"Starter": "13.50"}.items() <= {o["name"]: o["price"] for o in offers}.items()


def test_a_plan_without_a_daily_limit_says_unlimited(client: Client) -> None:
    html = client.get("/pricing").content.decode()

    assert "unlimited" in html
    assert ">None<" not in html


def test_who_is_signed_in_is_sent_on_instead_of_to_sign_up(client: Client) -> None:
    client.force_login(get_user_model().objects.get(pk=make_user().id))

    html = client.get("/").content.decode()

    assert "Open your workflows" in html
    assert "Start free" not in html
