"""The pages before anybody signs in: the start page and the prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.api import OfferRef, list_offered_packs, list_offered_plans
from templates_gallery.api import TemplateCard, all_cards, count_listed, featured
from workflows.api import Catalogue, call_snippets, get_catalogue

CARDS = 4


@dataclass(frozen=True, slots=True)
class Question:
    """A question of visitors, and its answer."""

    asked: str
    answer: str


QUESTIONS = (
    Question(
        "What does a run cost?",
        "The price stands on the Run button before you press it. Each model has a price of its own; "
        "nodes that resize, cut, write or decide are free. You pay for nodes that completed, never "
        "for ones that failed, were skipped, were cancelled or had their result already.",
    ),
    Question(
        "Can I try it without paying?",
        "Yes. Free local templates run at once, and test mode runs every workflow from end to end "
        "with simulated models, for nothing. No card is asked for.",
    ),
    Question(
        "What happens when something fails in the middle?",
        "What was done is kept, and paid once. A run can be resumed from the step that failed, and a "
        "provider's job is picked up again even when the server it ran on is gone.",
    ),
    Question(
        "Can I use my own keys with the providers?",
        "Yes. Keys are encrypted, can be tested on the settings page, and runs with them use none of "
        "your credits.",
    ),
    Question(
        "Can I host it myself?",
        "Yes. One command starts everything on a laptop, and the same code runs on many machines "
        "with PostgreSQL, Redis and S3-compatible storage.",
    ),
    Question(
        "Who owns what I make?",
        "You do, as far as the licence of the model allows; every template and model names its "
        "licence.",
    ),
)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what this is, with results to look at and figures that are counted."""
    catalogue = get_catalogue()
    shown = {
        "cards": featured(CARDS),
        "figures": _figures(catalogue),
        "vendors": _vendors(catalogue),
        "plans": list_offered_plans()[:3],
        "questions": QUESTIONS,
        "snippets": call_snippets(settings.PUBLIC_URL, "$WORKFLOW", {"caption": "Hello"}),
        "structured": [_faq(QUESTIONS), _product([])],
        "base": settings.PUBLIC_URL,
    }
    return render(request, "pixelflow_site/landing.html", shown)


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """Show the plans with their limits, the packs, and what runs cost."""
    plans = list_offered_plans()
    shown = {
        "plans": plans,
        "packs": list_offered_packs(),
        "examples": _priced(all_cards()),
        "questions": QUESTIONS[:3],
        "structured": [_product(plans)],
        "base": settings.PUBLIC_URL,
    }
    return render(request, "pixelflow_site/pricing.html", shown)


def _figures(catalogue: Catalogue) -> list[tuple[int, str]]:
    models = [model for model in catalogue.models.values() if model.status != "retired"]
    return [
        (count_listed(), "templates"),
        (len(models), "models"),
        (len(catalogue.specs) - len(catalogue.models), "node types beside them"),
        (len({model.vendor for model in models}), "vendors, one API"),
    ]


def _vendors(catalogue: Catalogue) -> list[str]:
    """Return the vendors with the most models, by how many."""
    counts: dict[str, int] = {}
    for model in catalogue.models.values():
        counts[model.vendor] = counts.get(model.vendor, 0) + 1
    return sorted(counts, key=lambda vendor: (-counts[vendor], vendor))[:14]


def _priced(cards: Sequence[TemplateCard]) -> list[TemplateCard]:
    """Return templates of different prices, the cheapest first, to say what a run costs."""
    found: dict[int, TemplateCard] = {}
    for card in sorted(cards, key=lambda card: card.usual_credits):
        found.setdefault(card.usual_credits, card)
    chosen = list(found.values())
    step = max(1, len(chosen) // 6)
    return chosen[::step][:6]


def _faq(questions: Sequence[Question]) -> dict[str, Any]:
    return {
        "@type": "FAQPage",
        "mainEntity": [
            {
                "@type": "Question",
                "name": question.asked,
                "acceptedAnswer": {"@type": "Answer", "text": question.answer},
            }
            for question in questions
        ],
    }


def _product(plans: Sequence[OfferRef]) -> dict[str, Any]:
    product: dict[str, Any] = {
        "@type": "SoftwareApplication",
        "name": "Pixelflow",
        "applicationCategory": "MultimediaApplication",
        "operatingSystem": "Web",
        "url": settings.PUBLIC_URL,
    }
    if plans:
        product["offers"] = [
            {
                "@type": "Offer",
                "name": plan.name,
                "price": f"{plan.price_cents / 100:.2f}",
                "priceCurrency": "USD",
            }
            for plan in plans
            if plan.price_cents is not None
        ]
    return product
