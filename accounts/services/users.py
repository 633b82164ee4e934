"""Writes of users."""

from django.db import IntegrityError, transaction

from accounts.errors import EmailTaken, RoleTooLow
from accounts.models import User
from accounts.selectors import user_ref
from accounts.services.audit import PLATFORM, record_audit
from accounts.services.checks import checked, refused
from accounts.types import MAX_PASSWORD_LENGTH, Actor, UserRef, clean_email, clean_line
from common.clock import SYSTEM_CLOCK, Clock


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
