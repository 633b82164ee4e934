"""The words of `accounts`: roles and what they may do, who acts, and what services hand out.

Everything here is frozen and knows no database; rows never leave the app, these do.
"""

import ipaddress
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, cast

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from common.http.address import parse_address

KeyMode = Literal["live", "test"]
ActorKind = Literal["user", "key", "staff", "system"]

MAX_EMAIL_LENGTH = 254  # RFC 5321's longest path, less its angle brackets
MAX_MAILBOX_LENGTH = 320
MAX_NAME_LENGTH = 100
MAX_PASSWORD_LENGTH = 1_024

_MAPPED_BITS = 96  # of an IPv6 address before the IPv4 one that it stands for

THEMES = ("system", "light", "dark")

# What people agree to or must be able to read, and when the texts that are shipped were written.
POLICIES: Mapping[str, str] = MappingProxyType(
    {
        "terms": "Terms of service",
        "privacy": "Privacy policy",
        "content-policy": "Content policy",
    }
)
POLICIES_SHIPPED_AT = datetime(2026, 11, 21, tzinfo=UTC)

# Joiners that scripts and emoji need; every other format character hides or reorders text.
_HARMLESS_FORMAT = frozenset("\u200c\u200d")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_LOOKALIKES = frozenset(
    {"LATIN", "CYRILLIC", "GREEK"}
)  # alphabets whose letters pass for another's

# The limits of a plan that a workspace may have figures of its own for.
LIMIT_NAMES = frozenset(
    {
        "requestsPerMinute",
        "executionsPerMinute",
        "executionsPerDay",
        "runningAtOnce",
        "retentionDays",
        "seats",
    }
)
NULLABLE_LIMITS = frozenset({"executionsPerDay", "seats"})  # null: none at all
MAX_LIMIT = 2**31 - 1


class Permission(StrEnum):
    """Something that a member of a workspace may or may not do there."""

    VIEW = "view"
    RUN = "run"
    UPLOAD = "upload"
    EDIT_WORKFLOWS = "edit_workflows"
    MANAGE_WEBHOOKS = "manage_webhooks"
    MANAGE_KEYS = "manage_keys"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_PROVIDER_KEYS = "manage_provider_keys"
    MANAGE_WORKSPACE = "manage_workspace"
    MANAGE_BILLING = "manage_billing"
    TRANSFER_WORKSPACE = "transfer_workspace"
    DELETE_WORKSPACE = "delete_workspace"


class KeyPolicy(StrEnum):
    """Whose keys a workspace's models run by.

    `own_first`: its own where it has one for a provider of the model, else the platform's.
    `own_only`: never the platform's. `platform_only`: never its own.
    """

    OWN_FIRST = "own_first"
    OWN_ONLY = "own_only"
    PLATFORM_ONLY = "platform_only"


class Role(StrEnum):
    """A member's role, from the weakest to the strongest; the order of declaration is the rank."""

    VIEWER = "viewer"
    RUNNER = "runner"
    EDITOR = "editor"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """Place in the order, 0 for a viewer. The words themselves sort by letter: never use `<`."""
        return list(Role).index(self)

    def outranks(self, other: "Role") -> bool:
        """Say whether this role stands above another one."""
        return self.rank > other.rank

    def allows(self, permission: Permission) -> bool:
        """Say whether a member with this role may do something."""
        return permission in PERMISSIONS[self]


_VIEWER = frozenset({Permission.VIEW})
_RUNNER = _VIEWER | {Permission.RUN, Permission.UPLOAD}
_EDITOR = _RUNNER | {Permission.EDIT_WORKFLOWS, Permission.MANAGE_WEBHOOKS}
_ADMIN = _EDITOR | {
    Permission.MANAGE_KEYS,
    Permission.MANAGE_MEMBERS,
    Permission.MANAGE_PROVIDER_KEYS,
    Permission.MANAGE_WORKSPACE,
}
_OWNER = _ADMIN | {
    Permission.MANAGE_BILLING,
    Permission.TRANSFER_WORKSPACE,
    Permission.DELETE_WORKSPACE,
}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: _VIEWER,
        Role.RUNNER: _RUNNER,
        Role.EDITOR: _EDITOR,
        Role.ADMIN: _ADMIN,
        Role.OWNER: _OWNER,
    }
)


