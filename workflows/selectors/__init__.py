"""Reads of `workflows`: the catalogue, drafts, versions, and what versions resolve to.

Every read of a customer's rows takes the workspace first; what is missing, deleted or another
workspace's is `NotFound`, always in the same words.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from django.db.models import F, QuerySet

from common.errors import InvalidGraph, NotFound
from common.sql import select_values
from workflows.catalogue.load import Catalogue
from workflows.errors import NotPublished
from workflows.graphs.calls import Calls
from workflows.graphs.document import parse_graph
from workflows.graphs.estimate import (
    Estimate,
    PricedGraph,
    estimate,
    price_graph,
    with_prices,
)
from workflows.graphs.estimate import frozen_prices as prices_of
from workflows.graphs.fields import Callee, Interface
from workflows.graphs.interface import input_schema, interface_of, output_schema
from workflows.graphs.resolve import Resolution, resolve
from workflows.graphs.resolved import ResolvedGraph
from workflows.graphs.secrets import find_secrets
from workflows.models import Workflow, WorkflowVersion
from workflows.selectors.catalogue import get_catalogue as get_catalogue
from workflows.selectors.catalogue import warm_catalogue as warm_catalogue
from workflows.types import (
    DraftView,
    Schemas,
    VersionDocument,
    VersionRef,
    WorkflowRef,
    WorkflowSummary,
    fold,
)

RESOLVED_CACHE_SIZE = 512  # versions that one process keeps ready to run

_SUMMARY_FIELDS = (
    "id",
    "workspace_id",
    "name",
    "description",
    "revision",
    "problems",
    "callback_url",
    "created_at",
    "updated_at",
)
_VERSION_FIELDS = ("id", "workflow_id", "workspace_id", "number", "created_at", "published_by")
_PUBLISHED_NUMBER = F("published_version__number")
_CALLBACK_URL = F("workflow__callback_url")


def check_graph(document: object, calls: Calls | None) -> Resolution:
    """Read and resolve a graph document against the catalogue of this moment.

    Without `calls` its nodes may run no other workflow.

    Raises:
        InvalidGraph: it is malformed. One that is merely incomplete comes with `problems`.
    """
    graph, catalogue = parse_graph(document), get_catalogue()
    resolution = resolve(graph, catalogue, calls)
    if all(problem.code != "unknown_type" for problem in resolution.problems):
        return resolution
    newer = get_catalogue.refresh()  # staff may have added the model a moment ago
    return resolution if newer == catalogue else resolve(graph, newer, calls)


def calls_of(workspace_id: str, workflow_id: str | None = None) -> Calls:
    """Return what the nodes of a draft may run: the workspace's published workflows."""
    return Calls(partial(_find_callee, workspace_id), workflow_id)


def schemas_of(graph: ResolvedGraph) -> Schemas:
    """Return the JSON Schemas of what a resolved graph takes and gives."""
    interface = interface_of(graph)
    return Schemas(input_schema(interface), output_schema(interface))


def view_draft(workflow: WorkflowRef) -> DraftView:
    """Return what a draft looks like under today's catalogue; never raises for its content.

    A row that got past the gate years ago shows what is wrong with it in `problems`.
    """
    try:
        resolution = check_graph(workflow.graph, calls_of(workflow.workspace_id, workflow.id))
    except InvalidGraph as error:
        return DraftView([issue.as_json() for issue in error.issues], schemas_of(ResolvedGraph(())))
    problems = problems_of(workflow.graph, resolution)
    return DraftView(problems, schemas_of(resolution.graph))


def problems_of(document: object, resolution: Resolution) -> list[dict[str, str]]:
    """Return what to tell of a draft: what stands against publishing it, then mere warnings."""
    warnings = find_secrets(parse_graph(document))
    return [
        *(issue.as_json() for issue in resolution.problems),
        *({**issue.as_json(), "level": "warning"} for issue in warnings),
    ]


