"""A node on top of a language model of one's choice, asked for live at a provider's fake."""

import json
from collections.abc import Iterator

import pytest

from billing.api import get_balance
from executor.models import Attempt
from tests.graphs import graph
from tests.provider.course import Course
from tests.provider.models import open_accounts
from tests.providers.openai import OpenAiFake
from tests.workflows.model_documents import STAFF
from workflows.services.models import add_model

WRITER = """\
key = "test-writer"
name = "Writer"
vendor = "The House"
task = "chat"
description = "A model that writes."
license = "proprietary"
since = 2026-11-21
expected_s = 5

[price]
credits = "used(input_tokens, characters(prompt) + characters(system)) + 10 * used(output_tokens, max_tokens)"
source = "https://example.com/prices"
checked = 2026-11-21

[[params]]
use = "prompt"

[[params]]
use = "system"

[[params]]
use = "max_tokens"

[[routes]]
provider = "openai"
model = "gpt-6-luna"

[routes.wire]
max_tokens = "max_output_tokens"
"""


@pytest.fixture(scope="module")
def _fake() -> Iterator[OpenAiFake]:
    with OpenAiFake() as fake:
        yield fake


@pytest.fixture
def openai(_fake: OpenAiFake, staff_catalogue, settings) -> OpenAiFake:
    _fake.reset()
    open_accounts(settings, _fake)
    add_model(actor=STAFF, document=WRITER)
    return _fake


def test_a_plan_is_made_by_the_chosen_model_paid_once_and_charged_as_it_was_used(
    workspace, openai
) -> None:
    course, before = Course(workspace), get_balance(workspace.id).available
    document = graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "plan": ("text.plan", {"model": "test-writer", "count": 3, "kind": "scenes"}),
            "o": ("output", {"name": "parts"}),
        },
        ["p.value -> plan.prompt", "plan.texts -> o.value"],
    )

    execution = course.begin(document, prompt="a boat leaves")
    held = before - get_balance(workspace.id).available
    course.work()

    answer, sent = course.answer(execution), openai.seen[-1].body
    usage = Attempt.objects.get().result["data"]["usage"]
    charged = usage["input_tokens"] + 10 * usage["output_tokens"]
    assert answer["status"] == "COMPLETED"
    assert answer["outputs"]["parts"]
    assert "a boat leaves" in json.dumps(sent["input"])
    assert "exactly 3 scenes" in sent["instructions"]
    assert sent["max_output_tokens"] == 1024
    assert openai.paid == 1
    assert Attempt.objects.get().model_key == "test-writer"
    assert answer["credits"]["charged"] == charged < held
    assert get_balance(workspace.id).available == before - charged
