"""Trouble that a test run asks for by `metadata.simulate`: for all simulated nodes, or for some.

A word, or an object of words by node: `{"image-1": "rate_limit"}`. A node of a run that another
node starts is named behind it: `{"call-1/image-1": "fail"}`, and `{"call-1": "fail"}` means all.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from common.errors import Issue


class Trouble(StrEnum):
    """What can be asked for."""

    SLOW = "slow"
    FAIL = "fail"
    REFUSE = "refuse"
    RATE_LIMIT = "rate_limit"


Asked = str | Mapping[str, str]  # as it is kept with a run

SIMULATE = "simulate"  # in `Execution.options`, of test runs alone
_AT = "/metadata/simulate"
_WORDS = ", ".join(Trouble)


def problems_with(asked: object, nodes: Mapping[str, bool] | None) -> list[Issue]:
    """Return what is wrong with `metadata.simulate`.

    `nodes` are those of the run, and whether they can meet any trouble; None where a part of the
    workflow is run, in which some of those that are named may not be.
    """
    if asked is None or isinstance(asked, str):
        return [] if asked is None else _problems_of(asked, _AT)
    if not isinstance(asked, Mapping):
        return [Issue(_AT, "wrong_kind", f"simulate is one of {_WORDS}, or an object of them.")]
    issues: list[Issue] = []
    for name, word in asked.items():
        at = f"{_AT}/{name.replace('~', '~0').replace('/', '~1')}"
        can_meet = True if nodes is None else nodes.get(name.partition("/")[0])
        if can_meet is None:
            issues.append(Issue(at, "not_found", "There is no such node in this run."))
        elif not can_meet:
            issues.append(Issue(at, "not_allowed", "This node is not simulated."))
        issues += _problems_of(word, at)
    return issues


def trouble_for(asked: Asked | None, node_id: str) -> Trouble | None:
    """Return the trouble that a node of a run is to meet."""
    word = asked.get(node_id) if isinstance(asked, Mapping) else asked
    return None if word is None else Trouble(word)


def asked_below(asked: Asked | None, node_id: str) -> Asked | None:
    """Return what is asked of the run that a node starts."""
    if not isinstance(asked, Mapping):
        return asked
    if node_id in asked:
        return asked[node_id]
    start = f"{node_id}/"
    below = {
        name.removeprefix(start): word for name, word in asked.items() if name.startswith(start)
    }
    return below or None


def _problems_of(word: Any, at: str) -> list[Issue]:
    if not isinstance(word, str):
        return [Issue(at, "wrong_kind", f"This is one of {_WORDS}.")]
    if word not in set(Trouble):
        return [Issue(at, "not_allowed", f"This is one of {_WORDS}.")]
    return []
