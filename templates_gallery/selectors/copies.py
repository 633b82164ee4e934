"""Where workflows came from: forks and trials, and what changed in the template since."""

from collections.abc import Iterator, Mapping
from typing import Any

from templates_gallery.models import TemplateCopy, TemplateVersion
from templates_gallery.types import GraphDiff, Origin, TemplateStatus

_MEANINGLESS = ("position",)  # where a node lies changes nothing


def origin_of_workflow(workspace_id: str, workflow_id: str) -> Origin | None:
    """Return the template that a workflow of this workspace is a copy of; None: of none."""
    copies = TemplateCopy.objects.of(workspace_id).filter(workflow_id=workflow_id)
    found = copies.select_related("template__current", "version").first()
    if found is None:
        return None
    template, newest = found.template, found.template.current
    is_listed = template.status == TemplateStatus.LISTED
    return Origin(
        template_id=template.pk,
        slug=template.slug,
        title=template.title,
        author=template.author,
        licence=template.licence,
        version=found.version.number,
        newest=newest.number if newest else found.version.number,
        is_trial=found.is_trial,
        is_listed=is_listed,
        update=_update(found.version, newest) if is_listed else None,
    )


def diff_graphs(older: Mapping[str, Any], newer: Mapping[str, Any]) -> GraphDiff:
    """Say in what two graphs differ, positions aside."""
    before, after = _nodes(older), _nodes(newer)
    return GraphDiff(
        added=tuple(_label(node) for id_, node in after.items() if id_ not in before),
        removed=tuple(_label(node) for id_, node in before.items() if id_ not in after),
        changed=tuple(
            _label(node) for id_, node in after.items() if id_ in before and before[id_] != node
        ),
        has_new_wires=set(_wires(older)) != set(_wires(newer)),
    )


def _update(base: TemplateVersion, newest: TemplateVersion | None) -> GraphDiff | None:
    if newest is None or newest.number <= base.number:
        return None
    diff = diff_graphs(base.graph, newest.graph)
    return None if diff.is_empty else diff


def _nodes(graph: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        node["id"]: {name: value for name, value in node.items() if name not in _MEANINGLESS}
        for node in graph.get("nodes", ())
    }


def _wires(graph: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    ends = ("source", "sourceHandle", "target", "targetHandle")
    for edge in graph.get("edges", ()):
        yield tuple(edge[end] for end in ends)


def _label(node: Mapping[str, Any]) -> str:
    return str(node.get("label") or node["id"])
