"""Django's settings out of the environment. Embedded and production differ by environment alone."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pixelflow_site.settings.env import Env, SettingsError
from pixelflow_site.settings.pages import (  # noqa: F401 - Django reads them from here
    CONTENT_SECURITY_POLICY,
    COTTON_ISOLATE_BY_DEFAULT,
    CSRF_FAILURE_VIEW,
    PERMISSIONS_POLICY,
    SECURE_CROSS_ORIGIN_OPENER_POLICY,
    SECURE_REFERRER_POLICY,
    WHITENOISE_IMMUTABLE_FILE_TEST,
)
from pixelflow_site.settings.sign_in import (  # noqa: F401 - Django reads them from here
    ACCOUNT_ADAPTER,
    ACCOUNT_CHANGE_EMAIL,
    ACCOUNT_CONFIRM_EMAIL_ON_GET,
    ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS,
    ACCOUNT_EMAIL_NOTIFICATIONS,
    ACCOUNT_EMAIL_SUBJECT_PREFIX,
    ACCOUNT_EMAIL_VERIFICATION,
    ACCOUNT_FORMS,
    ACCOUNT_LOGIN_BY_CODE_ENABLED,
    ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND,
    ACCOUNT_LOGIN_BY_CODE_TIMEOUT,
    ACCOUNT_LOGIN_METHODS,
    ACCOUNT_LOGIN_ON_PASSWORD_RESET,
    ACCOUNT_RATE_LIMITS,
    ACCOUNT_REAUTHENTICATION_REQUIRED,
    ACCOUNT_SESSION_REMEMBER,
    ACCOUNT_SIGNUP_FIELDS,
    ACCOUNT_SIGNUP_REDIRECT_URL,
    ACCOUNT_USER_MODEL_USERNAME_FIELD,
    AUTHENTICATION_BACKENDS,
    DEFAULT_FROM_EMAIL,
    EMAIL_BACKEND,
    EMAIL_HOST,
    EMAIL_HOST_PASSWORD,
    EMAIL_HOST_USER,
    EMAIL_PORT,
    EMAIL_TIMEOUT,
    EMAIL_USE_SSL,
    EMAIL_USE_TLS,
    LOGIN_REDIRECT_URL,
    LOGOUT_REDIRECT_URL,
    MFA_ADAPTER,
    MFA_ALLOW_UNVERIFIED_EMAIL,
    MFA_FORMS,
    MFA_PASSKEY_LOGIN_ENABLED,
    MFA_RATE_LIMITS,
    MFA_SUPPORTED_TYPES,
    MFA_TOTP_ISSUER,
    MFA_TOTP_TOLERANCE,
    PASSWORD_RESET_TIMEOUT,
    SERVER_EMAIL,
    SOCIALACCOUNT_ADAPTER,
    SOCIALACCOUNT_FORMS,
    SOCIALACCOUNT_LOGIN_ON_GET,
    SOCIALACCOUNT_PROVIDERS,
    SOCIALACCOUNT_STORE_TOKENS,
    USERSESSIONS_TRACK_ACTIVITY,
)

env = Env(os.environ)

DEBUG = env.boolean("DEBUG")
SECRET_KEY = env.secret("SECRET_KEY")
if len(SECRET_KEY) < 32:
    raise SettingsError("SECRET_KEY must have at least 32 characters")

PORT = env.integer("PORT")
PUBLIC_URL = env.public_url
ALLOWED_HOSTS = [
    urlsplit(PUBLIC_URL).hostname or "127.0.0.1",
    "127.0.0.1",
    "localhost",
    "[::1]",
    *env.items("ALLOWED_HOSTS"),
]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
    "django.contrib.humanize",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "django_ratelimit",
    "django_vite",
    "django_cotton",
    "django_htmx",
    "csp",
    "common",
    "accounts",
    "billing",
    "workflows",
    "executor",
    "templates_gallery",
    "pixelflow_site",
    # After ours, whose templates take the place of theirs.
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.github",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "common.http.request_id.RequestIdMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "common.http.paths.ApiPathMiddleware",
    "billing.http.rates.RequestRatesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "common.http.page_headers.PageHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "common.http.compression.PageCompressionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

ROOT_URLCONF = "pixelflow_site.urls"
WSGI_APPLICATION = "pixelflow_site.wsgi.application"
ASGI_APPLICATION = "pixelflow_site.asgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "pixelflow_site.shell.shell",
            ]
        },
    }
]


def sqlite_database() -> dict[str, Any]:
    """SQLite as the embedded truth.

    WAL lets readers go on beside the one writer; IMMEDIATE takes the write lock at BEGIN, so a
    transaction never fails half-way for it; FULL makes an acknowledged run survive a power cut.
    """
    return {
        "ENGINE": "common.sqlite",
        "NAME": str(env.data_dir / "pixelflow.sqlite3"),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
            "PRAGMA cache_size=-16000; PRAGMA mmap_size=134217728; "
            "PRAGMA recursive_triggers=ON;",  # or REPLACE deletes rows that none may delete
        },
    }


def postgres_database(url: str) -> dict[str, Any]:
    """PostgreSQL from a URL; query values become connection options."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise SettingsError("DATABASE_URL must begin with postgresql://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASE_URL = env.text("DATABASE_URL")
