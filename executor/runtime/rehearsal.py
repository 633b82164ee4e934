"""A costly task in a run of a test key: what is made here instead of asking a provider.

Every remote node is simulated then, models and those of the installation's own modules alike, and
so is every node that runs on an accelerator: a test key pays nothing, so nothing may be bought for
it. What a model gives is made as its provider's answer would be, and taken by the same `result`; of
other nodes nothing is known but their outputs, which get something of each declared kind.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from executor.engine.segment import outputs_by_port
from executor.models import Execution, File
from executor.providers.base import InputFile
from executor.services.files import media_of
from executor.simulate.trouble import SIMULATE, Trouble, trouble_for
from executor.simulate.types import Made, MadeFile, MadePort
from executor.types import RunError
from workflows.catalogue.node import Context
from workflows.catalogue.remote import ProviderResult, RemoteNode
from workflows.catalogue.spec import AnyNode, NodeSpec
from workflows.catalogue.tasks.base import ModelNode
from workflows.catalogue.values import Media
from workflows.graphs.resolved import ResolvedNode

SLOW_S = 3.0
SLOW_STEPS = 10  # in which its progress moves
RETRIES_S = (0.5, 1.0)  # that a rate limit is waited for before it counts

_FAILURES: Mapping[Trouble, tuple[str, str, bool]] = {
    Trouble.FAIL: ("provider_error", "A simulated failure", False),
    Trouble.REFUSE: ("content_policy", "A simulated refusal", False),
    Trouble.RATE_LIMIT: ("provider_rate_limited", "A simulated rate limit", True),
}

Scene = Made | Sequence[MadePort]  # what a model gave, or what each output of another node does


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A task that is ready to be simulated: `make` takes its time, and needs no database."""

    execution: Execution
    node_id: str
    make: Callable[[], Scene]

    @property
    def trouble(self) -> Trouble | None:
        """What is to go wrong."""
        return trouble_for(self.execution.options.get(SIMULATE), self.node_id)


def rehearsal_of(
    execution: Execution,
    node: ResolvedNode,
    args: Any,
    *,
    input_file: Callable[[Media], InputFile],
) -> Rehearsal:
    """Return what is to be simulated for a node with these arguments.

    Raises:
        NodeFailed: a live run could not ask for this either; a file of an input is gone.
    """
    work = node.spec.node()
    if isinstance(work, RemoteNode):
        work.request(args)
    if isinstance(work, ModelNode):
        values = work.values(args)
        act: Callable[..., Scene] = partial(_simulate_model, work, args)
    else:
        values = {name: getattr(args, name) for name in type(args).model_fields}
        act = partial(_simulate_ports, node.spec)
    files = {id(media): input_file(media) for media in _media_in(list(values.values()))}
    make = partial(act, values, lambda media: files[id(media)].read())
    return Rehearsal(execution, node.id, make)


def pauses_of(trouble: Trouble | None) -> Sequence[tuple[float, float]]:
    """Return how far a task is, and for how long it rests before that, in seconds."""
    match trouble:
        case Trouble.SLOW:
            steps = range(1, SLOW_STEPS + 1)
            return [(min(step / SLOW_STEPS, 0.99), SLOW_S / SLOW_STEPS) for step in steps]
        case Trouble.RATE_LIMIT:
            return [(0.0, seconds) for seconds in RETRIES_S]
        case _:
            return []


def failure_of(rehearsal: Rehearsal) -> RunError | None:
    """Return why a task is to fail, if it is: with the code of a live run, and saying that."""
    trouble = rehearsal.trouble
    if trouble is None or trouble not in _FAILURES:
        return None
    code, message, retryable = _FAILURES[trouble]
    text = f"{message}, as metadata.simulate asks for."
    return RunError(code, text, rehearsal.node_id, retryable)


def files_of(scene: Scene) -> list[MadeFile]:
    """Return the files to be stored, in order."""
    if isinstance(scene, Made):
        return list(scene.files)
    return [port.made.files[0] for port in scene if port.made is not None]


def outputs_of(
    scene: Scene, node: AnyNode, ctx: Context, rows: Sequence[File]
) -> Mapping[str, Any]:
    """Return the outputs of a node, whose files were stored as these rows."""
    if isinstance(scene, Made):
        assert isinstance(node, ModelNode)  # noqa: S101 - what else was made, is by port
        media = tuple(media_of(row, file.kind) for file, row in zip(scene.files, rows, strict=True))
        return outputs_by_port(node.result(ctx, ProviderResult(scene.data, media)))
    left = iter(rows)
    return {port.name: _value_of(port, left) for port in scene}


def _simulate_model(
    node: ModelNode[Any], args: Any, values: Mapping[str, Any], read: Callable[[Media], bytes]
) -> Made:
    # Films and sounds are made by libraries of 40 MB, which most processes never need.
    from executor.simulate.tasks import simulate  # noqa: PLC0415

    made = simulate(node.model, values, read)
    text = node.simulated_text(args)
    return made if text is None else Made({**made.data, "text": text}, made.files)


def _simulate_ports(
    spec: NodeSpec, values: Mapping[str, Any], read: Callable[[Media], bytes]
) -> Sequence[MadePort]:
    from executor.simulate.ports import simulate_ports  # noqa: PLC0415 - as above

    return simulate_ports(spec.meta.title, spec.outputs, values, read)


def _value_of(port: MadePort, rows: Any) -> Any:
    value = port.value if port.made is None else media_of(next(rows), port.kind)
    for _ in range(port.depth):
        value = [value]
    return value


def _media_in(values: Sequence[Any]) -> list[Media]:
    found: list[Media] = []
    for value in values:
        if isinstance(value, list | tuple):
            found += _media_in(value)
        elif isinstance(value, Media):
            found.append(value)
    return found
