"""Which way of a model comes next, by what came of those before."""

import pytest

from executor.engine.routes import MAX_TRIES, Tried, Way, next_way

A, B, C = Way(0, "a"), Way(1, "b"), Way(2, "c")
ALL = (A, B, C)


def away(way: Way) -> Tried:
    return Tried(way, "provider_unavailable", True)


def blocked(way: Way) -> Tried:
    return Tried(way, "provider_unavailable", False)


def full(way: Way) -> Tried:
    return Tried(way, "provider_rate_limited", True)


def broke(way: Way, *, is_passing: bool = True) -> Tried:
    return Tried(way, "provider_error", is_passing)


@pytest.mark.parametrize(
    ("tried", "following"),
    [
        ([], A),
        ([away(A)], B),
        ([blocked(A)], B),
        ([full(A)], A),
        ([full(A)] * 2, A),
        ([full(A)] * 3, B),
        ([full(A)] * 3 + [away(B)], C),
        ([away(A), full(B)], B),
        ([away(A), away(B), away(C)], A),
        ([away(A), blocked(B), away(C)], A),
        ([away(A), away(B), away(C)] * 2, A),
        ([away(A), away(B), away(C)] * 3, None),
        ([blocked(A), blocked(B), blocked(C)], None),
        ([full(A)] * 3 + [full(B)] * 3 + [full(C)] * 3, None),
        ([Tried(A, "provider_rate_limited", False)], B),  # it has us wait for long
        ([broke(A)], A),
        ([broke(A)] * 3, None),
        ([broke(A, is_passing=False)], None),
        ([away(A), broke(B)], B),
        ([Tried(A, "content_policy", False)], None),
        ([Tried(A, "invalid_value", False)], None),
        ([away(A), Tried(B, "content_policy", False)], None),
        ([Tried(A, "provider_outcome_unknown", True)] * 3, None),
    ],
)
def test_the_next_way(tried: list[Tried], following: Way | None) -> None:
    assert next_way(ALL, tried) == following


@pytest.mark.parametrize("failure", [away, full, broke])
def test_a_single_way_is_tried_three_times(failure) -> None:
    for times in range(MAX_TRIES):
        assert next_way((A,), [failure(A)] * times) == A
    assert next_way((A,), [failure(A)] * MAX_TRIES) is None


def test_a_way_that_is_there_no_more_is_not_taken() -> None:
    assert next_way((B,), [full(A)]) == B
    assert next_way((B,), [broke(A)]) is None
    assert next_way((), []) is None


@pytest.mark.parametrize("code", ["content_policy", "invalid_value", "provider_error", "timed_out"])
def test_x40_nothing_but_a_failure_that_surely_cost_nothing_leads_elsewhere(code) -> None:
    for is_passing in (True, False):
        assert next_way(ALL, [Tried(A, code, is_passing)]) in (A, None)
