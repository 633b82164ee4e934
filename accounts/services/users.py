"""Writes of users."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction

from accounts.errors import EmailTaken, LastOwner, MemberNotFound, RoleTooLow
from accounts.models import Membership, User, Workspace
from accounts.selectors import is_address_unverified, list_only_owned, user_ref
from accounts.services.audit import PLATFORM, record_audit
from accounts.services.checks import checked, refused
from accounts.types import (
    MAX_PASSWORD_LENGTH,
    THEMES,
    Actor,
    UserRef,
    clean_email,
    clean_line,
)
from common.clock import SYSTEM_CLOCK, Clock

_CLOSED = "closed.invalid"  # a domain that never is; closed accounts are addressed there


def create_user(
    *,
    actor: Actor,  # noqa: ARG001 - anybody may sign up, and the row itself tells when
    email: str,
    password: str | None = None,
    display_name: str = "",
) -> UserRef:
    """Create a user; without a password, one who cannot sign in with a password yet.

    Raises:
        InvalidInputs: the address, name or password cannot be taken.
        EmailTaken: there is a user with this address.
    """
    email = checked("/email", clean_email, email)
    display_name = checked("/displayName", clean_line, display_name)
    _check_password(password)
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, display_name=display_name)
    except IntegrityError as error:
        raise EmailTaken from error
    return user_ref(user)


def _check_password(password: str | None) -> None:
    """Refuse what would only burn time in the hasher, or break on its way to it."""
    if password is None:
        return
    if not 0 < len(password) <= MAX_PASSWORD_LENGTH:
        raise refused("/password", f"must have 1 to {MAX_PASSWORD_LENGTH} characters")
    if "\x00" in password:
        raise refused("/password", "may not contain NUL")


@transaction.atomic
def set_own_password(*, user_id: str, password: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Give a user the password that they chose; every session but the caller's ends by it.

    A wish for another address ends as well: whoever was in before may have made it, and its link
    would hand the account over to them.

    Raises:
        InvalidInputs: the password cannot be taken.
    """
    _check_password(password)
    user = User.objects.select_for_update().get(pk=user_id)
    verb = "change_password" if user.has_usable_password() else "set_password"
    user.set_password(password)
    user.save(update_fields=["password"])
    EmailAddress.objects.filter(user_id=user_id).exclude(email=user.email).delete()
    record_own_change(user_id=user_id, verb=verb, clock=clock)


@transaction.atomic
def drop_unproved_password(*, user_id: str, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Take away a password that was set before the address was proved; says whether there was one.

    Whoever signs up with somebody else's address knows it, and is in: both end as its owner comes.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    if not user.has_usable_password() or not is_address_unverified(user_id):
        return False
    user.set_unusable_password()
    user.save(update_fields=["password"])
    record_own_change(user_id=user_id, verb="drop_password", clock=clock)
    return True


@transaction.atomic
def record_own_change(
    *,
    user_id: str,
    verb: str,
    before: object = None,
    after: object = None,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Audit what a user changed about how they sign in."""
    record_audit(
        actor=Actor("user", user_id),
        workspace_id=PLATFORM,
        verb=verb,
        object_type="user",
        object_id=user_id,
        before=before,
        after=after,
        now=clock.now(),
    )


@transaction.atomic
def give_access(
    *,
    actor: Actor,
    email: str,
    password: str,
    is_staff: bool = False,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Set a user's password, and let them into the staff admin if asked.

    Raises:
        RoleTooLow: the actor is neither staff nor the system.
        InvalidInputs: the password cannot be taken.
    """
    if not actor.acts_everywhere:
        raise RoleTooLow
    _check_password(password)
    user = User.objects.get(email=email)
    before = {"isStaff": user.is_staff, "isSuperuser": user.is_superuser}
    user.set_password(password)
    user.is_staff = user.is_superuser = user.is_staff or is_staff
    user.save(update_fields=["password", "is_staff", "is_superuser"])
    record_audit(
        actor=actor,
        workspace_id=PLATFORM,
        verb="give_access",
        object_type="user",
        object_id=user.id,
        before=before,
        after={"isStaff": user.is_staff, "isSuperuser": user.is_superuser, "password": "set"},
        now=clock.now(),
    )


@transaction.atomic
def rename_user(*, actor: Actor, display_name: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Give the acting user the name that others see; an empty one leaves the address to be shown.

    Raises:
        InvalidInputs: the name cannot be taken.
        MemberNotFound: the actor is no user.
    """
    display_name = checked("/displayName", clean_line, display_name)
    user = _lock_self(actor)
    before, user.display_name = user.display_name, display_name
    if before == display_name:
        return
    user.save(update_fields=["display_name"])
    _record_self(actor, "rename", before=before, after=display_name, clock=clock)


@transaction.atomic
def set_theme(*, actor: Actor, theme: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Let the acting user's pages be light, dark, or as the system is.

    Raises:
        InvalidInputs: there is no such theme.
        MemberNotFound: the actor is no user.
    """
    if theme not in THEMES:
        raise refused("/theme", f"must be one of {', '.join(THEMES)}")
    user = _lock_self(actor)
    before, user.theme = user.theme, theme
    if before == theme:
        return
    user.save(update_fields=["theme"])
    _record_self(actor, "set_theme", before=before, after=theme, clock=clock)


@transaction.atomic
def close_account(*, actor: Actor, clock: Clock = SYSTEM_CLOCK) -> None:
    """Take the acting user out of all workspaces and let nobody sign in as them any more.

    The row stays, since history names it, without address, password and whatever else signs in:
    the address is free for another account. Sessions end with their next request.

    Raises:
        LastOwner: a workspace would be left without an owner.
        MemberNotFound: the actor is no user.
    """
    places = Membership.objects.across_workspaces().filter(user_id=actor.id)
    workspace_ids = sorted(places.values_list("workspace_id", flat=True))
    for workspace_id in workspace_ids:  # in order: two who close at once do not wait in a ring
        Workspace.objects.select_for_update(no_key=True).filter(pk=workspace_id).first()
    user = _lock_self(actor)
    if list_only_owned(user.id):
        raise LastOwner
    for place in places.filter(workspace_id__in=workspace_ids):
        place.delete()
        record_audit(
            actor=actor,
            workspace_id=place.workspace_id,
            verb="leave",
            object_type="member",
            object_id=user.id,
            before=place.role,
            now=clock.now(),
        )
    user.is_active = False
    user.email = f"{user.id}@{_CLOSED}"
    user.set_unusable_password()
    user.save(update_fields=["is_active", "email", "password"])
    for ways_in in (EmailAddress, Authenticator, SocialAccount, UserSession):
        ways_in.objects.filter(user_id=user.id).delete()
    _record_self(actor, "close", clock=clock)


def _lock_self(actor: Actor) -> User:
    rows = User.objects.select_for_update(no_key=True)
    user = rows.filter(pk=actor.id, is_active=True).first() if actor.kind == "user" else None
    if user is None:
        raise MemberNotFound
    return user


def _record_self(
    actor: Actor, verb: str, *, before: Any = None, after: Any = None, clock: Clock
) -> None:
    record_audit(
        actor=actor,
        workspace_id=PLATFORM,
        verb=verb,
        object_type="user",
        object_id=actor.id,
        before=before,
        after=after,
        now=clock.now(),
    )
