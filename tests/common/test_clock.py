"""The clock port."""

from datetime import UTC, datetime, timedelta, timezone

from common.clock import SYSTEM_CLOCK, FixedClock, rfc3339, utc_now


def test_the_system_clock_is_aware_and_in_utc():
    assert SYSTEM_CLOCK.now().utcoffset() == timedelta()
    assert abs(utc_now() - SYSTEM_CLOCK.now()) < timedelta(seconds=5)


def test_a_fixed_clock_moves_when_told_alone():
    clock = FixedClock(datetime(2026, 1, 31, 10, tzinfo=UTC))

    before = clock.now()
    clock.advance(90)

    assert clock.now() - before == timedelta(seconds=90)


def test_times_are_written_in_utc_with_z():
    at = datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=2)))

    assert rfc3339(at) == "2026-01-31T10:00:00.123Z"
    assert rfc3339(None) is None
