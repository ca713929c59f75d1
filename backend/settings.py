"""Settings, read from the variables that ``INTERFACES.md`` names.

Unset, they make the embedded default of ``make run``; with ``DATABASE_URL`` set they are a
production's, and a missing secret stops the start.
"""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend import logs
from backend.embedded import broker_socket
from backend.keys import decode_key, load_keys, signing_secret
from backend.limits import read_limits
from backend.security import add_static_headers

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.str("DEBUG", default="0") == "1"
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
BASE_URL = env.str("BASE_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).absolute()
DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
IS_HTTPS = BASE_URL.startswith("https://")

# --- Secrets: newest first, older ones still read ---------------------------------------
_secret_keys, _field_keys = (
    load_keys(
        name,
        value=env.str(name, default=""),
        kept_in=DATA_DIR / "keys",
        made_here=not DATABASE_URL,
    )
    for name in ("SECRET_KEY", "FIELD_KEY")
)
SECRET_KEY, *SECRET_KEY_FALLBACKS = [signing_secret(key) for key in _secret_keys]
FIELD_KEYS = [decode_key("FIELD_KEY", key) for key in _field_keys]

# --- Who may ask for what, under which name ---------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or sorted(
    {urlsplit(BASE_URL).hostname or "localhost", "127.0.0.1", "localhost", "[::1]"}
)
CSRF_TRUSTED_ORIGINS = [BASE_URL]
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])

# --- Headers and cookies ----------------------------------------------------------------
# Believed only from TRUSTED_PROXIES: the middleware drops it from all others.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Whether subdomains speak https only, and to be on the browsers' own list, is for the owner of
# the domain to say, whose other services we do not know.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

_host_only = "__Host-" if IS_HTTPS else ""
SESSION_COOKIE_NAME = f"{_host_only}session"
CSRF_COOKIE_NAME = f"{_host_only}csrf"
LANGUAGE_COOKIE_NAME = f"{_host_only}language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "backend.pages.csrf_failure"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "media-src": [SELF, "blob:"],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- How often something may be tried (a lost cache lets people through) -----------------
LIMITS = read_limits(
    {
        name: env.str(f"LIMIT_{name}", default=default)
        for name, default in {
            "REGISTRATIONS_ADDRESS": "600/m",
            "REGISTRATIONS_PHONE": "10/h",
            "REGISTRATIONS_EMAIL": "5/d",
            "LOGINS_USER": "10/h",
            "LOGINS_ADDRESS": "100/h",
            "ENROLMENTS": "30/h",
            "MISSES": "60/h",
            "API": "600/m",
        }.items()
    }
)

INSTALLED_APPS = [
    "accounts",
    "donors",
    "events.drives",
    "events.registrations",
    "events.checkin",
    "events.reports",
    "notifications",
    "backend",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "tree_queries",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "csp",
]

MIDDLEWARE = [
    "backend.health.HealthMiddleware",
    "backend.proxies.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "backend.logs.RequestLogMiddleware",
    "backend.security.HeadersMiddleware",
    "backend.security.PolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "backend.languages.LanguageMiddleware",
    "backend.pages.UnavailableMiddleware",
    "django.middleware.common.CommonMiddleware",
    "backend.pages.ApiMiddleware",  # the API needs none of those that follow
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "backend.urls"
WSGI_APPLICATION = "backend.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.pages.frame",
            ],
        },
    }
]

# --- Databases --------------------------------------------------------------------------
WEB_THREADS = env.int("WEB_THREADS", default=8)
WEB_WORKERS = env.int("WEB_WORKERS", default=os.cpu_count() or 1)
WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=os.cpu_count() or 1)


