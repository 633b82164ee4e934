"""Attempts whose run ended while nobody held them: their jobs are ended at the provider."""

import logging
from datetime import timedelta

from executor.models import Attempt
from executor.providers.base import Adapter, Correlation, Handle, OutcomeClass
from executor.providers.errors import ProviderError, Unanswered
from executor.runtime.errand import Shop
from executor.services import attempts
from executor.types import AttemptState

logger = logging.getLogger(__name__)


async def settle_strays(shop: Shop) -> None:
    """Settle what can be settled now; the rest stays for the next time."""
    for attempt in await shop.in_database(attempts.list_strays):
        adapter = shop.adapters.get(attempt.provider)
        if adapter is None:
            continue
        try:
            await _settle(attempt, adapter, shop)
        except (ProviderError, Unanswered) as error:
            logger.warning("stray job: %s", error, extra={"action": "provider_not_cancelled"})


async def _settle(attempt: Attempt, adapter: Adapter, shop: Shop) -> None:
    if attempt.state == AttemptState.INTENT:
        await _settle_unsure(attempt, adapter, shop)
        return
    if attempt.state == AttemptState.SUBMITTED:
        await adapter.cancel(attempt.handle)
    await shop.in_database(attempts.cancel_attempt, attempt=attempt, clock=shop.clock)


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
