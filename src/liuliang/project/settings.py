"""The one settings file. Everything that may differ between installations is an environment variable."""

from __future__ import annotations

import sys
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from liuliang.kernel import environment, logs, postgres

ROOT = Path(__file__).resolve().parent.parent
HOME = environment.home()

DEBUG = environment.flag("LIULIANG_DEBUG")
SECRET_KEY = environment.variable("LIULIANG_SECRET_KEY") or environment.kept_secret("django")
ALLOWED_HOSTS = [
    host.strip()
    for host in environment.variable("LIULIANG_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
    if host.strip()
]
# The address under which people reach the console, with scheme: https makes cookies secure and turns HSTS on.
PUBLIC_URL = environment.variable("LIULIANG_URL", "http://localhost:8765").rstrip("/")
IS_SECURE = PUBLIC_URL.startswith("https://")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "csp",
    "procrastinate.contrib.django",
    "liuliang.kernel",
    "liuliang.lake",
    "liuliang.accounts",
    "liuliang.mail",
    "liuliang.people",
    "liuliang.loyalty",
    "liuliang.subscriptions",
    "liuliang.commerce",
    "liuliang.segments",
    "liuliang.importers",
    "liuliang.analytics",
    "liuliang.cultivation",
    "liuliang.families",
    "liuliang.winback",
    "liuliang.partners",
    "liuliang.testimonials",
    "liuliang.dashboards",
    "liuliang.alerting",
    "liuliang.ui",
    "liuliang.console",
]

MIDDLEWARE = [
    "liuliang.api.observe.ObserveMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "liuliang.ui.compression.CompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "liuliang.console.bodies.BodyLimitMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "liuliang.console.doors.ConsoleDoorMiddleware",
    "liuliang.console.alone.WholePageMiddleware",
]

ROOT_URLCONF = "liuliang.project.urls"
WSGI_APPLICATION = "liuliang.project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "liuliang.ui.context.shell",
            ],
        },
    }
]

DATABASES = {"default": postgres.django_database(postgres.database_url())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.Staff"
AUTHENTICATION_BACKENDS = ["liuliang.accounts.signin.StaffBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "console:sign-in"
OTP_TOTP_ISSUER = "留量"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", _("英文"))]
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = environment.variable("LIULIANG_TIME_ZONE", "Asia/Shanghai")

MEDIA_ROOT = HOME / "media"
# Uploads are streamed to disk and bounded by the importer, never held in memory.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = HOME / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(exist_ok=True)
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

SESSION_ENGINE = "liuliang.accounts.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_HSTS_SECONDS = 31_536_000 if IS_SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if environment.flag("LIULIANG_BEHIND_PROXY") else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# The columnar copy: a ClickHouse server when given, else Parquet files and ClickHouse in the process.
CLICKHOUSE_URL = environment.variable("CLICKHOUSE_URL")
LAKE_ROOT = HOME / "lake"
LAKE_MEMORY_LIMIT = int(environment.variable("LIULIANG_LAKE_MEMORY", str(2 * 1024**3)))
LAKE_TIME_LIMIT = int(environment.variable("LIULIANG_LAKE_SECONDS", "20"))

# Where WeChat Pay is. Another address is for trials with a stand-in.
WECHATPAY_URL = environment.variable("LIULIANG_WECHATPAY_URL", "https://api.mch.weixin.qq.com")
# Where mail to staff is handed in; without a host none is written.
SMTP_HOST = environment.variable("LIULIANG_SMTP_HOST")
SMTP_SECURITY = environment.variable("LIULIANG_SMTP_SECURITY", "starttls")
SMTP_PORT = int(environment.variable("LIULIANG_SMTP_PORT", "465" if SMTP_SECURITY == "tls" else "587"))
SMTP_USER = environment.variable("LIULIANG_SMTP_USER")
SMTP_PASSWORD = environment.variable("LIULIANG_SMTP_PASSWORD")
MAIL_FROM = environment.variable("LIULIANG_MAIL_FROM", SMTP_USER)

METRICS_TOKEN = environment.variable("LIULIANG_METRICS_TOKEN")

UPLOAD_ROOT = HOME / "uploads"
UPLOAD_LIMIT = int(environment.variable("LIULIANG_UPLOAD_BYTES", str(4 * 1024**3)))

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

LOGGING_CONFIG = None
logs.configure(as_json=environment.flag("LIULIANG_LOG_JSON", default=not sys.stderr.isatty()))
SILENCED_SYSTEM_CHECKS: list[str] = []
TEST_RUNNER = "django.test.runner.DiscoverRunner"
