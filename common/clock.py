"""The clock port: the one place that reads the time, so that tests can hold it still."""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that knows the time."""

    def now(self) -> datetime:
        """Return the time as an aware UTC datetime."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time as an aware UTC datetime."""
        return datetime.now(UTC)  # noqa: TID251 - this is the place


class FixedClock:
    """A clock that stands still until it is told to move; for tests."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self._at

    def advance(self, seconds: float) -> None:
        """Move the clock forward (or, with a negative figure, back)."""
        self._at += timedelta(seconds=seconds)


SYSTEM_CLOCK = SystemClock()


def utc_now() -> datetime:
    """Return the machine's time as an aware UTC datetime."""
    return SYSTEM_CLOCK.now()


def utc_date(at: datetime) -> date:
    """Return the UTC day of a moment, by which quotas, usage and credits count."""
    return at.astimezone(UTC).date()


def rfc3339(at: datetime | None) -> str | None:
    """Return the API's form of a time, `2026-01-31T10:00:00.000Z`, or None for None."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
