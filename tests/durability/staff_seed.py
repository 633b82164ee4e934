"""`python -m tests.durability.staff_seed`: makes an installation's people, from a process of its own."""

import json
import sys

import django

django.setup()

from accounts.api import SYSTEM_ACTOR  # noqa: E402
from accounts.models import User  # noqa: E402
from billing.api import open_workspace  # noqa: E402
from tests.factories import ample, make_key  # noqa: E402

EMAIL, PASSWORD = "root@example.com", "correct horse battery staple"


def people() -> dict[str, str]:
    """Make a member of staff, and a workspace with a test key."""
    User.objects.create_superuser(EMAIL, PASSWORD)
    workspace = open_workspace(actor=SYSTEM_ACTOR, name="Tests", owner_email="owner@example.com")
    ample(workspace)
    return {"email": EMAIL, "password": PASSWORD, "key": make_key(workspace, mode="test").secret}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(people()) + "\n")
