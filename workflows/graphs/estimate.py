"""What a run would cost, node by node, from the catalogue's prices alone."""

from dataclasses import dataclass

from workflows.graphs.resolved import ResolvedGraph


@dataclass(frozen=True, slots=True)
class NodeEstimate:
    """One node's share: whole credits, and how many runs of the node that is."""

    node_id: str
    type: str
    label: str
    credits: int
    quantity: int


def estimate_nodes(graph: ResolvedGraph) -> list[NodeEstimate]:
    """Return an entry for every node in run order. No node of the shipped catalogue costs yet."""
    return [NodeEstimate(node.id, node.spec.type, node.title, 0, 1) for node in graph.nodes]