EMBEDDED = env.embedded
DATA_DIR = env.data_dir
DATA_DIR.mkdir(parents=True, exist_ok=True)
DATABASES = {"default": postgres_database(DATABASE_URL) if DATABASE_URL else sqlite_database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL")
if REDIS_URL:
    CACHES: dict[str, Any] = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    }
    CHANNEL_LAYERS: dict[str, Any] = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "pixelflow"},
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # beyond it, tickets that are still good would go
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            "CONFIG": {"capacity": 10_000},  # the news of all runs come by one channel
        }
    }

# What django-ratelimit counts. It knows neither of these caches: one is shared with Redis and goes
# on without it, the other is shared because the embedded server is one process.
RATELIMIT_USE_CACHE = "guards"
SILENCED_SYSTEM_CHECKS = ["django_ratelimit.W001"]
if REDIS_URL:
    CACHES["guards"] = {"BACKEND": "common.limits.cache.SteadyCache", "LOCATION": REDIS_URL}
else:
    CACHES["guards"] = {**CACHES["default"], "LOCATION": "guards"}
    SILENCED_SYSTEM_CHECKS.append("django_ratelimit.E003")

# Drawn pictures of shared links; every host draws its own.
CACHES["pictures"] = {
    "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
    "LOCATION": str(env.data_dir / "pictures"),
    "OPTIONS": {"MAX_ENTRIES": 2_000},
}

if env.text("S3_BUCKET"):
    _media_storage: dict[str, Any] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": env.text("S3_BUCKET"),
            "endpoint_url": env.text("S3_ENDPOINT_URL") or None,
            "region_name": env.text("S3_REGION"),
            "access_key": env.text("S3_ACCESS_KEY_ID") or None,
            "secret_key": env.text("S3_SECRET_ACCESS_KEY") or None,
            "default_acl": None,
            "querystring_expire": 15 * 60,
            "file_overwrite": True,
        },
    }
else:
    _media_storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(env.data_dir / "media")},
    }
STORAGES = {
    "default": _media_storage,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = env.data_dir / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
BASE_DIR = Path(__file__).resolve().parent.parent.parent
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATICFILES_DIRS = [("dist", str(FRONTEND_DIST))]
LIBRARY_DIR = BASE_DIR / "templates_gallery" / "library"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "pixelflow_site.library_files.LibraryFinder",
]
DJANGO_VITE = {
    "default": {
        "dev_mode": env.boolean("VITE_DEV"),
        "dev_server_port": 5173,
        "static_url_prefix": "dist",
        "manifest_path": str(FRONTEND_DIST / "manifest.json"),
    }
}
WHITENOISE_USE_FINDERS = True

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/accounts/login/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# Of Django's own form reading; the API's bodies are read by common.http.body within their limits.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
DATA_UPLOAD_MAX_NUMBER_FILES = 10

