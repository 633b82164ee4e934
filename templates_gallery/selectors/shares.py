"""Runs that somebody made public under a link."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from accounts.api import get_workspace
from common.errors import Gone, InvalidGraph, NotFound
from common.ids import is_id
from executor.api import get_execution_json
from templates_gallery.models import SharedRun, TemplateCopy
from templates_gallery.types import ExampleMedia, ExampleValue, SharedRunView, TemplateStatus
from workflows.api import Interface, get_catalogue, get_version, interface_of_version

_MEDIA = frozenset({"image", "mask", "video", "audio", "model3d"})


def get_shared_run(share_id: str) -> SharedRunView:
    """Return a shared run with its inputs and outputs, for whoever has the link.

    Raises:
        NotFound: there is none.
        Gone: it is shared no more, the run is past its retention, or its workspace was deleted.
    """
    rows = SharedRun.objects.across_workspaces().filter(pk=share_id)
    row = rows.first() if is_id(share_id, "shr") else None
    if row is None:
        raise NotFound
    if row.revoked_at is not None:
        raise Gone("This run is shared no more.")
    try:
        get_workspace(row.workspace_id)
        run = get_execution_json(row.workspace_id, row.execution_id)
    except NotFound as error:
        raise Gone from error
    interface = _interface_of(row, run["version"])
    slug, template_title = _template_of(row)
    return SharedRunView(
        id=row.pk,
        title=row.title,
        slug=slug,
        template_title=template_title,
        inputs=_values(run["inputs"], _titles(interface, "inputs")),
        outputs=_values(run["outputs"] or {}, _titles(interface, "outputs")),
        is_simulated=any(node.get("simulated") for node in run["nodes"]),
        created_at=row.created_at,
        finished_at=_time(run["finishedAt"]),
        models=_models(run["nodes"]),
    )


def find_share(workspace_id: str, execution_id: str) -> str | None:
    """Return the id under which a run of this workspace is shared; None: it is not."""
    rows = SharedRun.objects.of(workspace_id).filter(execution_id=execution_id, revoked_at=None)
    return rows.values_list("pk", flat=True).first()


def _interface_of(row: SharedRun, number: object) -> Interface | None:
    """Return the interface of the version that ran; None for a draft, and for what is gone."""
    if not isinstance(number, int):
        return None
    try:
        version = get_version(row.workspace_id, row.workflow_id, number)
        return interface_of_version(version.ref.id)
    except (NotFound, InvalidGraph):
        return None


def _template_of(row: SharedRun) -> tuple[str, str]:
    copies = TemplateCopy.objects.of(row.workspace_id).filter(workflow_id=row.workflow_id)
    listed = copies.filter(template__status=TemplateStatus.LISTED)
    found = listed.values_list("template__slug", "template__title").first()
    return found or ("", "")


def _models(nodes: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names of the models that ran, each once."""
    ran = (node["type"] for node in nodes if node["status"] == "COMPLETED")
    keys = dict.fromkeys(
        type_.removeprefix("model.") for type_ in ran if type_.startswith("model.")
    )
    known = get_catalogue().models
    return tuple(known[key].name if key in known else key for key in keys)


def _titles(interface: Interface | None, side: str) -> dict[str, tuple[str, str]]:
    if interface is None:
        return {}
    return {field.name: (field.title, field.kind) for field in getattr(interface, side)}


def _values(
    values: Mapping[str, Any], titles: Mapping[str, tuple[str, str]]
) -> tuple[ExampleValue, ...]:
    names = [*(name for name in titles if name in values), *(set(values) - set(titles))]
    found = []
    for name in names:
        title, kind = titles.get(name, (name, "any"))
        if values[name] is not None:
            found.append(
                ExampleValue(name, title or name, kind, values[name], _media(values[name]))
            )
    return tuple(found)


def _media(value: Any) -> tuple[ExampleMedia, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(_medium(item) for item in items if is_media(item))


def is_media(value: object) -> bool:
    """Say whether a value of a run is a file, as the API shows one."""
    return isinstance(value, Mapping) and value.get("kind") in _MEDIA and "fileId" in value


def _medium(item: Mapping[str, Any]) -> ExampleMedia:
    return ExampleMedia(
        asset="",
        kind=item["kind"],
        url=item["url"],
        mime_type=item.get("contentType", ""),
        width=item.get("width"),
        height=item.get("height"),
        duration_s=item.get("durationS"),
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
