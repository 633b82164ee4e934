"""The demo workspace of a first start: an owner, two keys, a published starter workflow, a picture."""

import json
import secrets
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.api import (
    LIMIT_NAMES,
    SYSTEM_ACTOR,
    Scope,
    authenticate_key,
    create_api_key,
    give_access,
    override_limits,
)
from billing.api import open_workspace
from common.errors import PixelFlowError
from executor.api import take_upload
from pixelflow_site.settings.env import write_private
from pixelflow_site.starter import SAMPLE_NAME, STARTER_GRAPH, STARTER_NAME, draw_sample
from workflows.api import create_workflow, get_workflow, publish_workflow

EMAIL = "demo@pixelflow.example"
EVERY_LIMIT = 100_000
CREDITS = 1_000_000


@dataclass(frozen=True, slots=True)
class Demo:
    """What a newcomer needs; the same stands in `var/demo.json`."""

    baseUrl: str  # noqa: N815 - names of the file
    email: str
    password: str
    liveKey: str  # noqa: N815
    testKey: str  # noqa: N815
    workflowId: str  # noqa: N815
    photoId: str  # noqa: N815


def ensure_demo() -> Demo:
    """Return the demo workspace's access, making it on the first start."""
    path = Path(settings.DATA_DIR) / "demo.json"
    demo = _kept(path) or _made()
    current = Demo(**{**asdict(demo), "baseUrl": settings.PUBLIC_URL})
    write_private(path, json.dumps(asdict(current), indent=1) + "\n")
    return current


def _kept(path: Path) -> Demo | None:
    """Return what an earlier start wrote, where it still works."""
    try:
        demo = Demo(**json.loads(path.read_text("utf-8")))
        principal = authenticate_key(demo.liveKey)
        get_workflow(principal.workspace_id, demo.workflowId)
    except (OSError, ValueError, TypeError, PixelFlowError):
        return None
    return demo


def _made() -> Demo:
    password = secrets.token_urlsafe(12)
    workspace = open_workspace(actor=SYSTEM_ACTOR, name="Demo", owner_email=EMAIL, credits=CREDITS)
    limits = dict.fromkeys(LIMIT_NAMES, EVERY_LIMIT)
    override_limits(actor=SYSTEM_ACTOR, workspace_id=workspace.id, limits=limits)
    give_access(actor=SYSTEM_ACTOR, email=EMAIL, password=password, is_staff=True)
    workflow = create_workflow(
        actor=SYSTEM_ACTOR, workspace_id=workspace.id, name=STARTER_NAME, graph=STARTER_GRAPH
    )
    publish_workflow(actor=SYSTEM_ACTOR, workspace_id=workspace.id, workflow_id=workflow.id)
    return Demo(
        baseUrl=settings.PUBLIC_URL,
        email=EMAIL,
        password=password,
        liveKey=_key(workspace.id, "live"),
        testKey=_key(workspace.id, "test"),
        workflowId=workflow.id,
        photoId=_sample(workspace.id),
    )


def _key(workspace_id: str, mode: Any) -> str:
    issued = create_api_key(
        actor=SYSTEM_ACTOR,
        workspace_id=workspace_id,
        name=f"Demo {mode}",
        mode=mode,
        scopes=frozenset(Scope),
    )
    return issued.secret


def _sample(workspace_id: str) -> str:
    """Upload a drawn picture, so that the printed call works before anybody has a photograph."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / SAMPLE_NAME
        path.write_bytes(draw_sample())
        return take_upload(workspace_id=workspace_id, source=path).id
