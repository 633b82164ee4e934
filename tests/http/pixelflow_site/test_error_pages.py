"""Error pages: the frame of the site, what is the matter, and a way on."""

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from accounts.models import User
from common.errors import Gone, PixelFlowError
from common.http.guard import guard
from common.http.plain import error_page
from pixelflow_site import urls
from tests.factories import make_member, make_user, make_workspace

handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500


def fails(request: HttpRequest) -> HttpResponse:
    """A page with a mistake."""
    raise PixelFlowError


def lacks_its_database(request: HttpRequest) -> HttpResponse:
    """A page whose database is out."""
    raise OperationalError("could not connect to server")


def is_gone(request: HttpRequest) -> HttpResponse:
    """A page that was taken down."""
    return error_page(request, Gone())


@guard("test-error-pages", by_address="1/m", methods=("GET",))
def is_guarded(request: HttpRequest) -> HttpResponse:
    """A page that may be asked for once a minute."""
    return HttpResponse("ok")


urlpatterns = [
    path("fails", fails),
    path("out", lacks_its_database),
    path("gone", is_gone),
    path("guarded", is_guarded),
    *urls.urlpatterns,
]

here = override_settings(ROOT_URLCONF=__name__)


def asked(address: str, client: Client | None = None):
    """Return the answer and its text."""
    client = client or Client(raise_request_exception=False)
    response = client.get(address)
    return response, response.content.decode()


@here
@pytest.mark.parametrize(
    ("address", "status", "title"),
    [
        ("/nothing/here", 404, "There is no such page"),
        ("/gone", 410, "This page is gone"),
        ("/fails", 500, "Something failed on our side"),
    ],
)
def test_an_error_page_says_what_is_the_matter_and_leads_on(db, address, status, title) -> None:
    response, page = asked(address)

    assert response.status_code == status
    assert f"<h1>{title}</h1>" in page
    assert 'href="/"' in page
    assert response.headers["X-Request-Id"] in page


@here
def test_a_page_that_is_not_there_offers_the_search_for_templates(db) -> None:
    _, page = asked("/nothing/here")

    assert 'action="/templates"' in page
    assert 'href="/docs/models"' in page


@here
def test_failures_are_shown_without_a_question_to_the_database(
    django_assert_num_queries, db
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(pk=make_member(make_workspace()).id))

    with django_assert_num_queries(0):
        failed, page = asked("/fails", client)
        out, _ = asked("/out", client)

    assert (failed.status_code, out.status_code) == (500, 503)
    assert "Sign in" not in page


@here
def test_who_asks_too_often_is_told_when_to_try_again(db) -> None:
    Client().get("/guarded")

    response, page = asked("/guarded")

    assert response.status_code == 429
    assert f"Try again in {response.headers['Retry-After']} second" in page


def test_a_form_without_its_token_has_expired(db) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(pk=make_user().id))

    response = client.post("/billing/buy", {"item": "pack_5000"})

    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()
