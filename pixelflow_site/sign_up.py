"""What comes with signing up: a workspace of one's own, and its credits once the address is proved.

Accounts knows of no credits and billing of no sign-up, so the two meet here, at what allauth tells:
within the transaction of the sign-up, or right after an address was verified.
"""

from typing import Any

from allauth.account import signals
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import HttpRequest

from accounts.api import Actor, Role, is_address_unverified, list_workspaces_of, mailbox_of
from billing.api import get_waiting_credits, open_workspace, release_plan_credits

LONGEST_NAME = 60  # of the person's, so that the workspace's fits


def connect() -> None:
    """Listen; called once, at the start."""
    signals.user_signed_up.connect(_signed_up, dispatch_uid="own-workspace")
    signals.email_confirmed.connect(_address_verified, dispatch_uid="own-credits")


def open_own_workspace(*, user_id: str, email: str, display_name: str) -> str:
    """Open the first workspace of somebody who signed up and return its id.

    The plan's credits wait for the verified address.
    """
    named = display_name or email.partition("@")[0].partition("+")[0]
    person = f"{named[:1].upper()}{named[1:LONGEST_NAME]}".strip()
    workspace = open_workspace(
        actor=Actor("user", user_id),
        name=f"{person}'s workspace",
        owner_email=email,
        is_waiting=True,
    )
    return workspace.id


def release_credits(*, user_id: str, email: str) -> int:
    """Give a verified user's workspace what waits for it; returns the credits, 0 for none.

    A mailbox is good for one workspace, the first that its owner opened; and so is a person, who
    may have had others.
    """
    owned = [ref for ref in list_workspaces_of(user_id) if ref.role is Role.OWNER]
    for membership in owned:
        workspace_id = membership.workspace.id
        waiting = get_waiting_credits(workspace_id)
        if waiting and release_plan_credits(
            workspace_id=workspace_id, mailbox=mailbox_of(email), owner_id=user_id
        ):
            return waiting
    return 0


def _signed_up(*, user: Any, **_: Any) -> None:
    open_own_workspace(user_id=user.pk, email=user.email, display_name=user.display_name)
    if not is_address_unverified(user.pk):  # Google or GitHub have verified it
        release_credits(user_id=user.pk, email=user.email)


def _address_verified(*, request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
    credits_given = release_credits(user_id=email_address.user_id, email=email_address.email)
    if credits_given:
        messages.success(request, f"{credits_given:,} credits were added to your workspace.")