def _postgresql(url: str) -> dict[str, Any]:
    """Persistent connections through psycopg's pool, which the threads share."""
    database: dict[str, Any] = env.db_url_config(url)
    options = {
        "connect_timeout": 5,
        "prepare_threshold": 2,  # of backend.prepared alone; a transaction pooler wants None
        "pool": {
            "min_size": 0,
            # Fewer than threads: where many wait in the database for one drive's lock, its
            # holder gets on slowly. With ten, scans by sixteen phones took three times as long.
            "max_size": max(2, WEB_THREADS // 2),
            # While the database is away, nobody waits longer for it: threads that wait answer
            # nobody else. The pool's own pauses grow until it gives up; then the next request
            # tries at once, so that all goes on when the database is back.
            "timeout": 3,
            "reconnect_timeout": 2,
        },
    }
    return database | {
        "ENGINE": "backend.postgresql",  # looks whether a connection lives, without a round trip
        "CONN_MAX_AGE": 0,
        "OPTIONS": options | database.get("OPTIONS", {}),
    }


def _sqlite(path: Path) -> dict[str, Any]:
    """One writer at a time that others wait for; readers never wait."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": 600,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            ),
        },
    }


DATABASES = {
    "default": _postgresql(DATABASE_URL) if DATABASE_URL else _sqlite(DATA_DIR / "db.sqlite3")
}

# --- Who somebody is --------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/manage/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nothing goes to an address that we do not know
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/login/"
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "reauthenticate": "accounts.forms.ReauthenticatePasswordForm",
}


def _failed_logins() -> str | None:
    """Spell our limits as allauth reads them; one that is off is left out."""
    limits = ((LIMITS["LOGINS_ADDRESS"], "ip"), (LIMITS["LOGINS_USER"], "key"))
    spelled = [f"{limit.times}/{limit.window_seconds}s/{per}" for limit, per in limits if limit]
    return ",".join(spelled) or None


ACCOUNT_RATE_LIMITS = {
    "login_failed": _failed_logins(),
    "login": None,  # a whole office signs in from one address
    "reset_password": "60/h/ip,5/h/key",
}
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # whoever has an account came through a mailed link
MFA_TOTP_ISSUER = "Giọt Hồng"
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondFactorForm",
    "reauthenticate": "accounts.forms.SecondFactorAgainForm",
    "activate_totp": "accounts.forms.ActivateTOTPForm",
}
PASSWORD_RESET_TIMEOUT = 4 * 3600
SESSION_COOKIE_AGE = 7 * 24 * 3600
# The kinds of notice that pages have (templates/components/notice.html).
MESSAGE_TAGS = {25: "done", 30: "look", 40: "refused"}
_validators = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": _validators + "UserAttributeSimilarityValidator"},
    {"NAME": _validators + "MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": _validators + "CommonPasswordValidator"},
    {"NAME": _validators + "NumericPasswordValidator"},
]

# --- Broker and cache -------------------------------------------------------------------
BROKER_SOCKET = broker_socket(DATA_DIR)
_redis_url = REDIS_URL or f"unix://{BROKER_SOCKET}"
CACHES = {
    "default": {
        "BACKEND": "backend.cache.ForgivingRedisCache",
        "LOCATION": _redis_url,
        "KEY_PREFIX": "gh",
        "OPTIONS": {
            "socket_connect_timeout": 1,
            "socket_timeout": 1,
            "retry": Retry(NoBackoff(), 1),  # a connection from before a restart of Redis
        },
    }
}
CELERY_BROKER_URL = re.sub("^unix:", "redis+socket:", _redis_url)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,  # longer than the longest task
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    # Who starts a task is a person's request: one try, where kombu would sleep 2 and 4 seconds.
    # The worker's and beat's own connections come back by rules of their own.
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_SOFT_TIME_LIMIT = 210
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_CONCURRENCY = WORKER_CONCURRENCY
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Remote control stays on: without it a busy worker did not consume again after the broker
# had restarted.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_TIMEZONE = env.str("TIME_ZONE", default="Asia/Ho_Chi_Minh")

# --- Language, time, files --------------------------------------------------------------
LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="vi")
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Ho_Chi_Minh")
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_ADD_HEADERS_FUNCTION = add_static_headers
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Mail -------------------------------------------------------------------------------
EMAIL_URL = env.str("EMAIL_URL", default="")
EMAIL_FROM = env.str("EMAIL_FROM", default="Giọt Hồng <no-reply@localhost>")
EMAIL_TIMEOUT = 20  # seconds for each answer of the mail server
MAIL_DIR = DATA_DIR / "mail"
# A process that claimed messages keeps them so long, and one that it is handing over for longer
# than a task may run, so that two never send it at once. What a dead one held is free after that.
OUTBOX_CLAIM_SECONDS = 60
OUTBOX_HAND_OVER_SECONDS = 300
# How long a message waits after each try that failed; the last one over and over.
OUTBOX_PAUSES_SECONDS: tuple[float, ...] = (60, 300, 900, 3600, 3 * 3600, 6 * 3600)

# --- API --------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["backend.api.Denied"],
    "DEFAULT_PARSER_CLASSES": ["backend.api.BoundedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "backend.api.Negotiation",
    "DEFAULT_PAGINATION_CLASS": "backend.paging.Pages",
    "DEFAULT_SCHEMA_CLASS": "backend.schema.Schema",
    "EXCEPTION_HANDLER": "backend.api.answer_error",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Giọt Hồng",
    "VERSION": "1",
    "DESCRIPTION": "Blood-donation days: drives, registrations, check-in.",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    # Choices stand where they are meant: names for them would collide ("status").
    "POSTPROCESSING_HOOKS": ["backend.schema.add_problem"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

# --- Logs -------------------------------------------------------------------------------
LOGGING = logs.configure(debug=DEBUG)
