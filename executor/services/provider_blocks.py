"""Accounts that providers refuse: one row for each, written by whoever meets or ends the refusal.

Every process reads them (`executor.selectors.provider_terms`): what is blocked is unavailable, and
no run of it is accepted. One refusal, one alarm, whichever processes meet it.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from accounts.api import note_key_check
from common.clock import SYSTEM_CLOCK, Clock
from executor.models import ProviderBlock
from executor.providers.account import PLATFORM
from executor.providers.circuits import OPEN_FOR_S
from executor.selectors.provider_terms import forget_terms

logger = logging.getLogger(__name__)

LONGEST_S = 900.0  # then it is tried again; by then somebody may have paid
FORGOTTEN = timedelta(hours=1)  # a block that nobody has met for so long is over


def block_account(
    *,
    provider: str,
    account: str,
    message: str,
    workspace_id: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Leave an account alone for a while: the longer, the longer that it has been refused.

    One of the workspace's own says so on the page of its keys.
    """
    now = clock.now()
    with transaction.atomic():
        row, is_made = ProviderBlock.objects.select_for_update().get_or_create(
            provider=provider,
            account=account,
            defaults={"since": now, "until": _until(now, now), "message": message[:200]},
        )
        is_news = is_made or row.closed_at is not None or row.until < now - FORGOTTEN
        if not is_made:
            row.since = now if is_news else row.since
            row.until, row.message, row.closed_at = _until(row.since, now), message[:200], None
            row.save()
    forget_terms()
    if account != PLATFORM and workspace_id:
        note_key_check(workspace_id=workspace_id, key_id=account, error=message, now=now)
    if is_news:
        _tell(provider, account)


def unblock_account(*, provider: str, account: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Take note that an account works again."""
    rows = ProviderBlock.objects.filter(provider=provider, account=account, closed_at=None)
    if rows.update(closed_at=clock.now()):
        logger.info("%s serves again", provider, extra={"action": "provider_account_serves"})
    forget_terms()


def _until(since: datetime, now: datetime) -> datetime:
    refused_s = (now - since).total_seconds()
    return now + timedelta(seconds=min(max(refused_s, OPEN_FOR_S), LONGEST_S))


def _tell(provider: str, account: str) -> None:
    """Raise the alarm; an account of a customer's own is the customer's to mend."""
    level = logging.ERROR if account == PLATFORM else logging.WARNING
    logger.log(
        level,
        "%s refuses %s",
        provider,
        "our account" if account == PLATFORM else account,
        extra={"action": "provider_account_blocked"},
    )
