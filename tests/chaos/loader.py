"""Making the load: workflows and their undisturbed results first, then runs without end."""

import json
import os
import random
import re
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import Error as DatabaseError
from PIL import Image

from accounts.api import SYSTEM_ACTOR, WorkspaceRef
from billing.api import InsufficientCredits, open_workspace
from billing.services.grants import NewGrant, add_grant
from billing.types import GrantKind
from common.clock import SYSTEM_CLOCK
from common.ids import new_id
from executor.models import Execution, File
from executor.runtime.control import start_worker
from executor.services.cancel import cancel_execution
from executor.services.files import take_upload
from executor.types import OPEN_STATUSES
from tests.chaos.cases import BY_NAME, CASES, OWN, PHOTO, Case, Known
from tests.chaos.servers import wait_for
from tests.executor.runs import accept, answer_of, perform_all, publish
from tests.factories import ample, make_key

PLANS = ("enterprise", "enterprise", "starter", "pro")
POOR = 3  # which of them lives from hand to mouth
CREDITS = 10**9
ALMS, ALMS_LAST_S = 60, 1.5
OPEN_RUNS = 40
CANCEL_WITHIN_S = 0.3

_LINK = re.compile(r"https?://[^\"]*")


def migrate() -> None:
    """Make the database."""
    call_command("migrate", verbosity=0)


def prepare() -> dict[str, Any]:
    """Make the workflows, and the results of undisturbed runs.

    Returns workspaces, the workflows of each by case, its photo and an API key, and `expected` by
    case.
    """
    found: dict[str, Any] = {"workspaces": [], "expected": {}}
    for number, plan in enumerate(PLANS):
        workspace = open_workspace(
            actor=SYSTEM_ACTOR,
            name=f"W{number}",
            owner_email=f"w{number}@example.com",
            plan=plan,
            credits=0 if number == POOR else CREDITS,
        )
        found["workspaces"].append(_furnish(ample(workspace)))
    found["expected"] = _in_peace(found["workspaces"][0])
    return found


def one_place() -> dict[str, Any]:
    """Make a workspace with room for many runs, its workflows, and what two of them give."""
    workspace = open_workspace(
        actor=SYSTEM_ACTOR, name="Stage", owner_email="stage@example.com", plan="enterprise",
        credits=CREDITS,
    )  # fmt: skip
    place = _furnish(ample(workspace))
    place["expected"] = {}
    for name in ("inline", "drawn"):
        run = start(place, BY_NAME[name])
        perform_all("peace")
        place["expected"][name] = result_of(place["id"], run)
    return place


def _in_peace(place: dict[str, Any]) -> dict[str, Any]:
    """Return what a run of each case gives that nobody disturbs, by case."""
    worker = start_worker()
    try:
        runs = {case.name: start(place, case) for case in CASES}
        wait_for(lambda: not open_runs(), timeout_s=60)
        return {name: result_of(place["id"], run) for name, run in runs.items()}
    finally:
        worker.stop()


def open_runs() -> int:
    """How many runs are not final."""
    return Execution.objects.across_workspaces().filter(status__in=list(OPEN_STATUSES)).count()


def _furnish(workspace: WorkspaceRef) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.png"
        Image.linear_gradient("L").convert("RGB").resize((96, 64)).save(path)
        photo = take_upload(workspace_id=workspace.id, source=path)
    known = Known(photo=photo.id)
    for case in CASES:
        known.workflows[case.name] = publish(workspace, case.document(known))
    key = make_key(workspace).secret
    return {"id": workspace.id, "photo": photo.id, "key": key, "workflows": known.workflows}


def start(place: dict[str, Any], case: Case) -> str:
    """Accept a run of a case; returns its id."""
    text = json.dumps(dict(case.inputs)).replace(PHOTO, place["photo"]).replace(OWN, new_id("own"))
    inputs = json.loads(text)
    workspace: Any = _Workspace(place["id"])
    options = dict(case.options) | {"metadata": {"case": case.name}}
    return accept(workspace, place["workflows"][case.name], inputs, **options).execution_id


def result_of(workspace_id: str, execution_id: str) -> dict[str, Any]:
    """Return what a run gave in a form that another run of the same case has too."""
    answer = answer_of(_Workspace(workspace_id), execution_id)  # type: ignore[arg-type]
    error = answer["error"] or {}
    return {
        "status": answer["status"],
        "outputs": _comparable(answer["outputs"], workspace_id)
        if answer["status"] == "COMPLETED"
        else {},
        "error": [error.get("code"), error.get("nodeId")],
        "charged": answer["credits"]["charged"] if answer["status"] == "COMPLETED" else None,
        # What else had begun when a node failed is chance.
        "nodes": sorted([node["nodeId"], node["status"]] for node in answer["nodes"])
        if answer["status"] == "COMPLETED"
        else [],
    }


class _Workspace:
    """As much of a workspace as accepting needs."""

    def __init__(self, workspace_id: str) -> None:
        self.id = workspace_id


def _comparable(value: Any, workspace_id: str) -> Any:
    if isinstance(value, dict) and "fileId" in value:
        row = File.objects.of(workspace_id).get(pk=value["fileId"])
        return {"sha256": row.sha256, "bytes": row.bytes}
    if isinstance(value, dict):
        return {name: _comparable(item, workspace_id) for name, item in value.items()}
    if isinstance(value, list):
        return [_comparable(item, workspace_id) for item in value]
    return _LINK.sub("", value) if isinstance(value, str) else value


class Load:
    """Accepts runs for ever, noting each that was accepted, and cancels some of them."""

    def __init__(self, prepared: dict[str, Any], journal: Path, seed: int) -> None:
        self.places = prepared["workspaces"]
        self.random = random.Random(seed)
        self.journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.to_cancel: list[tuple[float, str, str]] = []

    def run(self) -> None:
        """Go on until killed."""
        while True:
            try:
                self._cancel_due()
                if open_runs() >= OPEN_RUNS:
                    time.sleep(0.02)
                else:
                    self._start_one()
            except DatabaseError as error:  # what a client would see as 503, and try again
                os.write(2, f"loader: {error}\n".encode())
                time.sleep(0.1)

    def _start_one(self) -> None:
        place = self.random.choice(self.places)
        case = self.random.choices(CASES, [case.weight for case in CASES])[0]
        try:
            execution_id = start(place, case)
        except InsufficientCredits:
            self._give_alms(place["id"])
            return
        os.write(self.journal, f"{execution_id}\n".encode())  # the answer has gone out
        if case.cancel:
            at = time.monotonic() + self.random.uniform(0, CANCEL_WITHIN_S)
            self.to_cancel.append((at, place["id"], execution_id))

    def _give_alms(self, workspace_id: str) -> None:
        """Give a poor workspace credits for a moment: some of them expire while runs hold them."""
        now = SYSTEM_CLOCK.now()
        lasts = timedelta(seconds=self.random.uniform(0, ALMS_LAST_S))
        alms = NewGrant(
            key=f"alms:{new_id('own')}", kind=GrantKind.STAFF, amount=ALMS, expires_at=now + lasts
        )
        add_grant(workspace_id=workspace_id, grant=alms, actor="system", now=now)

    def _cancel_due(self) -> None:
        now = time.monotonic()
        for due in [item for item in self.to_cancel if item[0] <= now]:
            self.to_cancel.remove(due)
            cancel_execution(workspace_id=due[1], execution_id=due[2])
