"""Ids that go into paths, and words that tell of refused content."""

import pytest

from executor.providers.jobs import get_id, speaks_of_rules


@pytest.mark.parametrize(
    "given", ["", ".", "..", "a/b", "a b", "a?b", "ä", "x" * 201, -1, True, None]
)
def test_f16_an_id_that_could_lead_elsewhere_is_none(given: object) -> None:
    assert get_id({"id": given}, "id") is None


@pytest.mark.parametrize("given", ["job-1", "cgt-2026.1:2_3", 842250903629086785])
def test_ids_of_the_usual_forms_are_taken(given: object) -> None:
    assert get_id({"id": given}, "id") == str(given)


def test_refusals_are_told_by_their_words() -> None:
    assert speaks_of_rules("Failure to pass the risk control system")
    assert speaks_of_rules("Content was blocked by moderation")
    assert not speaks_of_rules("Internal error")
    assert not speaks_of_rules(None)
