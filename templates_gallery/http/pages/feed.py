"""`/templates.rss`: the templates that were listed last."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils.feedgenerator import Rss201rev2Feed
from django.views.decorators.http import condition, require_safe

from common.canonical import digest
from common.http.etags import etag_of
from templates_gallery.api import TemplateCard, newest
from templates_gallery.conf import public_url
from templates_gallery.http.pages.detail import costs_of

ITEMS = 50
AGE_S = 600


def _etag(request: HttpRequest) -> str:  # noqa: ARG001 - Django's signature
    """Return what changes with every entry, and when one is taken away, which no date tells."""
    shown = [
        (card.slug, card.version, str(card.updated_at), costs_of(card)) for card in newest(ITEMS)
    ]
    return etag_of(digest(shown))


@require_safe
@condition(etag_func=_etag)
def feed(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Give the newest templates as RSS."""
    base = public_url()
    made = Rss201rev2Feed(
        title="Pixelflow templates",
        link=f"{base}/templates?sort=new",
        description="Workflows to run, fork and call as an API, the newest first.",
        feed_url=f"{base}/templates.rss",
        language="en",
    )
    for card in newest(ITEMS):
        made.add_item(
            title=card.title,
            link=f"{base}/templates/{card.slug}",
            description=f"{card.description} {costs_of(card)}",
            unique_id=f"{base}/templates/{card.slug}",
            author_name=card.author,
            pubdate=_listed(card),
            updateddate=card.updated_at,
            categories=(card.category_title, *card.tags),
        )
    content = made.writeString("utf-8")
    response = HttpResponse(content, content_type=made.content_type)
    response.headers["Cache-Control"] = f"public, max-age={AGE_S}"
    return response


def _listed(card: TemplateCard) -> datetime:
    return card.listed_at or card.updated_at
