"""Where the bytes of media lie: a folder, or an S3-compatible service, by Django's storage API."""

import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, default_storage, storages

from common import faults
from executor.errors import StoreAway


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What lies under a key, and since when."""

    key: str
    bytes: int
    stored_at: datetime


def put_bytes(key: str, data: bytes) -> None:
    """Store bytes under a content key; there already is as good (same key, same content).

    Raises:
        StoreAway: the service did not answer as it should; it may have them all the same.
    """
    path = local_path(key)
    if path is None:
        with _told_apart():
            if not default_storage.exists(key):
                default_storage.save(key, File(io.BytesIO(data)))
        return
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{id(data):x}.tmp")
    draft.write_bytes(data)
    faults.point("files.half_put")
    draft.replace(path)
    faults.point("files.after_put")


def put_file(key: str, source: Path) -> None:
    """Store a file under a content key, moving it where it lies on the same disk.

    Raises:
        StoreAway: as `put_bytes`.
    """
    path = local_path(key)
    if path is None:
        with _told_apart(), source.open("rb") as stream:
            if not default_storage.exists(key):
                default_storage.save(key, File(stream))
        source.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    source.replace(path)


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn the errors of an S3 client into ours."""
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        raise StoreAway from error


def open_stored(key: str) -> IO[Any]:
    """Open stored bytes for reading.

    Raises:
        FileNotFoundError: nothing lies there.
    """
    path = local_path(key)
    return path.open("rb") if path is not None else default_storage.open(key, "rb")


def delete_stored(key: str) -> None:
    """Remove stored bytes; nothing there is no error."""
    default_storage.delete(key)


def is_stored(key: str) -> bool:
    """Say whether something lies under a content key."""
    return bool(default_storage.exists(key))


def list_stored() -> Iterator[StoredObject]:
    """Give everything that lies in the store, in no order; what comes or goes meanwhile may lack."""
    storage = storages["default"]
    if not isinstance(storage, FileSystemStorage):
        bucket = cast(Any, storage).bucket
        for page in bucket.meta.client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket.name
        ):
            for found in page.get("Contents", ()):
                yield StoredObject(found["Key"], int(found["Size"]), found["LastModified"])
        return
    root = Path(storage.location)
    for path in root.rglob("*"):
        try:
            known = path.stat()
        except FileNotFoundError:
            continue
        if stat.S_ISREG(known.st_mode):
            at = datetime.fromtimestamp(known.st_mtime, UTC)
            yield StoredObject(path.relative_to(root).as_posix(), known.st_size, at)


def local_path(key: str) -> Path | None:
    """Return the path of stored bytes in a folder; None where they lie on another machine."""
    storage = storages["default"]
    return Path(storage.path(key)) if isinstance(storage, FileSystemStorage) else None


def download_link(key: str, *, content_type: str, disposition: str) -> str | None:
    """Return a link of 15 minutes to an S3 object; None for a folder, which we serve ourselves."""
    if local_path(key) is not None:
        return None
    parameters = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
    return str(default_storage.url(key, parameters=parameters))  # type: ignore[call-arg]
