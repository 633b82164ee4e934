"""Who is refused while too many runs wait, and for how long."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.errors import Unavailable
from executor.services.shedding import Backlog, Shedder, look_at_backlog
from executor.types import Priority
from tests.executor.runs import accept, publish
from tests.graphs import chain


def shedder(waiting: int, age_s: float = 60.0) -> Shedder:
    """One that sees this backlog where a hundred may wait."""
    return Shedder(lambda: Backlog(waiting, age_s), longest=lambda: 100)


def is_let_in(waiting: int, priority: Priority) -> bool:
    try:
        shedder(waiting).check(priority)
    except Unavailable:
        return False
    return True


@pytest.mark.parametrize(
    ("waiting", "let_in"),
    [
        (49, [Priority.PLAYGROUND, Priority.API, Priority.BATCH]),
        (50, [Priority.PLAYGROUND, Priority.API]),
        (80, [Priority.PLAYGROUND]),
        (100, []),
    ],
)
def test_load_is_shed_from_batches_first_and_watched_runs_last(waiting, let_in) -> None:
    assert [one for one in Priority if is_let_in(waiting, one)] == let_in


def test_a_refused_client_is_told_when_the_line_will_be_shorter() -> None:
    with pytest.raises(Unavailable) as refused:
        shedder(100, age_s=60.0).check(Priority.API)

    # 100 in 60 s; 28 of them must go until 72 are left, a tenth below the API's 80.
    assert refused.value.retry_after_s == 17


def test_the_backlog_is_looked_at_every_two_seconds_at_most() -> None:
    looks, now = [], [10.0]

    def look() -> Backlog:
        looks.append(now[0])
        return Backlog(0, 0.0)

    gauge = Shedder(look, longest=lambda: 100, monotonic=lambda: now[0])
    for moment in (10.0, 11.0, 11.9, 12.1):
        now[0] = moment
        gauge.check(Priority.API)

    assert looks == [10.0, 12.1]


def test_held_and_ready_tasks_count_as_waiting(workspace) -> None:
    flow = publish(workspace, chain(1))
    for n in range(3):
        accept(workspace, flow, {"text": str(n)})

    assert look_at_backlog().waiting == 3


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="PostgreSQL goes by what it knows of rows"
)
def test_looking_at_the_backlog_does_not_walk_through_what_is_over(workspace) -> None:
    with CaptureQueriesContext(connection) as queries:
        look_at_backlog()

    with connection.cursor() as cursor:
        plans = [
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}").fetchone()[-1] for query in queries
        ]

    assert ["task_claimable" in plans[0], "task_held" in plans[1]] == [True, True], plans
