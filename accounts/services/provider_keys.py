"""Writes of workspaces' own keys for model providers: sealed, replaced, tested, revoked."""

import json
import re
from datetime import datetime

from django.db import transaction

from accounts import conf
from accounts.errors import ProviderKeyNotFound
from accounts.models import ProviderKey, Workspace
from accounts.selectors import (
    forget_own_accounts,
    place_of_provider_key,
    provider_key_ref,
)
from accounts.services.audit import record_audit
from accounts.services.checks import authorise, checked, refused
from accounts.types import Actor, KeyPolicy, Permission, ProviderKeyRef, clean_name
from common.clock import SYSTEM_CLOCK, Clock
from common.ids import new_id

_PROVIDER = re.compile(r"[a-z][a-z0-9_]{0,39}")
_KEY = re.compile(r"[\x21-\x7e]{0,2000}")  # printable ASCII: it goes into a header
MAX_URL = 500
SHOWN = 4  # characters at a key's end; none of one that is shorter than three times that


@transaction.atomic
def set_provider_key(
    *,
    actor: Actor,
    workspace_id: str,
    provider: str,
    key: str,
    secret: str = "",
    base_url: str = "",
    label: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> ProviderKeyRef:
    """Store a workspace's own key for a provider; one that was there before is revoked.

    Whether the provider exists, and whether its address may be asked, is for the caller to know.

    Raises:
        WorkspaceNotFound, RoleTooLow: the actor may not.
        InvalidInputs: no key, or one that cannot be sent.
    """
    authorise(actor, workspace_id, Permission.MANAGE_PROVIDER_KEYS)
    if not _PROVIDER.fullmatch(provider):
        raise refused("/provider", "is no provider")
    _check_key("/key", key)
    _check_key("/secret", secret)
    if not (key or base_url):
        raise refused("/key", "may not be empty")
    if len(base_url) > MAX_URL:
        raise refused("/baseUrl", f"is longer than {MAX_URL}")
    label = checked("/label", clean_name, label) if label else provider
    now = clock.now()
    Workspace.objects.select_for_update().get(pk=workspace_id)  # two at once: one after the other
    replaced = _revoke(workspace_id, provider, now)
    row = ProviderKey(
        id=new_id("pkey"),
        workspace_id=workspace_id,
        provider=provider,
        label=label,
        last4=key[-SHOWN:] if len(key) >= 3 * SHOWN else "",
        base_url=base_url.rstrip("/"),
        created_by=actor.label,
        created_at=now,
    )
    content = json.dumps({"key": key, "secret": secret})
    row.sealed = conf.key_ring().seal(content, place_of_provider_key(row))
    row.save(force_insert=True)
    after = {"provider": provider, "last4": row.last4, "baseUrl": row.base_url}
    _record(actor, row, "replace" if replaced else "create", after, now)
    return provider_key_ref(row)


@transaction.atomic
def revoke_provider_key(
    *, actor: Actor, workspace_id: str, provider: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Revoke a workspace's own key; runs that wait for a job by it fail as theirs to mend.

    Raises:
        WorkspaceNotFound, RoleTooLow: the actor may not.
        ProviderKeyNotFound: there is none.
    """
    authorise(actor, workspace_id, Permission.MANAGE_PROVIDER_KEYS)
    row = _revoke(workspace_id, provider, clock.now())
    if row is None:
        raise ProviderKeyNotFound
    _record(actor, row, "revoke", None, clock.now())


def note_key_check(*, workspace_id: str, key_id: str, error: str, now: datetime) -> None:
    """Keep how the test of a key went; `error` is empty where it works."""
    rows = ProviderKey.objects.of(workspace_id).filter(pk=key_id)
    rows.update(checked_at=now, check_error=error[:300])


@transaction.atomic
def set_key_policy(
    *, actor: Actor, workspace_id: str, policy: KeyPolicy, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Decide whose keys a workspace's models run by, from the next run on.

    Raises:
        WorkspaceNotFound, RoleTooLow: the actor may not.
    """
    authorise(actor, workspace_id, Permission.MANAGE_PROVIDER_KEYS)
    workspace = Workspace.objects.select_for_update().get(pk=workspace_id)
    before = workspace.key_policy
    workspace.key_policy = policy
    workspace.save(update_fields=["key_policy"])
    transaction.on_commit(lambda: forget_own_accounts(workspace_id))
    record_audit(
        actor=actor,
        workspace_id=workspace_id,
        verb="change",
        object_type="key_policy",
        object_id=workspace_id,
        before=before,
        after=str(policy),
        now=clock.now(),
    )


def reseal_provider_keys() -> int:
    """Seal with the present key what another one sealed; returns how many there were.

    Raises:
        SecretUnreadable: one cannot be opened; those before it are done.
    """
    ring, count = conf.key_ring(), 0
    for row in ProviderKey.objects.across_workspaces().order_by("pk").iterator():
        if ring.is_current(row.sealed):
            continue
        place = place_of_provider_key(row)
        text = ring.seal(ring.open(row.sealed, place), place)
        rows = ProviderKey.objects.across_workspaces().filter(pk=row.pk, sealed=row.sealed)
        count += rows.update(sealed=text)
    return count


def _check_key(path: str, text: str) -> None:
    if not _KEY.fullmatch(text):
        raise refused(path, "has characters that no key has, or too many")


def _revoke(workspace_id: str, provider: str, now: datetime) -> ProviderKey | None:
    """Revoke the live key, whose secret goes at once; returns it."""
    transaction.on_commit(lambda: forget_own_accounts(workspace_id))
    rows = ProviderKey.objects.of(workspace_id).filter(provider=provider, revoked_at=None)
    row = rows.select_for_update().first()
    if row is not None:
        row.revoked_at = now
        row.sealed = ""
        row.save(update_fields=["revoked_at", "sealed"])
    return row


def _record(
    actor: Actor, row: ProviderKey, verb: str, after: dict[str, str] | None, now: datetime
) -> None:
    record_audit(
        actor=actor,
        workspace_id=row.workspace_id,
        verb=verb,
        object_type="provider_key",
        object_id=row.id,
        after=after,
        now=now,
    )
