"""A process dies at each kill point; whoever comes after it brings every run to its right end."""

from typing import Any

import pytest

from tests.chaos.commands import json_of
from tests.chaos.points import OF_CALLERS, OF_THE_WEB, OF_WORKERS


@pytest.fixture(scope="module")
def matrix() -> Any:
    """What came of dying everywhere once."""
    return json_of("sqlite", "--points")


@pytest.mark.parametrize(
    "point",
    [
        *OF_WORKERS,
        *(f"call: {point}" for point in OF_CALLERS),
        *(f"web: {point}" for point in OF_THE_WEB),
    ],
)
def test_X3_a_process_dies_at_a_kill_point(matrix, point: str) -> None:
    assert matrix["died"][point]


@pytest.mark.parametrize("point", OF_THE_WEB)
def test_X1_a_client_whose_server_died_sees_a_broken_connection_and_then_a_202(
    matrix, point: str
) -> None:
    assert matrix["answers"][point] == ["broken", 202]


@pytest.mark.parametrize("point", OF_THE_WEB)
def test_C6_C7_a_request_sent_again_under_its_key_made_one_run(matrix, point: str) -> None:
    assert matrix["made"][point] == 1


def test_X1_every_run_ends_as_it_would_have_and_once(matrix) -> None:
    assert matrix["lost"] == []
    assert matrix["different"] == []
    assert matrix["finished_twice"] == matrix["nodes_twice"] == 0
    assert set(matrix["statuses"]) == {"COMPLETED", "CANCELLED", "FAILED"}


def test_X1_all_invariants_hold_afterwards(matrix) -> None:
    assert matrix["broken"] == []
