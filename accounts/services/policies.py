"""Writes of the texts that people agree to or must be able to read."""

from django.db import transaction

from accounts.errors import RoleTooLow
from accounts.models import PolicyPage
from accounts.selectors import get_policy, policy_ref
from accounts.services.audit import PLATFORM, record_audit
from accounts.services.checks import checked, refused
from accounts.types import POLICIES, Actor, PolicyRef, clean_name
from common.clock import SYSTEM_CLOCK, Clock

MAX_BODY = 200_000  # characters


@transaction.atomic
def save_policy(
    *, actor: Actor, slug: str, title: str, body: str, clock: Clock = SYSTEM_CLOCK
) -> PolicyRef:
    """Replace a policy; its version grows when the body is another one than people read so far.

    The first text of an installation follows the one that was shipped, so it becomes version 2.

    Raises:
        RoleTooLow: the actor is neither staff nor the system.
        InvalidInputs: there is no such policy, or title or body cannot be taken.
    """
    if not actor.acts_everywhere:
        raise RoleTooLow
    if slug not in POLICIES:
        raise refused("/slug", f"must be one of {', '.join(POLICIES)}")
    title, body = checked_policy(title, body)
    row = PolicyPage.objects.select_for_update().filter(pk=slug).first()
    before = get_policy(slug)
    grown = before.version + (body != before.body)
    if row is not None and (title, body) == (row.title, row.body):
        return before
    row = row or PolicyPage(slug=slug)
    row.title, row.body, row.version = title, body, grown
    row.updated_at, row.updated_by = clock.now(), actor.label
    row.save()
    record_audit(
        actor=actor,
        workspace_id=PLATFORM,
        verb="change",
        object_type="policy",
        object_id=slug,
        before={"title": before.title, "version": before.version, "body": before.body},
        after={"title": title, "version": grown, "body": body},
        now=clock.now(),
    )
    return policy_ref(row)


def checked_policy(title: str, body: str) -> tuple[str, str]:
    """Return a title and a text as they are stored.

    Raises:
        InvalidInputs: one of them cannot be taken.
    """
    return checked("/title", clean_name, title), checked("/body", _clean_body, body)


def _clean_body(text: str) -> str:
    """Return the text with line feeds alone and one at its end.

    Raises:
        ValueError: empty, too long, or with NUL.
    """
    body = text.replace("\r\n", "\n").strip()
    if not body:
        raise ValueError("may not be empty")
    if len(body) > MAX_BODY:
        raise ValueError(f"may have {MAX_BODY} characters at most")
    if "\x00" in body:
        raise ValueError("may not contain NUL")
    return f"{body}\n"
