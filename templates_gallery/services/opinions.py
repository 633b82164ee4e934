"""What people say of templates: ratings and reports."""

from django.db import transaction
from django.db.models import F

from accounts.api import Actor, list_workspaces_of
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Forbidden, InvalidInputs, Issue
from templates_gallery.models import Template, TemplateRating, TemplateReport
from templates_gallery.selectors.details import find_visible
from templates_gallery.services.fields import clean_lines
from templates_gallery.types import ReportReason

MAX_STARS = 5
MAX_REPORT = 1_000
MAX_OPEN_REPORTS = 50  # of one template and reason that staff have not closed


def rate_template(
    *, actor: Actor, slug: str, stars: int | None, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Rate a listed template by one to five stars, in place of one's earlier rating; None takes it back.

    Raises:
        NotFound, Gone: as `selectors.details.get_template`, for a visitor.
        InvalidInputs: no such number of stars.
        Forbidden: the actor is no person, or a member of the workspace whose template it is.
    """
    if actor.kind != "user":
        raise Forbidden("Only a person rates templates.")
    if stars is not None and not 1 <= stars <= MAX_STARS:
        raise _refused("/stars", f"Give one to {MAX_STARS} stars.")
    row = find_visible(slug)
    if stars is not None and row.workspace_id in _workspaces_of(actor):
        raise Forbidden("One's own template is for others to rate.")
    with transaction.atomic():
        Template.objects.across_workspaces().select_for_update().get(
            pk=row.pk
        )  # ratings and their sum change together
        mine = TemplateRating.objects.filter(template_id=row.pk, user_id=actor.id)
        before = mine.values_list("stars", flat=True).first()
        if stars is None:
            mine.delete()
        elif not mine.update(stars=stars, updated_at=clock.now()):
            now = clock.now()
            TemplateRating.objects.create(
                template_id=row.pk, user_id=actor.id, stars=stars, created_at=now, updated_at=now
            )
        Template.objects.across_workspaces().filter(pk=row.pk).update(
            ratings=F("ratings") + int(stars is not None) - int(before is not None),
            stars=F("stars") + (stars or 0) - (before or 0),
        )


def report_template(
    *, actor: Actor | None, slug: str, reason: str, text: str = "", clock: Clock = SYSTEM_CLOCK
) -> None:
    """Tell staff that something is wrong with a listed template; `actor` None is a visitor.

    Bounded for each template: when much is open already, another report of the same reason says
    nothing new and is not kept.

    Raises:
        NotFound, Gone: as `selectors.details.get_template`, for a visitor.
        InvalidInputs: no such reason; a text that is too long.
    """
    row = find_visible(slug)
    if reason not in set(ReportReason):
        raise _refused("/reason", f"Give one of {', '.join(ReportReason)}.")
    clean = clean_lines("/text", text, limit=MAX_REPORT)
    same = TemplateReport.objects.filter(template_id=row.pk, reason=reason, closed_at=None)
    if same.count() >= MAX_OPEN_REPORTS:
        return
    TemplateReport.objects.create(
        template_id=row.pk,
        reason=reason,
        text=clean,
        reporter=actor.label if actor else "",
        created_at=clock.now(),
    )


def close_reports_of(template_id: str, *, actor: Actor, clock: Clock) -> None:
    """Close what is open of a template, when staff took it down."""
    rows = TemplateReport.objects.filter(template_id=template_id, closed_at=None)
    rows.update(closed_at=clock.now(), closed_by=actor.label)


def _workspaces_of(actor: Actor) -> set[str]:
    return {membership.workspace.id for membership in list_workspaces_of(actor.id)}


def _refused(path: str, message: str) -> InvalidInputs:
    return InvalidInputs([Issue(path, "not_allowed", message)])
