"""What staff decide about templates; each decision is audited, in the workspace whose template it is."""

from datetime import datetime

from django.db import transaction

from accounts.api import PLATFORM, Actor, record_audit
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Conflict, InvalidInputs, Issue, NotFound
from templates_gallery.models import Template, TemplateReport, TemplateVersion
from templates_gallery.selectors.facts import facts_of
from templates_gallery.services.fields import clean_lines
from templates_gallery.services.opinions import close_reports_of
from templates_gallery.services.state import raise_revision
from templates_gallery.services.submissions import drop_pending, words_of_version
from templates_gallery.types import TemplateStatus

MAX_NOTE = 500


def approve_template(
    *,
    actor: Actor,
    template_id: str,
    seen_at: datetime | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """List the version that waits.

    With `seen_at` only if it waited then already: what is handed in between a look and the decision
    was seen by nobody.

    Raises:
        NotFound: there is no such template.
        Conflict: nothing of it waits, or what does came after `seen_at`.
        InvalidGraph: it does not stand under today's catalogue.
    """
    with transaction.atomic():
        row = _lock(template_id)
        version, now = _waiting(row), clock.now()
        if seen_at is not None and version.created_at > seen_at:
            raise Conflict("A newer version was handed in meanwhile. Look at that one first.")
        for name, value in words_of_version(version, facts_of(version.graph)).items():
            setattr(row, name, value)
        row.current, row.pending = version, None
        row.status, row.moderation_note = TemplateStatus.LISTED, ""
        row.listed_at = row.listed_at or now
        row.updated_at = now
        row.save()
        _record(actor, "approve", row, {"version": version.number}, clock)
        raise_revision()


def reject_template(
    *, actor: Actor, template_id: str, note: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Refuse the version that waits, with a note for its workspace; what is listed stays.

    Raises:
        NotFound, Conflict: as `approve_template`.
        InvalidInputs: no note, or one that is too long.
    """
    clean = _note(note)
    with transaction.atomic():
        row = _lock(template_id)
        number = _waiting(row).number
        if row.status == TemplateStatus.LISTED:
            drop_pending(row, keeps_last=True)
        else:
            row.status = TemplateStatus.REJECTED
        row.moderation_note = clean
        row.updated_at = clock.now()
        row.save(update_fields=["status", "moderation_note", "updated_at"])
        _record(actor, "reject", row, {"version": number, "note": clean}, clock)


def feature_template(
    *, actor: Actor, template_id: str, is_featured: bool, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Put a template among the featured ones, or take it out.

    Raises:
        NotFound: there is no such template.
    """
    with transaction.atomic():
        row = _lock(template_id)
        if row.is_featured == is_featured:
            return
        row.is_featured = is_featured
        row.save(update_fields=["is_featured"])
        _record(actor, "feature" if is_featured else "unfeature", row, None, clock)
        raise_revision()


def take_down_template(
    *, actor: Actor, template_id: str, note: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Remove a template: its page answers 410 from now on; forks stay.

    Its reports are closed with it. A library template that was taken down is not loaded again.

    Raises:
        NotFound: there is no such template.
        InvalidInputs: no note, or one that is too long.
    """
    clean = _note(note)
    with transaction.atomic():
        row = _lock(template_id)
        row.status, row.moderation_note = TemplateStatus.REMOVED, clean
        row.updated_at = clock.now()
        row.save(update_fields=["status", "moderation_note", "updated_at"])
        close_reports_of(row.pk, actor=actor, clock=clock)
        _record(actor, "remove", row, {"note": clean}, clock)
        raise_revision()


def close_report(*, actor: Actor, report_id: int, clock: Clock = SYSTEM_CLOCK) -> None:
    """Close a report; doing so again is no error.

    Raises:
        NotFound: there is no such report.
    """
    with transaction.atomic():
        report = TemplateReport.objects.select_related("template").filter(pk=report_id).first()
        if report is None:
            raise NotFound
        rows = TemplateReport.objects.filter(pk=report_id, closed_at=None)
        if rows.update(closed_at=clock.now(), closed_by=actor.label):
            _record(actor, "close_report", report.template, {"report": report_id}, clock)


def _lock(template_id: str) -> Template:
    row = Template.objects.across_workspaces().select_for_update().filter(pk=template_id).first()
    if row is None:
        raise NotFound
    return row


def _waiting(row: Template) -> TemplateVersion:
    """Return the version that waits; its workspace may have taken it back, and staff the template.

    Raises:
        Conflict: none does.
    """
    if row.pending is None or row.status in (TemplateStatus.REMOVED, TemplateStatus.UNLISTED):
        raise Conflict("No version of this template waits.")
    return row.pending


def _note(note: str) -> str:
    clean = clean_lines("/note", note, limit=MAX_NOTE)
    if not clean.strip():
        raise InvalidInputs([Issue("/note", "missing", "Say why, for the template's workspace.")])
    return clean


def _record(actor: Actor, verb: str, row: Template, after: object, clock: Clock) -> None:
    record_audit(
        actor=actor,
        workspace_id=row.workspace_id or PLATFORM,
        verb=verb,
        object_type="template",
        object_id=row.pk,
        after=after,
        now=clock.now(),
    )
