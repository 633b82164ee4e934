"""Workspaces' own keys for providers: sealed, bound to their row, shown by their end alone."""

from typing import Any

import pytest

from accounts.api import (
    SYSTEM_ACTOR,
    Actor,
    KeyPolicy,
    ProviderKeyNotFound,
    Role,
    RoleTooLow,
    WorkspaceNotFound,
    add_member,
    create_user,
    get_key_policy,
    get_own_account,
    get_own_accounts,
    list_audit,
    list_provider_keys,
    reseal_provider_keys,
    revoke_provider_key,
    set_key_policy,
    set_provider_key,
)
from accounts.models import ProviderKey
from accounts.selectors import forget_own_accounts
from common.errors import InvalidInputs
from tests.factories import make_workspace

KEY = "fal-key-0123456789abcdef"

pytestmark = pytest.mark.django_db(transaction=True)


def give(workspace_id: str, **given: Any):
    fields: dict[str, Any] = {"provider": "fal", "key": KEY} | given
    return set_provider_key(actor=SYSTEM_ACTOR, workspace_id=workspace_id, **fields)


def member(workspace_id: str, role: Role) -> Actor:
    user = create_user(actor=SYSTEM_ACTOR, email=f"{role}@example.com")
    add_member(actor=SYSTEM_ACTOR, workspace_id=workspace_id, user_id=user.id, role=role)
    return Actor("user", user.id)


def test_a_key_is_sealed_at_rest_and_opened_for_use() -> None:
    workspace = make_workspace()

    given = give(workspace.id, secret="second-half")

    row = ProviderKey.objects.of(workspace.id).get()
    assert KEY not in row.sealed
    assert "second-half" not in row.sealed
    account = get_own_accounts(workspace.id)["fal"]
    assert (account.key, account.secret, account.id) == (KEY, "second-half", given.id)
    assert given.last4 == "cdef"
    assert KEY not in repr(account)
    assert KEY not in repr(given)


def test_a_short_key_shows_nothing_of_itself() -> None:
    assert give(make_workspace().id, key="abcdefghijk").last4 == ""


def test_a_new_key_takes_the_place_of_the_old_one_whose_secret_goes() -> None:
    workspace = make_workspace()
    first = give(workspace.id)

    second = give(workspace.id, key="fal-key-of-another-time")

    assert [key.id for key in list_provider_keys(workspace.id)] == [second.id]
    assert get_own_accounts(workspace.id)["fal"].key == "fal-key-of-another-time"
    assert get_own_account(workspace.id, first.id) is None
    assert ProviderKey.objects.of(workspace.id).get(pk=first.id).sealed == ""


def test_a_revoked_key_is_gone_at_once_in_this_process() -> None:
    workspace = make_workspace()
    give(workspace.id)
    assert get_own_accounts(workspace.id)

    revoke_provider_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, provider="fal")

    assert not get_own_accounts(workspace.id)
    with pytest.raises(ProviderKeyNotFound):
        revoke_provider_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, provider="fal")


def test_another_workspace_neither_has_nor_finds_the_key() -> None:
    mine, other = make_workspace(), make_workspace()
    given = give(mine.id)

    assert not get_own_accounts(other.id)
    assert get_own_account(other.id, given.id) is None


def test_a_sealed_key_put_into_another_row_does_not_open() -> None:
    mine, other = make_workspace(), make_workspace()
    give(mine.id)
    stolen = give(other.id, key="something-else-entirely")
    sealed = ProviderKey.objects.of(mine.id).get().sealed
    ProviderKey.objects.of(other.id).filter(pk=stolen.id).update(sealed=sealed)
    forget_own_accounts(other.id)

    assert get_own_accounts(other.id)["fal"].key == ""


def test_admins_handle_provider_keys_and_editors_do_not() -> None:
    workspace = make_workspace()
    admin, editor = member(workspace.id, Role.ADMIN), member(workspace.id, Role.EDITOR)

    set_provider_key(actor=admin, workspace_id=workspace.id, provider="fal", key=KEY)

    with pytest.raises(RoleTooLow):
        set_provider_key(actor=editor, workspace_id=workspace.id, provider="fal", key=KEY)
    with pytest.raises(RoleTooLow):
        revoke_provider_key(actor=editor, workspace_id=workspace.id, provider="fal")
    with pytest.raises(RoleTooLow):
        set_key_policy(actor=editor, workspace_id=workspace.id, policy=KeyPolicy.OWN_ONLY)


def test_a_strangers_workspace_does_not_exist() -> None:
    stranger = Actor("user", create_user(actor=SYSTEM_ACTOR, email="s@example.com").id)

    with pytest.raises(WorkspaceNotFound):
        set_provider_key(actor=stranger, workspace_id=make_workspace().id, provider="fal", key=KEY)


@pytest.mark.parametrize(
    "fields",
    [
        {"key": ""},
        {"key": "with space"},
        {"key": "line\nbreak"},
        {"key": "nul\0"},
        {"key": "ключ"},
        {"key": "k" * 2_001},
        {"secret": "a b"},
        {"provider": "Fal"},
        {"provider": ""},
        {"label": "a\0b"},
        {"base_url": "https://example.com/" + "a" * 500},
    ],
)
def test_what_cannot_be_a_key_is_refused_and_nothing_is_stored(fields: dict[str, str]) -> None:
    workspace = make_workspace()

    with pytest.raises(InvalidInputs):
        give(workspace.id, **fields)

    assert not list_provider_keys(workspace.id)


def test_what_is_done_to_keys_is_audited_without_the_key() -> None:
    workspace = make_workspace()
    give(workspace.id)
    give(workspace.id, key="fal-key-of-another-time")
    revoke_provider_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, provider="fal")
    set_key_policy(actor=SYSTEM_ACTOR, workspace_id=workspace.id, policy=KeyPolicy.OWN_ONLY)

    entries = list_audit(workspace.id)

    done = [(entry.object_type, entry.verb) for entry in entries]
    assert ("provider_key", "create") in done
    assert ("provider_key", "replace") in done
    assert ("provider_key", "revoke") in done
    assert ("key_policy", "change") in done
    assert KEY not in repr(entries)


def test_the_policy_is_own_first_until_somebody_decides_otherwise() -> None:
    workspace = make_workspace()
    before = get_key_policy(workspace.id)

    set_key_policy(actor=SYSTEM_ACTOR, workspace_id=workspace.id, policy=KeyPolicy.PLATFORM_ONLY)

    assert before is KeyPolicy.OWN_FIRST
    assert get_key_policy(workspace.id) is KeyPolicy.PLATFORM_ONLY


def test_x56_keys_are_sealed_anew_under_a_new_sealing_key(settings) -> None:
    workspace = make_workspace()
    given = give(workspace.id)
    old = settings.SEALING_KEYS
    settings.SEALING_KEYS = f"t2:{'n' * 40},{old}"

    count = reseal_provider_keys()

    settings.SEALING_KEYS = f"t2:{'n' * 40}"
    account = get_own_account(workspace.id, given.id)
    assert count == 1
    assert account is not None
    assert account.key == KEY
    assert reseal_provider_keys() == 0
