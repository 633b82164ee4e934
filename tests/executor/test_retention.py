"""What goes by age, and the bytes of media that go with it, whoever stores the same meanwhile."""

import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections, transaction

from accounts.api import SYSTEM_ACTOR, delete_workspace, get_workspace_ref
from common import faults
from common.clock import FixedClock, utc_now
from common.errors import Gone
from common.ids import new_id
from executor import conf, gateway
from executor.errors import BytesCollected, ExecutionNotFound
from executor.models import (
    CacheEntry,
    Execution,
    ExecutionEvent,
    File,
    NodeResults,
    Task,
    WorkspaceLoad,
)
from executor.selectors.files import get_file
from executor.selectors.runs import get_poll_answer
from executor.services.collection import ORPHAN_AGE, collect_deleted, enter_orphans
from executor.services.files import content_key, delete_file, import_media, keep_files, take_upload
from executor.services.media_check import find_wrong_objects
from executor.services.retention import end_deleted, purge_expired
from tests.executor.runs import accept, perform_all, publish
from tests.factories import make_file, make_workspace
from tests.graphs import chain

DAY = timedelta(days=1)
WORDS = b"the same words"


def rows(model):
    """All rows of a tenant's table."""
    return model.objects.across_workspaces()


def later(by: timedelta) -> FixedClock:
    """A clock that is ahead."""
    return FixedClock(utc_now() + by)


def run_of(workspace, *, is_over: bool = True) -> str:
    """A run of a fresh workflow."""
    accepted = accept(workspace, publish(workspace, chain(1)), {"text": "x"})
    if is_over:
        perform_all()
    return accepted.execution_id


def child_of(run: str) -> str:
    """A copy of a run, as if that had started it."""
    return copy_of(run, parent_id=run)


def copy_of(run: str, *, parent_id: str | None = None) -> str:
    """Another run that is just like it."""
    row = rows(Execution).get(pk=run)
    row.pk, row.parent_id = new_id("exec"), parent_id
    row.save(force_insert=True)
    return str(row.pk)


def path_of(file_id: str) -> Path:
    """Where a file's bytes lie."""
    path = gateway.local_path(rows(File).get(pk=file_id).storage_key)
    assert path is not None
    return path


# --- runs


def test_a_run_past_its_plans_retention_goes_with_all_that_hangs_on_it(workspace) -> None:
    run = run_of(workspace)
    grandchild = child_of(child_of(run))

    assert purge_expired(clock=later(6 * DAY)).runs == 0
    assert purge_expired(clock=later(8 * DAY)).runs == 3

    with pytest.raises(ExecutionNotFound):
        get_poll_answer(workspace.id, run)
    assert not rows(Execution).filter(pk=grandchild).exists()
    for model in (Task, NodeResults, ExecutionEvent):
        assert not model.objects.filter(execution_id=run).exists()


def test_the_plan_decides_for_how_long(db) -> None:
    starter = make_workspace(plan="starter")
    run_of(starter)

    assert purge_expired(clock=later(29 * DAY)).runs == 0
    assert purge_expired(clock=later(31 * DAY)).runs == 1


@pytest.mark.parametrize("status", ["QUEUED", "RUNNING", "PAUSED"])
def test_an_open_run_is_never_purged(workspace, status) -> None:
    run = run_of(workspace, is_over=False)
    rows(Execution).filter(pk=run).update(status=status)

    assert purge_expired(clock=later(400 * DAY)).runs == 0


def test_more_runs_than_one_batch_go(workspace) -> None:
    first = run_of(workspace)
    for _ in range(130):
        copy_of(first)

    assert purge_expired(clock=later(8 * DAY)).runs == 131


def test_a_purge_that_is_told_to_stop_leaves_the_rest_for_the_next(workspace) -> None:
    run_of(workspace)

    assert purge_expired(clock=later(8 * DAY), should_stop=lambda: True).runs == 0
    assert purge_expired(clock=later(8 * DAY)).runs == 1


