"""The two commands with which an operator starts."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.selectors import get_workspace, list_api_keys
from accounts.services.keys import authenticate_key
from common.clock import utc_now


def run(*arguments: str) -> list[str]:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().splitlines()


def test_a_workspace_is_made_and_its_id_is_the_last_line(db):
    lines = run(
        "create_workspace", "Studio", "--owner", "New@example.com", "--plan", "pro",
        "--credits", "500", "--json",
    )  # fmt: skip

    answer = json.loads(lines[-1])
    workspace = get_workspace(answer["id"])
    assert list(answer) == ["id"]
    assert (workspace.name, workspace.plan, workspace.credits) == ("Studio", "pro", 500)


def test_a_key_is_made_and_is_the_last_line(workspace):
    lines = run("create_api_key", workspace.id, "--scopes", "execute,read", "--json")

    answer = json.loads(lines[-1])
    principal = authenticate_key(answer["key"])
    assert list(answer) == ["id", "key"]
    assert answer["key"].startswith("sk-live-")
    assert principal.key_id == answer["id"]
    assert principal.scopes == {"execute", "read"}


def test_a_test_key_with_a_name_and_an_end(workspace):
    lines = run(
        "create_api_key", workspace.id, "--scopes", "read", "--test", "--expires", "30d",
        "--name", "Continuous integration",
    )  # fmt: skip

    (key,) = list_api_keys(workspace.id)
    assert authenticate_key(lines[-1]).mode == "test"
    assert key.name == "Continuous integration"
    assert key.expires_at is not None
    assert abs(key.expires_at - utc_now() - timedelta(days=30)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scopes", "everything"], "scopes must be"),
        (["--scopes", ""], "scopes must be"),
        (["--scopes", "read", "--expires", "soon"], "30d"),
        (["--scopes", "read", "--expires", "0d"], "30d"),
        (["--scopes", "read", "--expires", "99999w"], "30d"),
        (["--scopes", "read", "--name", "a\x00b"], "control characters"),
    ],
)
def test_bad_arguments_of_a_key_are_explained(workspace, arguments, message):
    with pytest.raises(CommandError, match=message):
        run("create_api_key", workspace.id, *arguments)

    assert list_api_keys(workspace.id) == []


def test_an_unknown_workspace_is_named(db):
    with pytest.raises(CommandError, match="no workspace ws_nowhere"):
        run("create_api_key", "ws_nowhere", "--scopes", "read")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Studio", "--owner", "nobody"], "e-mail"),
        (["", "--owner", "a@example.com"], "name may not be empty"),
        (["Studio", "--owner", "a@example.com", "--credits", "-5"], "credits must be"),
    ],
)
def test_bad_arguments_of_a_workspace_are_explained(db, arguments, message):
    with pytest.raises(CommandError, match=message):
        run("create_workspace", *arguments)
