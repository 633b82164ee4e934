"""The check of invariants finds what is broken, and nothing where all is well."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from common.clock import utc_now
from executor import gateway
from executor.models import Execution, ExecutionEvent, File, NodeResults, Task, WorkspaceLoad
from executor.selectors.invariants import check_invariants
from tests.executor.runs import accept, perform_all, publish
from tests.factories import make_file
from tests.graphs import chain


@pytest.fixture
def finished(workspace) -> str:
    """A run that is over, beside one that nobody has begun."""
    workflow = publish(workspace, chain(2))
    accepted = accept(workspace, workflow, {"text": "x"})
    perform_all()
    accept(workspace, workflow, {"text": "y"})
    return accepted.execution_id


def broken() -> dict[str, list[str]]:
    return {found.rule: list(found.examples) for found in check_invariants() if found.broken}


def test_nothing_is_broken_where_all_is_well(finished) -> None:
    assert broken() == {}
    assert all(found.checked for found in check_invariants() if found.code == "I8")


def test_I1_an_open_run_without_work_is_found(finished) -> None:
    open_id = Execution.objects.across_workspaces().get(status="QUEUED").id
    Task.objects.filter(execution_id=open_id).update(state="dropped")

    assert broken() == {"an open run has live work": [open_id]}


def test_I1_an_ancient_run_is_found(finished) -> None:
    opened = Execution.objects.across_workspaces().filter(status="QUEUED")
    opened.update(created_at=utc_now() - timedelta(days=8))

    assert list(broken()) == ["no run is open past the age limit"]


def test_I1_work_for_a_run_that_is_over_is_found(finished) -> None:
    Task.objects.filter(execution_id=finished).update(state="ready")

    assert list(broken()) == ["a final run has no live work"]


def test_I1_an_answer_that_differs_from_the_row_is_found(finished) -> None:
    Execution.objects.across_workspaces().filter(pk=finished).update(status="FAILED")

    assert broken() == {"the final answer shows the run's status": [finished]}


def test_I1_a_node_stored_twice_is_found(finished) -> None:
    row = NodeResults.objects.get(execution_id=finished)
    NodeResults.objects.create(
        execution_id=finished, segment=row.segment, start=0, part=7, items=row.items[:1]
    )

    assert broken() == {"each node is stored once": [f"{finished}/{row.items[0][0]}"]}


def test_I1_a_place_that_nobody_has_is_found(finished) -> None:
    load = WorkspaceLoad.objects.get()
    load.running += 2
    load.save()

    assert broken() == {"places taken are runs under way": [f"{load.pk}: 3 for 1"]}


def test_I8_a_missing_event_is_found(finished) -> None:
    last = ExecutionEvent.objects.filter(execution_id=finished).latest("last_seq")
    ExecutionEvent.objects.filter(pk=last.pk).update(first_seq=last.first_seq + 1)

    assert broken() == {"event numbers have no gap": [finished]}


def test_I8_a_run_that_ended_twice_is_found_and_one_whose_node_says_so_is_not(finished) -> None:
    row = Execution.objects.across_workspaces().get(pk=finished)
    seq = row.event_seq + 1
    event = ExecutionEvent.objects.create(
        execution_id=finished,
        first_seq=seq,
        last_seq=seq,
        items=[{"type": "node", "data": {"json": {"type": "final"}}}],
        created_at=utc_now(),
    )
    Execution.objects.across_workspaces().filter(pk=finished).update(event_seq=seq)
    assert broken() == {}

    event.items = [{"type": "final", "data": None}]
    event.save()

    assert broken() == {"a final run has told of it once": [finished]}


def test_I12_a_file_without_its_bytes_fails_the_command(workspace, capsys) -> None:
    kept, lost = make_file(workspace), make_file(workspace, b"other words")
    call_command("check_invariants", "--files")
    key = File.objects.across_workspaces().get(pk=lost.id).storage_key
    gateway.delete_stored(key)

    with pytest.raises(CommandError):
        call_command("check_invariants", "--files")

    out = capsys.readouterr().out
    assert key in out
    assert kept.sha256 not in out
