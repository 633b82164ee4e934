"""I2: what must hold of the ledger at any moment, asked in whole sets; reads only.

Balances kept beside the ledger are proved equal to its sums, and grants to what there is to spend.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest

from billing.models import Account, Grant, LedgerEntry
from billing.types import LedgerAccount
from common.sql import snapshot

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class LedgerFinding:
    """What came of one rule: `broken` of `checked` things break it, some of them named."""

    code: str
    rule: str
    checked: int
    broken: int
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Rule:
    rule: str
    checked: Callable[[], int]
    broken: Callable[[], Iterator[str]]


def check_ledger() -> list[LedgerFinding]:
    """Return what came of every rule, all of one moment."""
    with snapshot():
        return [_finding(rule) for rule in _RULES]


def count_imbalances() -> int:
    """Return in how many places the ledger breaks a rule; anything but 0 is an emergency."""
    return sum(finding.broken for finding in check_ledger())


def _finding(rule: _Rule) -> LedgerFinding:
    broken = list(rule.broken())
    return LedgerFinding("I2", rule.rule, rule.checked(), len(broken), broken[:EXAMPLES])


def _lopsided() -> Iterator[str]:
    sums = _entries().order_by().values("key").annotate(sum=Sum("amount"))
    return sums.exclude(sum=0).values_list("key", flat=True).iterator()


def _balance_differs() -> Iterator[str]:
    folded = _accounts().annotate(
        own_available=_sum_of_entries(LedgerAccount.AVAILABLE),
        own_held=_sum_of_entries(LedgerAccount.HELD),
    )
    differing = ~Q(available=F("own_available")) | ~Q(held=F("own_held"))
    yield from _told(folded.filter(differing), "own_available", "own_held")
    known = _accounts().values("workspace_id")
    strays = _entries().order_by().exclude(workspace_id__in=known).values("workspace_id")
    yield from (str(row["workspace_id"]) for row in strays.distinct())


def _grants_differ() -> Iterator[str]:
    left = Grant.objects.across_workspaces().filter(workspace_id=OuterRef("pk"), remaining__gt=0)
    counted = _accounts().annotate(granted=_sum_of(left, "remaining"))
    differing = ~Q(has=F("spendable"))
    yield from _told(
        counted.annotate(
            has=Greatest(F("granted") - F("unsettled"), 0),
            spendable=Greatest(F("available") + F("held"), 0),
        ).filter(differing),
        "has",
        "spendable",
    )


def _overdrawn() -> Iterator[str]:
    return _told(_accounts().filter(available__lt=-F("clawed_back")), "available", "clawed_back")


def _over_released() -> Iterator[str]:
    holds = _entries().filter(account=LedgerAccount.HELD).order_by()
    sums = holds.values("execution_id").annotate(held=Sum("amount"))
    found = sums.filter(held__lt=0).values_list("execution_id", flat=True)
    return (str(execution_id) for execution_id in found.iterator())


def _told(rows: QuerySet[Account], *names: str) -> Iterator[str]:
    for workspace_id, one, other in rows.order_by("pk").values_list("pk", *names).iterator():
        yield f"{workspace_id}: {one}, {other}"


def _sum_of_entries(account: LedgerAccount) -> Coalesce:
    return _sum_of(_entries().filter(workspace_id=OuterRef("pk"), account=account), "amount")


def _sum_of(rows: QuerySet[LedgerEntry] | QuerySet[Grant], name: str) -> Coalesce:
    sums = rows.order_by().values("workspace_id").annotate(sum=Sum(name)).values("sum")
    return Coalesce(Subquery(sums, output_field=BigIntegerField()), 0)


def _entries() -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.across_workspaces()


def _accounts() -> QuerySet[Account]:
    return Account.objects.all()


def _count_entries() -> int:
    return _entries().count()


def _count_accounts() -> int:
    return _accounts().count()


_RULES = (
    _Rule("the legs of a ledger transaction sum to zero", _count_entries, _lopsided),
    _Rule("an account equals the sum of its ledger", _count_accounts, _balance_differs),
    _Rule("grants add up to what there is to spend", _count_accounts, _grants_differ),
    _Rule("an account owes no more than was clawed back", _count_accounts, _overdrawn),
    _Rule("no run lets go of more than it held", _count_entries, _over_released),
)
