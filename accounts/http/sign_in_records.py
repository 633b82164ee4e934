"""What allauth tells of changes to how somebody signs in, written into the audit log."""

from typing import Any

from allauth.account import signals as account_signals
from allauth.mfa import signals as mfa_signals
from allauth.socialaccount import signals as social_signals

from accounts.services.users import record_own_change


def connect() -> None:
    """Listen; called once, at the start."""
    account_signals.email_changed.connect(_address_changed, dispatch_uid="audit")
    mfa_signals.authenticator_added.connect(_factor_added, dispatch_uid="audit")
    mfa_signals.authenticator_removed.connect(_factor_removed, dispatch_uid="audit")
    mfa_signals.authenticator_reset.connect(_factor_reset, dispatch_uid="audit")
    social_signals.social_account_added.connect(_sign_in_connected, dispatch_uid="audit")
    social_signals.social_account_removed.connect(_sign_in_disconnected, dispatch_uid="audit")


def _address_changed(
    *, user: Any, from_email_address: Any, to_email_address: Any, **_: Any
) -> None:
    if from_email_address is None:  # the first one, verified
        return
    record_own_change(
        user_id=user.pk,
        verb="change_address",
        before=from_email_address.email,
        after=to_email_address.email,
    )


def _factor_added(*, user: Any, authenticator: Any, **_: Any) -> None:
    record_own_change(user_id=user.pk, verb="add_factor", after=authenticator.type)


def _factor_removed(*, user: Any, authenticator: Any, **_: Any) -> None:
    record_own_change(user_id=user.pk, verb="remove_factor", before=authenticator.type)


def _factor_reset(*, user: Any, authenticator: Any, **_: Any) -> None:
    record_own_change(user_id=user.pk, verb="reset_factor", after=authenticator.type)


def _sign_in_connected(*, sociallogin: Any, **_: Any) -> None:
    account = sociallogin.account
    record_own_change(user_id=account.user_id, verb="connect_sign_in", after=account.provider)


def _sign_in_disconnected(*, socialaccount: Any, **_: Any) -> None:
    record_own_change(
        user_id=socialaccount.user_id, verb="disconnect_sign_in", before=socialaccount.provider
    )
