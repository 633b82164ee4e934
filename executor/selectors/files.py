"""Reads of files."""

from common.errors import Gone
from executor.errors import FileNotFound
from executor.models import File


def get_file(workspace_id: str, file_id: str) -> File:
    """Return a file's row.

    Raises:
        FileNotFound: no such file here.
        Gone: it was deleted, or is past its retention.
    """
    return _living(File.objects.of(workspace_id).filter(pk=file_id).first())


def get_linked_file(file_id: str) -> File:
    """Return the row of a file whose signed link was checked; the link is the permission.

    Raises:
        FileNotFound: no such file.
        Gone: it was deleted, or is past its retention.
    """
    return _living(File.objects.across_workspaces().filter(pk=file_id).first())


def get_storage_key(workspace_id: str, file_id: str) -> str | None:
    """Return where a file's bytes lie; None when it is gone."""
    rows = File.objects.of(workspace_id).filter(pk=file_id, deleted_at=None)
    return rows.values_list("storage_key", flat=True).first()


def _living(row: File | None) -> File:
    if row is None:
        raise FileNotFound
    if row.deleted_at is not None:
        raise Gone
    return row
