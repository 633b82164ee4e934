"""The bytes of media that no row needs any more: removing them, whoever stores the same meanwhile.

Content lies once for each workspace. A deleted file's bytes go when it has been deleted for a while
(`FILE_GRACE_S`) and no living file has the same content; objects that never got a row, because a
process died in between, are entered as deleted files after a day, and go the same way.

The order in `_collect` is what loses nothing. Whoever stores puts the bytes first and inserts the
row after (`keep_files`), perhaps much later, and finds in between that the object "is there
already". So the deleted rows of a content are locked, then living ones looked for, and the bytes
removed before the lock is let go; `keep_files` takes the same locks after its insert.
SQLite has one writer at a time, so there the transaction is that lock.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction

from accounts.api import get_workspace_ref
from common import faults
from common.clock import SYSTEM_CLOCK, Clock
from common.ids import new_id
from executor import conf, gateway
from executor.gateway import StoredObject
from executor.models import File
from executor.services.files import content_key
from executor.services.retention import ShouldStop, never

ORPHAN_AGE = timedelta(hours=24)  # far longer than anybody takes from storing bytes to their row
KEYS_AT_ONCE = 200

_CONTENT_KEY = re.compile(r"(?P<workspace>ws_[0-9a-z]{26})/[0-9a-f]{2}/(?P<sha256>[0-9a-f]{64})")
_DRAFT = re.compile(r".*/[0-9a-f]{64}\.[0-9a-f]+\.tmp")


def collect_deleted(*, clock: Clock = SYSTEM_CLOCK, should_stop: ShouldStop = never) -> int:
    """Remove the bytes of files deleted a while ago that no living file needs; returns objects."""
    removed = 0
    while not should_stop():
        keys = _keys_to_collect(clock.now() - conf.file_grace())
        if not keys:
            break
        for key in keys:
            removed += _collect(key, clock)
    return removed


def enter_orphans(*, clock: Clock = SYSTEM_CLOCK, should_stop: ShouldStop = never) -> int:
    """Enter objects that have lain there for a day without a row as deleted files; returns how many.

    Also clears away half-written files of processes that died.
    """
    before = clock.now() - ORPHAN_AGE
    _clear_temporary(before)
    entered = 0
    old = (found for found in gateway.list_stored() if found.stored_at < before)
    while not should_stop() and (some := list(islice(old, KEYS_AT_ONCE))):
        entered += sum(_enter(found, clock.now()) for found in _without_row(some))
    return entered


def _keys_to_collect(before: datetime) -> set[str]:
    rows = File.objects.across_workspaces().filter(deleted_at__lt=before, collected_at=None)
    return set(rows.order_by("deleted_at").values_list("storage_key", flat=True)[:KEYS_AT_ONCE])


def _collect(key: str, clock: Clock) -> bool:
    """Collect one content; returns whether its bytes went."""
    with transaction.atomic():
        sharing = File.objects.across_workspaces().filter(storage_key=key)
        deleted = sharing.filter(deleted_at__isnull=False, collected_at=None)
        held = list(deleted.order_by("pk").select_for_update().values_list("pk", "deleted_at"))
        now = clock.now()
        old = [pk for pk, at in held if at is not None and at < now - conf.file_grace()]
        # One that was deleted since will see to the bytes. The look for living rows is a statement
        # of its own: it sees what was committed while the one before waited.
        is_needed = not old or len(old) < len(held) or sharing.filter(deleted_at=None).exists()
        if not is_needed:
            gateway.delete_stored(key)
            faults.point("files.after_collect")
        sharing.filter(pk__in=old).update(collected_at=now)
    return not is_needed


def _without_row(found: Iterable[StoredObject]) -> Iterator[StoredObject]:
    """Return what neither a living file has nor a deleted one that will be collected."""
    objects = {item.key: item for item in found}
    rows = File.objects.across_workspaces().filter(storage_key__in=list(objects), collected_at=None)
    for key in set(objects) - set(rows.values_list("storage_key", flat=True)):
        yield objects[key]


def _enter(found: StoredObject, now: datetime) -> bool:
    """Enter an object without a row as a deleted file; what is no content of ours is left alone."""
    if _DRAFT.fullmatch(found.key):
        gateway.delete_stored(found.key)
        return False
    match = _CONTENT_KEY.fullmatch(found.key)
    if match is None or get_workspace_ref(match["workspace"]) is None:
        return False
    if content_key(match["workspace"], match["sha256"]) != found.key:
        return False
    File.objects.insert(
        id=new_id("file"),
        workspace_id=match["workspace"],
        kind="orphan",
        content_type="application/octet-stream",
        bytes=found.bytes,
        sha256=match["sha256"],
        storage_key=found.key,
        created_at=found.stored_at,
        deleted_at=now,
    )
    return True


def _clear_temporary(before: datetime) -> None:
    """Remove uploads and downloads that a process left behind in this host's folder."""
    for path in conf.temporary_dir().iterdir():
        try:
            if path.is_file() and path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue
