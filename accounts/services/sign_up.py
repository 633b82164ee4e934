"""Writes of who signs up: the user, what they agreed to, and what they came for."""

from collections.abc import Sequence

from django.db import transaction

from accounts.models import PolicyConsent, PolicyPage, User
from accounts.services.checks import checked
from accounts.services.users import create_user
from accounts.types import Actor, UserRef, clean_own_email
from common.clock import SYSTEM_CLOCK, Clock

AGREED_AT_SIGN_UP = ("terms", "privacy")


@transaction.atomic
def sign_up(
    *,
    actor: Actor,
    email: str,
    password: str | None = None,
    display_name: str = "",
    agreed: Sequence[str] = AGREED_AT_SIGN_UP,
    clock: Clock = SYSTEM_CLOCK,
) -> UserRef:
    """Create a user who signed up, with what they agreed to in the version of that moment.

    Raises:
        InvalidInputs: the address, name or password cannot be taken.
        EmailTaken: there is a user with this address.
    """
    email = checked("/email", clean_own_email, email)
    user = create_user(actor=actor, email=email, password=password, display_name=display_name)
    versions = dict(PolicyPage.objects.filter(pk__in=agreed).values_list("pk", "version"))
    PolicyConsent.objects.bulk_create(
        [
            PolicyConsent(
                user_id=user.id,
                policy=policy,
                version=versions.get(policy, 1),
                agreed_at=clock.now(),
            )
            for policy in agreed
        ]
    )
    return user


def set_first_interest(*, user_id: str, category: str) -> None:
    """Note what somebody wants to make first: a category of the gallery."""
    User.objects.filter(pk=user_id).update(first_interest=category)
