"""Makes the schema, a workspace that no limit slows down, a key, the graphs and a small picture."""

import io
import json
import tempfile
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from PIL import Image

from accounts.api import (
    LIMIT_NAMES,
    SYSTEM_ACTOR,
    Scope,
    create_api_key,
    override_limits,
)
from benchmarks.bare.models import BareRow
from benchmarks.graphs import documents
from billing.api import open_workspace
from common.clock import utc_now
from executor.api import take_upload
from workflows.api import create_workflow, publish_workflow

NO_LIMIT = 1_000_000_000
PICTURE_SIZE = (64, 64)

_POSTGRES_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes")
_SQLITE_SETTINGS = ("journal_mode", "synchronous")  # synchronous: 1 is NORMAL, 2 is FULL


def main() -> None:
    """Print the ids and the key as JSON."""
    call_command("migrate", verbosity=0, run_syncdb=True)
    workspace = open_workspace(
        actor=SYSTEM_ACTOR, name="Bench", owner_email="bench@example.com", credits=NO_LIMIT
    )
    limits = dict.fromkeys(LIMIT_NAMES, NO_LIMIT)
    override_limits(actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits=limits)
    key = create_api_key(
        actor=SYSTEM_ACTOR, workspace_id=workspace.id, name="Bench", mode="live",
        scopes=frozenset(Scope),
    )  # fmt: skip
    row = BareRow.objects.create(body="bench" * 40, created_at=utc_now())
    found = {"workspace": workspace.id, "key": key.secret, "bareRow": str(row.pk)}
    found |= {name: _publish(workspace.id, name) for name in documents()}
    found["photo"] = _upload(workspace.id)
    found["durability"] = _durability()
    print(json.dumps(found), flush=True)


def _durability() -> str:
    """Return the settings that an acknowledged commit rests on, as the product's connection has them."""
    if connection.vendor == "postgresql":
        questions = {name: f"SHOW {name}" for name in _POSTGRES_SETTINGS}
    else:
        questions = {name: f"PRAGMA {name}" for name in _SQLITE_SETTINGS}
    found = []
    with connection.cursor() as cursor:
        for name, question in questions.items():
            cursor.execute(question)
            found.append(f"{name} {cursor.fetchone()[0]}")
    return ", ".join(found)


def _publish(workspace_id: str, name: str) -> str:
    made = create_workflow(
        actor=SYSTEM_ACTOR, workspace_id=workspace_id, name=name, graph=documents()[name]
    )
    publish_workflow(actor=SYSTEM_ACTOR, workspace_id=workspace_id, workflow_id=made.id)
    return made.id


def _upload(workspace_id: str) -> str:
    data = io.BytesIO()
    Image.new("RGB", PICTURE_SIZE, "teal").save(data, "PNG")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.png"
        path.write_bytes(data.getvalue())
        return take_upload(workspace_id=workspace_id, source=path).id
