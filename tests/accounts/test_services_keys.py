"""Keys: issuing, checking, revoking, and what that costs the database."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import KeyNotFound, RoleTooLow, WorkspaceNotFound
from accounts.models import ApiKey
from accounts.selectors import list_api_keys
from accounts.services.key_cache import KeyCache
from accounts.services.key_tokens import TOKEN_LENGTH, make_token, read_public_id
from accounts.services.keys import authenticate_key, create_api_key, revoke_api_key
from accounts.services.workspaces import delete_workspace
from accounts.types import SYSTEM_ACTOR, Actor, Principal, Role
from common.clock import FixedClock, utc_now
from common.errors import InvalidInputs, Unauthenticated
from common.tokens import BASE62, checksum
from tests.factories import as_actor, make_key, make_member

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

_HEAD = "sk-live-" + "A1b2C3d4" + "x" * 32
GOOD = _HEAD + checksum(_HEAD)  # well-formed, and the same in every process


class Ticks:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def flip(token: str, position: int) -> str:
    """The token with one character changed, and its checksum made right again."""
    other = BASE62[(BASE62.index(token[position]) + 1) % 62]
    body = (token[:position] + other + token[position + 1 :])[:-6]
    return body + checksum(body)


def refuse(token: str, **options) -> None:
    with pytest.raises(Unauthenticated):
        authenticate_key(token, **options)


# --- issuing


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_key_has_the_documented_form(workspace, mode):
    key = make_key(workspace, mode=mode)

    assert key.secret.startswith(f"sk-{mode}-")
    assert len(key.secret) == TOKEN_LENGTH == 54
    assert key.secret[-6:] == checksum(key.secret[:-6])


def test_the_secret_is_stored_nowhere(workspace):
    key = make_key(workspace)

    row = ApiKey.objects.of(workspace.id).values().get()
    assert key.secret not in str(row)
    assert key.secret[16:] not in str(row)
    assert row["public_id"] == key.secret[8:16]
    assert key.secret not in repr(key)


def test_scopes_are_kept_once_and_in_order(workspace):
    key = make_key(workspace, scopes=["read", "execute", "read"])

    assert [scope.value for scope in key.scopes] == ["execute", "read"]


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("scopes", [], "/scopes"),
        ("scopes", ["admin"], "/scopes"),
        ("scopes", ["read", ""], "/scopes"),
        ("mode", "prod", "/mode"),
        ("name", "a\x00b", "/name"),
        ("expires_at", NOON, "/expiresAt"),
        ("expires_at", NOON.replace(tzinfo=None) + timedelta(days=1), "/expiresAt"),
    ],
)
def test_a_key_with_bad_fields_is_refused(workspace, field, value, path):
    fields = {"name": "k", "mode": "live", "scopes": ["read"], field: value}

    with pytest.raises(InvalidInputs) as caught:
        create_api_key(
            actor=SYSTEM_ACTOR, workspace_id=workspace.id, clock=FixedClock(NOON), **fields
        )

    assert [issue.path for issue in caught.value.issues] == [path]


def test_admins_make_keys_and_editors_do_not(workspace, member):
    admin = make_member(workspace, role=Role.ADMIN)

    def create(actor):
        return create_api_key(
            actor=actor, workspace_id=workspace.id, name="k", mode="live", scopes=["read"]
        )

    assert ApiKey.objects.of(workspace.id).get(pk=create(as_actor(admin)).id).created_by_id == (
        admin.id
    )
    with pytest.raises(RoleTooLow):
        create(as_actor(member))
    with pytest.raises(RoleTooLow):
        create(Actor("key", "key_x"))


def test_T1_a_stranger_makes_and_revokes_no_key(workspace, stranger):
    key = make_key(workspace)

    with pytest.raises(WorkspaceNotFound):
        create_api_key(
            actor=as_actor(stranger),
            workspace_id=workspace.id,
            name="k",
            mode="live",
            scopes=["read"],
        )
    with pytest.raises(WorkspaceNotFound):
        revoke_api_key(actor=as_actor(stranger), workspace_id=workspace.id, key_id=key.id)

    assert authenticate_key(key.secret).key_id == key.id


def test_T1_a_key_of_another_workspace_cannot_be_revoked(workspace, stranger, stranger_workspace):
    key = make_key(workspace)

    with pytest.raises(KeyNotFound):
        revoke_api_key(actor=as_actor(stranger), workspace_id=stranger_workspace.id, key_id=key.id)

    assert authenticate_key(key.secret).key_id == key.id


# --- checking


def test_a_good_key_gives_its_principal(workspace):
    key = make_key(workspace, scopes=["read", "usage"], mode="test")

    principal = authenticate_key(key.secret)

    assert principal == Principal(
        key_id=key.id,
        key_name="Test key",
        workspace_id=workspace.id,
        mode="test",
        scopes=frozenset({"read", "usage"}),
        plan="free",
        limit_overrides=workspace.limit_overrides,
    )
    assert principal.actor == Actor("key", key.id)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "sk-",
        "sk-live-",
        "sk-" + "A" * 48,
        "sk-proj-" + "A" * 46,
        "sk-live-" + "A" * 46,
        "sk-live-" + "A" * 10_000,
        "sk-live-" + "é" * 46,
        "sk-live-" + "٣" * 46,
        "sk-prod-" + GOOD[8:],
        "SK-LIVE-" + GOOD[8:],
        GOOD[:-1] + "\n",
        GOOD + "\n",
        " " + GOOD,
        GOOD.replace("live", "test"),
    ],
)
def test_K2_what_has_not_our_form_costs_no_query(token, db, django_assert_num_queries, caplog):
    caplog.set_level(logging.DEBUG)

    with django_assert_num_queries(0):
        refuse(token)

    assert caplog.records == []


def test_K3_one_flipped_character_is_refused(workspace):
    token = make_key(workspace).secret

    for position in range(8, 48):
        refuse(flip(token, position))

    assert authenticate_key(token).workspace_id == workspace.id


def test_K3_the_checksum_catches_a_typing_error_without_a_query(
    workspace, django_assert_num_queries
):
    token = make_key(workspace).secret

    with django_assert_num_queries(0):
        for position in range(8, TOKEN_LENGTH):
            other = BASE62[(BASE62.index(token[position]) + 1) % 62]
            refuse(token[:position] + other + token[position + 1 :])


def test_a_well_formed_token_that_we_never_issued_is_refused(db):
    refuse(make_token("live"))


def test_two_keys_have_two_public_ids(workspace):
    first, second = make_key(workspace), make_key(workspace)

    assert read_public_id(first.secret) != read_public_id(second.secret)


def test_a_busy_key_costs_one_query_in_five_seconds(workspace, django_assert_num_queries):
    token, ticks = make_key(workspace).secret, Ticks()
    cache = KeyCache(monotonic=ticks)
    authenticate_key(token, cache=cache)

    with django_assert_num_queries(0):
        ticks.at = 4.9
        authenticate_key(token, cache=cache)
    with django_assert_num_queries(1):
        ticks.at = 5.1
        authenticate_key(token, cache=cache)


def test_K4_a_revoked_key_is_refused_at_once_here(workspace, django_capture_on_commit_callbacks):
    key = make_key(workspace)
    authenticate_key(key.secret)

    with django_capture_on_commit_callbacks(execute=True):
        revoke_api_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id=key.id)

    refuse(key.secret)


def test_K4_a_revoked_key_is_refused_within_five_seconds_elsewhere(
    workspace, django_capture_on_commit_callbacks
):
    key, ticks = make_key(workspace), Ticks()
    other_process = KeyCache(monotonic=ticks)
    authenticate_key(key.secret, cache=other_process)

    with django_capture_on_commit_callbacks(execute=True):
        revoke_api_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id=key.id)
    ticks.at = 5.0

    refuse(key.secret, cache=other_process)


def test_K4_calls_do_not_prolong_a_cached_key(workspace):
    key, ticks = make_key(workspace), Ticks()
    cache = KeyCache(monotonic=ticks)
    authenticate_key(key.secret, cache=cache)
    revoke_api_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id=key.id)

    for ticks.at in (1.0, 2.0, 3.0, 4.0):
        authenticate_key(key.secret, cache=cache)
    ticks.at = 5.0

    refuse(key.secret, cache=cache)


def test_revoking_again_keeps_the_first_time(workspace):
    key, clock = make_key(workspace), FixedClock(NOON)

    for _ in range(2):
        revoke_api_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id=key.id, clock=clock)
        clock.advance(60)

    assert list_api_keys(workspace.id)[0].revoked_at == NOON


def test_an_unknown_key_cannot_be_revoked(workspace):
    with pytest.raises(KeyNotFound):
        revoke_api_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id="key_x")


def test_a_key_is_refused_from_its_expiry_on_even_when_cached(workspace):
    expires_at = utc_now() + timedelta(hours=1)
    token = make_key(workspace, expires_at=expires_at).secret
    clock = FixedClock(expires_at - timedelta(seconds=1))
    cache = KeyCache()

    assert authenticate_key(token, cache=cache, clock=clock).workspace_id == workspace.id
    clock.advance(1)

    refuse(token, cache=cache, clock=clock)
    assert len(cache) == 0
    refuse(token, cache=cache, clock=clock)


def test_T7_the_keys_of_a_deleted_workspace_are_dead(
    workspace, owner, django_capture_on_commit_callbacks
):
    token = make_key(workspace).secret
    authenticate_key(token)

    with django_capture_on_commit_callbacks(execute=True):
        delete_workspace(actor=as_actor(owner), workspace_id=workspace.id)

    refuse(token)


def test_T7_the_keys_of_a_deleted_workspace_are_dead_elsewhere_within_five_seconds(
    workspace, owner
):
    token, ticks = make_key(workspace).secret, Ticks()
    elsewhere = KeyCache(monotonic=ticks)
    authenticate_key(token, cache=elsewhere)

    delete_workspace(actor=as_actor(owner), workspace_id=workspace.id)
    ticks.at = 4.9
    authenticate_key(token, cache=elsewhere)
    ticks.at = 5.0

    refuse(token, cache=elsewhere)


def test_a_pepper_can_be_replaced_without_breaking_keys(workspace, settings):
    settings.KEY_PEPPERS = "a:first"
    before = make_key(workspace).secret
    settings.KEY_PEPPERS = "b:second,a:first"
    after = make_key(workspace).secret

    assert authenticate_key(before, cache=KeyCache()).workspace_id == workspace.id
    assert authenticate_key(after, cache=KeyCache()).workspace_id == workspace.id
    assert {row.pepper_id for row in ApiKey.objects.of(workspace.id)} == {"a", "b"}

    settings.KEY_PEPPERS = "b:second"
    refuse(before, cache=KeyCache())
    assert authenticate_key(after, cache=KeyCache()).workspace_id == workspace.id


def test_K11_a_thousand_calls_write_once_a_minute(workspace, django_assert_num_queries):
    key, clock, ticks = make_key(workspace), FixedClock(NOON), Ticks()
    cache = KeyCache(monotonic=ticks)
    authenticate_key(key.secret, cache=cache, clock=clock)

    with django_assert_num_queries(0):
        for _ in range(1_000):
            authenticate_key(key.secret, cache=cache, clock=clock)

    assert list_api_keys(workspace.id)[0].last_used_at == NOON


def test_K11_the_last_use_is_written_again_after_a_minute(workspace):
    key, clock, ticks = make_key(workspace), FixedClock(NOON), Ticks()
    cache = KeyCache(monotonic=ticks)
    writes = []

    for _ in range(13):  # two minutes, a call every ten seconds: no cached entry lives that long
        writes.append(count_updates(key.secret, cache, clock))
        clock.advance(10)
        ticks.at += 10

    assert writes == [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]
    assert list_api_keys(workspace.id)[0].last_used_at == NOON + timedelta(minutes=2)


def test_K11_what_another_process_wrote_is_not_written_over(workspace):
    key, clock = make_key(workspace), FixedClock(NOON)
    here, elsewhere = KeyCache(), KeyCache()
    authenticate_key(key.secret, cache=here, clock=clock)
    authenticate_key(key.secret, cache=elsewhere, clock=clock)

    clock.advance(60)
    authenticate_key(key.secret, cache=elsewhere, clock=clock)
    clock.advance(30)
    authenticate_key(key.secret, cache=here, clock=clock)

    assert list_api_keys(workspace.id)[0].last_used_at == NOON + timedelta(seconds=60)


def count_updates(token: str, cache: KeyCache, clock: FixedClock) -> int:
    with CaptureQueriesContext(connection) as queries:
        authenticate_key(token, cache=cache, clock=clock)
    return sum(query["sql"].startswith("UPDATE") for query in queries)
