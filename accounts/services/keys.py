"""API keys: how they are issued, revoked and checked (TRUST.md 3.7)."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts import conf
from accounts.errors import KeyNotFound
from accounts.models import ApiKey
from accounts.selectors import key_ref
from accounts.services.checks import authorise, checked, refused
from accounts.services.key_cache import KEY_CACHE, USE_INTERVAL, KeyCache, KnownKey
from accounts.services.key_tokens import (
    PREFIX_LENGTH,
    PUBLIC_LENGTH,
    make_token,
    read_public_id,
)
from accounts.types import (
    Actor,
    IssuedKey,
    KeyMode,
    Permission,
    Principal,
    Scope,
    clean_name,
)
from common import tokens
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Unauthenticated
from common.ids import new_id


@transaction.atomic
def create_api_key(
    *,
    actor: Actor,
    workspace_id: str,
    name: str,
    mode: KeyMode,
    scopes: Collection[str],
    expires_at: datetime | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> IssuedKey:
    """Issue a key. Its secret is in the answer and nowhere else, now or later.

    Raises:
        WorkspaceNotFound, RoleTooLow: the actor may not make keys there.
        InvalidInputs: name, mode, scopes or expiry cannot be taken.
    """
    authorise(actor, workspace_id, Permission.MANAGE_KEYS)
    secret = make_token(_checked_mode(mode))
    pepper = conf.key_peppers()[0]
    row = ApiKey.objects.insert(
        id=new_id("key"),
        workspace_id=workspace_id,
        name=checked("/name", clean_name, name),
        # 62^8 of them: a clash in a million keys is one in 200 million, and fails by constraint.
        public_id=secret[PREFIX_LENGTH : PREFIX_LENGTH + PUBLIC_LENGTH],
        digest=tokens.keyed_digest(secret, pepper),
        pepper_id=pepper.id,
        mode=mode,
        scopes=_checked_scopes(scopes),
        created_by_id=actor.id if actor.kind in ("user", "staff") else None,
        created_at=clock.now(),
        expires_at=_checked_expiry(expires_at, clock.now()),
    )
    return _issued(row, secret)


def revoke_api_key(
    *, actor: Actor, workspace_id: str, key_id: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Revoke a key; again is no error. Dead on commit here, within 5 s in other processes.

    Raises:
        WorkspaceNotFound, RoleTooLow: the actor may not handle keys there.
        KeyNotFound: the workspace has no such key.
    """
    with transaction.atomic():
        authorise(actor, workspace_id, Permission.MANAGE_KEYS)
        keys = ApiKey.objects.of(workspace_id).filter(pk=key_id)
        if not keys.filter(revoked_at=None).update(revoked_at=clock.now()) and not keys.exists():
            raise KeyNotFound
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
    if row is None or not is_ours or row.revoked_at or row.workspace.deleted_at:
        raise Unauthenticated
    return KnownKey(_principal(row), row.expires_at, row.last_used_at)


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
    )


def _write_use(principal: Principal, now: datetime) -> None:
    """Write `last_used_at`, unless another thread or process did within the last minute."""
    due = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_INTERVAL)
    with transaction.atomic():  # takes its turn in the queue of this process's SQLite writers
        ApiKey.objects.of(principal.workspace_id).filter(due, pk=principal.key_id).update(
            last_used_at=now
        )


def _checked_mode(mode: str) -> KeyMode:
    if mode == "live":
        return "live"
    if mode == "test":
        return "test"
    raise refused("/mode", "must be live or test")


def _checked_scopes(scopes: Collection[str]) -> list[str]:
    """Return the scopes once each, in their own order."""
    known = [scope.value for scope in Scope]
    if not scopes or not set(scopes) <= set(known):
        raise refused("/scopes", f"must be one or more of {', '.join(known)}")
    return [scope for scope in known if scope in scopes]


def _checked_expiry(expires_at: datetime | None, now: datetime) -> datetime | None:
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
        raise refused("/expiresAt", "must be a time to come, with its zone")
    return expires_at


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
