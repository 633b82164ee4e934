"""Every address of the sitemap says what it is to who reads machines' pages (UI.md 6, G-37)."""

import json
import re
import struct
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from typing import Any
from urllib.request import urlopen

from tests.e2e.server import Site

DOCS = 10  # of 800 pages that are made by two templates
PICTURES = 6  # every how many pages: each picture is drawn when it is first asked for
TITLE, DESCRIPTION = 65, 160  # what a page of results shows of each


class Head(HTMLParser):
    """What a page says in its head, and its JSON-LD."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.canonical = ""
        self.title = ""
        self.structured: list[Any] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what a tag says."""
        given = {name: value or "" for name, value in attrs}
        if tag == "meta":
            self.meta[given.get("name") or given.get("property", "")] = given.get("content", "")
        if tag == "link" and given.get("rel") == "canonical":
            self.canonical = given["href"]
        is_json = tag == "script" and given.get("type") == "application/ld+json"
        self._inside = "json" if is_json else "title" if tag == "title" and not self.title else ""

    def handle_data(self, data: str) -> None:
        """Take a title or structured data."""
        if self._inside == "title":
            self.title = " ".join(data.split())
        if self._inside == "json":
            self.structured.append(json.loads(data))

    def handle_endtag(self, tag: str) -> None:
        """Leave it."""
        self._inside = ""


def test_g_37_every_public_page_has_a_head_a_picture_and_its_place_in_the_sitemap(
    site: Site,
) -> None:
    urls = _sampled(site)

    with ThreadPoolExecutor(4) as pool:
        wrong = [line for lines in pool.map(_wrong_with, urls) for line in lines]

    assert len(urls) >= 100
    assert wrong == []


def test_g_37_pictures_for_shared_links_are_there_in_their_size(site: Site) -> None:
    urls = _sampled(site)[::PICTURES]

    with ThreadPoolExecutor(2) as pool:
        pictures = {url: Head(_text(url)).meta.get("og:image", "") for url in urls}
        wrong = [
            line for lines in pool.map(_wrong_with_picture, pictures.values()) for line in lines
        ]

    assert wrong == []


def test_g_37_titles_and_descriptions_are_not_said_twice(site: Site) -> None:
    heads = {url: Head(_text(url)) for url in _sampled(site)[:60]}

    titles = [head.title for head in heads.values()]
    descriptions = [head.meta["description"] for head in heads.values()]

    assert len(set(titles)) == len(titles)
    assert len(set(descriptions)) == len(descriptions)


def test_g_37_robots_txt_leads_to_the_sitemap_and_keeps_machines_out_of_what_is_private(
    site: Site,
) -> None:
    text = _text(f"{site.url}/robots.txt")

    assert f"Sitemap: {site.url}/sitemap.xml" in text
    assert {"Disallow: /workflows", "Disallow: /shared/", "Disallow: /api/"} <= set(
        text.split("\n")
    )


def _sampled(site: Site) -> list[str]:
    found: list[str] = []
    for section in _locations(f"{site.url}/sitemap.xml"):
        urls = _locations(section)
        found += urls[:: max(len(urls) // DOCS, 1)][:DOCS] if "docs" in section else urls
    return found


def _locations(url: str) -> list[str]:
    return re.findall(r"<loc>([^<]+)</loc>", _text(url))


def _wrong_with(url: str) -> list[str]:
    head = Head(_text(url))
    said = head.meta.get("description", "")
    wrong = []
    if not 10 <= len(head.title) <= TITLE:
        wrong.append(f"title of {len(head.title)}: {head.title}")
    if not 30 <= len(said) <= DESCRIPTION:
        wrong.append(f"description of {len(said)}: {said}")
    if head.canonical != url:
        wrong.append(f"canonical {head.canonical}")
    if "noindex" in head.meta.get("robots", ""):
        wrong.append("noindex")
    if not all("@type" in item or "@graph" in item for item in head.structured):
        wrong.append("JSON-LD without a type")
    if not head.structured:
        wrong.append("no JSON-LD")
    if not head.meta.get("og:image", "").startswith("http"):
        wrong.append("no og:image")
    return [f"{url}: {line}" for line in wrong]


def _wrong_with_picture(url: str) -> list[str]:
    if not url:
        return ["no og:image"]
    with urlopen(url, timeout=20) as answer:
        start = answer.read(24)
    size = struct.unpack(">II", start[16:24]) if start[:4] == b"\x89PNG" else ()
    return [] if size == (1200, 630) else [f"og:image {url} is {size}"]


def _text(url: str) -> str:
    with urlopen(url, timeout=20) as answer:
        text: str = answer.read().decode()
    return text
