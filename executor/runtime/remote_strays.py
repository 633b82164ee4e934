"""Attempts whose run ended while nobody held them: their jobs are ended at the provider."""

import logging
from datetime import timedelta

from executor.models import Attempt
from executor.providers.account import ProviderAccount
from executor.providers.base import Adapter, Correlation, Handle, OutcomeClass
from executor.providers.errors import ProviderError, Unanswered
from executor.runtime.errand import Shop, cost_after_end
from executor.selectors.accounts import find_account, find_successor
from executor.services import attempts
from executor.types import AttemptState

logger = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(days=1)  # by then every job is over, and what could be asked was asked
SOONEST, LATEST = timedelta(seconds=5), timedelta(minutes=15)


async def settle_strays(shop: Shop) -> None:
    """Settle what can be settled now; the rest stays for the next time."""
    for attempt in await shop.in_database(attempts.list_strays):
        if shop.clock.now() < shop.strays.get(attempt.id, attempt.created_at):
            continue
        account = await shop.in_database(_account_of, attempt)
        adapter = None if account is None else shop.adapters.make(account)
        if adapter is None:
            await _give_up(attempt, shop)
            continue
        try:
            await _settle(attempt, adapter, shop)
            shop.strays.pop(attempt.id, None)
        except (ProviderError, Unanswered) as error:
            logger.warning("stray job: %s", error, extra={"action": "provider_not_cancelled"})
            await _put_off(attempt, shop)


async def _put_off(attempt: Attempt, shop: Shop) -> None:
    """Try again later: the longer it has been tried, the more seldom, and in the end no more."""
    now = shop.clock.now()
    age = now - attempt.created_at
    if age < GIVE_UP_AFTER:
        shop.strays[attempt.id] = now + min(max(age / 4, SOONEST), LATEST)
        return
    shop.strays.pop(attempt.id, None)
    await _give_up(attempt, shop)


async def _settle(attempt: Attempt, adapter: Adapter, shop: Shop) -> None:
    if attempt.state == AttemptState.INTENT:
        await _settle_unsure(attempt, adapter, shop)
        return
    cost = None
    if attempt.state == AttemptState.SUBMITTED:
        await adapter.cancel(attempt.handle)
        cost = await cost_after_end(adapter, attempt)
    await shop.in_database(
        attempts.cancel_attempt, attempt=attempt, cost_micros=cost, clock=shop.clock
    )


def _account_of(attempt: Attempt) -> ProviderAccount | None:
    """Return whose account a job is at; for one with a handle, the one that took its place."""
    found = find_account(attempt.provider, attempt.account, attempt.workspace_id)
    if found is None and attempt.state != AttemptState.INTENT and attempt.account:
        return find_successor(attempt.provider, attempt.workspace_id)
    return found


async def _give_up(attempt: Attempt, shop: Shop) -> None:
    """Close one whose account is gone: nobody can ask about it, or end it, any more."""
    is_unsure = attempt.state == AttemptState.INTENT
    close = attempts.lose_attempt if is_unsure else attempts.cancel_attempt
    await shop.in_database(close, attempt=attempt, clock=shop.clock)


async def _settle_unsure(attempt: Attempt, adapter: Adapter, shop: Shop) -> None:
    """Settle one of which we do not know whether it arrived, once it must have."""
    sent_at = attempt.submitted_at or attempt.created_at
    if shop.clock.now() < sent_at + timedelta(seconds=adapter.settle_s):
        return
    handle = await _look_up(attempt, adapter)
    if handle is not None:
        await adapter.cancel(handle)
    is_sure = handle is not None or adapter.outcome_class == OutcomeClass.B
    close = attempts.cancel_attempt if is_sure else attempts.lose_attempt
    await shop.in_database(close, attempt=attempt, clock=shop.clock)


async def _look_up(attempt: Attempt, adapter: Adapter) -> Handle | None:
    if adapter.outcome_class not in (OutcomeClass.B, OutcomeClass.C):
        return None
    return await adapter.look_up(
        Correlation(
            attempt.client_ref,
            attempts.callback_url(attempt),
            attempt.submitted_at or attempt.created_at,
            (attempt.handle or {}).get("named"),
        )
    )