def live_workflows(workspace_id: str) -> QuerySet[Workflow]:
    """Return one workspace's workflows that are not deleted."""
    return Workflow.objects.of(workspace_id).filter(deleted_at__isnull=True)


def get_workflow(workspace_id: str, workflow_id: str) -> WorkflowRef:
    """Return a workflow with its draft, by one query.

    Raises:
        NotFound: there is none.
    """
    row = live_workflows(workspace_id).filter(id=workflow_id)
    found = row.values(*_SUMMARY_FIELDS, "graph", published_number=_PUBLISHED_NUMBER).first()
    if found is None:
        raise NotFound
    return WorkflowRef(**_with_callback(found))


def list_workflows(
    workspace_id: str,
    *,
    limit: int,
    query: str = "",
    after: str | None = None,
    only: Collection[str] = (),
) -> list[WorkflowSummary]:
    """Return up to `limit` workflows, newest first, by one query that reads no graph; no trials.

    `query` is looked for in names and descriptions whatever the case; `after` is the id of the
    last workflow on the page before. `only` are the ids to choose from; empty for all.
    """
    rows = live_workflows(workspace_id).filter(is_trial=False)
    if only:
        rows = rows.filter(id__in=sorted(only))
    if query:
        rows = rows.filter(search_text__contains=fold(query))
    if after is not None:
        rows = rows.filter(id__lt=after)
    found = rows.order_by("-id").values(*_SUMMARY_FIELDS, published_number=_PUBLISHED_NUMBER)
    return [WorkflowSummary(**_with_callback(values)) for values in found[:limit]]


def find_published(workspace_id: str, workflow_id: str) -> VersionRef:
    """Return the published version of a workflow, by one small query.

    Raises:
        NotFound: there is no such workflow.
        NotPublished: it has no published version.
    """
    where = {"id": workflow_id, "workspace_id": workspace_id, "deleted_at": None}
    found = select_values(Workflow, ("published_version_id", "callback_url"), where)
    if found is None:
        raise NotFound
    version_id, callback_url = found
    if version_id is None:
        raise NotPublished
    return replace(_version_ref(version_id), callback_url=callback_url or None)


@lru_cache(maxsize=RESOLVED_CACHE_SIZE)
def _version_ref(version_id: str) -> VersionRef:
    """Return a version without its workflow's callback; versions never change, so it is kept."""
    rows = WorkflowVersion.objects.across_workspaces().filter(id=version_id)
    return VersionRef(callback_url=None, **rows.values(*_VERSION_FIELDS).get())


def find_version(workspace_id: str, workflow_id: str, number: int) -> VersionRef:
    """Return a published version by its number, by one query that reads no graph.

    Raises:
        NotFound: there is no such workflow, or no such version of it.
    """
    rows = _published_versions(workspace_id, workflow_id).filter(number=number)
    found = rows.values(*_VERSION_FIELDS, callback_url=_CALLBACK_URL).first()
    if found is None:
        raise NotFound
    return VersionRef(**_with_callback(found))


def find_snapshot(workspace_id: str, workflow_id: str, graph_digest: str) -> VersionRef | None:
    """Return the snapshot of a draft with this content, or None."""
    rows = _versions(workspace_id, workflow_id).filter(
        number__isnull=True, graph_digest=graph_digest
    )
    found = rows.values(*_VERSION_FIELDS, callback_url=_CALLBACK_URL).first()
    return None if found is None else VersionRef(**_with_callback(found))


def list_versions(
    workspace_id: str, workflow_id: str, *, limit: int, after: int | None = None
) -> list[VersionRef]:
    """Return up to `limit` published versions, newest first; `after` is the last number seen.

    Raises:
        NotFound: there is no such workflow.
    """
    rows = _published_versions(workspace_id, workflow_id)
    if after is not None:
        rows = rows.filter(number__lt=after)
    rows = rows.order_by("-number")
    found = list(rows.values(*_VERSION_FIELDS, callback_url=_CALLBACK_URL)[:limit])
    if not found and not live_workflows(workspace_id).filter(id=workflow_id).exists():
        raise NotFound
    return [VersionRef(**_with_callback(values)) for values in found]


