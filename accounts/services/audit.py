"""The audit log: who did what to which thing, chained so that a change in it shows (TRUST.md 3.15)."""

import json
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.models import AuditAnchor, AuditEntry, AuditHead
from accounts.types import Actor
from common.canonical import canonical_json, digest
from common.clock import utc_date
from common.http.origin import current_network
from common.http.request_id import current_request_id

PLATFORM = ""  # the chain of what belongs to no workspace: users, plans, packs
MAX_FACT_LENGTH = 2_000  # of canonical JSON; longer facts are kept as their digest
_BATCH = 500

_VIA = {"user": "session", "key": "key", "staff": "staff", "system": "system"}


def record_audit(
    *,
    actor: Actor,
    workspace_id: str,
    verb: str,
    object_type: str,
    object_id: str,
    before: Any = None,
    after: Any = None,
    now: datetime,
) -> None:
    """Add an entry to a workspace's chain, in the caller's transaction: with the change or not at all.

    Call it after the transaction's other writes, since whoever comes first holds the end of the
    chain until it commits. `workspace_id` is `PLATFORM` for what belongs to none. `verb` is one
    word (`create`, `change`, `delete`, …), `object_type` the thing's name (`api_key`, `plan`).
    `before` and `after` are what changed, as JSON values (times as text); no secrets, no digests
    of secrets. A long one is kept as its SHA-256. Never on the path of `execute`.

    Raises:
        TransactionManagementError: outside a transaction.
    """
    if not connection.in_atomic_block:  # only PostgreSQL's lock would tell
        raise transaction.TransactionManagementError(
            "An entry belongs to the change's transaction."
        )
    head = _lock_head(workspace_id)
    entry = AuditEntry(
        workspace_id=workspace_id,
        number=head.number + 1,
        actor=actor.label[:80],
        via=_VIA[actor.kind],
        verb=verb,
        object_type=object_type,
        object_id=object_id,
        before=_fact(before),
        after=_fact(after),
        network=current_network(),
        request_id=current_request_id(),
        created_at=now,
        previous=head.digest,
    )
    entry.digest = entry.compute_digest()
    entry.save(force_insert=True)
    AuditHead.objects.filter(pk=workspace_id).update(number=entry.number, digest=entry.digest)


@transaction.atomic
def anchor_audit(*, now: datetime) -> int:
    """Note where every chain stands that has grown since its last anchor; returns how many.

    One anchor for each chain and UTC day: the second run of a day adds none for a chain again.
    """
    made, after = 0, None
    while heads := _heads_after(after):
        after = heads[-1].pk
        known = AuditAnchor.objects.filter(workspace_id__in=[head.pk for head in heads])
        held = set(known.values_list("workspace_id", "digest"))
        day = utc_date(now)
        taken = set(known.filter(day=day).values_list("workspace_id", flat=True))
        fresh = [
            AuditAnchor(workspace_id=head.pk, day=day, number=head.number, digest=head.digest)
            for head in heads
            if (head.pk, head.digest) not in held and head.pk not in taken
        ]
        AuditAnchor.objects.bulk_create(fresh, ignore_conflicts=True)
        made += len(fresh)
    return made


def _heads_after(after: str | None) -> list[AuditHead]:
    """Return the next heads by workspace; None begins with the platform's own, whose id is empty."""
    heads = AuditHead.objects.order_by("pk")
    return list((heads if after is None else heads.filter(pk__gt=after))[:_BATCH])


def _lock_head(workspace_id: str) -> AuditHead:
    """Return the end of a chain, which nobody else can add to until this transaction ends."""
    heads = AuditHead.objects.select_for_update().filter(pk=workspace_id)
    found = heads.first()
    if found is None:
        AuditHead.objects.bulk_create([AuditHead(pk=workspace_id)], ignore_conflicts=True)
        found = heads.get()
    return found


def _fact(value: Any) -> Any:
    """Return a fact as it is stored: plain JSON, the same from any database.

    A database may write a float in another way than it was given, so it is kept as text.
    """
    if value is None:
        return None
    text = canonical_json(value)
    if len(text) > MAX_FACT_LENGTH:
        return {"sha256": digest(value), "bytes": len(text)}
    return json.loads(text, parse_float=str)
