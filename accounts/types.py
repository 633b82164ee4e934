"""The words of `accounts`: roles and what they may do, who acts, and what services hand out.

Everything here is frozen and knows no database; rows never leave the app, these do.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

KeyMode = Literal["live", "test"]
ActorKind = Literal["user", "key", "staff", "system"]

MAX_EMAIL_LENGTH = 254  # RFC 5321's longest path, less its angle brackets
MAX_NAME_LENGTH = 100
MAX_PASSWORD_LENGTH = 1_024

# Joiners that scripts and emoji need; every other format character hides or reorders text.
_HARMLESS_FORMAT = frozenset("\u200c\u200d")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# The limits of a plan that a workspace may have figures of its own for.
LIMIT_NAMES = frozenset(
    {"requestsPerMinute", "executionsPerMinute", "executionsPerDay", "runningAtOnce"}
)


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
    MANAGE_BILLING = "manage_billing"
    TRANSFER_WORKSPACE = "transfer_workspace"
    DELETE_WORKSPACE = "delete_workspace"


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
    credits: int
    limit_overrides: Mapping[str, Any]
    created_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class MembershipRef:
    """A user's place in one workspace."""

    workspace: WorkspaceRef
    role: Role


@dataclass(frozen=True, slots=True)
class KeyRef:
    """An API key without its secret. `hint` is what may be shown of it: `sk-live-AbCdEfGh…`."""

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

    Up to five seconds old: plan and limit overrides change that much later for a busy key.
    """

    key_id: str
    key_name: str
    workspace_id: str
    mode: KeyMode
    scopes: frozenset[str]
    plan: str
    limit_overrides: Mapping[str, Any]

    @property
    def actor(self) -> Actor:
        """The actor to hand to services."""
        return Actor("key", self.key_id)


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


def _is_refused(character: str) -> bool:
    return (
        unicodedata.category(character) in _REFUSED_CATEGORIES and character not in _HARMLESS_FORMAT
    )