def get_version(workspace_id: str, workflow_id: str, number: int) -> VersionDocument:
    """Return a published version with its graph and schemas.

    Raises:
        NotFound: there is no such workflow, or no such version of it.
    """
    rows = _published_versions(workspace_id, workflow_id).filter(number=number)
    documents = ("graph", "input_schema", "output_schema")
    found = rows.values(*_VERSION_FIELDS, *documents, callback_url=_CALLBACK_URL).first()
    if found is None:
        raise NotFound
    parts = {name: found.pop(name) for name in documents}
    return VersionDocument(ref=VersionRef(**_with_callback(found)), **parts)


def get_published_schemas(workspace_id: str, workflow_id: str) -> Schemas:
    """Return the schemas of the published version, by one query.

    Raises:
        NotFound: there is no such workflow.
        NotPublished: it has no published version.
    """
    row = live_workflows(workspace_id).filter(id=workflow_id)
    found = row.values_list(
        "published_version_id",
        "published_version__input_schema",
        "published_version__output_schema",
    ).first()
    if found is None:
        raise NotFound
    if found[0] is None:
        raise NotPublished
    return Schemas(found[1], found[2])


def resolved_version(version_id: str) -> ResolvedGraph:
    """Return a version's graph ready to run; kept in the process, for versions never change.

    The id must come from a look-up that named the workspace (`find_runnable`).

    Raises:
        NotFound: there is no such version.
        InvalidGraph: it cannot run under today's catalogue, as when a node type was withdrawn.
    """
    catalogue = get_catalogue()
    try:
        return _resolved(version_id, catalogue)
    except InvalidGraph:
        newer = get_catalogue.refresh()  # another process may know a model that was added just now
        if newer == catalogue:
            raise
        return _resolved(version_id, newer)


def node_types_of_version(version_id: str) -> dict[str, str]:
    """Return the node types of a version by node, as it was saved; none if there is no version."""
    rows = WorkflowVersion.objects.across_workspaces().filter(id=version_id)
    document = rows.values_list("graph", flat=True).first() or {"nodes": []}
    return {node["id"]: node["type"] for node in document["nodes"]}


def interface_of_version(version_id: str) -> Interface:
    """Return what a version takes and gives; as `resolved_version`."""
    return _interface(version_id, get_catalogue())


def version_graph(version_id: str) -> Mapping[str, Any]:
    """Return a version's graph document; the id is to be trusted as for `resolved_version`.

    Raises:
        NotFound: there is no such version.
    """
    rows = WorkflowVersion.objects.across_workspaces().filter(id=version_id)
    document: Mapping[str, Any] | None = rows.values_list("graph", flat=True).first()
    if document is None:
        raise NotFound
    return document


@lru_cache(maxsize=RESOLVED_CACHE_SIZE)
def _resolved(version_id: str, catalogue: Catalogue) -> ResolvedGraph:
    rows = WorkflowVersion.objects.across_workspaces().filter(id=version_id)
    found = rows.values_list("graph", "workspace_id", "workflow_id").first()
    if found is None:
        raise NotFound
    document, workspace_id, workflow_id = found
    calls = Calls(partial(_find_pinned, catalogue, workspace_id), workflow_id)
    resolution = resolve(parse_graph(document), catalogue, calls)
    if resolution.problems:
        raise InvalidGraph(resolution.problems)
    return resolution.graph


@lru_cache(maxsize=RESOLVED_CACHE_SIZE)
def _interface(version_id: str, catalogue: Catalogue) -> Interface:
    return interface_of(_resolved(version_id, catalogue))


