"""`python -m tests.provider.chain COMMAND`: a run over four providers, made and reported on.

Words (openai), a picture of them (bfl), a film of that (fal), its sound (replicate): each waits for
the one before.
"""

import json
import sys
from collections import Counter

import django

django.setup()

from accounts.api import SYSTEM_ACTOR  # noqa: E402
from billing.api import get_balance, open_workspace  # noqa: E402
from executor.models import Attempt, Execution, ExecutionEvent  # noqa: E402
from executor.selectors.invariants import check_invariants  # noqa: E402
from tests.executor.runs import accept, publish  # noqa: E402
from tests.graphs import graph  # noqa: E402
from workflows.services.models import add_model  # noqa: E402

CREDITS = 100_000
PRICES = {"writer": 1, "painter": 40, "mover": 300, "scorer": 20}

MODEL = """\
key = "chain-{key}"
name = "The {key}"
vendor = "The House"
task = "{task}"
description = "A part of a chain of four."
license = "proprietary"
since = 2026-11-21
expected_s = 5
give_up_s = 600

[price]
credits = "{price}"
source = "https://example.com/prices"
checked = 2026-11-21

[[params]]
use = "prompt"
{more}
[[routes]]
provider = "{provider}"
model = "{model}"
"""
INPUT = '\n[[inputs]]\nname = "video"\nkind = "video"\ntitle = "Film"\nrequired = true\n'
WIRED = '\n[routes.wire]\nimage = "image_url"\n'

DOCUMENTS = (
    MODEL.format(
        key="writer", task="chat", provider="openai", model="gpt-6-sol", more="",
        price=PRICES["writer"],
    ),
    MODEL.format(
        key="painter", task="text-to-image", provider="bfl", model="flux-2-pro", more="",
        price=PRICES["painter"],
    ),
    MODEL.format(
        key="mover", task="image-to-video", provider="fal", price=PRICES["mover"], more="",
        model="fal-ai/minimax/hailuo-2.3/pro/image-to-video",
    ) + WIRED,
    MODEL.format(
        key="scorer", task="sound-effect", provider="replicate", model="someone/film-audio",
        price=PRICES["scorer"], more=INPUT,
    ),
)  # fmt: skip

CHAIN = graph(
    {
        "p": ("input.text", {"name": "prompt"}),
        "write": "model.chain-writer",
        "paint": "model.chain-painter",
        "move": ("model.chain-mover", {"prompt": "It moves."}),
        "score": ("model.chain-scorer", {"prompt": "Wind."}),
        "words": ("output", {"name": "words"}),
        "film": ("output", {"name": "film"}),
        "sound": ("output", {"name": "sound"}),
    },
    [
        "p.value -> write.prompt",
        "write.text -> paint.prompt",
        "paint.image -> move.image",
        "move.video -> score.video",
        "write.text -> words.value",
        "move.video -> film.value",
        "score.audio -> sound.value",
    ],
)


def seed() -> dict[str, str]:
    """Add the models and accept a run."""
    for document in DOCUMENTS:
        add_model(actor=SYSTEM_ACTOR, document=document)
    workspace = open_workspace(
        actor=SYSTEM_ACTOR, name="Chain", owner_email="chain@example.com", credits=CREDITS
    )
    made = accept(workspace, publish(workspace, CHAIN), {"prompt": "tea"})
    return {"execution": made.execution_id}


def report() -> dict[str, object]:
    """How the run stands, its attempts, what was charged, and whether the books hold."""
    run = Execution.objects.across_workspaces().get()
    payload = json.loads(run.final_payload) if run.final_payload else {}
    finals = sum(
        item["type"] == "final" for row in ExecutionEvent.objects.all() for item in row.items
    )
    return {
        "status": run.status,
        "error": run.error,
        "outputs": {name: _kind(value) for name, value in payload.get("outputs", {}).items()},
        "charged": run.charged_credits,
        "spent": CREDITS - get_balance(run.workspace_id).available,
        "held": get_balance(run.workspace_id).held,
        "finals": finals,
        "attempts": Counter(
            f"{provider} {state}"
            for provider, state in Attempt.objects.values_list("provider", "state")
        ),
        "violations": [found.code for found in check_invariants() if found.broken],
    }


def _kind(value: object) -> str:
    return value["kind"] if isinstance(value, dict) else type(value).__name__


if __name__ == "__main__":
    sys.stdout.write(json.dumps(seed() if sys.argv[1] == "seed" else report()) + "\n")