def test_T7_of_a_deleted_workspace_runs_end_files_die_and_data_goes(
    workspace, stranger_workspace
) -> None:
    queued, over = run_of(workspace, is_over=False), run_of(stranger_workspace)
    file, kept = make_file(workspace), make_file(stranger_workspace)
    CacheEntry.objects.insert(workspace_id=workspace.id, key="k", outputs={}, used_at=utc_now())
    delete_workspace(actor=SYSTEM_ACTOR, workspace_id=workspace.id)

    ended = end_deleted()

    assert ended == int(rows(Execution).get(pk=queued).status == "CANCELLED")
    with pytest.raises(Gone):
        get_file(workspace.id, file.id)
    purge_expired()
    collect_deleted(clock=later(timedelta(hours=2)))
    purge_expired(clock=later(timedelta(hours=4)))
    for model in (Execution, File, CacheEntry):
        assert not model.objects.of(workspace.id).exists(), model
    assert not WorkspaceLoad.objects.filter(pk=workspace.id).exists()
    assert get_workspace_ref(workspace.id) is not None
    assert rows(Execution).filter(pk=over).exists()
    assert get_file(stranger_workspace.id, kept.id).id == kept.id


# --- files


def test_a_file_past_its_retention_is_gone_and_its_bytes_follow(workspace) -> None:
    file = make_file(workspace)
    path = path_of(file.id)

    assert purge_expired(clock=later(8 * DAY)).files == 1

    with pytest.raises(Gone):
        get_file(workspace.id, file.id)
    assert collect_deleted(clock=later(8 * DAY)) == 0
    assert path.exists()
    assert collect_deleted(clock=later(8 * DAY + timedelta(hours=2))) == 1
    assert not path.exists()
    assert collect_deleted(clock=later(9 * DAY)) == 0


def test_a_file_that_a_run_took_from_the_cache_counts_as_young(workspace) -> None:
    file = make_file(workspace)
    rows(File).filter(pk=file.id).update(reused_at=utc_now() + 3 * DAY)

    assert purge_expired(clock=later(8 * DAY)).files == 0
    assert purge_expired(clock=later(11 * DAY)).files == 1


def test_bytes_stay_while_another_file_needs_them(workspace) -> None:
    first, second = make_file(workspace, WORDS), make_file(workspace, WORDS)
    path = path_of(first.id)

    delete_file(workspace_id=workspace.id, file_id=first.id)
    assert collect_deleted(clock=later(timedelta(hours=2))) == 0
    assert path.exists()

    delete_file(workspace_id=workspace.id, file_id=second.id)
    assert collect_deleted(clock=later(timedelta(hours=2))) == 1
    assert not path.exists()


def test_bytes_of_files_deleted_one_after_the_other_go_with_the_last(workspace) -> None:
    first, second = make_file(workspace, WORDS), make_file(workspace, WORDS)
    delete_file(workspace_id=workspace.id, file_id=first.id)
    delete_file(workspace_id=workspace.id, file_id=second.id, clock=later(timedelta(hours=1)))

    assert collect_deleted(clock=later(timedelta(minutes=90))) == 0
    assert collect_deleted(clock=later(timedelta(minutes=150))) == 1


# --- files of equal content that come while bytes go


def put_again(workspace) -> File:
    """The first half of an upload: its bytes are there, its row is not."""
    source = conf.temporary_dir() / f"again-{new_id('x')}"
    source.write_bytes(WORDS)
    return import_media(workspace_id=workspace.id, source=source)


def deleted_file(workspace) -> str:
    """A file of the same content that was deleted; returns its id."""
    file = make_file(workspace, WORDS)
    delete_file(workspace_id=workspace.id, file_id=file.id)
    return file.id


def test_bytes_collected_between_putting_and_inserting_are_noticed(workspace) -> None:
    deleted_file(workspace)
    row = put_again(workspace)
    collect_deleted(clock=later(timedelta(hours=2)))

    with pytest.raises(BytesCollected), transaction.atomic():
        keep_files([row])

    assert not rows(File).filter(pk=row.pk).exists()
    make_file(workspace, WORDS)
    assert find_wrong_objects().broken == 0


def test_bytes_put_again_after_they_were_collected_are_taken(workspace) -> None:
    deleted_file(workspace)
    collect_deleted(clock=later(timedelta(hours=2)))

    make_file(workspace, WORDS)

    assert find_wrong_objects().broken == 0


@pytest.mark.django_db(transaction=True)
def test_whoever_collects_waits_for_a_row_that_is_being_inserted(workspace) -> None:
    deleted_file(workspace)
    row = put_again(workspace)
    collected: list[int] = []

    def collect() -> None:
        collected.append(collect_deleted(clock=later(timedelta(hours=2))))
        connections.close_all()

    thread = threading.Thread(target=collect)
    with transaction.atomic():
        keep_files([row])
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive()
    thread.join()

    assert collected == [0]
    assert find_wrong_objects().broken == 0


