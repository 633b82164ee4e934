"""The first start and every later one: the demo workspace, and the one server on a data folder."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.api import (
    LIMIT_NAMES,
    SYSTEM_ACTOR,
    Scope,
    authenticate_key,
    revoke_api_key,
)
from accounts.models import Workspace
from accounts.services.key_cache import KEY_CACHE
from billing.api import get_balance
from pixelflow_site import demo
from pixelflow_site.server.embedded import hold_data_dir
from pixelflow_site.settings.env import SettingsError
from tests.client import ApiClient
from tests.factories import run_all
from workflows.api import get_workflow

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def kept_at(settings, tmp_path) -> Path:
    """Where the access to the demo workspace is kept, in an empty data folder."""
    settings.DATA_DIR = tmp_path
    return Path(tmp_path) / "demo.json"


def test_the_file_says_what_the_start_says_to_its_owner_alone(db, kept_at) -> None:
    made = demo.ensure_demo()

    assert json.loads(kept_at.read_text()) == asdict(made)
    assert stat.S_IMODE(kept_at.stat().st_mode) == 0o600


def test_a_second_start_keeps_workspace_keys_and_workflow(db, kept_at, settings) -> None:
    first = demo.ensure_demo()
    settings.PUBLIC_URL = "http://127.0.0.1:9999"

    second = demo.ensure_demo()

    assert asdict(second) == {**asdict(first), "baseUrl": "http://127.0.0.1:9999"}
    assert Workspace.objects.count() == 1


@pytest.mark.parametrize("broken", ["", "{", "[]", "null", "{}", '{"liveKey": "sk-live-x"}'])
def test_a_broken_file_is_replaced_by_one_that_works(db, kept_at, broken) -> None:
    kept_at.write_text(broken)
    kept_at.chmod(0o644)

    made = demo.ensure_demo()

    workspace_id = authenticate_key(made.liveKey).workspace_id
    assert get_workflow(workspace_id, made.workflowId).published_number == 1
    assert json.loads(kept_at.read_text()) == asdict(made)
    assert stat.S_IMODE(kept_at.stat().st_mode) == 0o600


def test_a_key_that_was_revoked_is_made_anew(db, kept_at) -> None:
    first = demo.ensure_demo()
    principal = authenticate_key(first.liveKey)
    revoke_api_key(actor=SYSTEM_ACTOR, workspace_id=principal.workspace_id, key_id=principal.key_id)
    KEY_CACHE.clear()

    second = demo.ensure_demo()

    assert second.liveKey != first.liveKey
    assert authenticate_key(second.liveKey).mode == "live"


def test_both_keys_may_do_everything_without_a_limit(db, kept_at) -> None:
    made = demo.ensure_demo()

    live, test = authenticate_key(made.liveKey), authenticate_key(made.testKey)

    assert (live.mode, test.mode) == ("live", "test")
    assert live.scopes == test.scopes == frozenset(scope.value for scope in Scope)
    assert live.limit_overrides == dict.fromkeys(LIMIT_NAMES, 100_000)
    assert get_balance(live.workspace_id).available == demo.CREDITS


def test_the_printed_call_ends_in_a_picture(db, kept_at) -> None:
    made = demo.ensure_demo()
    api = ApiClient(made.liveKey)
    inputs = {"photo": {"fileId": made.photoId}, "caption": "Hello"}

    accepted = api.post(f"/workflows/{made.workflowId}/execute", {"inputs": inputs}).json()
    run_all()

    answer = api.get(f"/workflows/executions/{accepted['executionId']}/poll").json()
    image = answer["outputs"]["image"]
    assert answer["status"] == "COMPLETED"
    assert (image["contentType"], image["width"], image["height"]) == ("image/jpeg", 1248, 948)


def test_the_demo_command_says_what_is_missing(kept_at) -> None:
    with pytest.raises(CommandError, match="make run"):
        call_command("demo")


def test_X63_a_second_server_on_the_same_folder_is_refused(tmp_path) -> None:
    with hold_data_dir(tmp_path):
        with pytest.raises(SettingsError, match="another server"):
            hold_data_dir(tmp_path)

        assert (tmp_path / "server.lock").read_text() == str(os.getpid())


def test_X63_the_next_server_may_have_the_folder(tmp_path) -> None:
    hold_data_dir(tmp_path).close()

    with hold_data_dir(tmp_path) as lock:
        assert not lock.closed


def test_X63_serve_refuses_before_it_touches_the_database(tmp_path) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    }

    with hold_data_dir(tmp_path):
        done = subprocess.run(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env={**environment, "DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"pixelflow: another server is running on {tmp_path}"]
    assert not (tmp_path / "pixelflow.sqlite3").exists()