class Scope(StrEnum):
    """What an API key may be used for; the order is the one in which scopes are listed."""

    EXECUTE = "execute"
    READ = "read"
    WRITE = "write"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a user, an API key, a member of staff, or the system itself.

    Staff and system act in every workspace; a user needs a role there, and a key is never enough
    to change people, keys or the workspace.
    """

    kind: ActorKind
    id: str

    @property
    def label(self) -> str:
        """How rows name who did something: `user:12`, `key:key_…`, `system:system`."""
        return f"{self.kind}:{self.id}"

    @property
    def acts_everywhere(self) -> bool:
        """Say whether no place in a workspace is asked for."""
        return self.kind in ("staff", "system")


SYSTEM_ACTOR = Actor("system", "system")


@dataclass(frozen=True, slots=True)
class UserRef:
    """A user, as other apps see one."""

    id: str
    email: str
    display_name: str
    is_staff: bool
    is_active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WorkspaceRef:
    """A workspace, as other apps see one. `limit_overrides` lies over the limits of its plan."""

    id: str
    name: str
    plan: str
    limit_overrides: Mapping[str, Any]
    created_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class MembershipRef:
    """A user's place in one workspace."""

    workspace: WorkspaceRef
    role: Role


@dataclass(frozen=True, slots=True)
class MemberRef:
    """A member of a workspace, as the others there see one.

    `last_seen` is the last sign-in, None before the first; `two_factor`: signs in with a second
    factor or a passkey.
    """

    user: UserRef
    role: Role
    joined_at: datetime
    last_seen: datetime | None
    two_factor: bool


class InvitationState(StrEnum):
    """What became of an invitation. `ORPHANED`: who sent it may no longer give its role."""

    OPEN = "open"
    EXPIRED = "expired"
    ORPHANED = "orphaned"
    ACCEPTED = "accepted"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class InvitationRef:
    """An invitation without the secret of its link. `inviter` is a name, else an address."""

    id: str
    workspace: WorkspaceRef
    email: str
    role: Role
    inviter: str
    state: InvitationState
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """A text of ours at one version; `body` is Markdown without its title."""

    slug: str
    title: str
    body: str
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class KeyRestrictions:
    """What a key may not do beyond its scopes; as it stands, nothing.

    `monthly_cap` is the credits that it may spend in a UTC month. `workflows` are the ids that it
    may use, `addresses` the networks (CIDR) that it may be used from: empty is no restriction.
    """

    monthly_cap: int | None = None
    workflows: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


UNRESTRICTED = KeyRestrictions()


@dataclass(frozen=True, slots=True)
class ProviderKeyRef:
    """A workspace's own key for a provider, as it may be shown: never the key itself.

    `check_error` says why its last test failed, empty for one that went well; `checked_at` is None
    before the first.
    """

    id: str
    provider: str
    label: str
    last4: str
    base_url: str
    created_at: datetime
    checked_at: datetime | None
    check_error: str


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """A workspace's own account at a provider, opened for use: never logged, never sent to people.

    `secret` is the second half of keys that have two, `base_url` empty for the provider's usual one.
    """

    id: str
    workspace_id: str
    provider: str
    base_url: str
    key: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRef:
    """An API key without its secret. `hint` is what may be shown of it: `sk-live-AbCdEfGh…`.

    `replaced_by` is the id of the key that took its place, None unless it was rolled.
    """

    id: str
    workspace_id: str
    name: str
    hint: str
    mode: KeyMode
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    restrictions: KeyRestrictions = UNRESTRICTED
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key at the one moment when its secret is known; `secret` stays out of the repr and logs."""

    id: str
    workspace_id: str
    name: str
    mode: KeyMode
    scopes: tuple[Scope, ...]
    expires_at: datetime | None
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Principal:
    """The API key behind a request, and what is needed of its workspace on the hot path.

    Up to five seconds old: plan, limit overrides and the key's restrictions change that much later
    for a busy key. `monthly_cap`, `workflows` and `addresses` are those of `KeyRestrictions`.
    """

    key_id: str
    key_name: str
    workspace_id: str
    mode: KeyMode
    scopes: frozenset[str]
    plan: str
    limit_overrides: Mapping[str, Any]
    monthly_cap: int | None = None
    workflows: frozenset[str] = frozenset()
    addresses: tuple[str, ...] = ()

    @property
    def actor(self) -> Actor:
        """The actor to hand to services."""
        return Actor("key", self.key_id)

    @property
    def namespace(self) -> str:
        """Where its `Idempotency-Key`s count: all keys of a workspace and mode share theirs."""
        return "api"

    def may_use(self, workflow_id: str) -> bool:
        """Say whether the key is good for a workflow."""
        return not self.workflows or workflow_id in self.workflows

    def may_come_from(self, address: str) -> bool:
        """Say whether the key may be used from a client's address; what is no address may not."""
        if not self.addresses:
            return True
        client = parse_address(address)
        return client is not None and any(client in _network(text) for text in self.addresses)


