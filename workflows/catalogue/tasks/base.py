"""Tasks: what kinds of work models do, and the generic node that each model's own is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal

from workflows.catalogue.errors import NodeFailed
from workflows.catalogue.model import ModelSpec
from workflows.catalogue.model_rules import names_in
from workflows.catalogue.node import Context, Inputs, Out
from workflows.catalogue.ports import Port
from workflows.catalogue.remote import ProviderCall, ProviderResult, RemoteNode
from workflows.catalogue.values import Media
from workflows.catalogue.wire import call_by, routes_for

Modality = Literal["image", "video", "audio", "text", "3d"]


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of work. `modality` is that of its result.

    `inputs` are the ports that every model of the task has, `needs` the parameters. `is_random`
    says that a run without a seed gives something new each time.
    """

    name: str
    title: str
    modality: Modality
    description: str
    inputs: tuple[Port, ...] = ()
    needs: tuple[str, ...] = ()
    is_random: bool = True


class ModelNode(RemoteNode[Inputs, Out], Generic[Out]):
    """Base of the generic nodes, one for each task; a model's node type is a subclass with `model`.

    Which of the model's routes is taken is the engine's choice: `routes` says which there are.

    Where a person picks the model by a parameter, each node that names one has such a subclass, and
    a `NodeSpec` with that model, of its own (`workflows.catalogue.chooser`): made where the graph
    is checked, so nobody behind that asks which parameter it came from.
    """

    task: ClassVar[Task]
    model: ClassVar[ModelSpec]

    @classmethod
    def check(cls, params: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Return which rules over parameters alone are broken; one that is wired is not known."""
        found = []
        for rule in cls.model.rules:
            problem = rule.problem(params) if names_in(rule) <= params.keys() else None
            if problem is not None:
                found.append((problem[0], "not_allowed", problem[1]))
        return found

    def values(self, args: Inputs) -> dict[str, Any]:
        """Return the parameters and files of a run by name.

        Raises:
            NodeFailed: they break a rule of the model.
        """
        names = [port.name for port in input_ports(self.task, self.model)]
        given = {name: getattr(args, name) for name in (*self.model.params_by_name, *names)}
        for rule in self.model.rules:
            problem = rule.problem(given)
            if problem is not None:
                raise NodeFailed("invalid_value", problem[1])
        _check_lengths(self.model, given)
        return given

    def routes(self, args: Inputs) -> list[int]:
        """Return the numbers of the routes that can do this, the best first.

        Raises:
            NodeFailed: the arguments break a rule of the model.
        """
        return routes_for(self.model, self.values(args))

    def request_by(self, number: int, args: Inputs) -> ProviderCall:
        """Return what to ask for by one of the routes.

        Raises:
            NodeFailed: the arguments break a rule of the model.
        """
        return call_by(self.model, number, self.values(args))

    def request(self, args: Inputs) -> ProviderCall:
        """Return what to ask for by the best route.

        Raises:
            NodeFailed: the arguments break a rule, or no route can do this.
        """
        numbers = self.routes(args)
        if not numbers:
            raise NodeFailed("invalid_value", "No provider of this model can do this.")
        return self.request_by(numbers[0], args)

    def result(self, ctx: Context, result: ProviderResult) -> Out:
        """Return the outputs that an answer stands for."""
        raise NotImplementedError

    def simulated_text(self, args: Inputs) -> str | None:  # noqa: ARG002 - a hook
        """Return what the model says in test mode, where any words would not do; None: any do."""
        return None


def input_ports(task: Task, model: ModelSpec) -> tuple[Port, ...]:
    """Return a model's ports for media: those of its task, as its file changes them, and its own."""
    declared = {
        each.name: Port(each.name, each.kind, each.title, each.required, nullable=not each.required)
        for each in model.inputs
    }
    shared = {port.name: port for port in task.inputs}
    return tuple((shared | declared).values())


def files_of(result: ProviderResult, kind: str) -> list[Media]:
    """Return the files of a kind that a provider gave.

    Raises:
        NodeFailed: there is none.
    """
    found = [file for file in result.files if file.kind == kind]
    if not found:
        raise NodeFailed("provider_error", f"The provider gave no {kind}.", retryable=True)
    return found


def data_of(result: ProviderResult, name: str, kind: type) -> Any:
    """Return a part of a provider's answer.

    Raises:
        NodeFailed: there is none of this type.
    """
    value = result.data.get(name) if isinstance(result.data, dict) else None
    if not isinstance(value, kind):
        raise NodeFailed("provider_error", f"The provider gave no {name}.", retryable=True)
    return value


def _check_lengths(model: ModelSpec, given: Mapping[str, Any]) -> None:
    for each in model.inputs:
        value = given.get(each.name)
        if each.most is not None and isinstance(value, list) and len(value) > each.most:
            raise NodeFailed("invalid_value", f"{each.title} holds at most {each.most} files.")
