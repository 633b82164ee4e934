"""A template's own page."""

from common.errors import Gone, NotFound
from executor.api import get_model, get_standing
from templates_gallery.models import Template, TemplateRating, TemplateVersion
from templates_gallery.selectors.assets import Assets, assets_of_versions
from templates_gallery.selectors.cards import card_of
from templates_gallery.selectors.examples import view_example
from templates_gallery.selectors.facts import GraphFacts, facts_of_version
from templates_gallery.types import (
    VISITOR,
    CostLine,
    ModelUse,
    TemplateDetail,
    TemplateStatus,
    VersionLine,
    VersionView,
    Viewer,
)

MAX_VERSIONS = 50  # that a page shows


def get_template(slug: str, *, viewer: Viewer = VISITOR, pending: bool = False) -> TemplateDetail:
    """Return a template with all that its page shows.

    Of one that is not listed, the version that waits, to staff and its own workspace alone; with
    `pending` they see that one of a listed template as well.

    Raises:
        NotFound: there is none, or it is not for this viewer's eyes.
        Gone: it was removed.
    """
    row = find_visible(slug, viewer)
    is_own = is_of(row, viewer)
    may_preview = pending and (is_own or viewer.is_staff)
    version = (row.pending if may_preview else None) or shown_version(row)
    facts = facts_of_version(version)
    own = assets_of_versions([version.pk])[version.pk] if row.source == "user" else None
    return TemplateDetail(
        card=card_of(row, version.number, version.examples, own),
        status=TemplateStatus(row.status),
        readme=row.readme,
        version=version_view(version, own),
        cost=_cost_lines(facts, version),
        models=_models(list(row.model_keys)),
        versions=_version_lines(row, version.number),
        viewer_stars=_stars_of(row, viewer),
        is_own=is_own,
        workspace_id=row.workspace_id,
        workflow_id=row.workflow_id if is_own else "",
        pending_number=row.pending.number if row.pending and (is_own or viewer.is_staff) else None,
        moderation_note=row.moderation_note if is_own or viewer.is_staff else "",
    )


def find_visible(slug: str, viewer: Viewer = VISITOR) -> Template:
    """Return a template's row with its versions, if this viewer may see it.

    Raises:
        NotFound, Gone: as `get_template`.
    """
    rows = (
        Template.objects.across_workspaces().select_related("current", "pending").filter(slug=slug)
    )
    row = rows.first()
    if row is None:
        raise NotFound
    may_look = viewer.is_staff or is_of(row, viewer)
    if row.status == TemplateStatus.REMOVED:
        raise Gone("This template was removed.")
    if row.status != TemplateStatus.LISTED and not may_look:
        raise NotFound
    if row.current is None and row.pending is None:
        raise NotFound
    return row


def check_not_removed(slug: str) -> None:
    """Check that staff did not remove the template of a slug.

    Raises:
        Gone: they did.
    """
    removed = Template.objects.across_workspaces().filter(slug=slug, status=TemplateStatus.REMOVED)
    if removed.exists():
        raise Gone("This template was removed.")


def is_of(row: Template, viewer: Viewer) -> bool:
    """Say whether a workspace of the viewer's published a template."""
    return row.workspace_id is not None and row.workspace_id in viewer.workspace_ids


def shown_version(row: Template) -> TemplateVersion:
    """Return the version to show: the listed one, before there is one that which waits.

    Raises:
        NotFound: it has none.
    """
    is_listed = row.status == TemplateStatus.LISTED
    first, second = (row.current, row.pending) if is_listed else (row.pending, row.current)
    version = first or second
    if version is None:
        raise NotFound
    return version


def version_view(version: TemplateVersion, own: Assets | None) -> VersionView:
    """Return a version; `own` are the files of a user's examples, None for the library's.

    Schemas come from the graph, in its order, which a database need not keep.
    """
    facts = facts_of_version(version)
    interface = facts.interface if facts else None
    return VersionView(
        id=version.pk,
        number=version.number,
        graph=version.graph,
        input_schema=facts.input_schema if facts else version.input_schema,
        output_schema=facts.output_schema if facts else version.output_schema,
        examples=tuple(view_example(stored, interface, own) for stored in version.examples),
        created_at=version.created_at,
    )


def _cost_lines(facts: GraphFacts | None, version: TemplateVersion) -> tuple[CostLine, ...]:
    if facts is None:
        return ()
    inputs = version.examples[0]["inputs"] if version.examples else {}
    models = {node.id: node.spec.model for node in facts.graph.nodes}
    return tuple(
        CostLine(
            node_id=node.node_id,
            type=node.type,
            label=node.label,
            model=model.name if (model := models[node.node_id]) else None,
            lower=node.lower,
            credits=node.credits,
            quantity=node.quantity,
        )
        for node in facts.estimate(inputs).nodes
        if node.credits
    )


def _models(keys: list[str]) -> tuple[ModelUse, ...]:
    if not keys:
        return ()
    standing, uses = get_standing(None), []
    for key in keys:
        try:
            model = get_model(key, standing)
        except NotFound:  # staff took it away since
            continue
        uses.append(
            ModelUse(key, model["name"], model["vendor"], model["license"], model["available"])
        )
    return tuple(uses)


def _version_lines(row: Template, newest: int) -> tuple[VersionLine, ...]:
    rows = row.versions.filter(number__lte=newest).order_by("-number")
    found = rows.values_list("number", "notes", "created_at")[:MAX_VERSIONS]
    return tuple(VersionLine(*values) for values in found)


def _stars_of(row: Template, viewer: Viewer) -> int | None:
    if viewer.user_id is None:
        return None
    ratings = TemplateRating.objects.filter(template_id=row.pk, user_id=viewer.user_id)
    return ratings.values_list("stars", flat=True).first()
