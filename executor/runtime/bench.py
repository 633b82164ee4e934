"""What the nodes of one task run on: loading media, storing it beside the computing, progress."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from common.clock import Clock
from common.ids import new_id
from executor import conf, gateway
from executor.engine.codec import UNKEPT
from executor.engine.plan import Plan
from executor.media.encode import DRAFT_TYPE, encode_draft, encode_picture, open_picture
from executor.media.preview import preview_uri
from executor.models import File
from executor.runtime.running import Cancellation
from executor.runtime.telling import TaskVoice
from executor.selectors.files import get_storage_key
from executor.services.files import content_key
from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.node import Context
from workflows.catalogue.values import Image, Mask, Media
from workflows.graphs.resolved import ResolvedNode

# Encoding lets go of the interpreter, so two threads keep up with the nodes of all tasks.
_writers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="media-writer")
_SMALL_PIXELS = 256 * 256  # handing these to a thread costs more than writing them
_MAX_LOADED = 4  # decoded pictures that are kept for the next node


class TaskBench:
    """The workbench of one task of one run."""

    def __init__(
        self,
        *,
        plan: Plan,
        workspace_id: str,
        execution_id: str,
        keep_all: bool,
        cancellation: Cancellation,
        voice: TaskVoice,
        clock: Clock,
    ) -> None:
        self.voice = voice
        self.plan = plan
        self.workspace_id = workspace_id
        self.execution_id = execution_id
        self.keep_all = keep_all
        self.cancellation = cancellation
        self.clock = clock
        self._files: list[File] = []
        self._loaded: dict[str, Any] = {}

    def context(self, node: ResolvedNode) -> Context:
        """Return the context of one run of a node."""
        self.cancellation.check_over()
        self.cancellation.enter(node, conf.node_timeout_s(node.spec.cost))
        return NodeContext(self, node)

    def rest(self) -> None:
        """Hear that no node runs until the next context is asked for."""
        self.cancellation.leave()

    def progress(self, node: ResolvedNode, done: float) -> None:
        """Say how far a node is; a cancelled run stops here."""
        self.cancellation.check_over()
        if done < 1:
            self.voice.progress(node.id, done)

    def preview(self, node: ResolvedNode, picture: Any) -> None:
        """Say how a node's picture looks by now, where somebody would soon be told of it."""
        if self.voice.may_preview(node.id):
            self.voice.preview(node.id, preview_uri(picture))

    def keep(self, node: ResolvedNode, port: str, value: Any) -> Any:
        """Store an output's files; return the value with files, or futures of them, in their place.

        What goes to an output node is written in its own format, anything else in the fast one.
        """
        place = (node.id, port)
        if not self.keep_all and place not in self.plan.shared and _has_media(value):
            return UNKEPT
        return self._kept(value, is_delivered=place in self.plan.delivered)

    def settle(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for the files of a node's outputs to be written."""
        return {port: _settled(value) for port, value in outputs.items()}

    def take_files(self) -> list[File]:
        """Return the rows of the files written since the last call, for the commit to insert."""
        files, self._files = self._files, []
        return files

    def files(self) -> list[File]:
        """Return the rows that `take_files` would, and leave them there."""
        return list(self._files)

    def load(self, media: Media) -> Any:
        """Return the decoded picture of a handle."""
        if media.decoded is not None:
            return media.decoded
        file_id = media.file_id or ""
        if file_id not in self._loaded:
            while len(self._loaded) >= _MAX_LOADED:
                self._loaded.pop(next(iter(self._loaded)))
            self._loaded[file_id] = self._open(file_id)
        return self._loaded[file_id]

    def _open(self, file_id: str) -> Any:
        key = get_storage_key(self.workspace_id, file_id)
        if key is None:
            raise NodeFailed("input_fetch_failed", "A file that this needs was deleted.")
        try:
            with gateway.open_stored(key) as stream:
                return open_picture(stream)
        except OSError as error:
            raise NodeFailed("undecodable", "A stored picture cannot be read.") from error

    def _kept(self, value: Any, *, is_delivered: bool) -> Any:
        if isinstance(value, list):
            return [self._kept(item, is_delivered=is_delivered) for item in value]
        if not isinstance(value, Media):
            return value
        if value.file_id is not None and not (is_delivered and value.draft):
            return replace(value, decoded=None)
        picture = self.load(value)
        if picture.width * picture.height <= _SMALL_PIXELS:
            return self._write(value, picture, is_delivered)
        return _writers.submit(self._write, value, picture, is_delivered)

    def _write(self, media: Media, picture: Any, is_delivered: bool) -> Media:
        if is_delivered:
            data, content_type = encode_picture(picture, media.content_type, media.quality)
        else:
            data, content_type = encode_draft(picture), media.content_type
        row = self._row(data, content_type if is_delivered else DRAFT_TYPE, picture.size)
        gateway.put_bytes(row.storage_key, data)
        self._files.append(row)
        return replace(
            media,
            content_type=content_type,
            file_id=row.id,
            bytes=len(data),
            width=picture.width,
            height=picture.height,
            draft=not is_delivered,
            sha256=row.sha256,
            decoded=None,
        )

    def _row(self, data: bytes, content_type: str, size: tuple[int, int]) -> File:
        digest = hashlib.sha256(data).hexdigest()
        return File(
            id=new_id("file"),
            workspace_id=self.workspace_id,
            kind="image",
            content_type=content_type,
            bytes=len(data),
            sha256=digest,
            storage_key=content_key(self.workspace_id, digest),
            width=size[0],
            height=size[1],
            execution_id=self.execution_id,
            created_at=self.clock.now(),
        )


class NodeContext:
    """The `Context` of one run of a node: the few things that it may do beside computing."""

    def __init__(self, bench: TaskBench, node: ResolvedNode) -> None:
        self._bench = bench
        self._node = node

    def load(self, image: Media) -> Any:
        """Return the picture of a handle."""
        return self._bench.load(image)

    def store(
        self,
        picture: Any,
        *,
        like: Media | None = None,
        content_type: str | None = None,
        kind: str = "image",
        quality: int | None = None,
    ) -> Image:
        """Return a handle to a picture; it is written when the node is done."""
        made: Any = Mask if kind == "mask" else Image
        chosen = content_type or (like.content_type if like is not None else "image/png")
        handle: Image = made(
            content_type=chosen,
            width=picture.width,
            height=picture.height,
            quality=quality,
            decoded=picture,
        )
        return handle

    def progress(self, done: float) -> None:
        """Say how far the node is; a cancelled run stops here."""
        self._bench.cancellation.check()
        self._bench.progress(self._node, done)

    def preview(self, picture: Any) -> None:
        """Show how the picture looks by now; a cancelled run stops here."""
        self._bench.cancellation.check()
        self._bench.preview(self._node, picture)

    def check_cancelled(self) -> None:
        """Stop a node whose run is over."""
        self._bench.cancellation.check()


def _has_media(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_media(item) for item in value)
    return isinstance(value, Media)


def _settled(value: Any) -> Any:
    if isinstance(value, Future):
        return value.result()
    if isinstance(value, list):
        return [_settled(item) for item in value]
    return value
