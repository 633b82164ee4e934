"""What runs take: a count and a hold when accepted, captures as nodes complete, then a release.

All of it happens inside the executor's transactions, by fixed statements: accepting a run costs one
for the count and the hold together, and one for the ledger where it holds anything.

Locks: a run's row, those of the runs above it, then the workspace's account, its load, tasks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

from django.db import connection

from billing.errors import DailyQuotaExceeded, InsufficientCredits
from billing.models import Account, KeyMonth
from billing.selectors.limits import get_limits
from billing.services.accounts import open_account
from billing.services.grants import expire_due
from billing.services.ledger import Booking, book, moved
from billing.services.renewals import renew_account
from billing.types import EntryType, LedgerAccount, RunRequest
from common.clock import utc_date
from common.sql import Plus, select_row, update_rows

_TRIES = 5  # opening, expiry, renewal, and a race for the lock: what is mended once stays so


@dataclass(frozen=True, slots=True)
class Capture:
    """Credits for what completed; `key` names the commit that they were stored in, once."""

    key: str
    credits: int


@dataclass(frozen=True, slots=True)
class CappedKey:
    """A key with a monthly cap, and the month that a run's hold counts in."""

    key_id: str
    month: date


def reserve_run(run: RunRequest, *, now: datetime) -> None:
    """Count a run in its workspace's day and hold its credits; inside the caller's transaction.

    Raises:
        DailyQuotaExceeded: the day is used up.
        InsufficientCredits: the workspace or the key's cap cannot pay; without the nodes.
    """
    for _ in range(_TRIES):
        if _take(run, now):
            break
        _mend_or_refuse(run, now)
    else:
        raise RuntimeError(f"{run.workspace_id}: neither taken nor refused")
    if run.credits:
        legs = moved(LedgerAccount.AVAILABLE, LedgerAccount.HELD, run.credits)
        hold = Booking(f"hold:{run.execution_id}", EntryType.HOLD, legs, run.execution_id)
        book(run.workspace_id, [hold], actor=run.actor, now=now)
        if run.key_id is not None and run.key_cap is not None:
            _take_of_key(run, run.key_id, run.key_cap, now)


def settle_run(
    *,
    workspace_id: str,
    execution_id: str,
    captures: Sequence[Capture] = (),
    released: int = 0,
    capped: CappedKey | None = None,
    now: datetime,
) -> None:
    """Capture out of a run's hold what completed, and release what it will not need any more.

    Inside the caller's transaction, under the lock of the run at the top, whose row says how much
    is left of the hold. Each key is booked once; `released` only when the run is over.

    Raises:
        IntegrityError: a key is booked, or more than is held.
        Account.DoesNotExist: there is no such account.
    """
    captured = sum(capture.credits for capture in captures)
    if not captured and not released:
        return
    given = {
        "gone": captured + released,
        "captured": captured,
        "released": released,
        "now": connection.ops.adapt_datetimefield_value(now),
        "workspace": workspace_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_settle_sql(), given)
        if not cursor.rowcount:
            raise Account.DoesNotExist(workspace_id)
    book(workspace_id, _bookings(execution_id, captures, released), actor="system", now=now)
    if capped is not None and released:
        where = {"key_id": capped.key_id, "month": capped.month}
        update_rows(KeyMonth, {"credits": Plus(-released)}, where)


def month_of(moment: datetime) -> date:
    """Return the first day of a moment's UTC month."""
    return utc_date(moment).replace(day=1)


def _bookings(execution_id: str, captures: Sequence[Capture], released: int) -> list[Booking]:
    bookings = [
        Booking(
            f"capture:{capture.key}",
            EntryType.CAPTURE,
            moved(LedgerAccount.HELD, LedgerAccount.SALES, capture.credits),
            execution_id,
        )
        for capture in captures
        if capture.credits
    ]
    if released:
        legs = moved(LedgerAccount.HELD, LedgerAccount.AVAILABLE, released)
        bookings.append(Booking(f"release:{execution_id}", EntryType.RELEASE, legs, execution_id))
    return bookings


