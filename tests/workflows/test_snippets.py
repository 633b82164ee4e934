"""How a workflow is called from code: what the examples hold, and that all pages show the same."""

import ast
import json
from pathlib import Path

import pytest

from workflows.graphs.snippets import call_snippets, response_sample, sample_inputs

ROOT = Path(__file__).resolve().parent.parent.parent
EXPECTED = json.loads((ROOT / "frontend/src/playground/snippets/expected.json").read_text("utf-8"))


def code_in(language, inputs=EXPECTED["inputs"]):
    found = call_snippets("https://pixelflow.example", "wf_1", inputs)
    return {snippet.key: snippet.code for snippet in found}[language]


@pytest.mark.parametrize("language", ["curl", "python", "javascript"])
def test_pages_and_playground_show_the_same_code(language):
    assert code_in(language) == EXPECTED[language]


def test_the_python_example_is_python_and_sends_the_inputs():
    tree = ast.parse(code_in("python"))

    sent = next(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "json"
    )
    assert ast.literal_eval(sent) == {"inputs": EXPECTED["inputs"]}


def test_known_values_go_before_defaults_and_optional_inputs_without_one_are_left_out():
    schema = {
        "required": ["photo", "size"],
        "properties": {
            "photo": {"x-kind": "image"},
            "size": {"x-kind": "integer", "minimum": 64},
            "fit": {"x-kind": "text", "default": "cover"},
            "note": {"x-kind": "text"},
        },
    }

    inputs = sample_inputs(schema, {"fit": "contain"})

    assert inputs == {
        "photo": {"url": "https://example.com/photo.jpg"},
        "size": 64,
        "fit": "contain",
    }


def test_a_sample_answer_has_each_output_by_its_kind():
    schema = {"properties": {"pictures": {"x-kind": "list[image]"}, "words": {"x-kind": "text"}}}

    outputs = response_sample(schema)["outputs"]

    assert outputs["pictures"][0]["contentType"] == "image/png"
    assert outputs["words"] == "Your text"
