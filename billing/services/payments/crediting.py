"""Booking payments as credits, and what was taken back of them as claw-backs."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django.db.models import Q, Sum

from billing.gateway import ChargeFact, CustomerState, InvoiceFact, SessionFact
from billing.models import Account, CheckoutIntent, Grant, LedgerEntry
from billing.services.accounts import MAX_CREDITS
from billing.services.clawbacks import claw_back
from billing.services.grants import (
    NewGrant,
    add_grant,
    expire_due,
    lock_account,
    settle_account,
)
from billing.services.payments.rules import InvoiceCredits, invoice_credits, share_of
from billing.types import GrantKind, IntentState, LedgerAccount

_ACTOR = "stripe"
_SPENT = ":spent"  # the part of a loss that was not there any more
_UNUSED = "unused:"  # plan credits for time that was not used, by line and grant
_UNTAKEN_REFUNDS = frozenset({"failed", "canceled"})  # the money came back to us


class _Fact(NamedTuple):
    at: datetime
    rank: int  # of one second: what brings credits comes before what takes them back
    id: str
    keys: tuple[str, ...]  # of the ledger; when all of them are there, it is booked
    book: partial[None]


class _Loss(NamedTuple):
    key: str
    amount: int
    is_undone: bool

    @property
    def ledger_keys(self) -> tuple[str, ...]:
        taken = f"clawback:{self.key}"
        return (taken, f"grant:returned:{self.key}") if self.is_undone else (taken,)


class Payments:
    """Books payments, and what was taken back of them, in the order of Stripe's time.

    What had expired by the time of a fact is booked before it, as if it had been heard of at once.
    """

    def __init__(
        self, workspace_id: str, state: CustomerState, monthly: dict[str, int], now: datetime
    ) -> None:
        self._workspace_id = workspace_id
        self._state = state
        self._monthly = monthly
        self._now = now

    def book(self) -> None:
        """Book all that is not booked."""
        for session in self._sessions():
            self._close_intent(session)
        facts = sorted(self._timeline(), key=lambda fact: fact[:3])
        keys = [key for fact in facts for key in fact.keys]
        booked = set(
            LedgerEntry.objects.of(self._workspace_id)
            .filter(key__in=keys, account=LedgerAccount.AVAILABLE)
            .values_list("key", flat=True)
        )
        for fact in facts:
            if not booked.issuperset(fact.keys):
                self._expire_until(fact.at)
                fact.book()
        self._expire_until(self._now)

    def _timeline(self) -> Iterator[_Fact]:
        for invoice in self._state.invoices:
            worth = invoice_credits(invoice, self._monthly)
            keys = [f"grant:invoice:{grant.line_id}" for grant in worth.grants]
            if worth.taken:
                keys.append(f"clawback:{_UNUSED}{worth.taken_line_id}")  # by grant: asked each time
            book = partial(self._book_invoice, invoice, worth)
            yield _Fact(invoice.paid_at, 0, invoice.id, tuple(keys), book)
        for session in self._sessions():
            if session.is_paid and _pack_credits(session):
                book = partial(self._book_pack, session)
                keys = [f"grant:{_pack_key(session)}"]
                yield _Fact(session.created, 1, session.id, tuple(keys), book)
        for charge in self._state.charges:
            yield from self._losses(charge)

    def _losses(self, charge: ChargeFact) -> Iterator[_Fact]:
        """Yield what was taken back of a charge; what came back to us later is given again."""
        for refund in charge.refunds:
            loss = _Loss(f"refund:{refund.id}", refund.amount, refund.status in _UNTAKEN_REFUNDS)
            book = partial(self._take_back, charge, loss)
            yield _Fact(refund.created, 2, refund.id, loss.ledger_keys, book)
        for dispute in charge.disputes:
            if dispute.status.startswith("warning_") or dispute.status == "prevented":
                continue  # no money was moved
            loss = _Loss(f"dispute:{dispute.id}", dispute.amount, dispute.status == "won")
            book = partial(self._take_back, charge, loss)
            yield _Fact(dispute.created, 3, dispute.id, loss.ledger_keys, book)

    def _sessions(self) -> list[SessionFact]:
        """Return the checkouts that were opened here, for this workspace."""
        own = self._workspace_id
        return [one for one in self._state.sessions if one.metadata.get("workspace") == own]

    def _book_invoice(self, invoice: InvoiceFact, worth: InvoiceCredits) -> None:
        for grant in worth.grants:
            self._grant(
                NewGrant(
                    f"invoice:{grant.line_id}",
                    GrantKind.PLAN,
                    grant.credits,
                    expires_at=grant.expires_at,
                    reason=f"Paid invoice {invoice.id}",
                )
            )
        if worth.taken:
            self._take_unspent(invoice, worth)

    def _book_pack(self, session: SessionFact) -> None:
        self._grant(
            NewGrant(
                _pack_key(session),
                GrantKind.PURCHASE,
                _pack_credits(session),
                reason=f"Bought: {session.metadata.get('item', '')}",
            )
        )

    def _close_intent(self, session: SessionFact) -> None:
        """Note what became of the wish to buy that led to a checkout."""
        if session.is_paid:
            state = IntentState.PAID
        elif session.status == "expired":
            state = IntentState.EXPIRED
        else:
            return
        intents = CheckoutIntent.objects.of(self._workspace_id)
        intents.filter(pk=session.metadata.get("intent", "")).exclude(state=state).update(
            state=state, session_id=session.id
        )

    def _grant(self, grant: NewGrant) -> None:
        add_grant(workspace_id=self._workspace_id, grant=grant, actor=_ACTOR, now=self._now)

    def _expire_until(self, moment: datetime) -> None:
        over = Grant.objects.of(self._workspace_id).filter(remaining__gt=0, expires_at__lte=moment)
        if over.exists():
            expire_due(workspace_id=self._workspace_id, now=moment)

    def _take_unspent(self, invoice: InvoiceFact, worth: InvoiceCredits) -> None:
        """Take back plan credits that came before and are left: what was spent stays spent."""
        rest = min(worth.taken, max(self._settle().available, 0))
        key = f"{_UNUSED}{worth.taken_line_id}:"
        if self._sum(LedgerAccount.CLAWBACK, Q(key__startswith=f"clawback:{key}")):
            return
        for grant in self._plan_grants_before(invoice):
            part = min(grant.remaining, rest)
            if part:
                claw_back(
                    workspace_id=self._workspace_id,
                    key=f"{key}{grant.key}",
                    amount=part,
                    now=self._now,
                    reason=f"Unused time on invoice {invoice.id}",
                    grant_key=grant.key,
                    actor=_ACTOR,
                )
            rest -= part

    def _plan_grants_before(self, invoice: InvoiceFact) -> list[Grant]:
        """Return what is left of the plan credits that came before an invoice, the newest first."""
        before = [
            f"invoice:{line.id}"
            for earlier in self._state.invoices
            if (earlier.paid_at, earlier.id) < (invoice.paid_at, invoice.id)
            for line in earlier.lines
        ]
        living = Grant.objects.of(self._workspace_id).filter(
            key__in=before, expires_at__gt=invoice.paid_at, remaining__gt=0
        )
        return list(living.order_by("-created_at", "-id"))

    def _take_back(self, charge: ChargeFact, loss: "_Loss") -> None:
        """Take back what a part of a charge brought, and give it again if the money came back.

        Both are booked even if they are heard of at once, as they would have been one by one.
        """
        grants = Grant.objects.of(self._workspace_id).filter(key__in=self._keys_paid_by(charge))
        for number, grant in enumerate(grants.order_by("key")):
            suffix = f":{number}" if number else ""
            keys = (f"{loss.key}{suffix}", f"{loss.key}{suffix}{_SPENT}")
            if not self._taken(*keys):
                share = share_of(grant.amount, part=loss.amount, whole=charge.amount)
                amount = min(share, self._left_of(grant, charge, suffix))
                unspent = min(amount, self._settled(grant).remaining)
                self._claw_back(keys[0], unspent, grant, charge)
                self._claw_back(keys[1], amount - unspent, grant, charge)
            if loss.is_undone:
                self._return(keys, grant, charge)

    def _claw_back(self, key: str, amount: int, grant: Grant, charge: ChargeFact) -> None:
        if amount > 0:
            claw_back(
                workspace_id=self._workspace_id,
                key=key,
                amount=amount,
                now=self._now,
                reason=f"Payment {charge.id} was taken back",
                grant_key=grant.key,
                actor=_ACTOR,
            )

    def _return(self, keys: tuple[str, str], grant: Grant, charge: ChargeFact) -> None:
        """Give again what was taken: what lay there as it was, unless it would be over by now.

        What had been spent was taken from other credits, or is owed; that comes back for good.
        """
        is_over = grant.expires_at is not None and grant.expires_at <= self._now
        for key, expires_at in zip(keys, (grant.expires_at, None), strict=True):
            amount = self._taken(key)
            if amount and (expires_at is None or not is_over):
                self._grant(
                    NewGrant(
                        f"returned:{key}",
                        GrantKind(grant.kind),
                        amount,
                        expires_at=expires_at,
                        reason=f"Payment {charge.id} stands after all",
                    )
                )

    def _keys_paid_by(self, charge: ChargeFact) -> list[str]:
        """Return the keys of the grants that a charge paid for; none for other things."""
        intent = charge.payment_intent
        if not intent:
            return []
        lines = (
            line.id
            for invoice in self._state.invoices
            if intent in invoice.payment_intents
            for line in invoice.lines
        )
        packs = (one for one in self._sessions() if one.payment_intent == intent)
        return [*(f"invoice:{line_id}" for line_id in lines), *map(_pack_key, packs)]

    def _left_of(self, grant: Grant, charge: ChargeFact, suffix: str) -> int:
        """Return what a payment may still have to give back of a grant.

        That is without what was taken for other losses or for unused time, and without what expired:
        nobody had it to owe it.
        """
        losses = [f"refund:{one.id}{suffix}" for one in charge.refunds]
        losses += [f"dispute:{one.id}{suffix}" for one in charge.disputes]
        keys = [*losses, *(f"{key}{_SPENT}" for key in losses)]
        back = Grant.objects.of(self._workspace_id).filter(
            key__in=[f"returned:{key}" for key in keys]
        )
        of_grants = Q(key__startswith=f"expire:{grant.id}:")
        unused = Q(key__startswith=f"clawback:{_UNUSED}", key__endswith=f":{grant.key}")
        left = grant.amount - self._taken(*keys) - self._sum(LedgerAccount.CLAWBACK, unused)
        for returned in back:
            left += returned.amount
            of_grants |= Q(key__startswith=f"expire:{returned.id}:")
        return max(left - self._sum(LedgerAccount.EXPIRED, of_grants), 0)

    def _settled(self, grant: Grant) -> Grant:
        """Return a grant as it is once what was spent is taken off it."""
        self._settle()
        grant.refresh_from_db(fields=["remaining"])
        return grant

    def _settle(self) -> Account:
        account = lock_account(self._workspace_id)
        settle_account(account)
        account.save()
        return account

    def _taken(self, *keys: str) -> int:
        """Return what was taken back under these keys."""
        return self._sum(LedgerAccount.CLAWBACK, Q(key__in=[f"clawback:{key}" for key in keys]))

    def _sum(self, account: LedgerAccount, which: Q) -> int:
        entries = LedgerEntry.objects.of(self._workspace_id).filter(which, account=account)
        return int(entries.aggregate(total=Sum("amount"))["total"] or 0)


def _pack_credits(session: SessionFact) -> int:
    """Return what a checkout sold, as it was when it was opened; 0: no credits."""
    text = session.metadata.get("credits", "")
    amount = int(text) if text.isascii() and text.isdecimal() else 0
    return amount if amount <= MAX_CREDITS else 0


def _pack_key(session: SessionFact) -> str:
    return f"pack:{session.id}"
