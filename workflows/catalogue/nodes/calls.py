"""Workflows as nodes: `workflow.run` runs another one, `loop.while` one over and over.

Neither has a `run`: the executor starts a run of its own for each, and takes over what that gave.
What stands here is the generic node; one that names a workflow has the ports of its interface
(`workflows.graphs.calls`).
"""

from workflows.catalogue.node import Inputs, Meta, Node, Outputs
from workflows.catalogue.params import param, port

MAX_ROUNDS = 100
MAX_WORKFLOW_ID = 64


class CallIn(Inputs):
    """`workflow.run`. A version of null is the published one; publishing writes its number down."""

    workflowId: str = param(
        title="Workflow",
        max_length=MAX_WORKFLOW_ID,
        wirable=False,
        help="The workflow to run: its inputs and outputs are the node's ports.",
    )
    version: int | None = param(
        None,
        title="Version",
        minimum=1,
        wirable=False,
        help="A published version; the newest published one if left out.",
    )


class CallOut(Outputs):
    """The outputs of the workflow."""


class LoopIn(CallIn):
    """`loop.while`."""

    maximum: int = param(10, title="Rounds at most", minimum=1, maximum=MAX_ROUNDS, wirable=False)


class LoopOut(Outputs):
    """The outputs of the last round, without `again`."""

    rounds: int = port("Rounds")


class RunWorkflow(Node[CallIn, CallOut]):
    """Run another workflow as one node."""

    meta = Meta(
        type="workflow.run",
        title="Run workflow",
        description="Runs another workflow of the workspace: its inputs and outputs are the "
        "ports. A list wired to an input that takes one element runs it for each.",
        category="Flow",
        cost="wait",
        cache="never",
        role="call",
        keywords=("call", "nested", "subflow"),
    )


class While(Node[LoopIn, LoopOut]):
    """Run another workflow as long as it asks for it."""

    meta = Meta(
        type="loop.while",
        title="Loop",
        description="Runs another workflow again while its output `again` is true. Outputs that "
        "have the name and kind of an input go into that input of the next round.",
        category="Flow",
        cost="wait",
        cache="never",
        role="call",
        keywords=("repeat", "while", "iterate", "until"),
    )


NODES = (RunWorkflow, While)
