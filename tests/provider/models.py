"""Models for tests of routes: one that three providers' fakes offer, and accounts there."""

from typing import Any

from executor.selectors.provider_terms import forget_terms
from tests.graphs import graph
from tests.providers.base import FakeProvider
from tests.workflows.model_documents import STAFF
from workflows.services.models import add_model

PAINTER = """\
key = "route-painter"
name = "Route Painter"
vendor = "The House"
task = "text-to-image"
description = "A model that three providers offer."
license = "proprietary"
since = 2026-11-21
expected_s = 10
give_up_s = 300

[price]
credits = "10 * used(cents, 9)"
source = "https://example.com/prices"
checked = 2026-11-21

[[params]]
use = "prompt"

[[params]]
use = "seed"

[[routes]]
provider = "bfl"
model = "flux-2-pro"

[[routes]]
provider = "replicate"
model = "black-forest-labs/flux-dev"

[[routes]]
provider = "openai"
model = "gpt-image-1.5"
without = ["seed"]
"""


def add_painter(*changes: tuple[str, str]) -> str:
    """Add the model, with some parts of its document replaced; returns its key."""
    text = PAINTER
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return add_model(actor=STAFF, document=text)


def painting(**params: Any) -> dict[str, Any]:
    """A graph whose one model makes a picture of the input `prompt`."""
    return graph(
        {
            "p": ("input.text", {"name": "prompt"}),
            "paint": ("model.route-painter", params),
            "o": ("output", {"name": "image"}),
        },
        ["p.value -> paint.prompt", "paint.image -> o.value"],
    )


def open_accounts(settings: Any, *fakes: FakeProvider) -> None:
    """Give the platform an account at these fakes, and at no others."""
    settings.PROVIDER_ACCOUNTS = {fake.name: parts_of(fake) for fake in fakes}
    ports = {int(fake.url.rpartition(":")[2]) for fake in fakes}
    settings.FETCH_LOOPBACK_PORTS = frozenset(settings.FETCH_LOOPBACK_PORTS) | ports
    forget_terms()


def parts_of(fake: FakeProvider) -> dict[str, str]:
    """The parts of a fake's account as the settings have them."""
    account = fake.account()
    return {"key": account.key, "secret": account.secret, "base_url": account.base_url}
