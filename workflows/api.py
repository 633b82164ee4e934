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
from workflows.graphs.drawing import Drawing, Step, draw_graph, shape_of
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
from workflows.graphs.secrets import find_secrets
from workflows.graphs.snippets import Snippet, call_snippets, response_sample, sample_inputs
from workflows.graphs.swap import Dropped, Swapped, swap_model
from workflows.selectors import (
    check_graph,
    estimate_graph,
    estimate_run,
    find_published,
    frozen_prices,
    get_catalogue,
    get_version,
    get_workflow,
    interface_of_version,
    list_versions,
    list_workflows,
    node_types_of_version,
    resolved_version,
    view_draft,
    warm_catalogue,
)
from workflows.selectors.shown import workflow_json
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
    VersionDocument,
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
    "Drawing",
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
    "Snippet",
    "Source",
    "Step",
    "Swapped",
    "VersionChoice",
    "VersionDocument",
    "VersionRef",
    "WorkflowChanges",
    "WorkflowRef",
    "WorkflowSummary",
    "call_snippets",
    "change_workflow",
    "check_graph",
    "check_inputs",
    "check_value",
    "create_workflow",
    "delete_workflow",
    "draw_graph",
    "estimate_graph",
    "estimate_run",
    "find_published",
    "find_runnable",
    "find_secrets",
    "frozen_prices",
    "get_catalogue",
    "get_version",
    "get_workflow",
    "input_schema",
    "interface_of",
    "interface_of_version",
    "list_versions",
    "list_workflows",
    "node_types_of_version",
    "output_schema",
    "parse_graph",
    "prices_below",
    "publish_workflow",
    "resolve",
    "resolved_version",
    "response_sample",
    "restore_version",
    "sample_inputs",
    "shape_of",
    "snapshot_draft",
    "swap_model",
    "view_draft",
    "warm_catalogue",
    "workflow_json",
]
