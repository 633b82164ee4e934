"""API keys: how they are issued, changed, rolled, revoked and checked (TRUST.md 3.7)."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts import conf
from accounts.errors import KeyNotFound, KeyRetired
from accounts.models import ApiKey
from accounts.selectors import key_ref, restrictions_of
from accounts.services.audit import record_audit
from accounts.services.checks import authorise, checked
from accounts.services.key_cache import KEY_CACHE, USE_INTERVAL, KeyCache, KnownKey
from accounts.services.key_fields import (
    checked_expiry,
    checked_mode,
    checked_overlap,
    checked_restrictions,
    checked_scopes,
)
from accounts.services.key_tokens import (
    PREFIX_LENGTH,
    PUBLIC_LENGTH,
    make_token,
    read_public_id,
)
from accounts.types import (
    UNRESTRICTED,
    Actor,
    IssuedKey,
    KeyMode,
    KeyRef,
    KeyRestrictions,
    Permission,
    Principal,
    clean_name,
)
from common import tokens
from common.clock import SYSTEM_CLOCK, Clock, rfc3339
from common.errors import Unauthenticated
from common.ids import new_id

logger = logging.getLogger(__name__)


@transaction.atomic
def create_api_key(
    *,
    actor: Actor,
    workspace_id: str,
    name: str,
    mode: KeyMode,
    scopes: Collection[str],
    expires_at: datetime | None = None,
    restrictions: KeyRestrictions = UNRESTRICTED,
    clock: Clock = SYSTEM_CLOCK,
) -> IssuedKey:
    """Issue a key. Its secret is in the answer and nowhere else, now or later.

    Raises:
        WorkspaceNotFound, RoleTooLow: the actor may not make keys there.
        InvalidInputs: name, mode, scopes, expiry or restrictions cannot be taken.
    """
    authorise(actor, workspace_id, Permission.MANAGE_KEYS)
    now = clock.now()
    wanted = ApiKey(
        workspace_id=workspace_id,
        name=checked("/name", clean_name, name),
        mode=checked_mode(mode),
        scopes=checked_scopes(scopes),
        expires_at=checked_expiry(expires_at, now),
        **_columns(checked_restrictions(restrictions)),
    )
    issued = _issue(wanted, actor, now)
    facts = {"name": wanted.name, "mode": mode, "scopes": wanted.scopes, **_shown(wanted)}
    _record(actor, "create", wanted, now=now, after=facts)
    return issued


@transaction.atomic
def change_api_key(
    *,
    actor: Actor,
    workspace_id: str,
    key_id: str,
    name: str | None = None,
    restrictions: KeyRestrictions | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> KeyRef:
    """Give a key another name, or other restrictions in place of all that it has.

    In force on commit here, within 5 s in other processes.

    Raises:
        WorkspaceNotFound, RoleTooLow: the actor may not handle keys there.
        KeyNotFound: the workspace has no such key.
        InvalidInputs: as `create_api_key`.
    """
    authorise(actor, workspace_id, Permission.MANAGE_KEYS)
    row = _lock(workspace_id, key_id)
    before = {"name": row.name, **_shown(row)}
    if name is not None:
        row.name = checked("/name", clean_name, name)
    if restrictions is not None:
        for column, value in _columns(checked_restrictions(restrictions)).items():
            setattr(row, column, value)
    after = {"name": row.name, **_shown(row)}
    if after != before:
        row.save(update_fields=["name", "monthly_cap", "workflows", "addresses"])
        _record(actor, "change", row, now=clock.now(), before=before, after=after)
        transaction.on_commit(lambda: KEY_CACHE.drop_key(key_id))
    return key_ref(row)


@transaction.atomic
def roll_api_key(
    *,
    actor: Actor,
    workspace_id: str,
    key_id: str,
    overlap: timedelta = timedelta(),
    clock: Clock = SYSTEM_CLOCK,
) -> IssuedKey:
    """Issue a key that takes another one's place, with its name, scopes, expiry and restrictions.

    The old key goes on for `overlap` (0 to 7 days), or until its own expiry if that comes first.
    Credits count for each key by itself: the new one begins its month's cap anew.

    Raises:
        WorkspaceNotFound, RoleTooLow: the actor may not handle keys there.
        KeyNotFound: the workspace has no such key.
        KeyRetired: the key was revoked, has expired, or was rolled before.
        InvalidInputs: the overlap cannot be taken.
    """
    authorise(actor, workspace_id, Permission.MANAGE_KEYS)
    old, now = _lock(workspace_id, key_id), clock.now()
    if not _is_in_force(old, now) or old.replaced_by_id is not None:
        raise KeyRetired
    end = now + checked_overlap(overlap)
    new = ApiKey(
        workspace_id=workspace_id,
        name=old.name,
        mode=old.mode,
        scopes=old.scopes,
        expires_at=old.expires_at,
        **_columns(restrictions_of(old)),
    )
    issued = _issue(new, actor, now)
    old.replaced_by_id = new.id
    old.expires_at = end if old.expires_at is None else min(end, old.expires_at)
    old.save(update_fields=["replaced_by", "expires_at"])
    facts = {"replacedBy": new.id, "expiresAt": rfc3339(old.expires_at)}
    _record(actor, "roll", old, now=now, after=facts)
    transaction.on_commit(lambda: KEY_CACHE.drop_key(key_id))
    return issued


@transaction.atomic
def revoke_api_key(
    *, actor: Actor, workspace_id: str, key_id: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Revoke a key; again is no error. Dead on commit here, within 5 s in other processes.

    Raises:
        WorkspaceNotFound, RoleTooLow: the actor may not handle keys there.
        KeyNotFound: the workspace has no such key.
    """
    authorise(actor, workspace_id, Permission.MANAGE_KEYS)
    row, now = _lock(workspace_id, key_id), clock.now()
    if row.revoked_at is None:
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        _record(actor, "revoke", row, now=now)
    transaction.on_commit(lambda: KEY_CACHE.drop_key(key_id))


