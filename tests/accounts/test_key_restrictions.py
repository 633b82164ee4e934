"""What a key may be restricted to, changing that, and rolling one key into another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from accounts.errors import KeyNotFound, KeyRetired, RoleTooLow, WorkspaceNotFound
from accounts.models import ApiKey
from accounts.selectors import list_api_keys
from accounts.services.key_cache import KeyCache
from accounts.services.keys import (
    authenticate_key,
    change_api_key,
    create_api_key,
    revoke_api_key,
    roll_api_key,
)
from accounts.types import SYSTEM_ACTOR, UNRESTRICTED, KeyRestrictions, Role
from common.clock import FixedClock, utc_now
from common.errors import InvalidInputs, Unauthenticated
from common.ids import new_id
from tests.factories import as_actor, make_key, make_member

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def make_restricted(workspace, *, clock=None, expires_at=None, **restrictions):
    return create_api_key(
        actor=SYSTEM_ACTOR,
        workspace_id=workspace.id,
        name="Restricted",
        mode="live",
        scopes=["read", "execute"],
        expires_at=expires_at,
        restrictions=KeyRestrictions(**restrictions),
        **({} if clock is None else {"clock": clock}),
    )


def ref_of(workspace, key):
    return next(ref for ref in list_api_keys(workspace.id) if ref.id == key.id)


def roll(workspace, key, *, overlap=timedelta(), actor=SYSTEM_ACTOR, **options):
    return roll_api_key(
        actor=actor, workspace_id=workspace.id, key_id=key.id, overlap=overlap, **options
    )


def works(token, *, clock=None) -> bool:
    """Whether a key is good in a process that has never seen it."""
    try:
        authenticate_key(token, cache=KeyCache(), **({} if clock is None else {"clock": clock}))
    except Unauthenticated:
        return False
    return True


# --- what may be asked for


def test_restrictions_are_kept_and_told_to_the_principal(workspace):
    workflow_id = new_id("wf")

    key = make_restricted(
        workspace, monthly_cap=500, workflows=(workflow_id,), addresses=("192.0.2.7",)
    )

    principal = authenticate_key(key.secret)
    assert principal.monthly_cap == 500
    assert principal.workflows == {workflow_id}
    assert principal.addresses == ("192.0.2.7/32",)
    assert ref_of(workspace, key).restrictions == KeyRestrictions(
        500, (workflow_id,), ("192.0.2.7/32",)
    )


def test_a_key_is_restricted_to_nothing_unless_asked(workspace):
    principal = authenticate_key(make_key(workspace).secret)

    assert principal.monthly_cap is None
    assert principal.may_use(new_id("wf"))
    assert principal.may_come_from("unknown")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        (" 192.0.2.7/24 ", "192.0.2.0/24"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("2001:DB8::1", "2001:db8::1/128"),
        ("2001:db8:0:0::/48", "2001:db8::/48"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_an_address_is_kept_in_one_spelling(workspace, given, kept):
    key = make_restricted(workspace, addresses=(given, given))

    assert authenticate_key(key.secret).addresses == (kept,)


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("monthly_cap", -1, "/monthlyCap"),
        ("monthly_cap", 2**53 + 1, "/monthlyCap"),
        ("workflows", ("wf_1",), "/workflows/0"),
        ("workflows", (new_id("wf"), new_id("exec")), "/workflows/1"),
        ("workflows", tuple(new_id("wf") for _ in range(101)), "/workflows"),
        ("addresses", ("example.com",), "/addresses/0"),
        ("addresses", ("10.0.0.1", "10.0.0.0/33"), "/addresses/1"),
        ("addresses", ("fe80::1%eth0",), "/addresses/0"),
        ("addresses", ("",), "/addresses/0"),
        ("addresses", ("3221225479",), "/addresses/0"),
        ("addresses", tuple(f"10.0.0.{number}" for number in range(101)), "/addresses"),
    ],
)
def test_a_restriction_that_means_nothing_is_refused_by_its_path(workspace, field, value, path):
    with pytest.raises(InvalidInputs) as caught:
        make_restricted(workspace, **{field: value})

    assert [issue.path for issue in caught.value.issues] == [path]
    assert list_api_keys(workspace.id) == []


@pytest.mark.parametrize(
    ("addresses", "client", "is_let_in"),
    [
        (("192.0.2.0/24",), "192.0.2.255", True),
        (("192.0.2.0/24",), "192.0.3.0", False),
        (("192.0.2.0/24",), "::ffff:192.0.2.1", True),
        (("192.0.2.0/24",), "2001:db8::1", False),
        (("2001:db8::/32", "10.0.0.1/32"), "10.0.0.1", True),
        (("2001:db8::/32",), "2001:db8:ffff::1", True),
        (("0.0.0.0/0",), "unknown", False),
        (("0.0.0.0/0",), "", False),
    ],
)
def test_where_a_key_may_come_from(workspace, addresses, client, is_let_in):
    principal = authenticate_key(make_restricted(workspace, addresses=addresses).secret)

    assert principal.may_come_from(client) is is_let_in


# --- changing


def test_a_change_replaces_all_restrictions_and_is_in_force_at_once(
    workspace, django_capture_on_commit_callbacks
):
    key = make_restricted(workspace, monthly_cap=5, addresses=("10.0.0.1",))
    authenticate_key(key.secret)

    with django_capture_on_commit_callbacks(execute=True):
        ref = change_api_key(
            actor=SYSTEM_ACTOR,
            workspace_id=workspace.id,
            key_id=key.id,
            name="Renamed",
            restrictions=KeyRestrictions(monthly_cap=9),
        )

    principal = authenticate_key(key.secret)
    assert (principal.key_name, principal.monthly_cap, principal.addresses) == ("Renamed", 9, ())
    assert ref.restrictions == KeyRestrictions(monthly_cap=9)


def test_a_change_of_the_name_alone_keeps_the_restrictions(workspace):
    key = make_restricted(workspace, monthly_cap=5)

    change_api_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id=key.id, name="Renamed")

    assert ref_of(workspace, key).restrictions.monthly_cap == 5


def test_a_refused_change_changes_nothing(workspace):
    key = make_restricted(workspace, monthly_cap=5)

    with pytest.raises(InvalidInputs):
        change_api_key(
            actor=SYSTEM_ACTOR,
            workspace_id=workspace.id,
            key_id=key.id,
            name="Renamed",
            restrictions=KeyRestrictions(addresses=("nowhere",)),
        )

    ref = ref_of(workspace, key)
    assert (ref.name, ref.restrictions.monthly_cap) == ("Restricted", 5)


def test_T1_others_neither_change_nor_roll_a_key(workspace, member, stranger, stranger_workspace):
    key = make_key(workspace)

    for actor, where, refusal in (
        (as_actor(stranger), workspace, WorkspaceNotFound),
        (as_actor(stranger), stranger_workspace, KeyNotFound),
        (as_actor(member), workspace, RoleTooLow),
    ):
        with pytest.raises(refusal):
            change_api_key(actor=actor, workspace_id=where.id, key_id=key.id, name="Mine")
        with pytest.raises(refusal):
            roll(where, key, actor=actor)

    assert ref_of(workspace, key).name == "Test key"
    assert len(list_api_keys(workspace.id)) == 1


# --- rolling


def test_a_rolled_key_goes_on_until_the_end_of_the_overlap(workspace):
    clock = FixedClock(utc_now())
    old = make_restricted(workspace, monthly_cap=7, addresses=("10.0.0.0/8",))

    new = roll(workspace, old, overlap=DAY, clock=clock)

    assert works(old.secret, clock=clock)
    assert works(new.secret, clock=clock)
    clock.advance(DAY.total_seconds() - 1)
    assert works(old.secret, clock=clock)
    clock.advance(1)
    assert not works(old.secret, clock=clock)
    assert works(new.secret, clock=clock)


def test_a_roll_without_overlap_ends_the_old_key_at_once_here(
    workspace, django_capture_on_commit_callbacks
):
    old = make_key(workspace)
    authenticate_key(old.secret)

    with django_capture_on_commit_callbacks(execute=True):
        new = roll(workspace, old)

    with pytest.raises(Unauthenticated):
        authenticate_key(old.secret)
    assert authenticate_key(new.secret).key_id == new.id


def test_the_new_key_has_all_that_the_old_one_had(workspace):
    expires_at = utc_now() + 30 * DAY
    old = make_restricted(
        workspace,
        monthly_cap=7,
        workflows=(new_id("wf"),),
        addresses=("10.0.0.0/8",),
        expires_at=expires_at,
    )

    new = roll(workspace, old, overlap=DAY)

    before, after = authenticate_key(old.secret), authenticate_key(new.secret)
    assert replace(before, key_id=new.id) == after
    assert new.secret != old.secret
    assert ref_of(workspace, new).expires_at == expires_at
    assert ref_of(workspace, old).replaced_by == new.id
    assert ref_of(workspace, new).replaced_by is None


def test_a_roll_never_prolongs_the_old_key(workspace):
    expires_at = utc_now() + timedelta(hours=1)
    old = make_key(workspace, expires_at=expires_at)

    roll(workspace, old, overlap=7 * DAY)

    assert ref_of(workspace, old).expires_at == expires_at


@pytest.mark.parametrize("overlap", [-timedelta(seconds=1), 7 * DAY + timedelta(seconds=1)])
def test_an_overlap_beyond_a_week_or_below_nothing_is_refused(workspace, overlap):
    key = make_key(workspace)

    with pytest.raises(InvalidInputs) as caught:
        roll(workspace, key, overlap=overlap)

    assert caught.value.issues[0].path == "/overlap"
    assert len(list_api_keys(workspace.id)) == 1


def test_a_key_that_is_out_of_force_is_not_rolled(workspace):
    clock = FixedClock(NOON)
    revoked, rolled = make_key(workspace), make_key(workspace)
    expired = make_restricted(workspace, clock=clock, expires_at=NOON + DAY)
    revoke_api_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id=revoked.id)
    roll(workspace, rolled, overlap=DAY)
    keys = ApiKey.objects.of(workspace.id).count()

    for key in (revoked, rolled, expired):
        with pytest.raises(KeyRetired) as caught:
            roll(workspace, key, overlap=DAY)
        assert (caught.value.status, caught.value.code) == (409, "conflict")

    assert ApiKey.objects.of(workspace.id).count() == keys


def test_a_rolled_key_can_still_be_revoked(workspace):
    old = make_key(workspace)
    new = roll(workspace, old, overlap=DAY)

    revoke_api_key(actor=SYSTEM_ACTOR, workspace_id=workspace.id, key_id=old.id)

    assert not works(old.secret)
    assert works(new.secret)


def test_admins_roll_keys(workspace):
    admin, old = make_member(workspace, role=Role.ADMIN), make_key(workspace)

    new = roll(workspace, old, actor=as_actor(admin))

    assert ApiKey.objects.of(workspace.id).get(pk=new.id).created_by_id == admin.id
    assert ref_of(workspace, new).restrictions == UNRESTRICTED
