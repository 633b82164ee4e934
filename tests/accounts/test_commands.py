"""The commands that make, roll and check."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.selectors import list_api_keys
from accounts.services.keys import authenticate_key
from common.clock import utc_now
from common.errors import Unauthenticated
from common.ids import new_id
from tests.factories import make_key


def run(*arguments: str) -> list[str]:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().splitlines()


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


def test_a_restricted_key_is_made(workspace):
    workflow_id = new_id("wf")

    lines = run(
        "create_api_key", workspace.id, "--scopes", "execute", "--monthly-cap", "500",
        "--workflow", workflow_id, "--address", "10.0.0.7/8", "--address", "2001:db8::1",
    )  # fmt: skip

    principal = authenticate_key(lines[-1])
    assert principal.monthly_cap == 500
    assert principal.workflows == {workflow_id}
    assert principal.addresses == ("10.0.0.0/8", "2001:db8::1/128")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--monthly-cap", "-1"], "monthlyCap must be"),
        (["--workflow", "wf_1"], "must be the id of a workflow"),
        (["--address", "nowhere"], "is not an address"),
    ],
)
def test_bad_restrictions_are_explained(workspace, arguments, message):
    with pytest.raises(CommandError, match=message):
        run("create_api_key", workspace.id, "--scopes", "read", *arguments)

    assert list_api_keys(workspace.id) == []


def test_a_key_is_rolled_and_the_new_one_is_the_last_line(workspace):
    old = make_key(workspace)

    lines = run("roll_api_key", workspace.id, old.id, "--overlap", "7d", "--json")

    answer = json.loads(lines[-1])
    kept = next(key for key in list_api_keys(workspace.id) if key.id == old.id)
    assert authenticate_key(answer["key"]).key_id == answer["id"]
    assert kept.replaced_by == answer["id"]
    assert kept.expires_at is not None
    assert abs(kept.expires_at - utc_now() - timedelta(days=7)) < timedelta(minutes=1)


def test_a_key_rolled_without_overlap_ends_at_once(workspace):
    old = make_key(workspace)

    run("roll_api_key", workspace.id, old.id, "--overlap", "0")

    with pytest.raises(Unauthenticated):
        authenticate_key(old.secret)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{workspace}", "key_x"], "no key key_x"),
        (["ws_nowhere", "{key}"], "no workspace ws_nowhere"),
        (["{workspace}", "{key}", "--overlap", "8d"], "overlap must be"),
        (["{workspace}", "{key}", "--overlap", "soon"], "30d"),
    ],
)
def test_a_roll_that_cannot_be_is_explained(workspace, arguments, message):
    key = make_key(workspace)
    names = {"workspace": workspace.id, "key": key.id}

    with pytest.raises(CommandError, match=message):
        run("roll_api_key", *(argument.format(**names) for argument in arguments))

    assert len(list_api_keys(workspace.id)) == 1


def test_a_key_is_rolled_once(workspace):
    key = make_key(workspace)
    run("roll_api_key", workspace.id, key.id)

    with pytest.raises(CommandError, match="rolled before"):
        run("roll_api_key", workspace.id, key.id)
