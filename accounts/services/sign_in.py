"""The rows behind the pages of signing in: allauth works with rows, and its tables are kept here."""

from collections.abc import Callable
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts.models import User
from common.clock import SYSTEM_CLOCK, Clock

_PURGED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class SignInWays:
    """How a user signs in. `new_address` waits to be verified, `codes_left` are recovery codes.

    `connected` names the providers.
    """

    has_password: bool
    is_verified: bool
    new_address: str
    passkeys: int
    has_app: bool
    codes_left: int
    sessions: int
    connected: tuple[str, ...]


def load_user(user_id: str) -> User:
    """Return a user's row.

    Raises:
        User.DoesNotExist: there is none.
    """
    return User.objects.get(pk=user_id)


def find_active_user(email: str) -> User | None:
    """Return the row of who signs in with an address; one that waits to be verified is nobody's."""
    return User.objects.filter(email=email, is_active=True).first()


def has_second_factor(user_id: str) -> bool:
    """Say whether a password alone must not sign a user in."""
    factors = Authenticator.objects.filter(user_id=user_id)
    return bool(factors.exclude(type=Authenticator.Type.RECOVERY_CODES).exists())


def find_waiting_address(user_id: str) -> EmailAddress | None:
    """Return the address that a user has not verified, a new one before the one of now."""
    waiting = EmailAddress.objects.filter(user_id=user_id, verified=False)
    return waiting.order_by("primary").first()


@transaction.atomic
def wish_for_address(*, user_id: str, email: str) -> EmailAddress:
    """Note the address that a user wants to have, in place of an earlier wish; theirs stays."""
    user = User.objects.select_for_update().get(pk=user_id)
    wishes = EmailAddress.objects.filter(user=user, primary=False)
    wishes.exclude(email=user.email).delete()
    return EmailAddress.objects.create(user=user, email=email)


def get_sign_in_ways(user_id: str) -> SignInWays:
    """Return how a user signs in."""
    user = load_user(user_id)
    addresses = list(EmailAddress.objects.filter(user=user))
    factors = list(Authenticator.objects.filter(user=user))
    kinds = [factor.type for factor in factors]
    codes = [factor for factor in factors if factor.type == Authenticator.Type.RECOVERY_CODES]
    connected = SocialAccount.objects.filter(user=user).values_list("provider", flat=True)
    return SignInWays(
        has_password=user.has_usable_password(),
        is_verified=not any(row.primary and not row.verified for row in addresses),
        new_address=next((row.email for row in addresses if row.email != user.email), ""),
        passkeys=kinds.count(Authenticator.Type.WEBAUTHN),
        has_app=Authenticator.Type.TOTP in kinds,
        codes_left=sum(len(row.wrap().get_unused_codes()) for row in codes),
        sessions=UserSession.objects.filter(user=user).count(),
        connected=tuple(connected),
    )


def purge_sessions(
    *, clock: Clock = SYSTEM_CLOCK, should_stop: Callable[[], bool] = lambda: False
) -> int:
    """Forget sessions that are over, of visitors as well; returns how many. Nobody is signed out."""
    purged = 0
    while not should_stop():
        expired = Session.objects.filter(expire_date__lt=clock.now())
        some = list(expired.values_list("pk", flat=True)[:_PURGED_AT_ONCE])
        UserSession.objects.filter(session_key__in=some).delete()
        # One of them may have been prolonged since: it is asked for its age once more.
        purged += expired.filter(pk__in=some).delete()[0]
        if len(some) < _PURGED_AT_ONCE:
            break
    return purged
