"""Files: taking uploads through the sandbox, keeping what nodes make, deleting."""

import atexit
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from django.db import transaction
from django.db.models import Q

from common import faults
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Gone
from common.ids import new_id
from common.sql import insert_rows
from executor import conf, gateway
from executor.errors import BytesCollected, FileNotFound
from executor.media.sandbox import Sandbox
from executor.media.types import MediaInfo, MediaKind, MediaLimits
from executor.models import File
from executor.selectors.files import get_file
from executor.types import FileRef
from workflows.catalogue.values import MEDIA_CLASSES, Media

# The greatest sizes of files by kind, for pages that say so before anything is sent.
UPLOAD_LIMITS: Mapping[str, int] = {
    "imageBytes": MediaLimits().image_bytes,
    "audioBytes": MediaLimits().audio_bytes,
    "videoBytes": MediaLimits().video_bytes,
    "otherBytes": MediaLimits().other_bytes,
}

_sandbox = Sandbox()
atexit.register(_sandbox.close)


def take_upload(
    *,
    workspace_id: str,
    source: Path,
    on_store: Callable[[FileRef], None] = lambda _file: None,
    clock: Clock = SYSTEM_CLOCK,
) -> FileRef:
    """Check, re-encode and keep an uploaded file; `source` is gone afterwards.

    `on_store` is called first inside the transaction that stores it; what it raises undoes that.

    Raises:
        UnsupportedMediaType: a format that is not taken.
        MediaRejected: it cannot be decoded, or is over a limit.
        BytesCollected: it must be sent again.
    """
    row = import_media(workspace_id=workspace_id, source=source, clock=clock)
    with transaction.atomic():
        on_store(file_ref(row))
        keep_files([row], clock=clock)
        faults.point("upload.before_commit")
    return file_ref(row)


def take_stream(*, workspace_id: str, stream: IO[bytes], clock: Clock = SYSTEM_CLOCK) -> FileRef:
    """Keep what a stream gives, checked and re-encoded as an upload is.

    Raises:
        UnsupportedMediaType, MediaRejected, BytesCollected: as `take_upload`.
    """
    path = conf.temporary_dir() / f"stream-{secrets.token_hex(8)}"
    try:
        with path.open("xb") as sink:
            shutil.copyfileobj(stream, sink)
        return take_upload(workspace_id=workspace_id, source=path, clock=clock)
    finally:
        path.unlink(missing_ok=True)


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


def keep_files(rows: Sequence[File], *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Insert the rows of files whose bytes were put before, inside the caller's transaction.

    Equal content shares its bytes, so these may be those of a deleted file that are being collected
    right now. Whoever collects holds the deleted rows while it looks for living ones and removes
    the bytes (`services.retention`); with the same rows held here, either it sees ours, or we see
    that it was there and look whether the bytes still are.

    Raises:
        BytesCollected: they are not; the transaction must roll back, and the bytes be put again.
    """
    insert_rows(rows)
    since = clock.now() - conf.file_grace()
    recently = Q(collected_at=None) | Q(collected_at__gt=since)
    deleted = File.objects.across_workspaces().filter(
        recently, storage_key__in={row.storage_key for row in rows}, deleted_at__isnull=False
    )
    held = deleted.order_by("pk").select_for_update().values_list("storage_key", flat=True)
    if not all(gateway.is_stored(key) for key in set(held)):
        raise BytesCollected


def delete_file(*, workspace_id: str, file_id: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Delete a file; its id answers 410 from now on. The bytes are collected later.

    Raises:
        FileNotFound: no such file here (one deleted before counts as done).
    """
    files = File.objects.of(workspace_id).filter(pk=file_id)
    if not files.filter(deleted_at=None).update(deleted_at=clock.now()) and not files.exists():
        raise FileNotFound


def copy_file(*, workspace_id: str, file_id: str, key: str) -> FileRef:
    """Copy a file's bytes to a key of another owner, who keeps account of them; returns the file.

    Raises:
        FileNotFound: no such file here.
        Gone: it was deleted, or is past its retention.
        StoreAway: the store does not answer.
    """
    row = get_file(workspace_id, file_id)
    try:
        with gateway.open_stored(row.storage_key) as stream:
            gateway.put_bytes(key, stream.read())
    except FileNotFoundError as error:
        raise Gone from error
    return file_ref(row)


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


def get_file_ref(workspace_id: str, file_id: str) -> FileRef:
    """Return a file of a workspace.

    Raises:
        FileNotFound: no such file here.
        Gone: it was deleted, or is past its retention.
    """
    return file_ref(get_file(workspace_id, file_id))


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
        sha256=row.sha256,
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
