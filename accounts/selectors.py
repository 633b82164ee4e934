"""Reads of people, workspaces, keys and the audit log; what they return are refs, never rows."""

import json
import logging
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When

from accounts import conf
from accounts.errors import WorkspaceNotFound
from accounts.models import (
    ApiKey,
    AuditAnchor,
    AuditEntry,
    AuditHead,
    Invitation,
    Membership,
    PolicyPage,
    ProviderKey,
    User,
    Workspace,
)
from accounts.types import (
    POLICIES,
    POLICIES_SHIPPED_AT,
    AuditBreach,
    AuditMark,
    AuditRef,
    InvitationRef,
    InvitationState,
    KeyMode,
    KeyPolicy,
    KeyRef,
    KeyRestrictions,
    MemberRef,
    MembershipRef,
    OwnAccount,
    Permission,
    PolicyRef,
    ProviderKeyRef,
    Role,
    Scope,
    UserRef,
    WorkspaceRef,
    clean_email,
    mailbox_of,
)
from common.secrets import Place, SecretUnreadable
from common.sql import snapshot

logger = logging.getLogger(__name__)

KEYS_FRESH_S = 5.0  # a key that was revoked is used no longer than that in another process
MAX_KNOWN = 2_000  # workspaces whose accounts a process keeps at hand


def get_workspace(workspace_id: str) -> WorkspaceRef:
    """Return a workspace that is in use.

    Raises:
        WorkspaceNotFound: unknown or deleted.
    """
    workspace = get_workspace_ref(workspace_id)
    if workspace is None or workspace.deleted_at is not None:
        raise WorkspaceNotFound
    return workspace


def get_workspace_ref(workspace_id: str) -> WorkspaceRef | None:
    """Return a workspace whether deleted or not, or None if there never was one.

    For workers, who must tell "deleted meanwhile" (stop quietly) from "never was" (a bug).
    """
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    return workspace_ref(workspace) if workspace else None


def list_all_workspaces(*, after: str = "", limit: int = 500) -> list[WorkspaceRef]:
    """Return the next workspaces by id, deleted ones as well, for jobs that go through them all."""
    rows = Workspace.objects.filter(pk__gt=after).order_by("pk")
    return [workspace_ref(row) for row in rows[:limit]]


def get_membership_role(*, workspace_id: str, user_id: str) -> Role | None:
    """Return an active user's role in a workspace in use; None for anybody else."""
    role = (
        Membership.objects.of(workspace_id)
        .filter(user_id=user_id, user__is_active=True, workspace__deleted_at=None)
        .values_list("role", flat=True)
        .first()
    )
    return Role(role) if role else None


def list_workspaces_of(user_id: str) -> list[MembershipRef]:
    """Return the workspaces in use that a user is a member of, oldest membership first."""
    memberships = (
        Membership.objects.across_workspaces()
        .filter(user_id=user_id, workspace__deleted_at=None)
        .select_related("workspace")
        .order_by("pk")
    )
    return [MembershipRef(workspace_ref(row.workspace), Role(row.role)) for row in memberships]


def list_members(
    workspace_id: str, *, text: str = "", offset: int = 0, limit: int = 50
) -> list[MemberRef]:
    """Return the members of a workspace who can sign in, the strongest roles first.

    `text` narrows them to those whose name or address holds it, in whatever case.
    """
    rank = Case(*(When(role=role, then=Value(role.rank)) for role in Role))
    keys = Authenticator.objects.filter(user_id=OuterRef("user_id"))
    keys = keys.exclude(type=Authenticator.Type.RECOVERY_CODES)
    rows = (
        _members_like(workspace_id, text)
        .select_related("user")
        .annotate(rank=rank, has_keys=Exists(keys))
        .order_by("-rank", "pk")
    )
    return [
        MemberRef(
            user=user_ref(row.user),
            role=Role(row.role),
            joined_at=row.created_at,
            last_seen=row.user.last_login,
            two_factor=row.has_keys,
        )
        for row in rows[offset : offset + limit]
    ]


def count_members(workspace_id: str, *, text: str = "") -> int:
    """Return how many members `list_members` goes through."""
    return _members_like(workspace_id, text).count()


def _members_like(workspace_id: str, text: str) -> QuerySet[Membership]:
    rows = Membership.objects.of(workspace_id).filter(user__is_active=True)
    if text:
        found = Q(user__email__icontains=text) | Q(user__display_name__icontains=text)
        rows = rows.filter(found)
    return rows


