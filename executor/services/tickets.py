"""Tickets for sockets: they stand for a key for half a minute, on one run, and open it once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Unauthenticated
from common.tokens import random_base62
from executor.selectors.runs import get_status

LIFETIME_S = 30
_LENGTH = 43  # 256 bits


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket was good for."""

    workspace_id: str
    execution_id: str
    key_id: str


def issue_ticket(
    *, workspace_id: str, execution_id: str, key_id: str, clock: Clock = SYSTEM_CLOCK
) -> tuple[str, datetime]:
    """Return a new ticket for a run and when it expires; only its digest is kept.

    Raises:
        ExecutionNotFound: no such run here.
    """
    get_status(workspace_id, execution_id)
    secret = random_base62(_LENGTH)
    expires_at = clock.now() + timedelta(seconds=LIFETIME_S)
    kept = (workspace_id, execution_id, key_id, expires_at.timestamp())
    cache.set(_place(secret), kept, timeout=LIFETIME_S)
    return secret, expires_at


def redeem_ticket(secret: str, execution_id: str, *, clock: Clock = SYSTEM_CLOCK) -> Ticket:
    """Use a ticket up and return what it was good for.

    Raises:
        Unauthenticated: unknown, used, expired, or of another run.
    """
    place = _place(secret)
    kept = cache.get(place)
    # Of two at once the cache lets one delete it.
    if kept is None or not cache.delete(place):
        raise Unauthenticated
    *names, expires_at = kept
    ticket = Ticket(*names)
    if ticket.execution_id != execution_id or clock.now().timestamp() >= expires_at:
        raise Unauthenticated
    return ticket


def _place(secret: str) -> str:
    digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
    return f"socket-ticket:{digest}"
