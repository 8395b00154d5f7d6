"""Partnerka: a self-hosted partner and bonus loyalty platform for online shops."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import app.models  # noqa: F401 - every table is known before the first query
from app import cli, site, web
from app.application import App, Request
from app.attribution import clicks
from app.config import Config
from app.dev import mailbox, shop
from app.extensions import babel, csrf, db, htmx, limiter, login, mail, queue
from app.intake import hooks

if TYPE_CHECKING:
    from app.config import Mail

ROOT = Path(__file__).resolve().parent.parent
MIB = 2**20


def create_app(config: Config | None = None) -> App:
    """Make the application from a Config, or from the environment."""
    config = config or Config.from_env(os.environ)
    app = App(
        "app",
        title="Partnerka API",
        version="1",
        json_errors=False,
        spec_path="/api/v1/openapi.json",
        docs_path=None,  # the page is our own, see app.web.reference
        template_folder=str(ROOT / "templates"),
        static_folder=None,  # type: ignore[arg-type]  # whitenoise serves them, see app.web
        root_path=str(ROOT / "app"),
    )
    app.config.update(_flask_settings(config))
    app.extensions["partnerka"] = config
    _bind(app, config)
    hooks.init_app(app)  # innermost: what reads the proxy's headers stands in front
    clicks.init_app(app)
    web.init_app(app)
    site.init_app(app)
    cli.init_app(app)
    if not config.production:
        app.register_blueprint(mailbox.blueprint)
    if config.env == "development":
        app.register_blueprint(shop.blueprint)
    site.document.init_app(app)
    return app


def _flask_settings(config: Config) -> dict[str, object]:
    return {
        "SECRET_KEY": config.secret_key,
        "SQLALCHEMY_DATABASE_URI": config.database_url or config.database_owner_url,
        "MAX_CONTENT_LENGTH": MIB,
        "MAX_FORM_MEMORY_SIZE": MIB,
        "MAX_FORM_PARTS": 1000,
        "SESSION_COOKIE_NAME": "__Host-session" if config.production else "session",
        "SESSION_COOKIE_SECURE": config.production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
        "BABEL_DEFAULT_LOCALE": "en",
        "RATELIMIT_STORAGE_URI": config.redis_url or "memory://",
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,  # Redis down: reads stay open, each process counts
        "RATELIMIT_STRATEGY": "moving-window",  # a fixed one lets twice as much through at its edge
        "RATELIMIT_ENABLED": config.env != "test",
        "OPENAPI_VERSION": "3.1.0",
        "VALIDATION_ERROR_STATUS_CODE": 422,
        "SPEC_FORMAT": "json",
        **_mail_settings(config.mail),
    }


def _mail_settings(mail_config: Mail) -> dict[str, object]:
    return {
        "MAIL_SERVER": mail_config.host,
        "MAIL_PORT": mail_config.port,
        "MAIL_USERNAME": mail_config.user,
        "MAIL_PASSWORD": mail_config.password,
        "MAIL_USE_TLS": mail_config.tls == "starttls",
        "MAIL_USE_SSL": mail_config.tls == "ssl",
        "MAIL_DEFAULT_SENDER": mail_config.sender,
        "MAIL_TIMEOUT": 20,
    }


def _bind(app: App, config: Config) -> None:
    db.init_app(app)
    csrf.init_app(app)
    login.init_app(app)
    htmx.init_app(app)
    app.request_class = Request
    mail.init_app(app)
    limiter.init_app(app)
    babel.init_app(app, locale_selector=web.select_locale, timezone_selector=web.select_timezone)
    queue.init(config.redis_url)
