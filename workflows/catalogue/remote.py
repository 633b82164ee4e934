"""What a node type is whose work a provider does: a request out, an answer back, and no waiting.

Such a node computes nothing itself. The worker sends its `request`, follows the provider's job
however long it takes, fetches the files that it gave, and lets `result` turn them into outputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from workflows.catalogue.node import Context, In, Node, Out
from workflows.catalogue.values import Media


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """One piece of work for a provider: equal calls ask for the same.

    `model` is the provider's own id of what shall run, `operation` which of its verbs (a task such
    as `text-to-image`, where the model's file names no other). `media` are the files to send along,
    by their places in the body (`executor.providers.compose`) or the names that the adapter knows
    them by; how they travel (URL, data URI, upload) is its affair.
    After `give_up_s` seconds nobody waits for the job any more.
    """

    provider: str
    model: str
    body: Mapping[str, Any]
    media: Mapping[str, Sequence[Media]] = field(default_factory=dict)
    give_up_s: float = 600.0
    operation: str = ""


@dataclass(frozen=True, slots=True)
class ProviderResult:
    """What a provider gave: its answer as JSON, and its files, fetched and stored, in its order."""

    data: Any
    files: tuple[Media, ...] = ()


class RemoteNode(Node[In, Out], Generic[In, Out]):
    """Base of the node types of `cost="remote"`: subclass as `RemoteNode[MyInputs, MyOutputs]`.

    Both methods are pure, since they may be called again after a crash: `request` must give the
    same call for the same arguments.
    """

    def request(self, args: In) -> ProviderCall:
        """Return what to ask of which provider.

        Raises:
            NodeFailed: when these inputs cannot be asked for.
        """
        raise NotImplementedError

    def result(self, ctx: Context, result: ProviderResult) -> Out:
        """Return the outputs that the provider's answer stands for.

        Raises:
            NodeFailed: when the answer lacks what was asked for.
        """
        raise NotImplementedError