def _take(run: RunRequest, now: datetime) -> bool:
    limit = get_limits(run.workspace_id).executions_per_day
    given = {
        "credits": run.credits,
        "today": connection.ops.adapt_datefield_value(utc_date(now)),
        "now": connection.ops.adapt_datetimefield_value(now),
        "limit": limit,
        "workspace": run.workspace_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_take_sql(run.mode, is_limited=limit is not None), given)
        return bool(cursor.rowcount)


def _mend_or_refuse(run: RunRequest, now: datetime) -> None:
    """See why a run was not taken, under the account's lock: mend what can be mended, or refuse.

    It returns as well where nothing is in the way any more, since somebody else let go meanwhile.
    """
    account = select_row(Account, {"pk": run.workspace_id}, lock=True)
    if account is None:
        open_account(workspace_id=run.workspace_id, now=now)
        return
    if account.next_expiry_at is not None and account.next_expiry_at <= now:
        expire_due(workspace_id=run.workspace_id, now=now)
        return
    limit = get_limits(run.workspace_id).executions_per_day
    counted = account.day_test if run.mode == "test" else account.day_live
    today = utc_date(now)
    if limit is not None and account.day is not None and account.day >= today and counted >= limit:
        raise DailyQuotaExceeded(retry_after_s=_to_next_day_s(account.day, now), limit=limit)
    if account.available < run.credits and not renew_account(
        workspace_id=run.workspace_id, now=now
    ):
        raise InsufficientCredits(required=run.credits, balance=account.available)


def _to_next_day_s(day: date, now: datetime) -> int:
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
    return max(1, math.ceil((midnight - now).total_seconds()))


def _take_of_key(run: RunRequest, key_id: str, cap: int, now: datetime) -> None:
    """Count a hold in the month of a key with a cap.

    Raises:
        InsufficientCredits: the cap is reached; the transaction is to be rolled back.
    """
    month = month_of(now)
    given = {
        "key": key_id,
        "month": connection.ops.adapt_datefield_value(month),
        "credits": run.credits,
        "cap": cap,
    }
    if run.credits <= cap:
        with connection.cursor() as cursor:
            cursor.execute(_key_sql(), given)
            if cursor.rowcount:
                return
    spent = KeyMonth.objects.filter(key_id=key_id, month=month).values_list("credits", flat=True)
    raise InsufficientCredits(
        detail="The monthly cap of this key does not allow this run.",
        required=run.credits,
        balance=max(cap - (spent.first() or 0), 0),
        keyMonthlyCap=cap,
    )


@cache
def _take_sql(mode: str, *, is_limited: bool) -> str:
    own, other = ("day_test", "day_live") if mode == "test" else ("day_live", "day_test")
    is_new_day = "(day IS NULL OR day < %(today)s)"
    within = f"AND ({is_new_day} OR {own} < %(limit)s)" if is_limited else ""
    return (
        "UPDATE billing_account SET available = available - %(credits)s, "  # noqa: S608 - our words
        f"held = held + %(credits)s, day = CASE WHEN {is_new_day} THEN %(today)s ELSE day END, "
        f"{own} = CASE WHEN {is_new_day} THEN 1 ELSE {own} + 1 END, "
        f"{other} = CASE WHEN {is_new_day} THEN 0 ELSE {other} END "
        "WHERE workspace_id = %(workspace)s "
        "AND (%(credits)s = 0 OR available >= %(credits)s) "
        f"AND (next_expiry_at IS NULL OR next_expiry_at > %(now)s) {within}"
    )


@cache
def _settle_sql() -> str:
    return (
        "UPDATE billing_account SET held = held - %(gone)s, "
        "available = available + %(released)s, unsettled = unsettled + %(captured)s, "
        "next_expiry_at = CASE WHEN late > 0 AND %(released)s > 0 THEN %(now)s "
        "ELSE next_expiry_at END WHERE workspace_id = %(workspace)s"
    )


@cache
def _key_sql() -> str:
    return (
        "INSERT INTO billing_keymonth (key_id, month, credits) "
        "VALUES (%(key)s, %(month)s, %(credits)s) ON CONFLICT (key_id, month) DO UPDATE "
        "SET credits = billing_keymonth.credits + %(credits)s "
        "WHERE billing_keymonth.credits + %(credits)s <= %(cap)s"
    )
