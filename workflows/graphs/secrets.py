"""Values in a graph that look like somebody's key: whoever may read the graph could use it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from common.errors import Issue
from workflows.graphs.document import MAX_ISSUES, Graph, GraphNode

# The published forms of well-known keys; each begins with a mark that no ordinary text has.
_FORMS = (
    r"sk-[A-Za-z0-9_-]{20,}",  # ours, OpenAI, Anthropic
    r"(?:AKIA|ASIA)[A-Z0-9]{16}",  # AWS
    r"AIza[A-Za-z0-9_-]{35}",  # Google
    r"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22,}",
    r"xox[abprs]-[A-Za-z0-9-]{10,}",  # Slack
    r"(?:sk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{24,}",  # Stripe, Standard Webhooks
    r"r8_[A-Za-z0-9]{37}",  # Replicate
    r"hf_[A-Za-z0-9]{30,}",  # Hugging Face
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",  # a JSON Web Token
)
_SECRET = re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(_FORMS) + ")")


def find_secrets(graph: Graph) -> tuple[Issue, ...]:
    """Return a warning for each parameter that holds what looks like a key, in document order."""
    found = (
        Issue(
            f"nodes/{node.id}/params/{name}",
            "secret_value",
            "This looks like a key. Whoever may read the graph could use it; take it out.",
        )
        for node in graph.nodes
        for name in _secret_params(node)
    )
    return tuple(found)[:MAX_ISSUES]


def _secret_params(node: GraphNode) -> Iterator[str]:
    for name, value in node.params.items():
        if any(_SECRET.search(text) for text in _texts(value)):
            yield name


def _texts(value: Any) -> Iterator[str]:
    """Return every text in a JSON value, its names among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield name
            yield from _texts(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item)
