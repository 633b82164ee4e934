"""What loading and submissions share: facets of a graph, versions, what a template is found by."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max

from common.canonical import digest
from common.ids import new_id
from templates_gallery.models import Template, TemplateVersion
from templates_gallery.selectors.facts import GraphFacts
from templates_gallery.selectors.words import words_of
from templates_gallery.types import CATEGORIES
from workflows.api import get_catalogue

_TITLES = {category.key: category.title for category in CATEGORIES}


def facets_of(facts: GraphFacts, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that lists filter by, for a graph and an example's inputs."""
    estimate = facts.estimate(inputs)
    return {
        "input_kinds": facts.input_kinds,
        "model_keys": facts.model_keys,
        "modality": facts.modality,
        "node_count": len(facts.graph.nodes),
        "is_local": facts.is_local,
        "credits": estimate.lower,
        "max_credits": estimate.upper,
        "expected_ms": facts.expected_ms,
    }


def search_text(fields: Mapping[str, Any], model_keys: Sequence[str]) -> str:
    """Return the words that a template is found by."""
    models = get_catalogue().models
    names = (models[key].name for key in model_keys if key in models)
    texts = (
        fields["title"],
        fields["description"],
        *fields["tags"],
        _TITLES.get(fields["category"], ""),
        fields["audience"],
        *names,
    )
    return " ".join(words_of(" ".join(texts)))


def version_digest(graph: Mapping[str, Any], examples: Sequence[Mapping[str, Any]]) -> str:
    """Return what tells two versions apart."""
    return digest([graph, examples])


def add_version(
    template: Template,
    facts: GraphFacts,
    content: Mapping[str, Any],
    *,
    notes: str = "",
    now: datetime,
) -> TemplateVersion:
    """Insert the next version of a template, which the caller has locked; `content`: graph, examples."""
    last = template.versions.aggregate(last=Max("number"))["last"] or 0
    return TemplateVersion.objects.create(
        id=new_id("tpv"),
        template=template,
        number=last + 1,
        graph=content["graph"],
        examples=content["examples"],
        digest=version_digest(content["graph"], content["examples"]),
        input_schema=facts.input_schema,
        output_schema=facts.output_schema,
        notes=notes,
        created_at=now,
    )
