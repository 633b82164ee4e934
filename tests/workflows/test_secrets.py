"""Keys that were pasted into a graph: told of, and no obstacle."""

import pytest

from accounts.api import SYSTEM_ACTOR
from tests.graphs import graph
from workflows.api import create_workflow, publish_workflow
from workflows.graphs.document import parse_graph
from workflows.graphs.secrets import find_secrets

KEYS = [
    "sk-live-" + "a1B2" * 11,
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_" + "a1B2" * 9,
    "Authorization: Bearer sk-proj-" + "a1B2" * 8,
    "-----BEGIN RSA PRIVATE KEY-----",
    "xoxb-123456789012-abcdef",
]


def with_text(text):
    """A graph that gives on a fixed text."""
    return graph(
        {
            "write": ("text.template", {"template": text}),
            "out": ("output", {"name": "text"}),
        },
        ["write.text -> out.value"],
    )


@pytest.mark.parametrize("key", KEYS)
def test_g11_what_looks_like_a_key_is_warned_of_where_it_stands(key) -> None:
    found = find_secrets(parse_graph(with_text(f"Use {key} please")))

    assert [(issue.path, issue.code) for issue in found] == [
        ("nodes/write/params/template", "secret_value")
    ]
    assert key not in found[0].message


@pytest.mark.parametrize("text", ["A task-live list", "Skills", "ghp_", "risk-" + "a" * 40])
def test_g11_ordinary_text_is_no_key(text) -> None:
    assert find_secrets(parse_graph(with_text(text))) == ()


def test_g11_a_key_deep_in_a_json_value_is_found() -> None:
    document = with_text("x")
    document["nodes"][0]["params"]["extra"] = {"headers": [{"k": KEYS[1]}]}

    assert find_secrets(parse_graph(document))[0].path == "nodes/write/params/extra"


def test_g11_a_warning_stands_in_problems_and_against_nothing(workspace) -> None:
    made = create_workflow(
        actor=SYSTEM_ACTOR, workspace_id=workspace.id, name="Flow", graph=with_text(KEYS[1])
    )

    assert [problem["level"] for problem in made.problems] == ["warning"]
    publish_workflow(actor=SYSTEM_ACTOR, workspace_id=workspace.id, workflow_id=made.id)