def list_invitations(workspace_id: str, *, now: datetime) -> list[InvitationRef]:
    """Return the invitations that were neither taken nor withdrawn, newest first."""
    rows = (
        Invitation.objects.of(workspace_id)
        .filter(accepted_at=None, revoked_at=None)
        .select_related("workspace", "invited_by")
        .order_by("-pk")
    )
    members = Membership.objects.of(workspace_id).filter(user__is_active=True)
    roles = {user_id: Role(role) for user_id, role in members.values_list("user_id", "role")}
    return [invitation_ref(row, roles.get(row.invited_by_id), now) for row in rows]


def count_taken_seats(workspace_id: str, *, now: datetime) -> int:
    """Return the seats that are taken: a member's each, and one for each open invitation."""
    waiting = [
        invitation
        for invitation in list_invitations(workspace_id, now=now)
        if invitation.state is InvitationState.OPEN
    ]
    return count_members(workspace_id) + len(waiting)


def find_invitation(token: str, *, now: datetime) -> InvitationRef | None:
    """Return the invitation of a mailed link, in whatever state; None if there never was one."""
    row = (
        Invitation.objects.across_workspaces()
        .filter(digest=digest_of_token(token))
        .select_related("workspace", "invited_by")
        .first()
    )
    if row is None:
        return None
    role = get_membership_role(workspace_id=row.workspace_id, user_id=row.invited_by_id)
    return invitation_ref(row, role, now)


