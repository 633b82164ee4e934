"""What every page's frame needs: who looks, their workspaces, the chosen one, its credits."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest

from accounts.api import MembershipRef, WorkspaceRef, list_workspaces_of
from billing.api import BalanceRef, get_balance


@dataclass
class Shell:
    """The frame of one page; everything in it is read when a template first asks for it."""

    request: HttpRequest

    @cached_property
    def memberships(self) -> list[MembershipRef]:
        """The caller's workspaces with roles, by name; empty for visitors."""
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            return []
        return list_workspaces_of(str(user.pk))

    @cached_property
    def workspace(self) -> WorkspaceRef | None:
        """The workspace that the address names (`?workspace=`), else the caller's first one."""
        wanted = self.request.GET.get("workspace", "")
        refs = [membership.workspace for membership in self.memberships]
        if not wanted:
            return refs[0] if refs else None
        return next((ref for ref in refs if ref.id == wanted), None)

    @cached_property
    def balance(self) -> BalanceRef | None:
        """The chosen workspace's credits."""
        return get_balance(self.workspace.id) if self.workspace else None


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give templates `shell`; a context processor."""
    return {"shell": Shell(request)}
