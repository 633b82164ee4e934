"""What a payment is worth in credits. Pure: facts and plans in, credits out.

A line of an invoice brings its plan's credits of the month. A proration, which is for the rest of
a period, brings the same part of them. Unused time of the plan before, on the same invoice, lessens
that: whoever goes from Starter to Pro in mid-month ends up with half a month of each.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from billing.gateway import InvoiceFact, LineFact


@dataclass(frozen=True, slots=True)
class LineGrant:
    """Plan credits that a line brings."""

    line_id: str
    credits: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvoiceCredits:
    """What an invoice brings, and what it takes back for unused time: at most what is unspent."""

    grants: tuple[LineGrant, ...] = ()
    taken: int = 0
    taken_line_id: str = ""


def invoice_credits(invoice: InvoiceFact, monthly: Mapping[str, int]) -> InvoiceCredits:
    """Say what a paid invoice is worth. `monthly`: credits by the ids of prices and products.

    All that one invoice brings expires together, with the latest period on it.
    """
    lines = [line for line in invoice.lines if line.amount and _monthly(line, monthly)]
    if not lines:
        return InvoiceCredits()
    expires_at = max(line.end for line in lines)
    unused = [line for line in lines if line.amount < 0]
    back = sum(line_credits(line, monthly) for line in unused)
    grants = []
    for line in (line for line in lines if line.amount > 0):
        worth = line_credits(line, monthly)
        if line.is_proration:
            worth, back = max(worth - back, 0), max(back - worth, 0)
        if worth:
            grants.append(LineGrant(line.id, worth, expires_at))
    return InvoiceCredits(tuple(grants), back, unused[0].id if back else "")


def line_credits(line: LineFact, monthly: Mapping[str, int]) -> int:
    """Return the credits of a line's plan for its period, whichever way the money goes."""
    whole = _monthly(line, monthly) * max(line.quantity, 1)
    if not line.is_proration:
        return whole
    length = (line.end - _month_before(line.end)).total_seconds()
    part = max((line.end - line.start).total_seconds(), 0)
    return min(whole, int(whole * part // length))


def share_of(credits_: int, *, part: int, whole: int) -> int:
    """Return the credits that go with a part of a payment, rounded down."""
    return credits_ * min(part, whole) // whole if whole > 0 else 0


def _monthly(line: LineFact, monthly: Mapping[str, int]) -> int:
    return monthly.get(line.price_id) or monthly.get(line.product_id) or 0


def _month_before(moment: datetime) -> datetime:
    """Return the same time a month earlier, or that month's last day."""
    moment = moment.astimezone(UTC)
    year, month = (moment.year - 1, 12) if moment.month == 1 else (moment.year, moment.month - 1)
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)
