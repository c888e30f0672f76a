"""Settings, all from the environment; what is not set fits one machine that tries the product out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import environ

from .logging import configuration, configure_structlog
from .look import UNFOLD as UNFOLD
from .paths import socket_folder
from .secrets import secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
ENV_FILE = Path(env.str("CALLCENTER_ENV", default=str(BASE_DIR / ".env")))
if ENV_FILE.exists():
    # What the environment sets wins over the file.
    env.read_env(ENV_FILE)

DATA_DIR = Path(env.str("CALLCENTER_DATA", default=str(BASE_DIR / "var"))).resolve()
DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=DEBUG)
"""The runner loads the demo data, whose passwords everybody knows."""
SECRET_KEY = env.str("SECRET_KEY", default="") or secret_key(DATA_DIR)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

BIND_ADDRESS = env.str("BIND_ADDRESS", default="127.0.0.1")
HTTP_PORT = env.int("HTTP_PORT", default=8000)
PUBLIC_URLS = env.list("PUBLIC_URLS", default=[])
"""Addresses that browsers use, such as https://calls.example.org; empty for a trial on this machine."""

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [url for url in PUBLIC_URLS if url.startswith(("http://", "https://"))]
BEHIND_TLS_PROXY = env.bool("BEHIND_TLS_PROXY", default=False)
"""A proxy of ours ends TLS and sets X-Forwarded-Proto and X-Forwarded-For: believe them."""
HTTPS = env.bool("HTTPS", default=any(url.startswith("https://") for url in PUBLIC_URLS))

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "django_filters",
    "import_export",
    "auditlog",
    "axes",
    "django_celery_beat",
    "callcenter.apps.CallcenterConfig",
    "callcenter.core",
    "agents",
    "queues",
    "ivr",
    "telephony",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "callcenter.csp.PolicyByPath",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
    "axes.middleware.AxesMiddleware",
]

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
ROOT_URLCONF = "callcenter.urls"
ASGI_APPLICATION = "callcenter.asgi.application"
WSGI_APPLICATION = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "callcenter.pages.places",
            ]
        },
    }
]

DATABASE_URL = env.str("DATABASE_URL", default="")
"""Empty: the embedded PostgreSQL, on a socket in the data folder."""
EMBEDDED_DATABASE: dict[str, Any] = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": "callcenter",
    "USER": "postgres",
    "HOST": str(socket_folder(DATA_DIR, "postgres")),
}
DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url_config(DATABASE_URL) if DATABASE_URL else EMBEDDED_DATABASE}
DATABASE_POOL = env.int("DATABASE_POOL", default=0)
"""Connections that the threads of one process share at most; 0: each thread keeps its own. The web process sets it."""
DATABASES["default"]["CONN_MAX_AGE"] = 0 if DATABASE_POOL else env.int("CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 3)
# Only statements of `callcenter.core.sql` are ever prepared. None: never, for poolers that do not know how.
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = env.int("DATABASE_PREPARE_AFTER", default=2) or None
if DATABASES["default"]["OPTIONS"]["prepare_threshold"]:
    # Else PostgreSQL plans them anew whenever it hopes for a better plan, which costs more than running them.
    # What the URL says comes after it and has the last word.
    own = DATABASES["default"]["OPTIONS"].get("options", "")
    DATABASES["default"]["OPTIONS"]["options"] = f"-c plan_cache_mode=force_generic_plan {own}".strip()
if DATABASE_POOL:
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 5}

EMBEDDED_REDIS = not env.str("REDIS_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="") or f"unix://{socket_folder(DATA_DIR, 'redis') / 'redis.sock'}"
CHANNEL_LAYERS = {"default": {"BACKEND": "callcenter.core.layer.ChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}}
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = env.str("TIME_ZONE", default="UTC")
WORKER_PROCESSES = env.int("WORKER_PROCESSES", default=2)
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"

EMAIL_URL = env.str("EMAIL_URL", default="")
"""The mail server, such as smtp+tls://user:password@mail.example.org:587. Empty: no mail is sent."""
globals().update(env.email_url_config(EMAIL_URL or "dummymail://"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="callcenter@localhost")

LANGUAGE_CODE = "en"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["callcenter.formats"]

STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None
"""Only for `collectstatic`, where a proxy serves these files; else the web process finds them itself."""
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "/media-not-served/"

LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

# Spreadsheets in and out of the admin
IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "add"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "view"
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
"""A caller's or an agent's name that begins with = must not run in whoever opens the sheet."""

# SIP and media
SIP_PORT = env.int("SIP_PORT", default=5060)
SIP_REALM = env.str("SIP_REALM", default="callcenter")
SIP_DIGEST_ALGORITHMS = env.list("SIP_DIGEST_ALGORITHMS", default=["SHA-256", "MD5"])
"""Offered to phones in this order (RFC 8760). MD5 alone serves old phones that read the first challenge only; SHA-256 alone forbids MD5."""
SIP_PUBLIC_ADDRESS = env.str("SIP_PUBLIC_ADDRESS", default="")
"""Address that phones see when BIND_ADDRESS is not it (NAT, 0.0.0.0). Empty: BIND_ADDRESS."""
PHONE_REGION = env.str("PHONE_REGION", default="")
"""Country (DE, US, …) whose national numbers are understood where somebody is to be called. Empty: numbers with + or 00 only."""
SIP_REQUESTS_PER_SECOND = env.int("SIP_REQUESTS_PER_SECOND", default=200)
"""SIP requests of any kind that one address may send; six times as many at once. Trunks known by address are not limited."""
SIP_CALLS_PER_SECOND = env.int("SIP_CALLS_PER_SECOND", default=10)
"""Calls to public numbers that one unknown address may begin; fifteen times as many at once."""
SIP_EXPIRES_MIN = env.int("SIP_EXPIRES_MIN", default=60)
SIP_EXPIRES_DEFAULT = env.int("SIP_EXPIRES_DEFAULT", default=600)
SIP_EXPIRES_MAX = env.int("SIP_EXPIRES_MAX", default=3600)
"""Seconds a registration lasts: refused below the least (423), granted when none is asked for, never more than the most."""
RTP_PORT_MIN = env.int("RTP_PORT_MIN", default=20000)
RTP_PORT_MAX = env.int("RTP_PORT_MAX", default=29999)
RTP_TIMEOUT_SECONDS = env.int("RTP_TIMEOUT_SECONDS", default=30)
"""A party from whom no RTP came for so long, and who is not on hold, is taken for gone."""
SESSION_EXPIRES_SECONDS = env.int("SESSION_EXPIRES_SECONDS", default=600)
"""Session timer (RFC 4028) that we propose; 90 is the protocol's minimum."""
NODE_NAME = env.str("NODE_NAME", default=os.uname().nodename.split(".")[0])
IDLE_PROCESSES = env.int("IDLE_PROCESSES", default=8)
MAX_CALL_PROCESSES = env.int("MAX_CALL_PROCESSES", default=300)
CLERKS = env.int("CLERKS", default=2)
"""Processes of a node that write for its calls, each with one database connection. Two, so that one can die unnoticed."""
DRAIN_SECONDS = env.int("DRAIN_SECONDS", default=20)
"""How long a node that is told to stop lets calls in progress go on."""

SPEECH_ENGINE = env.str("SPEECH_ENGINE", default="ivr.speech.espeak.Engine")
"""Class that speaks texts on this machine: see `ivr.speech.engine.SpeechEngine`."""

# Security headers
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
        "object-src": ["'none'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
# Asked from inside, by load balancers and the runner, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None

AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]

REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
}

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
LOGGING = configuration(LOG_LEVEL)
configure_structlog()
