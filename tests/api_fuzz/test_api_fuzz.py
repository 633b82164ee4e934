"""The API as its own OpenAPI document describes it, under every check that schemathesis has.

`scripts/test -m slow -n 0 -s tests/api_fuzz` runs the long campaigns and prints their counts.
"""

import sys
from pathlib import Path

import pytest

from accounts.api import SYSTEM_ACTOR, KeyMode, WorkspaceRef, override_limits
from tests.api_fuzz.campaign import (
    ANY_KEY,
    IDEMPOTENCY_KEY,
    OURS,
    THEIRS,
    Budget,
    Report,
    Stage,
    run_campaign,
)
from tests.factories import make_key, make_workspace
from tests.http.furnished import Things, furnish

SHORT = Budget(examples=3, walks=2, seed=20_260_101)
LONG = Budget(examples=100, walks=100, seed=20_260_102)
NO_LIMITS = {
    "requestsPerMinute": 10**6,
    "executionsPerMinute": 10**6,
    "executionsPerDay": 10**9,
    "runningAtOnce": 10**6,
}
SETS = 4  # of everything: calls that delete leave others


def fuzz(mode: KeyMode, budget: Budget, folder: Path) -> Report:
    """Two workspaces that know nothing of each other; the first one's key sends."""
    ours, theirs = make_unlimited(), make_unlimited()
    things = [furnish(ours, f"ours {number}") for number in range(SETS)]
    furnish(theirs, "theirs")
    keys = {
        name: make_key(workspace, mode=mode).secret
        for name, workspace in ((OURS, ours), (THEIRS, theirs))
    }
    return run_campaign(Stage(keys, names_of(things)), budget, folder)


def make_unlimited() -> WorkspaceRef:
    workspace = make_workspace(plan="enterprise", credits=10**9)
    override_limits(actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits=NO_LIMITS)
    return workspace


def names_of(things: list[Things]) -> dict[str, list[str | int]]:
    return {
        "path.workflow_id": [each.workflow for each in things],
        "path.execution_id": [each.execution for each in things],
        "path.review_id": [each.review for each in things],
        "path.file_id": [each.file for each in things],
        "path.number": [1, 2],
        "path.type": ["image.resize", "text.case"],
        "path.key": ["flux-2-pro"],
        "query.workflowId": [things[0].workflow],
        "query.executionId": [things[0].execution],
        "header.If-Match": ["*", '"1"', 'W/"2"'],
        f"header.{IDEMPOTENCY_KEY}": [ANY_KEY],
    }


def check(report: Report) -> None:
    sys.stdout.write(f"\nschemathesis: {report}\n")
    assert not report.errors, "\n\n".join(report.errors)
    assert not report.findings, "\n\n".join(map(str, report.findings.values()))
    assert len(report.operations) >= 30


@pytest.mark.django_db(transaction=True)
def test_the_api_is_what_its_document_says(tmp_path):
    check(fuzz("live", SHORT, tmp_path))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["live", "test"])
def test_the_api_is_what_its_document_says_at_length(tmp_path, mode):
    check(fuzz(mode, LONG, tmp_path))
