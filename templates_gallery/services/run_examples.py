"""A finished run as the example of a template: its files are copied, so that they outlive it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.errors import Gone, InvalidInputs, Issue, NotFound
from common.ids import new_id
from executor.api import ExecutionStatus, FileRef, copy_file, delete_stored, get_execution_json
from templates_gallery.models import TemplateAsset, TemplateVersion
from templates_gallery.selectors.shares import is_media
from templates_gallery.services.linting import is_unfit
from templates_gallery.types import Example
from workflows.api import Interface

MAX_FILES = 20
MAX_BYTES = 50 * 1024 * 1024  # of one file
MAX_TEXT = 100_000  # characters of a value that is no file
_FIELD = "/exampleExecutionId"
_SUFFIXES = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "model/gltf-binary": "glb",
}


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file that lies under a key of the gallery's, and no row says so yet."""

    name: str
    key: str
    kind: str
    ref: FileRef


@dataclass(frozen=True, slots=True)
class CopiedExample:
    """An example and its files."""

    example: Example
    files: tuple[CopiedFile, ...]


def example_from(
    workspace_id: str, workflow_id: str, execution_id: str, interface: Interface
) -> CopiedExample:
    """Return a run as an example; its files have been copied.

    Raises:
        InvalidInputs: no such run of this workflow, none that is completed, one whose files are
            gone, too many or too large, or that holds what must not be shown.
    """
    run = _find_run(workspace_id, workflow_id, execution_id)
    names = {field.name for field in interface.inputs}
    copier = _Copier(workspace_id)
    inputs = {
        name: copier.copied(name, value)
        for name, value in run["inputs"].items()
        if name in names and value is not None
    }
    outputs = {name: copier.copied(name, value) for name, value in run["outputs"].items()}
    example = Example("Example", inputs, outputs, is_simulated=run["mode"] == "test")
    return CopiedExample(example, tuple(copier.files))


def keep_assets(version: TemplateVersion, copied: CopiedExample, now: datetime) -> None:
    """Insert the rows of an example's files."""
    TemplateAsset.objects.bulk_create(
        TemplateAsset(
            id=new_id("tas"),
            version=version,
            name=file.name,
            kind=file.kind,
            mime_type=file.ref.content_type,
            size_bytes=file.ref.bytes,
            storage_key=file.key,
            width=file.ref.width,
            height=file.ref.height,
            duration_s=file.ref.duration_s,
            created_at=now,
        )
        for file in copied.files
    )


def forget_files(copied: CopiedExample) -> None:
    """Remove the files of an example that came to nothing."""
    for file in copied.files:
        delete_stored(file.key)


def _find_run(workspace_id: str, workflow_id: str, execution_id: str) -> Mapping[str, Any]:
    if not execution_id:
        raise _refused("Run the published version once, and choose that run as the example.")
    try:
        run = get_execution_json(workspace_id, execution_id)
    except NotFound as error:
        raise _refused("There is no such run.") from error
    if run["workflowId"] != workflow_id or run["status"] != ExecutionStatus.COMPLETED:
        raise _refused("Choose a completed run of this workflow.")
    return run


class _Copier:
    """Copies the files in the values of one run."""

    def __init__(self, workspace_id: str) -> None:
        self.files: list[CopiedFile] = []
        self._workspace_id = workspace_id
        self._folder = f"templates/{new_id('tex')}"

    def copied(self, name: str, value: Any) -> Any:
        """Return a value in which files are named as assets.

        Raises:
            InvalidInputs: see `example_from`.
        """
        if isinstance(value, list):
            return [self.copied(name, item) for item in value]
        if is_media(value):
            return self._copy(name, value)
        if isinstance(value, Mapping) and "url" in value:
            raise _refused("An input of this run is an address; choose one that was given a file.")
        if is_unfit(value):
            raise _refused(f"The value of {name} looks like a key or holds a password.")
        if len(str(value)) > MAX_TEXT:
            raise _refused(f"The value of {name} is too long to be shown.")
        return value

    def _copy(self, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
        if len(self.files) >= MAX_FILES or value.get("bytes", 0) > MAX_BYTES:
            raise _refused(f"An example has {MAX_FILES} files at most, of 50 MB each.")
        suffix = _SUFFIXES.get(value["contentType"], "bin")
        asset = f"{len(self.files) + 1}-{name[:60]}.{suffix}"
        key = f"{self._folder}/{len(self.files) + 1}.{suffix}"
        try:
            ref = copy_file(workspace_id=self._workspace_id, file_id=value["fileId"], key=key)
        except (NotFound, Gone) as error:
            raise _refused("A file of this run is gone; choose a newer one.") from error
        self.files.append(CopiedFile(asset, key, value["kind"], ref))
        return {"asset": asset, "kind": value["kind"]}


def _refused(message: str) -> InvalidInputs:
    return InvalidInputs([Issue(_FIELD, "not_allowed", message)])
