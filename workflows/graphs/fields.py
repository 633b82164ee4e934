"""The interface of a graph as values: what it takes, what it gives, and a workflow that is called."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class InputField:
    """One input of a workflow, made from an `input.*` node."""

    name: str
    node_id: str
    kind: str
    title: str
    help: str
    required: bool
    default: Any
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None

    @property
    def must_be_given(self) -> bool:
        """Whether a run cannot do without a value from outside."""
        return self.required and self.default is None


@dataclass(frozen=True, slots=True)
class OutputField:
    """One output of a workflow, made from an `output` node; `nullable`: null could come out."""

    name: str
    node_id: str
    kind: str
    title: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Interface:
    """The inputs and outputs of a graph, in node order."""

    inputs: tuple[InputField, ...]
    outputs: tuple[OutputField, ...]


@dataclass(frozen=True, slots=True)
class Callee:
    """A version of a workflow that a node runs.

    `workflows` are all that a run of it can run, itself included; `depth` is how many runs lie
    beneath it, one below the other.
    """

    workflow_id: str
    version_id: str
    number: int
    interface: Interface
    workflows: frozenset[str]
    depth: int