def _find_callee(workspace_id: str, workflow_id: str, number: int | None) -> Callee | None:
    """Return what a draft's node runs: a version of a workflow that is not deleted."""
    if number is None:
        published = live_workflows(workspace_id).filter(id=workflow_id)
        version_id = published.values_list("published_version_id", flat=True).first()
    else:
        rows = _versions(workspace_id, workflow_id).filter(number=number)
        version_id = rows.values_list("id", flat=True).first()
    return None if version_id is None else _callee(version_id, get_catalogue())


def _find_pinned(
    catalogue: Catalogue, workspace_id: str, workflow_id: str, number: int | None
) -> Callee | None:
    """Return what a version's node runs; that its workflow was deleted since changes nothing.

    Versions stay for those that run them, as they stay for their executions.
    """
    rows = WorkflowVersion.objects.of(workspace_id).filter(workflow_id=workflow_id)
    pinned = rows.filter(number__isnull=False, number=number)
    version_id = pinned.values_list("id", flat=True).first()
    return None if version_id is None else _callee(version_id, catalogue)


@lru_cache(maxsize=RESOLVED_CACHE_SIZE)
def _callee(version_id: str, catalogue: Catalogue) -> Callee | None:
    """Return a version as others run it; None when it cannot run under this catalogue."""
    try:
        graph = _resolved(version_id, catalogue)
    except InvalidGraph:
        return None
    ref = _version_ref(version_id)
    below = [node.callee for node in graph.nodes if node.callee is not None]
    return Callee(
        workflow_id=ref.workflow_id,
        version_id=version_id,
        number=ref.number or 0,  # only published versions are called
        interface=_interface(version_id, catalogue),
        workflows=frozenset({ref.workflow_id}).union(*(callee.workflows for callee in below)),
        depth=max((callee.depth + 1 for callee in below), default=0),
    )


def _versions(workspace_id: str, workflow_id: str) -> QuerySet[WorkflowVersion]:
    """Return all versions of a workflow that is not deleted, snapshots as well."""
    return WorkflowVersion.objects.of(workspace_id).filter(
        workflow_id=workflow_id, workflow__deleted_at__isnull=True
    )


def _published_versions(workspace_id: str, workflow_id: str) -> QuerySet[WorkflowVersion]:
    return _versions(workspace_id, workflow_id).filter(number__isnull=False)


def _with_callback(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's values with an empty callback URL as None."""
    return {**values, "callback_url": values["callback_url"] or None}


def estimate_run(
    version_id: str,
    *,
    inputs: Mapping[str, Any] | None,
    prices: Mapping[str, str] | None = None,
) -> Estimate:
    """Return what a run of a version would cost, where it completes; as `resolved_version`.

    `inputs` are in stored form by name. One that is missing takes its default; where it has none,
    or is None, the estimate is for whatever may be given. So it is for all with None for `inputs`.
    `prices`, as `frozen_prices` gives them, stand for the catalogue's.
    """
    priced = _priced(version_id, get_catalogue())
    return estimate(priced if prices is None else with_prices(priced, prices), inputs or {})


def estimate_graph(graph: ResolvedGraph, *, inputs: Mapping[str, Any]) -> Estimate:
    """Return what a run of a graph that calls no other workflow would cost; inputs as `estimate_run`.

    Raises:
        NotFound: it does call one, and that has no such version any more.
    """
    catalogue = get_catalogue()
    priced = price_graph(graph, lambda callee: _priced(callee.version_id, catalogue))
    return estimate(priced, inputs)


def frozen_prices(version_id: str) -> dict[str, str]:
    """Return the prices that a run is charged by, whatever the catalogue says meanwhile.

    By node, those of nodes of workflows that its nodes run as `node/node`.
    """
    return prices_of(_priced(version_id, get_catalogue()))


@lru_cache(maxsize=RESOLVED_CACHE_SIZE)
def _priced(version_id: str, catalogue: Catalogue) -> PricedGraph:
    return price_graph(
        _resolved(version_id, catalogue), lambda callee: _priced(callee.version_id, catalogue)
    )
