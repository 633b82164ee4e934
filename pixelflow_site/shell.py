"""What every page's frame needs: who looks, their workspaces, the chosen one, its credits, the way.

Links are shown only where their pages exist, so the frame never leads into a 404.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from accounts.api import (
    MembershipRef,
    Permission,
    WorkspaceRef,
    is_address_unverified,
    list_workspaces_of,
)
from billing.api import BalanceRef, get_balance, get_waiting_credits
from common.clock import utc_now


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of a menu. `key` is what a page names in `nav` to be shown as the current one."""

    path: str
    label: str
    key: str = ""
    icon: str = ""
    needs: Permission | None = None
    is_current: bool = False


PUBLIC_NAV = (
    Link("/templates", "Templates"),
    Link("/docs/models", "Models"),
    Link("/pricing", "Pricing"),
    Link("/docs", "Docs"),
)
APP_NAV = (
    Link("/workflows", "Workflows", "workflows", "workflow"),
    Link("/templates", "Templates", "templates", "layout-template"),
    Link("/team", "Team", "team", "users"),
    Link("/billing", "Billing", "billing", "credit-card", Permission.MANAGE_BILLING),
    Link("/settings/models", "Model keys", "models", "key-round", Permission.MANAGE_PROVIDER_KEYS),
    Link("/settings", "Settings", "settings", "settings"),
    Link("/docs", "Docs", "docs", "book-open"),
)
WITHOUT_WORKSPACE = frozenset({"/templates", "/docs", "/settings"})
FOOTER = (
    (
        "Product",
        (
            Link("/templates", "Templates"),
            Link("/docs/models", "Models"),
            Link("/pricing", "Pricing"),
            Link("/templates.rss", "New templates (RSS)"),
        ),
    ),
    (
        "Developers",
        (
            Link("/docs/api", "API reference"),
            Link("/docs/nodes", "Node types"),
            Link("/docs/errors", "Error codes"),
        ),
    ),
    (
        "Legal",
        (
            Link("/terms", "Terms"),
            Link("/privacy", "Privacy"),
            Link("/content-policy", "Content policy"),
        ),
    ),
)


@cache
def has_page(path: str) -> bool:
    """Say whether an address of ours leads to a page."""
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def existing(path: str) -> str:
    """Return the address, or nothing where there is no such page."""
    return path if has_page(path) else ""


