"""The commands with which an operator starts."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.api import get_workspace, list_workspaces_of
from billing.api import get_balance
from tests.factories import make_user


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
    assert (workspace.name, workspace.plan) == ("Studio", "pro")
    assert get_balance(workspace.id).available == 500


def test_a_workspace_begins_with_the_credits_of_its_plan(db):
    owner = make_user()

    run("create_workspace", "Studio", "--owner", owner.email)

    (membership,) = list_workspaces_of(owner.id)
    assert membership.workspace.plan == "free"
    assert get_balance(membership.workspace.id).available > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Studio", "--owner", "nobody"], "e-mail"),
        (["", "--owner", "a@example.com"], "name may not be empty"),
        (["Studio", "--owner", "a@example.com", "--credits", "-5"], "credits must be"),
        (["Studio", "--owner", "a@example.com", "--plan", "platinum"], "no such plan"),
    ],
)
def test_bad_arguments_of_a_workspace_are_explained(db, arguments, message):
    with pytest.raises(CommandError, match=message):
        run("create_workspace", *arguments)
