"""What machines read of the public pages: sitemap, robots.txt, pictures for shared links."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.staticfiles import finders
from django.core.cache import caches
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from pixelflow_site.og import draw_card
from templates_gallery.api import CATEGORIES, TemplateCard, all_cards, get_card
from workflows.api import get_catalogue

PICTURE_AGE_S = 24 * 3600

# Pages of no template that are shared: what stands on their pictures.
PAGE_CARDS = {
    "home": ("Build AI image and video pipelines. Call them as an API.", "Open, and yours to host"),
    "templates": ("Templates to run, fork and call", "Every one with a result to look at"),
    "pricing": ("A price known before, and true after", "Free to start, pay for what completed"),
    "docs": ("One node for every model", "Models, nodes and the API"),
}

ROBOTS = """User-agent: *
Disallow: /api/
Disallow: /admin/
Disallow: /accounts/
Disallow: /run/
Disallow: /shared/
Disallow: /review/
Disallow: /workflows
Disallow: /settings
Disallow: /team
Disallow: /billing
Disallow: /media/

Sitemap: {base}/sitemap.xml
"""


@require_safe
def robots(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Say what crawlers may read."""
    return HttpResponse(ROBOTS.format(base=settings.PUBLIC_URL), content_type="text/plain")


class PublicSitemap(Sitemap):  # type: ignore[type-arg] # no parameters at run time
    """A section whose addresses begin with the site's public one, whatever host was asked."""

    limit = 5_000

    @property
    def protocol(self) -> str:  # type: ignore[override] # a plain attribute there
        """The scheme of the public address."""
        return urlsplit(settings.PUBLIC_URL).scheme

    def get_domain(self, site: Any = None) -> str:  # noqa: ARG002 - Django's signature
        """Return host and port of the public address."""
        return urlsplit(settings.PUBLIC_URL).netloc


class PageSitemap(PublicSitemap):
    """The fixed pages."""

    def items(self) -> Sequence[str]:
        """Return their route names."""
        return ["home", "pricing", "gallery", "node-docs", "model-docs", "error-docs"]

    def location(self, item: str) -> str:
        """Return a page's path."""
        return reverse(item)


class TemplateSitemap(PublicSitemap):
    """Every listed template."""

    def items(self) -> Sequence[TemplateCard]:
        """Return them, newest first."""
        return list(all_cards())

    def location(self, item: TemplateCard) -> str:
        """Return a template's path."""
        return reverse("template", args=[item.slug])

    def lastmod(self, item: TemplateCard) -> datetime:
        """Return when it changed."""
        return item.updated_at


class CollectionSitemap(PublicSitemap):
    """The shelves of the gallery."""

    def items(self) -> Sequence[str]:
        """Return their keys."""
        return [category.key for category in CATEGORIES]

    def location(self, item: str) -> str:
        """Return a shelf's path."""
        return reverse("collection", args=[item])


class DocsSitemap(PublicSitemap):
    """The pages of nodes and models."""

    def items(self) -> Sequence[tuple[str, str]]:
        """Return `(route name, argument)` of each."""
        specs = get_catalogue().specs.values()
        return sorted(
            ("model-page", spec.model.key) if spec.model else ("node-page", spec.type)
            for spec in specs
        )

    def location(self, item: tuple[str, str]) -> str:
        """Return a page's path."""
        return reverse(item[0], args=[item[1]])


SITEMAPS: dict[str, type[PublicSitemap]] = {
    "pages": PageSitemap,
    "templates": TemplateSitemap,
    "collections": CollectionSitemap,
    "docs": DocsSitemap,
}


@require_safe
def page_picture(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Give the picture of a page that is no template."""
    if name not in PAGE_CARDS:
        raise Http404
    title, line = PAGE_CARDS[name]
    return _picture(f"page:{name}", lambda: draw_card(title, line))


@require_safe
def collection_picture(request: HttpRequest, key: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Give the picture of a shelf."""
    category = next((category for category in CATEGORIES if category.key == key), None)
    if category is None:
        raise Http404
    return _picture(
        f"shelf:{key}", lambda: draw_card(f"{category.title}: templates", category.summary)
    )


@require_safe
def template_picture(request: HttpRequest, slug: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Give the picture of a template: its title and its best result."""
    card = get_card(slug)
    if card is None:
        raise Http404
    return _picture(
        f"template:{slug}:{card.version}",
        lambda: draw_card(card.title, _line_of(card), _cover_of(card)),
    )


def _line_of(card: TemplateCard) -> str:
    parts = [f"{card.node_count} nodes"]
    parts.append(f"about {card.usual_credits:,} credits" if card.usual_credits else "free to run")
    return " · ".join(parts)


def _cover_of(card: TemplateCard) -> Path | None:
    """Return the file of a template's best result, where that is a picture of the release."""
    if card.cover is None or card.cover.kind not in ("image", "mask"):
        return None
    if not card.cover.url.startswith(settings.STATIC_URL):  # of a user's template: a signed link
        return None
    found = finders.find(card.cover.url.removeprefix(settings.STATIC_URL))
    return Path(found) if isinstance(found, str) else None


def _picture(key: str, draw: Callable[[], bytes]) -> HttpResponse:
    """Answer with a drawn picture, kept in a cache of files by what is on it."""
    cache = caches["pictures"]
    content: bytes | None = cache.get(key)
    if content is None:
        content = draw()
        cache.set(key, content, timeout=30 * PICTURE_AGE_S)
    response = HttpResponse(content, content_type="image/png")
    response.headers["Cache-Control"] = f"public, max-age={PICTURE_AGE_S}"
    return response
