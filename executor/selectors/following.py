"""Reads for whoever follows a run live, and the threads in which async code makes them."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from common.http.rendering import render_json
from executor.errors import ExecutionNotFound
from executor.models import Execution, ExecutionEvent
from executor.selectors.runs import get_event_seq, get_snapshot, list_events
from executor.types import ExecutionStatus

PAGE_ROWS = 200  # commits whose events are read at once
READERS = 4  # threads, and with them connections, that all sockets and waits of a process share

Args = ParamSpec("Args")
Result = TypeVar("Result")

# Not asgiref's own: that is one thread for each request, kept for as long as the request lasts.
_readers = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="live-read")


@dataclass(frozen=True, slots=True)
class Start:
    """Where a follower begins: after event number `seq`, with `snapshot` first unless it is None.

    `is_over` says that no event can come any more beside those that are there.
    """

    seq: int
    snapshot: bytes | None
    is_over: bool


@dataclass(frozen=True)
class Frame:
    """One event, or a snapshot, with its data as JSON: rendered once for all who are told."""

    seq: int
    type: str
    data: bytes

    @cached_property
    def text(self) -> str:
        """The frame as sockets send it: around data that is JSON already."""
        data = self.data.decode("utf-8")
        return f'{{"seq":{self.seq},"type":"{self.type}","data":{data}}}'

    @property
    def is_final(self) -> bool:
        """Say whether nothing can follow it."""
        return self.type == "final"


@dataclass(frozen=True, slots=True)
class FramePage:
    """Events in order; `has_more` says that this need not be all."""

    frames: Sequence[Frame]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run is."""

    seq: int
    status: str


async def in_reader(
    function: Callable[Args, Result], *args: Args.args, **kwargs: Args.kwargs
) -> Result:
    """Call a function that queries the database in one of the reader threads."""

    def call() -> Result:
        close_old_connections()  # one that the database dropped must not fail the next read
        return function(*args, **kwargs)

    return await sync_to_async(call, thread_sensitive=False, executor=_readers)()


def find_workspace_of(execution_id: str) -> str:
    """Return whose run this is; the caller checks that whoever asks may know.

    Raises:
        ExecutionNotFound: there is none.
    """
    rows = Execution.objects.across_workspaces().filter(pk=execution_id)
    workspace_id = rows.values_list("workspace_id", flat=True).first()
    if workspace_id is None:
        raise ExecutionNotFound
    return workspace_id


def get_start(workspace_id: str, execution_id: str, since: int | None) -> Start:
    """Return where to begin for a follower that has seen the events up to `since`.

    There is a snapshot where the events do not lead on from there: none was seen, some of those
    that follow are gone, or the number is from the future. Of a finished run the snapshot counts
    as before the last event, so that every stream ends with exactly one `final`.

    Raises:
        ExecutionNotFound: no such run here.
    """
    newest, status = _where(workspace_id, execution_id)
    is_over = ExecutionStatus(status).is_final
    if since is not None and _leads_on(execution_id, since, newest):
        return Start(since, None, is_over)
    seq, body, is_final = get_snapshot(workspace_id, execution_id)
    if is_final:
        seq = max(get_event_seq(workspace_id, execution_id) - 1, 0)
    return Start(seq, body, is_final)


def list_frames(execution_id: str, *, since: int) -> FramePage:
    """Return the events after number `since`, or the first of them."""
    events = list_events(execution_id, since=since, max_rows=PAGE_ROWS)
    frames = [Frame(each["seq"], each["type"], render_json(each["data"])) for each in events]
    return FramePage(frames, has_more=len(events) >= PAGE_ROWS)


def list_positions(execution_ids: Collection[str]) -> dict[str, Position]:
    """Return how far these runs are; those that are gone are left out."""
    rows = Execution.objects.across_workspaces().filter(pk__in=execution_ids)
    found = rows.values_list("pk", "event_seq", "status")
    return {id_: Position(seq, status) for id_, seq, status in found}


def _where(workspace_id: str, execution_id: str) -> tuple[int, str]:
    rows = Execution.objects.of(workspace_id).filter(pk=execution_id)
    found = rows.values_list("event_seq", "status").first()
    if found is None:
        raise ExecutionNotFound
    return found


def _leads_on(execution_id: str, since: int, newest: int) -> bool:
    """Say whether every event after `since` is still there."""
    if since >= newest:
        return since == newest
    following = ExecutionEvent.objects.filter(execution_id=execution_id, last_seq__gt=since)
    first = following.order_by("first_seq").values_list("first_seq", flat=True).first()
    return first is not None and first <= since + 1
