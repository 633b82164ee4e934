"""A task of the accelerator in a run of a test key: simulated in the thread that has it."""

import secrets
from collections.abc import Sequence
from typing import Any

from common.clock import Clock
from executor import conf, gateway
from executor.engine.segment import NodeOutcome, SegmentRunner
from executor.models import Execution, File
from executor.providers.base import InputFile
from executor.runtime.bench import TaskBench
from executor.runtime.rehearsal import (
    Rehearsal,
    failure_of,
    files_of,
    outputs_of,
    pauses_of,
    rehearsal_of,
)
from executor.selectors.files import get_storage_key
from executor.services.files import import_media
from executor.simulate.types import MadeFile
from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.values import Media


def rehearse_here(
    execution: Execution, runner: SegmentRunner, bench: TaskBench, clock: Clock
) -> tuple[NodeOutcome, Sequence[File]]:
    """Return what is simulated for the one node of a task, and the rows of its files.

    Raises:
        NodeCancelled: the run is over.
    """
    (node_id,) = runner.segment.node_ids
    node, began_at = runner.plan.node(node_id), clock.now()

    def input_file(media: Media) -> InputFile:
        key = get_storage_key(execution.workspace_id, media.file_id or "")
        if key is None:
            raise NodeFailed("input_fetch_failed", "A file that this needs was deleted.")
        return InputFile(media.content_type, None, lambda: _bytes_at(key))

    found = runner.prepare(lambda args: rehearsal_of(execution, node, args, input_file=input_file))
    if not isinstance(found, Rehearsal):
        return found, ()
    for done, seconds in pauses_of(found.trouble):
        bench.cancellation.wait(seconds)
        bench.progress(node, done)
    failure = failure_of(found)
    if failure is not None:
        return runner.fail(failure, started_at=began_at), ()
    rows: list[File] = []

    def compute() -> Any:
        scene = found.make()
        rows.extend(_stored(file, execution, clock) for file in files_of(scene))
        return outputs_of(scene, node.spec.node(), bench.context(node), rows)

    return runner.conclude(compute, started_at=began_at), rows


def _stored(file: MadeFile, execution: Execution, clock: Clock) -> File:
    path = conf.temporary_dir() / f"simulated-{secrets.token_hex(8)}"
    path.write_bytes(file.data)
    return import_media(
        workspace_id=execution.workspace_id, source=path, clock=clock, execution_id=execution.id
    )


def _bytes_at(key: str) -> bytes:
    with gateway.open_stored(key) as stream:
        return bytes(stream.read())