CORS_URLS_REGEX = r"^/api/v1/"
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_HEADERS = (
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "last-event-id",
    "x-request-id",
)
CORS_EXPOSE_HEADERS = (
    "location",
    "retry-after",
    "x-request-id",
    "etag",
    "idempotent-replayed",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "ratelimit",
    "ratelimit-policy",
)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.http.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [
        "accounts.http.authentication.HasScope",
        "executor.http.reach.WithinReach",
    ],
    "DEFAULT_RENDERER_CLASSES": ["common.http.drf_json.JsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "common.http.drf_json.JsonNegotiation",
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_SCHEMA_CLASS": "common.http.openapi.ApiSchema",
    "EXCEPTION_HANDLER": "common.http.drf.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
# Every POST of the public API goes through it, once the caller is known.
POST_GATE = "accounts.http.idempotency.answer_once"
SPECTACULAR_SETTINGS = {
    "TITLE": "Pixelflow API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {"ModelStatusEnum": ["active", "beta", "retired"]},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "common.http.document.complete",
    ],
    "SERVERS": [{"url": PUBLIC_URL}],
}

# What the apps' conf.py modules read.
KEY_PEPPERS = env.secret("KEY_PEPPERS")
SEALING_KEYS = env.secret("SEALING_KEYS")
WORKER_THREADS = env.integer("WORKER_THREADS")
LEASE_S = env.integer("LEASE_S")
SWEEP_S = env.number("SWEEP_S")
MAX_ATTEMPTS = env.integer("MAX_ATTEMPTS")
INLINE_TIMEOUT_S = env.number("INLINE_TIMEOUT_S")
CPU_TIMEOUT_S = env.number("CPU_TIMEOUT_S")
GPU_TIMEOUT_S = env.number("GPU_TIMEOUT_S")
TRUSTED_PROXIES = env.items("TRUSTED_PROXIES")
WEB_PROCESSES = env.integer("WEB_PROCESSES")
METRICS_TOKEN = env.text("METRICS_TOKEN")
METRICS_PORT = env.integer("METRICS_PORT")
METRICS_DIR = env.text("METRICS_DIR")
if METRICS_DIR:  # read by prometheus_client, when it is imported
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = METRICS_DIR
REMOTE_JOBS = env.integer("REMOTE_JOBS")
MAX_WAITING_TASKS = env.integer("MAX_WAITING_TASKS")
MAX_STREAMS_OF_CALLER = env.integer("MAX_STREAMS_OF_CALLER")
MAX_STREAMS_OF_WORKSPACE = env.integer("MAX_STREAMS_OF_WORKSPACE")
MAX_STREAMS = env.integer("MAX_STREAMS")
RUN_MAX_AGE_S = env.integer("RUN_MAX_AGE_S")
FILE_GRACE_S = max(60, env.integer("FILE_GRACE_S"))
ADJUSTMENT_APPROVAL_CREDITS = env.integer("ADJUSTMENT_APPROVAL_CREDITS")
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRETS = env.items("STRIPE_WEBHOOK_SECRETS")
STRIPE_API_BASE = env.text("STRIPE_API_BASE").rstrip("/")
if STRIPE_API_BASE and not DEBUG:
    raise SettingsError("STRIPE_API_BASE is for development and needs DEBUG")
if STRIPE_API_BASE and urlsplit(STRIPE_API_BASE).hostname not in ("127.0.0.1", "localhost", "::1"):
    raise SettingsError("STRIPE_API_BASE must be on loopback")
EXTRA_NODES = env.items("EXTRA_NODES")
EXTRA_PROVIDERS = env.items("EXTRA_PROVIDERS")
CATALOGUE_CHECK_S = env.number("CATALOGUE_CHECK_S")
GALLERY_CHECK_S = env.number("GALLERY_CHECK_S")
PROVIDER_ACCOUNTS = env.provider_accounts()
PRIVATE_SERVERS = env.boolean("PRIVATE_SERVERS")
FAULTS = env.text("FAULTS")
if FAULTS and not DEBUG:
    raise SettingsError("FAULTS is for tests and needs DEBUG")
FETCH_LOOPBACK_PORTS = env.integers("FETCH_LOOPBACK_PORTS")
if FETCH_LOOPBACK_PORTS and not DEBUG:
    raise SettingsError("FETCH_LOOPBACK_PORTS is for development and needs DEBUG")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "common.logs.PatientHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL")},
    "loggers": {
        # Answers of 4xx are the client's affair; the access log, not the error log, has them.
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.security.csrf": {"level": "ERROR"},  # its lines name paths, some of them secret
        "dramatiq": {"level": "WARNING"},
        # Their traces show headers and whole URLs, which may be signed.
        "httpcore": {"level": "INFO"},
        "httpx": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
    },
}
