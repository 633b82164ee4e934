"""Files of examples: their addresses, and what is known of them.

Those of library templates are static files under `/static/library/`, those of users' templates lie in
the store and have signed links: a template that nobody has approved has files, too.
"""

import base64
import hmac
import mimetypes
from collections.abc import Collection, Mapping
from typing import Any

from django.templatetags.static import static

from common.errors import Gone, NotFound
from templates_gallery import conf
from templates_gallery.models import TemplateAsset
from templates_gallery.types import ExampleMedia, TemplateStatus

STATIC_FOLDER = "library"
ASSET_PATH = "/media/templates"
_SIGNATURE_BYTES = 16
_KINDS = {"image": "image", "video": "video", "audio": "audio", "model": "model3d"}
_MODEL_TYPE = "model/gltf-binary"  # what the standard library does not know

Assets = Mapping[str, ExampleMedia]


def is_asset(value: object) -> bool:
    """Say whether a value of an example names a file."""
    return isinstance(value, Mapping) and isinstance(value.get("asset"), str)


def media_from(value: Mapping[str, Any], own: Assets | None) -> ExampleMedia | None:
    """Return the file that a value names: among a user's, or (None) of the library."""
    name = str(value["asset"])
    if own is not None:
        return own.get(name)
    mime_type = str(value.get("mimeType") or _type_of(name))
    return ExampleMedia(
        asset=name,
        kind=str(value.get("kind") or _KINDS.get(mime_type.partition("/")[0], "file")),
        url=static(f"{STATIC_FOLDER}/{name}"),
        mime_type=mime_type,
        width=value.get("width"),
        height=value.get("height"),
        duration_s=value.get("durationS"),
        poster=static(f"{STATIC_FOLDER}/{value['poster']}") if value.get("poster") else "",
    )


def assets_of_versions(version_ids: Collection[str]) -> dict[str, dict[str, ExampleMedia]]:
    """Return the files of users' templates by version and name."""
    found: dict[str, dict[str, ExampleMedia]] = {id_: {} for id_ in version_ids}
    for row in TemplateAsset.objects.filter(version_id__in=list(version_ids)):
        found[row.version_id][row.name] = ExampleMedia(
            asset=row.name,
            kind=row.kind,
            url=f"{ASSET_PATH}/{row.id}/{signature_of(row.id)}",
            mime_type=row.mime_type,
            width=row.width,
            height=row.height,
            duration_s=row.duration_s,
        )
    return found


def signature_of(asset_id: str) -> str:
    """Return the signature in the link of a file of a user's template."""
    raw = hmac.digest(conf.asset_secret(), asset_id.encode(), "sha256")[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def get_linked_asset(asset_id: str, signature: str) -> TemplateAsset:
    """Return the file that a link names.

    Raises:
        NotFound: the signature is not ours, or the file is gone.
        Gone: staff removed the template.
    """
    is_ours = signature.isascii() and hmac.compare_digest(signature_of(asset_id), signature)
    rows = TemplateAsset.objects.select_related("version__template")
    row = rows.filter(pk=asset_id).first() if is_ours else None
    if row is None:
        raise NotFound
    if row.version.template.status == TemplateStatus.REMOVED:
        raise Gone("This template was removed.")
    return row


def _type_of(name: str) -> str:
    if name.endswith(".glb"):
        return _MODEL_TYPE
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
