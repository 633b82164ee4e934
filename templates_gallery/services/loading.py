"""The templates of the release, put into the database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import InvalidGraph, Issue
from common.ids import new_id
from templates_gallery.models import Template
from templates_gallery.selectors.examples import stored_example
from templates_gallery.selectors.facts import GraphFacts, facts_of
from templates_gallery.services.library import read_library
from templates_gallery.services.state import raise_revision
from templates_gallery.services.writing import (
    add_version,
    facets_of,
    search_text,
    version_digest,
)
from templates_gallery.types import LibraryTemplate, LoadReport, Refusal, TemplateStatus

LIBRARY = "library"


def load_library(
    templates: Sequence[LibraryTemplate] | None = None, *, clock: Clock = SYSTEM_CLOCK
) -> LoadReport:
    """Have the library's templates listed as their files say; doing so again changes nothing.

    Without `templates` they are read from the release. A template gets a new version only when its
    graph or examples changed. Those that are gone become `removed`; what staff took down stays so.
    One whose graph has problems is refused, and stays as it was.

    Raises:
        LibraryProblem: a file of the release cannot be read.
    """
    templates = read_library() if templates is None else templates
    done: dict[str, list[str]] = defaultdict(list)
    refused: list[Refusal] = []
    with transaction.atomic():
        slugs = [template.slug for template in templates]
        rows = Template.objects.across_workspaces().filter(
            slug__in=slugs
        ) | Template.objects.across_workspaces().filter(source=LIBRARY)
        known = {row.slug: row for row in rows.select_for_update().order_by("slug")}
        digests = dict(rows.values_list("slug", "current__digest"))
        for template in templates:
            try:
                change = _load(template, known.get(template.slug), digests, clock.now())
            except InvalidGraph as error:
                problems = tuple(f"{issue.path}: {issue.message}" for issue in error.issues)
                refused.append(Refusal(template.slug, problems))
            else:
                done[change].append(template.slug)
        done["removed"] = _remove_others(known, frozenset(slugs), clock.now())
        if any(done[name] for name in ("added", "updated", "changed", "removed")):
            raise_revision()
    return LoadReport(
        added=tuple(done["added"]),
        updated=tuple(done["updated"]),
        changed=tuple(done["changed"]),
        removed=tuple(done["removed"]),
        unchanged=len(done["unchanged"]),
        refused=tuple(refused),
    )


def _load(
    template: LibraryTemplate,
    row: Template | None,
    digests: Mapping[str, str | None],
    now: datetime,
) -> str:
    """Bring one template up to date; returns what that was, as `LoadReport` has it.

    Raises:
        InvalidGraph: it has problems; its slug is that of a user's template.
    """
    if row is not None and row.source != LIBRARY:
        raise InvalidGraph([Issue("slug", "not_allowed", "A user's template has this slug.")])
    facts = facts_of(template.graph)
    examples = [stored_example(example, facts.interface) for example in template.examples]
    fields = _fields(template, facts)
    is_new = row is None
    if row is None:
        row = _insert(template.slug, fields, now)
    is_same = digests.get(template.slug) == version_digest(template.graph, examples)
    if not is_same:
        fields["is_featured"] = template.is_featured  # else what staff decided since stays
        content = {"graph": dict(template.graph), "examples": examples}
        fields["current"] = add_version(row, facts, content, now=now)
    if row.status == TemplateStatus.REMOVED and not row.moderation_note:
        fields |= {"status": TemplateStatus.LISTED, "listed_at": now}
    is_changed = _save_changes(row, fields, now)
    if is_new:
        return "added"
    return "updated" if not is_same else "changed" if is_changed else "unchanged"


def _save_changes(row: Template, fields: Mapping[str, Any], now: datetime) -> bool:
    """Save what is other than before; says whether anything was."""
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    if changed:
        for name in changed:
            setattr(row, name, fields[name])
        row.updated_at = now
        row.save(update_fields=[*changed, "updated_at"])
    return bool(changed)


def _fields(template: LibraryTemplate, facts: GraphFacts) -> dict[str, Any]:
    """Return the columns of a library template, its version's apart."""
    inputs = template.examples[0].inputs if template.examples else {}
    fields = {
        "title": template.title,
        "description": template.description,
        "readme": template.readme,
        "category": template.category,
        "audience": template.audience,
        "tags": list(template.tags),
        "author": template.author,
        "licence": template.licence,
        "position": template.position,
        **facets_of(facts, inputs),
    }
    return {**fields, "search_text": search_text(fields, facts.model_keys)}


def _insert(slug: str, fields: Mapping[str, Any], now: datetime) -> Template:
    return Template.objects.across_workspaces().create(
        id=new_id("tpl"),
        slug=slug,
        source=LIBRARY,
        status=TemplateStatus.LISTED,
        is_official=True,
        created_at=now,
        updated_at=now,
        listed_at=now,
        **fields,
    )


def _remove_others(
    known: Mapping[str, Template], slugs: frozenset[str], now: datetime
) -> list[str]:
    gone = [
        row
        for row in known.values()
        if row.source == LIBRARY and row.slug not in slugs and row.status != TemplateStatus.REMOVED
    ]
    ids = [row.pk for row in gone]
    Template.objects.across_workspaces().filter(pk__in=ids).update(
        status=TemplateStatus.REMOVED, updated_at=now
    )
    return [row.slug for row in gone]
