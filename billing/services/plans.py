"""What staff do to plans and packs, and putting a workspace on another plan."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.forms.models import model_to_dict

from accounts.api import PLATFORM, Actor, RoleTooLow, get_workspace, record_audit, set_plan
from billing.models import Account, CreditPack, Grant, Plan, Subscription
from billing.selectors.limits import forget_limits
from billing.services.accounts import grant_month, open_account
from billing.services.grants import NewGrant, add_grant, lock_account
from billing.types import LIVE_SUBSCRIPTIONS, GrantKind
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Conflict, InvalidInputs, Issue


@transaction.atomic
def change_plan(
    *, actor: Actor, workspace_id: str, plan_key: str, clock: Clock = SYSTEM_CLOCK
) -> bool:
    """Put a workspace on another plan; says whether that is a change. For staff.

    The month that is under way goes on. What it brought in plan credits is raised to what the new
    plan brings, so going to and fro gives no more than the dearest plan of the month; going down
    takes nothing away. Where no month is under way, one begins. Limits follow on commit here,
    within 5 seconds elsewhere.

    Raises:
        RoleTooLow: the actor is neither staff nor the system.
        WorkspaceNotFound: no such workspace, or deleted.
        InvalidInputs: no such plan.
        Conflict: a subscription decides the plan.
    """
    if not actor.acts_everywhere:
        raise RoleTooLow
    get_workspace(workspace_id)
    plan = Plan.objects.filter(pk=plan_key).first()
    if plan is None:
        raise InvalidInputs([Issue("/plan", "not_allowed", "There is no such plan.")])
    subscriptions = Subscription.objects.of(workspace_id).filter(status__in=LIVE_SUBSCRIPTIONS)
    if subscriptions.exists():
        raise Conflict("The plan follows the workspace's subscription. Change it there.")
    now = clock.now()
    open_account(workspace_id=workspace_id, now=now)
    account = lock_account(workspace_id)  # one change at a time
    if get_workspace(workspace_id).plan == plan.key:
        return False
    _raise_credits(account, plan, actor, now)
    Account.objects.filter(pk=workspace_id).update(is_waiting=False)  # staff vouch for it
    set_plan(workspace_id=workspace_id, plan=plan.key, actor=actor, clock=clock)
    transaction.on_commit(forget_limits)
    return True


def save_offer(
    *, actor: Actor, offer: Plan | CreditPack, is_new: bool, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Save a plan or a pack that staff made or changed; it counts everywhere within 5 seconds."""
    with transaction.atomic():
        before = None if is_new else _figures(type(offer).objects.get(pk=offer.pk))
        offer.save(force_insert=is_new, force_update=not is_new)
        record_audit(
            actor=actor,
            workspace_id=PLATFORM,
            verb="create" if is_new else "change",
            object_type="plan" if isinstance(offer, Plan) else "credit_pack",
            object_id=offer.pk,
            before=before,
            after=_figures(offer),
            now=clock.now(),
        )
        transaction.on_commit(forget_limits)


def _raise_credits(account: Account, plan: Plan, actor: Actor, now: datetime) -> None:
    """Give what the new plan brings in this month beyond what plans have brought in it."""
    renews_at = account.renews_at
    if renews_at is None or renews_at <= now:
        grant_month(workspace_id=account.workspace_id, plan=plan, now=now)
        return
    of_month = Grant.objects.of(account.workspace_id).filter(
        kind=GrantKind.PLAN, expires_at=renews_at
    )
    given = of_month.aggregate(total=Sum("amount"))["total"] or 0
    if plan.monthly_credits > given:
        raised = NewGrant(
            f"plan:{account.workspace_id}:{plan.key}:{renews_at:%Y-%m-%d}",
            GrantKind.PLAN,
            plan.monthly_credits - given,
            expires_at=renews_at,
            reason=f"Credits of the month: {plan.name}",
        )
        add_grant(workspace_id=account.workspace_id, grant=raised, actor=actor.label, now=now)


def _figures(offer: Plan | CreditPack) -> Mapping[str, Any]:
    return model_to_dict(offer)
