"""Files: taking uploads through the sandbox, keeping what nodes make, deleting."""

import atexit
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from django.db import transaction

from common.clock import SYSTEM_CLOCK, Clock
from common.ids import new_id
from executor import gateway
from executor.errors import FileNotFound
from executor.media.sandbox import Sandbox
from executor.media.types import MediaInfo, MediaKind, MediaLimits
from executor.models import File
from executor.types import FileRef
from workflows.catalogue.values import MEDIA_CLASSES, Media

_sandbox = Sandbox()
atexit.register(_sandbox.close)


def take_upload(*, workspace_id: str, source: Path, clock: Clock = SYSTEM_CLOCK) -> FileRef:
    """Check, re-encode and keep an uploaded file; `source` is gone afterwards.

    Raises:
        UnsupportedMediaType: a format that is not taken.
        MediaRejected: it cannot be decoded, or is over a limit.
    """
    row = import_media(workspace_id=workspace_id, source=source, clock=clock)
    row.save(force_insert=True)
    return file_ref(row)


def import_media(
    *, workspace_id: str, source: Path, clock: Clock = SYSTEM_CLOCK, execution_id: str | None = None
) -> File:
    """Bring untrusted bytes into the store; return the row, which the caller inserts.

    The bytes are there before the row is, so a row never lacks its object.

    Raises:
        UnsupportedMediaType: a format that is not taken.
        MediaRejected: it cannot be decoded, or is over a limit.
    """
    target = source.with_suffix(".clean")
    try:
        info = _sandbox.normalise(source, target, limits=MediaLimits())
        row = _row_of(workspace_id, info, execution_id, clock)
        gateway.put_file(row.storage_key, target)
        return row
    finally:
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)


def delete_file(*, workspace_id: str, file_id: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Delete a file; its id answers 410 from now on. The bytes go when nobody else has them.

    Raises:
        FileNotFound: no such file here (one deleted before counts as done).
    """
    files = File.objects.of(workspace_id)
    with transaction.atomic():
        key = files.filter(pk=file_id).values_list("storage_key", flat=True).first()
        if key is None:
            raise FileNotFound
        # Locked, or of two that go at once each would leave the bytes to the other.
        sharing = files.filter(storage_key=key).order_by("pk").select_for_update()
        living = {row.pk for row in sharing if row.deleted_at is None}
        if file_id not in living:
            return
        files.filter(pk=file_id).update(deleted_at=clock.now())
        if living == {file_id}:
            transaction.on_commit(lambda: gateway.delete_stored(key), robust=True)


def content_key(workspace_id: str, sha256: str) -> str:
    """Return where content lies: apart for each workspace, so that none can sense another's."""
    return f"{workspace_id}/{sha256[:2]}/{sha256}"


def file_ref(row: File) -> FileRef:
    """Return a row as other layers see it."""
    return FileRef(
        row.id,
        row.workspace_id,
        row.kind,
        row.content_type,
        row.bytes,
        row.sha256,
        row.width,
        row.height,
        row.duration_s,
        row.created_at,
    )


def file_kind(kind: str) -> MediaKind:
    """Return the kind of file that stands for a value of a kind: a mask is a picture."""
    return cast(MediaKind, "image" if kind == "mask" else kind)


def media_of(row: File, kind: str | None = None) -> Media:
    """Return a file as a value of a graph; a picture may stand in as a mask."""
    name = kind or row.kind
    return MEDIA_CLASSES[name](
        kind=name,
        content_type=row.content_type,
        file_id=row.id,
        bytes=row.bytes,
        width=row.width,
        height=row.height,
        duration_s=row.duration_s,
    )


def find_files(workspace_id: str, ids: list[str]) -> Mapping[str, File]:
    """Return the living files of a workspace among these ids, in one query."""
    rows = File.objects.of(workspace_id).filter(pk__in=ids, deleted_at=None)
    return {row.id: row for row in rows}


def _row_of(workspace_id: str, info: MediaInfo, execution_id: str | None, clock: Clock) -> File:
    return File(
        id=new_id("file"),
        workspace_id=workspace_id,
        kind=info.kind,
        content_type=info.content_type,
        bytes=info.bytes,
        sha256=info.sha256,
        storage_key=content_key(workspace_id, info.sha256),
        width=info.width,
        height=info.height,
        duration_s=info.duration_s,
        execution_id=execution_id,
        created_at=clock.now(),
    )
