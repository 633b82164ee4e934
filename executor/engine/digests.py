"""Digests of what a node computes with: what it is, and the content of what arrives at it.

Equal digests mean equal bytes of the same meaning, so they may stand in for the content in keys.
"""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from common.canonical import canonical_json
from workflows.graphs.resolved import ResolvedNode

NOTHING = hashlib.sha256(b"nothing arrives").digest()  # of a branch that was not taken

# What tells two files of equal bytes apart: a node that keeps its input's format looks at them.
_MEDIA_FIELDS = ("kind", "sha256", "content_type", "draft", "quality")


class _Unknown(Exception):
    """The content is not known: a file without a digest, or a value that was not kept."""


def content_digest(form: Mapping[str, Any] | None) -> bytes | None:
    """Return the digest of a stored form's content, its files by theirs; None if it is not known.

    A form of None stands for nothing: the branch was not taken.
    """
    if form is None:
        return NOTHING
    return list_digest([form], as_list=False)


def list_digest(forms: list[Any], *, as_list: bool = True) -> bytes | None:
    """Return the digest of several forms, holes among them as None, in their order."""
    try:
        content = [_content(form) for form in forms]
        return hashlib.sha256(canonical_json(["list", content] if as_list else content)).digest()
    except (_Unknown, ValueError):  # a lone surrogate, or a number that is none, has no JSON
        return None


def node_digest(
    node: ResolvedNode, *, inside: Collection[str], delivered: Collection[tuple[str, str]]
) -> bytes | None:
    """Return the digest of a node apart from its values; None for one that is never cached.

    `inside` are the nodes of its segment, from which it takes values in memory. What is delivered
    is stored in its own format, hence another file than the same value between nodes.
    """
    if node.spec.meta.role != "plain" or not _is_repeatable(node):
        return None
    wiring = [
        [
            binding.port,
            binding.many,
            binding.spread,
            [
                [bool(depth), gaps, source.port if source.node in inside else None]
                for source, depth, gaps in zip(
                    binding.sources, binding.depths, binding.gaps, strict=True
                )
            ],
        ]
        for binding in node.bindings
    ]
    outs = [port for port in node.out_kinds if (node.id, port) in delivered]
    is_mapped = node.space is not None
    parts = [node.spec.type, node.spec.meta.version, dict(node.params), wiring, outs, is_mapped]
    if node.spec.model is not None:
        parts.append(node.spec.model.revision)
    try:
        return hashlib.sha256(canonical_json(parts)).digest()
    except (TypeError, ValueError):
        return None


def _content(form: Any) -> Any:
    if form is None:
        return None
    if "v" in form:
        return {"v": form["v"]}
    if "l" in form:
        return {"l": [_content(item) for item in form["l"]]}
    if "m" in form and form["m"].get("sha256"):
        return {"m": [form["m"].get(name) for name in _MEDIA_FIELDS]}
    raise _Unknown


def _is_repeatable(node: ResolvedNode) -> bool:
    """Say whether equal inputs give equal outputs. A seed that is wired might be null: not surely."""
    if node.spec.cache == "by_seed":
        return node.params.get("seed") is not None
    return node.spec.cache != "never"
