"""The hours that leases and waits go by: those of the clock that all processes share."""

from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from common.sql import SharedNow
from executor import conf


def lease_end(now: datetime) -> SharedNow:
    """Return when a lease taken now runs out."""
    return SharedNow(now, plus_s=conf.lease_s())


def shared_now(now: datetime) -> Any:
    """Return the present by the shared clock, for a query of Django's."""
    return Now() if conf.is_postgres() else now