@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_inserted_while_its_bytes_go_is_refused(workspace) -> None:
    deleted_file(workspace)
    row = put_again(workspace)
    path = gateway.local_path(row.storage_key)
    assert path is not None

    def collect() -> None:
        collect_deleted(clock=later(timedelta(hours=2)))
        connections.close_all()

    faults.arm("files.after_collect=sleep:0.5")
    try:
        thread = threading.Thread(target=collect)
        thread.start()
        while path.exists():
            assert thread.is_alive()
        with pytest.raises(BytesCollected), transaction.atomic():
            keep_files([row])
        thread.join()
    finally:
        faults.arm("")

    assert not rows(File).filter(pk=row.pk).exists()
    assert find_wrong_objects().broken == 0


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_when_the_same_bytes_come_and_go_at_once(workspace) -> None:
    is_over = threading.Event()
    seen: list[bool] = []

    def come_and_go() -> None:
        try:
            for _ in range(25):
                file_id = take_again(workspace)
                seen.append(path_of(file_id).exists())
                delete_file(workspace_id=workspace.id, file_id=file_id)
        finally:
            connections.close_all()

    def collect() -> None:
        while not is_over.is_set():
            collect_deleted(clock=later(timedelta(hours=2)))
        connections.close_all()

    collector = threading.Thread(target=collect)
    uploaders = [threading.Thread(target=come_and_go) for _ in range(3)]
    for thread in (collector, *uploaders):
        thread.start()
    for thread in uploaders:
        thread.join()
    last = take_again(workspace)
    is_over.set()
    collector.join()

    assert seen == [True] * 75
    assert find_wrong_objects().broken == 0
    assert path_of(last).read_bytes() == WORDS


def take_again(workspace) -> str:
    """Upload until it is taken, as a client does; returns the file's id."""
    while True:
        source = conf.temporary_dir() / f"last-{new_id('x')}"
        source.write_bytes(WORDS)
        try:
            return take_upload(workspace_id=workspace.id, source=source).id
        except BytesCollected:
            continue


# --- objects without a row


def orphan(workspace, *, age: timedelta) -> Path:
    """Bytes that somebody put and died."""
    row = put_again(workspace)
    path = gateway.local_path(row.storage_key)
    assert path is not None
    at = (utc_now() - age).timestamp()
    os.utime(path, (at, at))
    return path


def test_I12_an_object_that_never_got_a_row_goes_after_a_day(workspace) -> None:
    path = orphan(workspace, age=ORPHAN_AGE + timedelta(minutes=1))

    assert enter_orphans() == 1
    assert enter_orphans() == 0
    assert collect_deleted() == 0
    assert collect_deleted(clock=later(timedelta(hours=2))) == 1
    assert not path.exists()


def test_I12_an_object_whose_row_may_still_come_stays(workspace) -> None:
    path = orphan(workspace, age=ORPHAN_AGE - timedelta(minutes=5))

    assert enter_orphans() == 0
    assert path.exists()


def test_I12_an_object_whose_row_comes_late_is_kept_after_all(workspace) -> None:
    orphan(workspace, age=ORPHAN_AGE + timedelta(minutes=1))
    row = put_again(workspace)
    enter_orphans()
    with transaction.atomic():
        keep_files([row])

    assert collect_deleted(clock=later(timedelta(hours=2))) == 0
    assert find_wrong_objects().broken == 0


def test_an_object_of_a_living_file_is_no_orphan(workspace) -> None:
    file = make_file(workspace, WORDS)
    at = (utc_now() - 3 * DAY).timestamp()
    os.utime(path_of(file.id), (at, at))

    assert enter_orphans() == 0


def test_half_written_and_temporary_files_of_the_dead_go_and_foreign_ones_stay(workspace) -> None:
    at = (utc_now() - 2 * DAY).timestamp()
    draft = gateway.local_path(content_key(workspace.id, "a" * 64) + ".7f00.tmp")
    foreign = gateway.local_path("notes/readme.txt")
    upload = conf.temporary_dir() / "upload-dead"
    assert draft is not None
    assert foreign is not None
    for path in (draft, foreign, upload):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
        os.utime(path, (at, at))

    assert enter_orphans() == 0

    assert [path.exists() for path in (draft, foreign, upload)] == [False, True, False]
    foreign.unlink()