@dataclass
class Shell:
    """The frame of one page; everything in it is read when a template first asks for it."""

    request: HttpRequest

    @cached_property
    def _user(self) -> Any:
        user = getattr(self.request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @property
    def base(self) -> str:
        """Where the site is reached from outside, for addresses that machines read."""
        return str(settings.PUBLIC_URL)

    @property
    def is_signed_in(self) -> bool:
        """Whether somebody is signed in."""
        return self._user is not None

    @property
    def is_staff(self) -> bool:
        """Whether the caller may enter the admin."""
        return self._user is not None and bool(self._user.is_staff)

    @property
    def user_name(self) -> str:
        """The caller's name, or what stands before the @ of the address."""
        if self._user is None:
            return ""
        return str(self._user.display_name or self._user.email.partition("@")[0])

    @property
    def user_email(self) -> str:
        """The caller's address."""
        return "" if self._user is None else str(self._user.email)

    @property
    def theme(self) -> str:
        """`light` or `dark` where the caller chose one; empty: as the browser or system says."""
        theme = "" if self._user is None else str(self._user.theme)
        return theme if theme in ("light", "dark") else ""

    @cached_property
    def memberships(self) -> list[MembershipRef]:
        """The caller's workspaces with roles, by name; empty for visitors."""
        return [] if self._user is None else list_workspaces_of(str(self._user.pk))

    @cached_property
    def membership(self) -> MembershipRef | None:
        """The caller's place in the workspace that the address names, else in the first one."""
        sent = self.request.POST if self.request.method == "POST" else self.request.GET
        wanted = sent.get("workspace", "")
        if not wanted:
            return self.memberships[0] if self.memberships else None
        return next((held for held in self.memberships if held.workspace.id == wanted), None)

    @property
    def workspace(self) -> WorkspaceRef | None:
        """The workspace that the address names (`?workspace=`), else the caller's first one."""
        return self.membership.workspace if self.membership else None

    @cached_property
    def balance(self) -> BalanceRef | None:
        """The chosen workspace's credits."""
        return get_balance(self.workspace.id) if self.workspace else None

    @cached_property
    def needs_verification(self) -> bool:
        """Whether the caller signed up with an address that is not verified yet."""
        return self._user is not None and is_address_unverified(str(self._user.pk))

    @cached_property
    def waiting_credits(self) -> int:
        """The credits that the chosen workspace gets once the address is verified."""
        return get_waiting_credits(self.workspace.id) if self.workspace else 0

    @property
    def year(self) -> int:
        """The year, for the footer."""
        return utc_now().year

    @property
    def public_nav(self) -> list[Link]:
        """The header's entries."""
        return [self._marked(link) for link in PUBLIC_NAV if has_page(link.path)]

    @cached_property
    def app_nav(self) -> list[Link]:
        """The sidebar's entries, those that the caller may open in the chosen workspace."""
        return [
            self._marked(replace(link, path=self._of_workspace(link.path)))
            for link in APP_NAV
            if has_page(link.path) and self._may(link.needs)
        ]

    @property
    def own_nav(self) -> list[Link]:
        """The sidebar's entries that the public header lacks."""
        public = {link.path for link in PUBLIC_NAV}
        return [link for link in self.app_nav if link.path not in public]

    @property
    def footer(self) -> Iterator[tuple[str, list[Link]]]:
        """The footer's columns."""
        for title, links in FOOTER:
            found = [link for link in links if has_page(link.path)]
            if found:
                yield title, found

    @property
    def workspace_choices(self) -> list[Link]:
        """This page in each of the caller's workspaces, as far as its address can be kept."""
        return [
            Link(
                path=f"{self._kept_path}?{urlencode({'workspace': held.workspace.id})}",
                label=held.workspace.name,
                is_current=held == self.membership,
            )
            for held in self.memberships
        ]

    @property
    def _kept_path(self) -> str:
        """The page's address where it is a workspace's list, else the first page of the app."""
        kept = {link.path for link in APP_NAV} - WITHOUT_WORKSPACE
        if self.request.path in kept:
            return self.request.path
        return next(link.path for link in APP_NAV if link.path in kept and has_page(link.path))

    @property
    def billing_path(self) -> str:
        """Where the chosen workspace's credits are shown; empty for those who may not see it."""
        may = has_page("/billing") and self._may(Permission.MANAGE_BILLING)
        return self._of_workspace("/billing") if may else ""

    @property
    def sign_in_path(self) -> str:
        """Where visitors sign in, coming back to this page."""
        return self._returning("/accounts/login/")

    @property
    def sign_up_path(self) -> str:
        """Where visitors sign up."""
        return existing("/accounts/signup/")

    @property
    def sign_out_path(self) -> str:
        """Where a form signs the caller out."""
        return existing("/accounts/logout/")

    @property
    def new_workspace_path(self) -> str:
        """Where the caller makes one more workspace."""
        return existing("/workspaces/new")

    @property
    def gallery_path(self) -> str:
        """Where templates are searched."""
        return existing("/templates")

    def _may(self, needed: Permission | None) -> bool:
        if needed is None:
            return True
        return self.membership is not None and self.membership.role.allows(needed)

    def _of_workspace(self, path: str) -> str:
        if path in WITHOUT_WORKSPACE or self.workspace is None or len(self.memberships) < 2:
            return path
        return f"{path}?{urlencode({'workspace': self.workspace.id})}"

    def _marked(self, link: Link) -> Link:
        path = link.path.partition("?")[0]
        return replace(link, is_current=self.request.path == path)

    def _returning(self, path: str) -> str:
        if not has_page(path):
            return ""
        here = self.request.get_full_path()
        return path if here == "/" else f"{path}?{urlencode({'next': here})}"


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give templates `shell`; a context processor."""
    return {"shell": Shell(request)}
