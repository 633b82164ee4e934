"""What machines read: robots.txt, the sitemap, pictures for shared links."""

import io
import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image

from tests.factories import make_template

pytestmark = pytest.mark.django_db


def test_robots_name_the_sitemap_and_keep_private_pages_out(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()

    assert f"Sitemap: {settings.PUBLIC_URL}/sitemap.xml" in text
    for path in ("/admin/", "/accounts/", "/api/", "/run/", "/shared/"):
        assert f"Disallow: {path}\n" in text


def test_every_address_of_the_sitemap_is_public_and_answers(client: Client) -> None:
    make_template(slug="in-the-map")

    index = client.get("/sitemap.xml", headers={"host": "127.0.0.1"}).content.decode()
    sections = re.findall(r"<loc>(.*?)</loc>", index)
    pages = [
        page
        for section in sections
        for page in re.findall(
            r"<loc>(.*?)</loc>", client.get(urlsplit(section).path).content.decode()
        )
    ]

    assert all(page.startswith(settings.PUBLIC_URL) for page in pages)
    assert f"{settings.PUBLIC_URL}/templates/in-the-map" in pages
    sample = [page for page in pages if "/docs/" not in page] + pages[-3:]
    assert {client.get(urlsplit(page).path).status_code for page in sample} == {200}


@pytest.mark.parametrize("path", ["/og/page/home.png", "/og/collection/video.png"])
def test_a_shared_link_has_a_picture_of_the_usual_size(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 200
    assert "public" in response.headers["Cache-Control"]
    assert Image.open(io.BytesIO(response.content)).size == (1200, 630)


def test_the_picture_of_a_template_changes_with_its_title(client: Client) -> None:
    make_template(slug="one", title="A short title")
    make_template(
        slug="two", title="Another one, with a title that takes several lines to write out"
    )

    first, second = (client.get(f"/og/template/{slug}.png").content for slug in ("one", "two"))

    assert first != second
    assert Image.open(io.BytesIO(second)).size == (1200, 630)


@pytest.mark.parametrize(
    "path", ["/og/page/nothing.png", "/og/collection/nothing.png", "/og/template/nothing.png"]
)
def test_there_is_no_picture_of_what_is_not_there(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