def authenticate_key(
    token: str, *, cache: KeyCache = KEY_CACHE, clock: Clock = SYSTEM_CLOCK
) -> Principal:
    """Return the principal behind a token.

    A good key costs one query in 5 s, and one write a minute for `last_used_at`; a malformed one
    costs no query at all. `cache` and `clock` are there for tests.

    Raises:
        Unauthenticated: malformed, unknown, expired, revoked, or of a deleted workspace; which of
            these it is, the answer does not say.
    """
    public_id = read_public_id(token)
    digest = tokens.keyed_digest(token, conf.key_peppers()[0])
    known = cache.get(digest)
    if known is None:
        generation = cache.generation
        known = _load(token, public_id)
        cache.put(digest, known, generation=generation)
    now = clock.now()
    if known.is_expired(now):
        cache.drop_key(known.principal.key_id)
        raise Unauthenticated
    if known.note_use(now):
        _write_use(known.principal, now)
    return known.principal


def _load(token: str, public_id: str) -> KnownKey:
    """Return a key that is in force, from the database; its expiry is left to the caller."""
    row = (
        ApiKey.objects.across_workspaces()
        .select_related("workspace")
        .filter(public_id=public_id)
        .first()
    )
    # The digest is compared for unknown ids as well: both answers take equal work.
    digest, pepper_id = (row.digest, row.pepper_id) if row else ("", conf.key_peppers()[0].id)
    is_ours = tokens.matches(token, digest, pepper_id, conf.key_peppers())
    if row is not None:
        _tell_of_missing(row.pepper_id)
    if row is None or not is_ours or row.revoked_at or row.workspace.deleted_at:
        raise Unauthenticated
    return KnownKey(_principal(row), row.expires_at, row.last_used_at)


def _tell_of_missing(pepper_id: str) -> None:
    """Say aloud that a pepper was taken away while keys still need it: they are all refused."""
    if pepper_id not in {pepper.id for pepper in conf.key_peppers()}:
        logger.error(
            "KEY_PEPPERS lacks %s, which keys in use were made with",
            pepper_id,
            extra={"action": "pepper_missing", "pepper": pepper_id},
        )


def _principal(row: ApiKey) -> Principal:
    ref = key_ref(row)
    return Principal(
        key_id=ref.id,
        key_name=ref.name,
        workspace_id=ref.workspace_id,
        mode=ref.mode,
        scopes=frozenset(scope.value for scope in ref.scopes),
        plan=row.workspace.plan,
        limit_overrides=row.workspace.limit_overrides,
        monthly_cap=ref.restrictions.monthly_cap,
        workflows=frozenset(ref.restrictions.workflows),
        addresses=ref.restrictions.addresses,
    )


def _write_use(principal: Principal, now: datetime) -> None:
    """Write `last_used_at`, unless another thread or process did within the last minute."""
    due = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_INTERVAL)
    with transaction.atomic():  # takes its turn in the queue of this process's SQLite writers
        ApiKey.objects.of(principal.workspace_id).filter(due, pk=principal.key_id).update(
            last_used_at=now
        )


def _issue(row: ApiKey, actor: Actor, now: datetime) -> IssuedKey:
    """Store a key with a secret of its own, and hand that out."""
    secret = make_token(checked_mode(row.mode))
    pepper = conf.key_peppers()[0]
    row.id = new_id("key")
    # 62^8 of them: a clash in a million keys is one in 200 million, and fails by constraint.
    row.public_id = secret[PREFIX_LENGTH : PREFIX_LENGTH + PUBLIC_LENGTH]
    row.digest = tokens.keyed_digest(secret, pepper)
    row.pepper_id = pepper.id
    row.created_by_id = actor.id if actor.kind in ("user", "staff") else None
    row.created_at = now
    row.save(force_insert=True)
    return _issued(row, secret)


def _lock(workspace_id: str, key_id: str) -> ApiKey:
    """Return a key's row for writing.

    Raises:
        KeyNotFound: the workspace has no such key.
    """
    row = ApiKey.objects.of(workspace_id).select_for_update().filter(pk=key_id).first()
    if row is None:
        raise KeyNotFound
    return row


def _is_in_force(row: ApiKey, now: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


def _columns(restrictions: KeyRestrictions) -> dict[str, Any]:
    return {
        "monthly_cap": restrictions.monthly_cap,
        "workflows": list(restrictions.workflows),
        "addresses": list(restrictions.addresses),
    }


def _shown(row: ApiKey) -> dict[str, Any]:
    """Return a key's restrictions as the audit log tells of them."""
    return {
        "monthlyCap": row.monthly_cap,
        "workflows": list(row.workflows),
        "addresses": list(row.addresses),
    }


def _record(
    actor: Actor, verb: str, row: ApiKey, *, now: datetime, before: Any = None, after: Any = None
) -> None:
    record_audit(
        actor=actor,
        workspace_id=row.workspace_id,
        verb=verb,
        object_type="api_key",
        object_id=row.id,
        before=before,
        after=after,
        now=now,
    )


def _issued(row: ApiKey, secret: str) -> IssuedKey:
    ref = key_ref(row)
    return IssuedKey(
        id=ref.id,
        workspace_id=ref.workspace_id,
        name=ref.name,
        mode=ref.mode,
        scopes=ref.scopes,
        expires_at=ref.expires_at,
        secret=secret,
    )
