"""The door of `accounts`: what other apps may use of it.

Keys: `authenticate_key` turns a token into a `Principal`; views go through
`accounts.http.authentication`. Writes take an `actor` and own their transaction; reads return refs.
"""

from accounts.errors import (
    AlreadyMember,
    EmailTaken,
    KeyNotFound,
    LastOwner,
    MemberNotFound,
    RoleTooLow,
    WorkspaceNotFound,
)
from accounts.selectors import (
    get_membership_role,
    get_user_by_email,
    get_workspace,
    get_workspace_ref,
    list_all_workspaces,
    list_api_keys,
    list_workspaces_of,
)
from accounts.services.checks import authorise
from accounts.services.keys import authenticate_key, create_api_key, revoke_api_key
from accounts.services.users import create_user, give_access
from accounts.services.workspaces import (
    add_member,
    change_role,
    create_workspace,
    delete_workspace,
    override_limits,
    remove_member,
)
from accounts.types import (
    LIMIT_NAMES,
    PERMISSIONS,
    SYSTEM_ACTOR,
    Actor,
    ActorKind,
    IssuedKey,
    KeyMode,
    KeyRef,
    MembershipRef,
    Permission,
    Principal,
    Role,
    Scope,
    UserRef,
    WorkspaceRef,
    clean_line,
    clean_name,
)

__all__ = [
    "LIMIT_NAMES",
    "PERMISSIONS",
    "SYSTEM_ACTOR",
    "Actor",
    "ActorKind",
    "AlreadyMember",
    "EmailTaken",
    "IssuedKey",
    "KeyMode",
    "KeyNotFound",
    "KeyRef",
    "LastOwner",
    "MemberNotFound",
    "MembershipRef",
    "Permission",
    "Principal",
    "Role",
    "RoleTooLow",
    "Scope",
    "UserRef",
    "WorkspaceNotFound",
    "WorkspaceRef",
    "add_member",
    "authenticate_key",
    "authorise",
    "change_role",
    "clean_line",
    "clean_name",
    "create_api_key",
    "create_user",
    "create_workspace",
    "delete_workspace",
    "get_membership_role",
    "get_user_by_email",
    "get_workspace",
    "get_workspace_ref",
    "give_access",
    "list_all_workspaces",
    "list_api_keys",
    "list_workspaces_of",
    "override_limits",
    "remove_member",
    "revoke_api_key",
]
