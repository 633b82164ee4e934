"""Routes of signing in, under the names that allauth knows them by; what is not here is not there."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.github import views as github
from allauth.socialaccount.providers.google import views as google
from allauth.usersessions import views as sessions
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from accounts.http import sign_in_views as views
from accounts.http.security import security_page
from accounts.http.sign_in_views import (
    by_passkey,
    offered,
    own,
    own_with_mail,
    second_factor,
    verified_first,
)

_two_factor = [
    path("", RedirectView.as_view(pattern_name="security"), name="mfa_index"),
    path("authenticate/", second_factor(mfa.authenticate), name="mfa_authenticate"),
    path("reauthenticate/", own(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("totp/activate/", own(verified_first(totp.activate_totp)), name="mfa_activate_totp"),
    path("totp/deactivate/", own(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("recovery-codes/", own(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "recovery-codes/generate/",
        own(codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "recovery-codes/download/",
        own(codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("passkeys/", own(webauthn.list_webauthn), name="mfa_list_webauthn"),
    path("passkeys/add/", own(verified_first(webauthn.add_webauthn)), name="mfa_add_webauthn"),
    path("passkeys/login/", by_passkey(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path(
        "passkeys/reauthenticate/",
        own(webauthn.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path("passkeys/<int:pk>/remove/", own(webauthn.remove_webauthn), name="mfa_remove_webauthn"),
    path("passkeys/<int:pk>/edit/", own(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
]

_providers = [
    path("google/login/", offered("google", google.oauth2_login), name="google_login"),
    path(
        "google/login/callback/", offered("google", google.oauth2_callback), name="google_callback"
    ),
    path("github/login/", offered("github", github.oauth2_login), name="github_login"),
    path(
        "github/login/callback/", offered("github", github.oauth2_callback), name="github_callback"
    ),
    path("3rdparty/", own(social.connections), name="socialaccount_connections"),
    path("3rdparty/signup/", views.social_sign_up, name="socialaccount_signup"),
    path("3rdparty/login/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("3rdparty/login/error/", social.login_error, name="socialaccount_login_error"),
]

_accounts = [
    path("login/", views.sign_in, name="account_login"),
    path("logout/", views.sign_out, name="account_logout"),
    path("signup/", views.sign_up, name="account_signup"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("login/code/", views.request_code, name="account_request_login_code"),
    path("login/code/confirm/", views.confirm_code, name="account_confirm_login_code"),
    path("reauthenticate/", own(account.reauthenticate), name="account_reauthenticate"),
    path("email/", own_with_mail(views.AddressView.as_view()), name="account_email"),
    path("email/resend/", own_with_mail(views.resend_verification), name="account_resend"),
    path("confirm-email/", account.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", views.verify, name="account_confirm_email"),
    path("password/change/", own(account.password_change), name="account_change_password"),
    path("password/set/", own(account.password_set), name="account_set_password"),
    path("password/reset/", views.request_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z_]+)-(?P<key>.+)/$",
        views.reset,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("2fa/", include(_two_factor)),
    path("sessions/", own(sessions.list_usersessions), name="usersessions_list"),
    *_providers,
]

urlpatterns = [
    path("accounts/", include(_accounts)),
    path("settings/security", security_page, name="security"),
]
