"""What a node type is: a class with `meta`, typed inputs and outputs, and `run`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from workflows.catalogue.ports import Port
from workflows.catalogue.quantities import Levels, Quantities
from workflows.catalogue.values import Image, Media

CostClass = Literal["inline", "cpu", "gpu", "remote", "wait"]
SIMULATED: frozenset[CostClass] = frozenset({"gpu", "remote"})  # in runs of test keys
Role = Literal["input", "output", "plain", "call", "review"]
CachePolicy = Literal["by_inputs", "by_seed", "never"]
Upgrade = Callable[[dict[str, Any]], dict[str, Any]]


class Record(BaseModel):
    """Base of the frozen records that go into and come out of a node."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True, extra="forbid")


class Inputs(Record):
    """Base of a node's inputs. `extra` holds what arrived at the ports of `Node.ports_for`."""

    extra: dict[str, Any] = {}


class Outputs(Record):
    """Base of a node's outputs.

    A field that `run` does not set is a port that gives nothing (a branch not taken); declare such
    ones with `port(..., required=False)`. One that is set to None gives null.
    """


@dataclass(frozen=True, slots=True)
class Meta:
    """What the catalogue says of a node type.

    `type` is `family.name`; `version` grows when ports or parameters change meaning, and
    `upgrades[n]` turns the parameters of version n into those of n + 1. `cost` says where it runs:
    `inline` takes milliseconds and is fused with its neighbours, the others are tasks of their own;
    `wait` is for what waits without a worker: `role` says whether for another run (`call`) or for a
    person (`review`). With `cache` as `by_seed` equal inputs give equal outputs where `seed` is set.
    `price` is what a run costs (`workflows.catalogue.price_reader`), None: nothing.
    """

    type: str
    title: str
    description: str
    category: str
    version: int = 1
    cost: CostClass = "inline"
    cache: CachePolicy = "by_inputs"
    role: Role = "plain"
    keywords: tuple[str, ...] = ()
    replaced_by: str | None = None
    price: str | None = None
    upgrades: Mapping[int, Upgrade] = field(default_factory=dict)


class Context(Protocol):
    """All that a node may do beside computing. Made anew for each run of a node."""

    def load(self, image: Media) -> Any:
        """Return the picture as a `PIL.Image.Image` in mode L, RGB or RGBA; do not change it."""
        ...

    def store(
        self,
        picture: Any,
        *,
        like: Media | None = None,
        content_type: str | None = None,
        kind: str = "image",
        quality: int | None = None,
    ) -> Image:
        """Return a handle to a `PIL.Image.Image`.

        The format is `content_type`, else that of `like`, else PNG; `kind` may be `mask`.
        """
        ...

    def progress(self, done: float) -> None:
        """Say how far the node is, 0 to 1."""
        ...

    def preview(self, picture: Any) -> None:
        """Show how a `PIL.Image.Image` looks by now to whoever follows the run.

        Call it as often as there is something new: two a second are made of it, at most, none of
        them in the first half second, and the picture itself is left alone.
        """
        ...

    def check_cancelled(self) -> None:
        """Raise `NodeCancelled` when the run is cancelled; call it in every long loop."""
        ...


In = TypeVar("In", bound=Inputs)
Out = TypeVar("Out", bound=Outputs)


class Node(Generic[In, Out]):
    """Base of every node type: subclass as `Node[MyInputs, MyOutputs]` and set `meta`.

    `run` of an `inline` or `cpu` node must not await anything that suspends.
    """

    meta: ClassVar[Meta]

    @classmethod
    def ports_for(cls, params: Mapping[str, Any]) -> tuple[Port, ...]:  # noqa: ARG003 - a hook
        """Return input ports beside the declared ones that these parameters ask for."""
        return ()

    @classmethod
    def check(cls, params: Mapping[str, Any]) -> list[tuple[str, str, str]]:  # noqa: ARG003
        """Return `(parameter, code, message)` for what only several parameters together show."""
        return []

    @classmethod
    def lengths(cls, known: Quantities) -> Mapping[str, Levels]:  # noqa: ARG003 - a hook
        """Return how long the lists are that a run gives, by output, as far as that is sure before.

        `known` has every parameter and input. Prices of what runs for each element rest on this: a
        list that may turn out longer than this says does not belong here.
        """
        return {}

    @classmethod
    def foreseen(cls, known: Quantities) -> Mapping[str, Any]:  # noqa: ARG003 - a hook
        """Return outputs that follow from what is known, as JSON values by port.

        Only what costs next to nothing to say, and is exactly what `run` would give.
        """
        return {}

    async def run(self, ctx: Context, args: In) -> Out:
        """Compute the outputs.

        Raises:
            NodeFailed: when these inputs give no outputs.
        """
        raise NotImplementedError
