"""Full disks, no descriptors, no right to write: 503 and no crash; and a copy that is whole."""

from typing import Any

import pytest

from tests.chaos.commands import json_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def limits() -> Any:
    """What clients saw of each."""
    return json_of("sqlite", "--limits")


@pytest.mark.parametrize("name", ["x24_disk_full", "x26_read_only"])
def test_x24_x26_what_cannot_be_written_is_answered_503_and_recovers(limits, name: str) -> None:
    during, after = limits[name]["during"], limits[name]["after"]

    assert set(during["answers"]) <= {"202", "503"}
    assert during["answers"]["503"] > 0
    assert not during["died"]
    assert set(after["answers"]) == {"202"}


def test_x25_without_descriptors_clients_wait_or_see_503_and_it_recovers(limits) -> None:
    during, after = limits["x25_no_descriptors"]["during"], limits["x25_no_descriptors"]["after"]

    assert set(during["answers"]) <= {"202", "503", "broken"}
    assert not during["died"]
    assert set(after["answers"]) == {"202"}


def test_x23_a_copy_at_any_moment_is_whole_and_has_all_that_was_answered(limits) -> None:
    found = limits["x23_copies"]

    assert found["whole"] == found["copies"]
    assert found["lacking"] == 0


def test_x24_nothing_is_lost_and_all_invariants_hold(limits) -> None:
    assert limits["report"]["lost"] == []
    assert limits["report"]["broken"] == []
