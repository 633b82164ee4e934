"""Signing in and mail: what django-allauth is told, and how letters leave.

allauth's own rate limits are off: they count by an address that `X-Forwarded-For` names unchecked,
in windows that a stranger can fill for somebody else. `common.http.guard` stands before its pages.
"""

import os
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pixelflow_site.settings.env import Env, SettingsError

_env = Env(os.environ)

_HOUR = 3600
_ADAPTERS = "accounts.http.adapter"
_FORMS = "accounts.http.sign_in_forms"
_PASSKEYS = "accounts.http.passkey_forms"

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_REDIRECT_URL = "/workflows"
LOGOUT_REDIRECT_URL = "/"
PASSWORD_RESET_TIMEOUT = 24 * _HOUR

ACCOUNT_ADAPTER = f"{_ADAPTERS}.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_REDIRECT_URL = "/welcome"
ACCOUNT_EMAIL_VERIFICATION = "optional"  # it blocks nothing in the first run
ACCOUNT_CONFIRM_EMAIL_ON_GET = False  # mail scanners follow links
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 7
ACCOUNT_CHANGE_EMAIL = True  # one address each; a new one waits until it is verified
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = False
ACCOUNT_FORMS = {
    "login": f"{_FORMS}.SignInForm",
    "signup": f"{_FORMS}.SignUpForm",
    "add_email": f"{_FORMS}.ChangeAddressForm",
    "reset_password": f"{_FORMS}.ResetForm",
    "reset_password_from_key": f"{_FORMS}.NewPasswordForm",
    "change_password": f"{_FORMS}.ChangePasswordForm",
    "set_password": f"{_FORMS}.SetPasswordForm",
    "request_login_code": f"{_FORMS}.RequestCodeForm",
    "reauthenticate": f"{_FORMS}.ReauthenticateForm",
}

MFA_ADAPTER = f"{_ADAPTERS}.MfaAdapter"
MFA_FORMS = {
    "add_webauthn": f"{_PASSKEYS}.AddPasskeyForm",
    "edit_webauthn": f"{_PASSKEYS}.RenamePasskeyForm",
    "login_webauthn": f"{_PASSKEYS}.SignInByPasskeyForm",
    "authenticate_webauthn": f"{_PASSKEYS}.SecondFactorPasskeyForm",
    "reauthenticate_webauthn": f"{_PASSKEYS}.ReauthenticatePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Pixelflow"
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
MFA_RATE_LIMITS = False
# Whoever has two-factor sign-in may still change the address; that nobody sets it up before the
# address is verified is seen to by `accounts.http.security`.
MFA_ALLOW_UNVERIFIED_EMAIL = True

SOCIALACCOUNT_ADAPTER = f"{_ADAPTERS}.SocialAdapter"
SOCIALACCOUNT_FORMS = {"signup": f"{_FORMS}.SocialSignUpForm"}
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False
USERSESSIONS_TRACK_ACTIVITY = False  # a write for each request

_SCOPES = {"google": ["openid", "email", "profile"], "github": ["read:user", "user:email"]}


def _provider(name: str) -> dict[str, Any]:
    client, secret = (_env.text(f"{name.upper()}_CLIENT_{part}") for part in ("ID", "SECRET"))
    if bool(client) != bool(secret):
        raise SettingsError(
            f"{name.upper()}_CLIENT_ID and {name.upper()}_CLIENT_SECRET go together"
        )
    apps = [{"client_id": client, "secret": secret, "key": ""}] if client else []
    return {"APPS": apps, "SCOPE": _SCOPES[name], "OAUTH_PKCE_ENABLED": True}


SOCIALACCOUNT_PROVIDERS = {name: _provider(name) for name in _SCOPES}

_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}


def read_email_url(url: str) -> dict[str, Any]:
    """Return Django's mail settings for `smtp[+tls|+ssl]://user:password@host:port`; empty: console.

    Raises:
        SettingsError: it is no such address.
    """
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in _MAIL_PORTS or not parts.hostname or port == -1:
        raise SettingsError("EMAIL_URL must be smtp://, smtp+tls:// or smtp+ssl:// and a host")
    timeout = parse_qs(parts.query).get("timeout", ["10"])[0]
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or _MAIL_PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtp+ssl",
        "EMAIL_TIMEOUT": int(timeout) if timeout.isdigit() else 10,
    }


_mail = read_email_url(_env.text("EMAIL_URL"))
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST = _mail.get("EMAIL_HOST", "")
EMAIL_PORT = _mail.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = _mail.get("EMAIL_TIMEOUT", 10)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _env.text("EMAIL_FROM")