def digest_of_token(token: str) -> str:
    """Return what is stored of an invitation's secret; that is random enough to need no pepper."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def invitation_ref(row: Invitation, inviters_role: Role | None, now: datetime) -> InvitationRef:
    """Return an invitation's row as other apps see it; `inviters_role` is that of this moment."""
    return InvitationRef(
        id=row.id,
        workspace=workspace_ref(row.workspace),
        email=row.email,
        role=Role(row.role),
        inviter=row.invited_by.display_name or row.invited_by.email,
        state=_state_of(row, inviters_role, now),
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def _state_of(row: Invitation, inviters_role: Role | None, now: datetime) -> InvitationState:
    if row.accepted_at is not None:
        return InvitationState.ACCEPTED
    if row.revoked_at is not None or row.workspace.deleted_at is not None:
        return InvitationState.REVOKED
    if row.expires_at <= now:
        return InvitationState.EXPIRED
    may = inviters_role is not None and inviters_role.allows(Permission.MANAGE_MEMBERS)
    if not may or Role(row.role).outranks(inviters_role or Role.VIEWER):
        return InvitationState.ORPHANED
    return InvitationState.OPEN


def list_only_owned(user_id: str) -> list[WorkspaceRef]:
    """Return the workspaces in use that have no owner who can sign in but this user."""
    owners = Membership.objects.across_workspaces().filter(
        role=Role.OWNER, user__is_active=True, workspace__deleted_at=None
    )
    own = owners.filter(user_id=user_id).select_related("workspace").order_by("pk")
    others = owners.filter(workspace_id=OuterRef("workspace_id")).exclude(user_id=user_id)
    return [workspace_ref(row.workspace) for row in own.filter(~Exists(others))]


def get_policy(slug: str) -> PolicyRef:
    """Return a policy of `POLICIES` as staff wrote it, else the text that is shipped, version 1."""
    row = PolicyPage.objects.filter(pk=slug).first()
    if row is not None:
        return policy_ref(row)
    return PolicyRef(slug, POLICIES[slug], _shipped_policy(slug), 1, POLICIES_SHIPPED_AT)


def policy_ref(row: PolicyPage) -> PolicyRef:
    """Return a policy's row as other apps see it."""
    return PolicyRef(row.slug, row.title, row.body, row.version, row.updated_at)


@lru_cache(maxsize=len(POLICIES))
def _shipped_policy(slug: str) -> str:
    return (Path(__file__).parent / "policies" / f"{slug}.md").read_text("utf-8")


def list_api_keys(workspace_id: str) -> list[KeyRef]:
    """Return a workspace's keys, newest first, revoked and expired ones among them."""
    return [key_ref(row) for row in ApiKey.objects.of(workspace_id).order_by("-pk")]


def list_audit(
    workspace_id: str,
    *,
    before: int | None = None,
    limit: int = 50,
    object_type: str | None = None,
    object_id: str | None = None,
) -> list[AuditRef]:
    """Return up to `limit` entries of a workspace's audit log, newest first.

    `before` is the number of the last entry on the page before; `object_type` and `object_id`
    narrow the list to one kind of thing, or to one thing.
    """
    rows = AuditEntry.objects.filter(workspace_id=workspace_id)
    if before is not None:
        rows = rows.filter(number__lt=before)
    if object_type is not None:
        rows = rows.filter(object_type=object_type)
    if object_id is not None:
        rows = rows.filter(object_id=object_id)
    return [audit_ref(row) for row in rows.order_by("-number")[:limit]]


def list_audited() -> list[str]:
    """Return the ids of all chains, the platform's own (empty) first."""
    found = {
        *AuditHead.objects.values_list("pk", flat=True),
        *AuditAnchor.objects.values_list("workspace_id", flat=True),
        *AuditEntry.objects.values_list("workspace_id", flat=True).distinct(),
    }
    return sorted(found)


def list_anchors() -> Iterator[AuditMark]:
    """Yield every anchor, for a copy to be kept elsewhere."""
    rows = AuditAnchor.objects.order_by("workspace_id", "day")
    for row in rows.iterator():
        yield AuditMark(row.workspace_id, row.day.isoformat(), row.number, row.digest)


def find_audit_breach(workspace_id: str, *, kept: Collection[AuditMark] = ()) -> AuditBreach | None:
    """Walk a chain and return its first entry that is not as it was written; None if all are.

    Checked are the numbers, each digest and its link to the one before, the end that `AuditHead`
    names, and the anchors: those in the database, and `kept` ones of this chain from elsewhere. All
    is read as of one moment.
    """
    with snapshot():
        marks = [mark for mark in kept if mark.workspace_id == workspace_id]
        rows = AuditAnchor.objects.filter(workspace_id=workspace_id)
        marks += [AuditMark(row.workspace_id, "", row.number, row.digest) for row in rows]
        return _first_breach(workspace_id, marks)


def _first_breach(workspace_id: str, marks: Collection[AuditMark]) -> AuditBreach | None:
    head = AuditHead.objects.filter(pk=workspace_id).first()
    number, digest = 0, ""
    for entry in AuditEntry.objects.filter(workspace_id=workspace_id).order_by("number").iterator():
        number += 1
        reason = _problem_of(entry, number, digest, marks)
        if reason:
            return AuditBreach(workspace_id, number, reason)
        digest = entry.digest
    last = max([head.number if head else 0, *(mark.number for mark in marks)])
    if last > number:
        return AuditBreach(workspace_id, number + 1, "is missing")
    noted = (head.number, head.digest) if head else (0, "")
    if noted != (number, digest):
        return AuditBreach(workspace_id, number, "is not the end that was noted")
    return None


def _problem_of(
    entry: AuditEntry, number: int, previous: str, marks: Collection[AuditMark]
) -> str | None:
    if entry.number != number:
        return "is missing"
    if entry.previous != previous:
        return "does not follow from the one before"
    if entry.digest != entry.compute_digest():
        return "was changed"
    if any(mark.number == number and mark.digest != entry.digest for mark in marks):
        return "is not what was anchored"
    return None


def audit_ref(row: AuditEntry) -> AuditRef:
    """Return an entry's row as other apps see it."""
    return AuditRef(
        number=row.number,
        actor=row.actor,
        via=row.via,
        verb=row.verb,
        object_type=row.object_type,
        object_id=row.object_id,
        before=row.before,
        after=row.after,
        network=row.network,
        request_id=row.request_id,
        created_at=row.created_at,
        digest=row.digest,
    )


def get_user_by_email(email: str) -> UserRef | None:
    """Return the user with an address in any spelling; None if unknown or no address at all."""
    try:
        user = User.objects.filter(email=clean_email(email)).first()
    except ValueError:
        return None
    return user_ref(user) if user else None


def find_mailbox_owner(email: str, *, besides: str = "") -> UserRef | None:
    """Return who signs in with the mailbox of an address, under whatever spelling of it.

    `besides` is the id of a user who does not count.
    """
    rows = User.objects.filter(mailbox=mailbox_of(email)).exclude(pk=besides)
    user = rows.order_by("pk").first()
    return user_ref(user) if user else None


def is_address_unverified(user_id: str) -> bool:
    """Say whether a user signed up with an address that is not verified yet.

    Users whom staff made were sent nothing that they could verify, and are not asked to.
    """
    waiting = EmailAddress.objects.filter(user_id=user_id, primary=True, verified=False)
    return bool(waiting.exists())


def user_ref(row: User) -> UserRef:
    """Return a user's row as other apps see it."""
    return UserRef(
        id=row.id,
        email=row.email,
        display_name=row.display_name,
        is_staff=row.is_staff,
        is_active=row.is_active,
        created_at=row.created_at,
    )


def workspace_ref(row: Workspace) -> WorkspaceRef:
    """Return a workspace's row as other apps see it."""
    return WorkspaceRef(
        id=row.id,
        name=row.name,
        plan=row.plan,
        limit_overrides=row.limit_overrides,
        created_at=row.created_at,
        deleted_at=row.deleted_at,
    )


def key_ref(row: ApiKey) -> KeyRef:
    """Return a key's row as other apps see it, without its digest."""
    mode: KeyMode = "test" if row.mode == "test" else "live"
    return KeyRef(
        id=row.id,
        workspace_id=row.workspace_id,
        name=row.name,
        hint=row.hint,
        mode=mode,
        scopes=tuple(Scope(scope) for scope in row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        restrictions=restrictions_of(row),
        replaced_by=row.replaced_by_id,
    )


def restrictions_of(row: ApiKey) -> KeyRestrictions:
    """Return what a key is restricted to."""
    return KeyRestrictions(row.monthly_cap, tuple(row.workflows), tuple(row.addresses))


def list_provider_keys(workspace_id: str) -> list[ProviderKeyRef]:
    """Return a workspace's own live keys for providers, by provider."""
    rows = ProviderKey.objects.of(workspace_id).filter(revoked_at=None).order_by("provider")
    return [provider_key_ref(row) for row in rows]


def get_key_policy(workspace_id: str) -> KeyPolicy:
    """Return whose keys a workspace's models run by; known for a few seconds in each process."""
    return _known(workspace_id)[0]


def get_own_accounts(workspace_id: str) -> Mapping[str, OwnAccount]:
    """Return a workspace's own accounts by provider; known for a few seconds in each process."""
    return _known(workspace_id)[1]


def get_own_account(workspace_id: str, account_id: str) -> OwnAccount | None:
    """Return an own account by its id; None where it was revoked. Asks the database."""
    rows = ProviderKey.objects.of(workspace_id).filter(pk=account_id, revoked_at=None)
    row = rows.first()
    return None if row is None else _opened(row)


def forget_own_accounts(workspace_id: str) -> None:
    """Forget what this process knows of a workspace's accounts; after a change here."""
    _accounts.pop(workspace_id, None)


def place_of_provider_key(row: ProviderKey) -> Place:
    """Return what a key's sealed text is bound to."""
    return Place("provider_key", "sealed", row.workspace_id, row.id)


def provider_key_ref(row: ProviderKey) -> ProviderKeyRef:
    """Return a provider key as it may be shown."""
    return ProviderKeyRef(
        id=row.id,
        provider=row.provider,
        label=row.label,
        last4=row.last4,
        base_url=row.base_url,
        created_at=row.created_at,
        checked_at=row.checked_at,
        check_error=row.check_error,
    )


_Known = tuple[KeyPolicy, Mapping[str, OwnAccount]]
_accounts: dict[str, tuple[float, _Known]] = {}


def _known(workspace_id: str) -> _Known:
    found = _accounts.get(workspace_id)
    if found is not None and found[0] > time.monotonic():
        return found[1]
    policy = Workspace.objects.filter(pk=workspace_id).values_list("key_policy", flat=True).first()
    rows = ProviderKey.objects.of(workspace_id).filter(revoked_at=None)
    known = (
        KeyPolicy(policy or KeyPolicy.OWN_FIRST),
        {row.provider: _opened(row) for row in rows},
    )
    if len(_accounts) >= MAX_KNOWN:
        _accounts.clear()
    _accounts[workspace_id] = (time.monotonic() + KEYS_FRESH_S, known)
    return known


def _opened(row: ProviderKey) -> OwnAccount:
    """Return an account; one whose key cannot be opened has none, and its provider says so.

    To leave it out would run by the platform's account, and be charged for.
    """
    try:
        content = json.loads(conf.key_ring().open(row.sealed, place_of_provider_key(row)))
    except SecretUnreadable:
        logger.exception("%s cannot be opened", row.id, extra={"action": "secret_unreadable"})
        content = {"key": "", "secret": ""}
    return OwnAccount(
        id=row.id,
        workspace_id=row.workspace_id,
        provider=row.provider,
        base_url=row.base_url,
        key=content["key"],
        secret=content["secret"],
    )
