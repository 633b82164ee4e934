"""What may not stand in a graph that everybody can read, taken out or refused (TRUST P9, G11)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from common.errors import InvalidGraph, Issue
from workflows.api import find_secrets, get_catalogue, parse_graph

MAX_PARAM_TEXT = 32 * 1024  # of one text

_WITH_USERINFO = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]+@", re.IGNORECASE)
_OWN_ID = re.compile(r"\b(?:file|ws|wf|key|whk)_[0-9a-z]{26}\b")


def publishable(graph: Mapping[str, Any]) -> dict[str, Any]:
    """Return a graph as everybody may have it: without values that look like keys, or name own files.

    Whether it still runs without them is for the caller to see.

    Raises:
        InvalidGraph: it runs workflows of its workspace; a URL with a user name or password; a text
            that is too long.
    """
    stripped = {issue.path for issue in find_secrets(parse_graph(graph))}
    nodes: list[dict[str, Any]] = []
    issues: list[Issue] = []
    for node in graph["nodes"]:
        params = {
            name: value
            for name, value in node.get("params", {}).items()
            if f"nodes/{node['id']}/params/{name}" not in stripped and not _names_own(value)
        }
        nodes.append({**node, "params": params})
        issues.extend(_issues_of(node, params))
    if issues:
        raise InvalidGraph(issues)
    return {**graph, "nodes": nodes}


def is_unfit(value: Any) -> bool:
    """Say whether a value of an example may not be shown: a key, or a URL with a password."""
    probe = {"nodes": [{"id": "n", "type": "a.b", "params": {"value": value}}], "edges": []}
    return bool(find_secrets(parse_graph(probe))) or any(
        _WITH_USERINFO.search(text) for text in _texts(value)
    )


def _issues_of(node: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[Issue]:
    spec = get_catalogue().get(node["type"])
    if spec is not None and spec.meta.role == "call":
        message = "A template cannot run other workflows of yours. Put their nodes into it."
        yield Issue(f"nodes/{node['id']}", "not_allowed", message)
    for name, value in params.items():
        at = f"nodes/{node['id']}/params/{name}"
        texts = list(_texts(value))
        if any(_WITH_USERINFO.search(text) for text in texts):
            message = "A URL with a user name or password would be seen by everybody. Take it out."
            yield Issue(at, "secret_value", message)
        if any(len(text) > MAX_PARAM_TEXT for text in texts):
            message = f"A text of a template has {MAX_PARAM_TEXT} characters at most."
            yield Issue(at, "out_of_range", message)


def _names_own(value: Any) -> bool:
    """Say whether a value names something of the workspace, which is nothing to anybody else."""
    return any(_OWN_ID.search(text) for text in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield str(name)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
