"""Opening workspaces' accounts, and the credits that their plan brings each month."""

from datetime import UTC, datetime
from hashlib import sha256

from django.db import transaction

from accounts.api import Actor, WorkspaceRef, create_workspace, get_workspace_ref
from billing.models import Account, GrantedMailbox, Plan, Subscription
from billing.services.grants import NewGrant, add_grant, lock_account
from billing.types import LIVE_SUBSCRIPTIONS, GrantKind
from common.clock import SYSTEM_CLOCK, Clock, utc_date
from common.errors import InvalidInputs, Issue
from common.strict_json import MAX_INTEGER

MAX_CREDITS = MAX_INTEGER


def open_workspace(
    *,
    actor: Actor,
    name: str,
    owner_email: str,
    plan: str = "free",
    credits: int | None = None,  # noqa: A002 - the word of the trade
    is_waiting: bool = False,
    clock: Clock = SYSTEM_CLOCK,
) -> WorkspaceRef:
    """Create a workspace with its owner and its account.

    It begins with its plan's credits of the month, or with `credits` that never expire instead.
    Where it `is_waiting`, the plan's credits come with `release_plan_credits`.

    Raises:
        InvalidInputs: name, address, plan or credits cannot be taken.
    """
    if credits is not None and not 0 <= credits <= MAX_CREDITS:
        raise InvalidInputs(
            [Issue("/credits", "not_allowed", f"credits must be from 0 to {MAX_CREDITS}")]
        )
    if not Plan.objects.filter(pk=plan).exists():
        raise InvalidInputs([Issue("/plan", "not_allowed", "There is no such plan.")])
    with transaction.atomic():
        workspace = create_workspace(actor=actor, name=name, owner_email=owner_email, plan=plan)
        if is_waiting:
            Account.objects.create(workspace_id=workspace.id, is_waiting=True)
            return workspace
        if credits is None:
            open_account(workspace_id=workspace.id, now=clock.now())
            return workspace
        Account.objects.create(workspace_id=workspace.id, renews_at=next_month(clock.now()))
        if credits:
            opening = NewGrant(
                f"opening:{workspace.id}", GrantKind.STAFF, credits, reason="Opening balance"
            )
            add_grant(workspace_id=workspace.id, grant=opening, actor=actor.label, now=clock.now())
        return workspace


def open_account(*, workspace_id: str, now: datetime) -> None:
    """Open a workspace's account with its plan's credits of the month; nothing if it is open."""
    workspace = get_workspace_ref(workspace_id)
    plan = Plan.objects.filter(pk=workspace.plan).first() if workspace else None
    with transaction.atomic():
        _, is_new = Account.objects.get_or_create(workspace_id=workspace_id)
        if is_new and plan is not None:
            grant_month(workspace_id=workspace_id, plan=plan, now=now)


@transaction.atomic
def release_plan_credits(
    *, workspace_id: str, mailbox: str, owner_id: str, clock: Clock = SYSTEM_CLOCK
) -> bool:
    """Begin the months of a workspace that waits for them; says whether this call did.

    `mailbox` is its owner's, proved to be theirs. A mailbox or an owner that another workspace had
    credits for gets none a second time, under whatever address, and the workspace goes on waiting.

    Raises:
        Account.DoesNotExist: the workspace's account was never opened.
    """
    now = clock.now()
    account = lock_account(workspace_id)
    workspace = get_workspace_ref(workspace_id)
    plan = Plan.objects.filter(pk=workspace.plan).first() if workspace else None
    if not account.is_waiting or plan is None:
        return False
    names = [sha256(name.encode("utf-8")).hexdigest() for name in (f"user {owner_id}", mailbox)]
    known = GrantedMailbox.objects.filter(pk__in=names)
    if known.exclude(workspace_id=workspace_id).exists():
        return False
    for name in names:  # of two who come at once, the second finds the first one's row
        taken, _ = GrantedMailbox.objects.get_or_create(
            digest=name, defaults={"workspace_id": workspace_id, "granted_at": now}
        )
        if taken.workspace_id != workspace_id:
            return False
    Account.objects.filter(pk=workspace_id).update(is_waiting=False)
    if not is_paid_for(workspace_id):
        grant_month(workspace_id=workspace_id, plan=plan, now=now)
    return True


def is_paid_for(workspace_id: str) -> bool:
    """Say whether a live subscription brings the workspace's credits."""
    live = Subscription.objects.of(workspace_id).filter(status__in=LIVE_SUBSCRIPTIONS)
    return live.exists()


def grant_month(
    *, workspace_id: str, plan: Plan, now: datetime, since: datetime | None = None
) -> None:
    """Give a plan's credits of the month that began at `since` (now); the next come a month later.

    Once for each day that a month begins on. They go when the next ones come.
    """
    since = since or now
    renews_at = next_month(since)
    if plan.monthly_credits:
        month = NewGrant(
            f"plan:{workspace_id}:{utc_date(since).isoformat()}",
            GrantKind.PLAN,
            plan.monthly_credits,
            expires_at=renews_at,
            reason=f"Credits of the month: {plan.name}",
        )
        add_grant(workspace_id=workspace_id, grant=month, actor="system", now=now)
    Account.objects.filter(pk=workspace_id).update(renews_at=renews_at)


def next_month(moment: datetime) -> datetime:
    """Return the same day and time a month later, or that month's last day."""
    moment = moment.astimezone(UTC)
    year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)
    day = moment.day
    while True:
        try:
            return moment.replace(year=year, month=month, day=day)
        except ValueError:
            day -= 1