@dataclass(frozen=True, slots=True)
class AuditRef:
    """An entry of the audit log; `number` counts within its workspace, `digest` chains them."""

    number: int
    actor: str
    via: str
    verb: str
    object_type: str
    object_id: str
    before: Any
    after: Any
    network: str
    request_id: str
    created_at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class AuditBreach:
    """The first entry of a chain that is not as it was written, and what is wrong with it."""

    workspace_id: str
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class AuditMark:
    """Where a chain stood on a day: an anchor, as it can be kept elsewhere."""

    workspace_id: str
    day: str
    number: int
    digest: str


def clean_line(text: str, *, limit: int = MAX_NAME_LENGTH) -> str:
    """Return one line of people's text, trimmed and in NFC.

    Raises:
        ValueError: too long, or with control characters or ones that reorder what is shown.
    """
    if len(text) > limit:
        raise ValueError(f"may have {limit} characters at most")
    line = unicodedata.normalize("NFC", text).strip()
    if len(line) > limit:
        raise ValueError(f"may have {limit} characters at most")
    if any(_is_refused(character) for character in line):
        raise ValueError("may not contain control characters")
    return line


def clean_name(text: str) -> str:
    """Return a name, as `clean_line`, and not empty.

    Raises:
        ValueError: empty, or refused by `clean_line`.
    """
    name = clean_line(text)
    if not name:
        raise ValueError("may not be empty")
    return name


def problem_of_limit(name: str, figure: object) -> str | None:
    """Say what is wrong with a workspace's own limit, going on from its name; None: nothing."""
    if name not in LIMIT_NAMES:
        return f"is no limit; those are {', '.join(sorted(LIMIT_NAMES))}"
    if figure is None and name in NULLABLE_LIMITS:
        return None
    is_whole = isinstance(figure, int) and not isinstance(figure, bool)
    if is_whole and 1 <= cast(int, figure) <= MAX_LIMIT:
        return None
    or_null = ", or null for none" if name in NULLABLE_LIMITS else ""
    return f"must be a whole number from 1 to {MAX_LIMIT}{or_null}"


def clean_email(text: str) -> str:
    """Return an e-mail address in the one form in which it is stored: NFC, lower case.

    Raises:
        ValueError: no address, too long, or with control characters.
    """
    email = clean_line(text, limit=MAX_EMAIL_LENGTH).lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise ValueError("is not an e-mail address") from error
    return email


def mailbox_of(email: str) -> str:
    """Return what stands for the mailbox behind an address, the same for all its spellings.

    Without a `+tag`, with the domain in its ASCII form, and for Gmail without dots. Nothing is ever
    sent there: it tells whether two addresses are one person's.
    """
    local, _, domain = email.lower().rpartition("@")
    domain = _ascii_domain(domain.rstrip("."))
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"[:MAX_MAILBOX_LENGTH]


def clean_own_email(text: str) -> str:
    """Return the address that somebody signs up with, as `clean_email`.

    A dot at the end, which some type and all resolvers ignore, is taken off.

    Raises:
        ValueError: refused by `clean_email`, or its domain mixes alphabets to look like another.
    """
    email = clean_email(text.strip().rstrip("."))
    if any(len(_alphabets(label)) > 1 for label in email.rpartition("@")[2].split(".")):
        raise ValueError("mixes letters of several alphabets")
    return email


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def _alphabets(label: str) -> set[str]:
    names = {unicodedata.name(letter, "").partition(" ")[0] for letter in label}
    return names & _LOOKALIKES


def clean_network(text: str) -> str:
    """Return an address or a network in its one spelling: `10.1.0.0/16`, `2001:db8::/32`.

    Bits beyond the prefix are cut off, and IPv4 written as IPv6 becomes IPv4.

    Raises:
        ValueError: neither of them.
    """
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise ValueError("is not an address or a network such as 192.0.2.0/24") from error
    if isinstance(network, ipaddress.IPv4Network):
        return str(network)
    if network.network_address.scope_id is not None:
        raise ValueError("may not have a zone")
    mapped = network.network_address.ipv4_mapped
    if mapped is not None and network.prefixlen >= _MAPPED_BITS:
        return f"{mapped}/{network.prefixlen - _MAPPED_BITS}"
    return str(network)


@lru_cache(maxsize=4_096)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text)


def _is_refused(character: str) -> bool:
    return (
        unicodedata.category(character) in _REFUSED_CATEGORIES and character not in _HARMLESS_FORMAT
    )
