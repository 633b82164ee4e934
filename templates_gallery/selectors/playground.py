"""What a playground is about: a template, or a published workflow of one's own."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from common.errors import Gone, NotFound
from executor.api import estimate_json
from templates_gallery.models import OutputRating, SharedRun, TemplateCopy
from templates_gallery.selectors.copies import origin_of_workflow
from templates_gallery.selectors.details import get_template
from templates_gallery.types import VISITOR, CostLine, ExampleView, TemplateDetail, Viewer
from workflows.api import (
    Graph,
    Interface,
    ResolvedGraph,
    check_graph,
    find_published,
    get_version,
    get_workflow,
    interface_of,
    interface_of_version,
    parse_graph,
    resolved_version,
)


@dataclass(frozen=True, slots=True)
class PlayNode:
    """A node as the steps of a run name it; `credits` at most, for the example."""

    id: str
    label: str
    type: str
    credits: int


@dataclass(frozen=True, slots=True)
class Subject:
    """A graph that is tried: what it takes and gives, what it costs, examples of it.

    `credits` to `max_credits` is what a run costs. `multiline` are the inputs that like several
    lines. `usual_ms` is 0 where nobody knows. `slug` is empty for a workflow without a template,
    `workflow_id` for a template.
    """

    kind: Literal["template", "workflow"]
    title: str
    description: str
    version: int
    slug: str
    workflow_id: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    interface: Interface
    multiline: frozenset[str]
    nodes: tuple[PlayNode, ...]
    credits: int
    max_credits: int
    usual_ms: int = 0
    examples: tuple[ExampleView, ...] = ()
    unavailable: Sequence[Mapping[str, str]] = ()


def get_template_subject(slug: str, *, viewer: Viewer = VISITOR) -> Subject:
    """Return a template as its playground needs it.

    Raises:
        NotFound, Gone: as `get_template`.
    """
    detail = get_template(slug, viewer=viewer)
    graph = check_graph(detail.version.graph, None).graph
    return Subject(
        kind="template",
        title=detail.card.title,
        description=detail.card.description,
        version=detail.version.number,
        slug=slug,
        workflow_id="",
        input_schema=detail.version.input_schema,
        output_schema=detail.version.output_schema,
        interface=interface_of(graph),
        multiline=_multiline(parse_graph(detail.version.graph)),
        nodes=_nodes(graph, _most_of(detail.cost)),
        credits=detail.card.credits,
        max_credits=detail.card.max_credits,
        usual_ms=detail.card.usual_ms,
        examples=detail.version.examples,
    )


def get_workflow_subject(workspace_id: str, workflow_id: str) -> Subject:
    """Return the published version of a workflow as its playground needs it.

    Raises:
        NotFound: there is no such workflow here.
        NotPublished: it has no published version.
    """
    workflow = get_workflow(workspace_id, workflow_id)
    version = find_published(workspace_id, workflow_id)
    document = get_version(workspace_id, workflow_id, version.number or 0)
    price = estimate_json(version, {}, mode="live")
    origin = find_listed_origin(workspace_id, workflow_id)
    return Subject(
        kind="workflow",
        title=workflow.name,
        description=workflow.description,
        version=version.number or 0,
        slug=origin.card.slug if origin else "",
        workflow_id=workflow_id,
        input_schema=document.input_schema,
        output_schema=document.output_schema,
        interface=interface_of_version(version.id),
        multiline=_multiline(parse_graph(document.graph)),
        nodes=_nodes(
            resolved_version(version.id),
            {each["nodeId"]: each["credits"] for each in price["nodes"]},
        ),
        credits=price["credits"],
        max_credits=price["maxCredits"],
        examples=_fitting(origin, document.input_schema) if origin else (),
        unavailable=price.get("unavailable", ()),
    )


def find_listed_origin(workspace_id: str, workflow_id: str) -> TemplateDetail | None:
    """Return the template that a workflow came from, where everybody may see it."""
    origin = origin_of_workflow(workspace_id, workflow_id)
    if origin is None or not origin.is_listed:
        return None
    try:
        return get_template(origin.slug)
    except (NotFound, Gone):  # taken off the list a moment ago
        return None


def list_workflows_tried(workspace_id: str, slug: str) -> list[str]:
    """Return a workspace's trials of a template, of all its versions."""
    rows = TemplateCopy.objects.of(workspace_id).filter(template__slug=slug, is_trial=True)
    return list(rows.values_list("workflow_id", flat=True))


def find_shares(workspace_id: str, execution_ids: Collection[str]) -> dict[str, str]:
    """Return the shares that stand among these runs, by run."""
    rows = SharedRun.objects.of(workspace_id).filter(revoked_at=None)
    return dict(rows.filter(execution_id__in=execution_ids).values_list("execution_id", "id"))


def list_ratings(
    workspace_id: str, execution_ids: Collection[str], *, user_id: str
) -> dict[str, bool]:
    """Return what somebody thinks of these runs' results, by run."""
    rows = OutputRating.objects.of(workspace_id).filter(user_id=user_id)
    return dict(rows.filter(execution_id__in=execution_ids).values_list("execution_id", "is_good"))


def _fitting(origin: TemplateDetail, schema: Mapping[str, Any]) -> tuple[ExampleView, ...]:
    """Return the template's examples that a copy of it still takes."""
    taken = set(schema.get("properties", {}))
    return tuple(each for each in origin.version.examples if taken.issuperset(each.given))


def _nodes(graph: ResolvedGraph, credits_: Mapping[str, int]) -> tuple[PlayNode, ...]:
    return tuple(
        PlayNode(node.id, node.label, node.spec.type, credits_.get(node.id, 0))
        for node in graph.nodes
    )


def _most_of(cost: Iterable[CostLine]) -> dict[str, int]:
    return {line.node_id: line.credits for line in cost}


def _multiline(graph: Graph) -> frozenset[str]:
    return frozenset(
        str(node.params.get("name", "")) for node in graph.nodes if node.params.get("multiline")
    )
