"""Credits that staff give or take by hand; many at once need a second member of staff."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.api import Actor, RoleTooLow, record_audit
from billing import conf
from billing.models import Account, Adjustment
from billing.services.accounts import MAX_CREDITS
from billing.services.grants import (
    NewGrant,
    add_grant,
    lock_account,
    settle_account,
    spend_grants,
)
from billing.services.ledger import Booking, book, moved
from billing.types import AdjustmentState, EntryType, GrantKind, LedgerAccount
from common.errors import Conflict, Forbidden, InvalidInputs, Issue
from common.ids import new_id

MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class AdjustmentRef:
    """What became of an adjustment that was asked for."""

    id: str
    state: AdjustmentState


def request_adjustment(
    *, actor: Actor, workspace_id: str, amount: object, reason: str, now: datetime
) -> AdjustmentRef:
    """Give a workspace credits, or with a negative figure take some of what it has available.

    It is done at once; above the threshold of the settings it waits for a second member of staff.

    Raises:
        RoleTooLow: the actor is not staff.
        InvalidInputs: not a whole number, zero, past 2^53; no reason; nothing there to be taken.
    """
    _check_staff(actor)
    credits_, reason = _checked(workspace_id, amount, reason)
    asker = actor.label
    is_small = abs(credits_) <= conf.adjustment_approval_credits()
    with transaction.atomic():
        adjustment = Adjustment.objects.insert(
            id=new_id("adj"),
            workspace_id=workspace_id,
            amount=credits_,
            reason=reason,
            state=AdjustmentState.APPLIED if is_small else AdjustmentState.PENDING,
            asked_by=asker,
            decided_by=asker if is_small else "",
            created_at=now,
            decided_at=now if is_small else None,
        )
        if is_small:
            _apply(adjustment, now)
        _audit(actor, adjustment, "create", now)
    return AdjustmentRef(adjustment.id, AdjustmentState(adjustment.state))


def decide_adjustment(
    *, actor: Actor, adjustment_id: str, is_approved: bool, now: datetime
) -> AdjustmentRef:
    """Apply or refuse what another member of staff asked for.

    Raises:
        RoleTooLow: the actor is not staff.
        Conflict: there is no such adjustment, or it is decided.
        Forbidden: it is one's own.
        InvalidInputs: not so much is available to be taken any more; it stays pending.
    """
    _check_staff(actor)
    with transaction.atomic():
        waiting = Adjustment.objects.across_workspaces().select_for_update()
        adjustment = waiting.filter(pk=adjustment_id, state=AdjustmentState.PENDING).first()
        if adjustment is None:
            raise Conflict("This adjustment is not waiting for a decision.")
        if adjustment.asked_by == actor.label:
            raise Forbidden("Somebody else has to decide about one's own adjustment.")
        adjustment.state = AdjustmentState.APPLIED if is_approved else AdjustmentState.REFUSED
        adjustment.decided_by, adjustment.decided_at = actor.label, now
        adjustment.save(update_fields=["state", "decided_by", "decided_at"])
        if is_approved:
            _apply(adjustment, now)
        _audit(actor, adjustment, "approve" if is_approved else "refuse", now)
    return AdjustmentRef(adjustment.id, AdjustmentState(adjustment.state))


def _check_staff(actor: Actor) -> None:
    if actor.kind != "staff":
        raise RoleTooLow


def _audit(actor: Actor, adjustment: Adjustment, verb: str, now: datetime) -> None:
    record_audit(
        actor=actor,
        workspace_id=adjustment.workspace_id,
        verb=verb,
        object_type="adjustment",
        object_id=adjustment.id,
        after={
            "credits": adjustment.amount,
            "reason": adjustment.reason,
            "state": str(adjustment.state),
        },
        now=now,
    )


def _checked(workspace_id: str, amount: object, reason: str) -> tuple[int, str]:
    issues = []
    if type(amount) is not int or not 1 <= abs(amount) <= MAX_CREDITS:
        text = f"must be a whole number other than 0, up to {MAX_CREDITS}"
        issues.append(Issue("/credits", "out_of_range", text))
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= MAX_REASON:
        issues.append(Issue("/reason", "out_of_range", f"must be 1 to {MAX_REASON} characters"))
    if not Account.objects.filter(pk=workspace_id).exists():
        issues.append(Issue("/workspace", "not_found", "There is no such account."))
    if issues or not isinstance(amount, int):
        raise InvalidInputs(issues)
    return amount, reason


def _apply(adjustment: Adjustment, now: datetime) -> None:
    key = f"adjust:{adjustment.id}"
    actor = adjustment.decided_by
    reason = adjustment.reason
    if adjustment.amount > 0:
        grant = NewGrant(key, GrantKind.STAFF, adjustment.amount, reason=reason)
        add_grant(workspace_id=adjustment.workspace_id, grant=grant, actor=actor, now=now)
        return
    account = lock_account(adjustment.workspace_id)
    settle_account(account)
    taken = -adjustment.amount
    if taken > account.available:
        text = f"Only {max(account.available, 0)} credits are available to be taken."
        raise InvalidInputs([Issue("/credits", "out_of_range", text)])
    account.available -= taken
    account.save()
    spend_grants(account.workspace_id, taken)
    legs = moved(LedgerAccount.AVAILABLE, LedgerAccount.LOSS, taken)
    book(
        account.workspace_id,
        [Booking(key, EntryType.ADJUST, legs, reason=reason)],
        actor=actor,
        now=now,
    )
