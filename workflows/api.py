"""The door of `workflows`: what other apps may use of it.

An execution is made from `find_runnable`, which names the workspace, and then from the version's
id alone: versions never change, so `resolved_version` and `interface_of_version` are kept in the
process. Read the models if you must, never write them from outside.
"""

from workflows.catalogue.load import Catalogue
from workflows.catalogue.providers import PROVIDERS
from workflows.catalogue.spec import NodeSpec
from workflows.catalogue.tasks import TASKS
from workflows.errors import NotPublished
from workflows.graphs.document import Graph, parse_graph
from workflows.graphs.estimate import Estimate, NodeEstimate, prices_below
from workflows.graphs.fields import Callee, InputField, Interface, OutputField
from workflows.graphs.interface import (
    check_inputs,
    check_value,
    input_schema,
    interface_of,
    output_schema,
)
from workflows.graphs.resolve import Resolution, resolve
from workflows.graphs.resolved import Binding, ResolvedGraph, ResolvedNode, Source
from workflows.graphs.swap import Dropped, Swapped, swap_model
from workflows.selectors import (
    estimate_run,
    frozen_prices,
    get_catalogue,
    get_workflow,
    interface_of_version,
    node_types_of_version,
    resolved_version,
    warm_catalogue,
)
from workflows.services.drafts import (
    change_workflow,
    create_workflow,
    delete_workflow,
    restore_version,
)
from workflows.services.versions import find_runnable, publish_workflow, snapshot_draft
from workflows.types import (
    UNCHANGED,
    VersionChoice,
    VersionRef,
    WorkflowChanges,
    WorkflowRef,
    WorkflowSummary,
)

__all__ = [
    "PROVIDERS",
    "TASKS",
    "UNCHANGED",
    "Binding",
    "Callee",
    "Catalogue",
    "Dropped",
    "Estimate",
    "Graph",
    "InputField",
    "Interface",
    "NodeEstimate",
    "NodeSpec",
    "NotPublished",
    "OutputField",
    "Resolution",
    "ResolvedGraph",
    "ResolvedNode",
    "Source",
    "Swapped",
    "VersionChoice",
    "VersionRef",
    "WorkflowChanges",
    "WorkflowRef",
    "WorkflowSummary",
    "change_workflow",
    "check_inputs",
    "check_value",
    "create_workflow",
    "delete_workflow",
    "estimate_run",
    "find_runnable",
    "frozen_prices",
    "get_catalogue",
    "get_workflow",
    "input_schema",
    "interface_of",
    "interface_of_version",
    "node_types_of_version",
    "output_schema",
    "parse_graph",
    "prices_below",
    "publish_workflow",
    "resolve",
    "resolved_version",
    "restore_version",
    "snapshot_draft",
    "swap_model",
    "warm_catalogue",
]
