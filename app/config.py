"""Every setting, typed, read from the environment once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


class ConfigError(Exception):
    """The environment cannot be used; the message is one sentence for whoever starts the product."""


@dataclass(frozen=True)
class Mail:
    """Where letters leave: an SMTP server."""

    host: str = "127.0.0.1"
    port: int = 25
    user: str | None = None
    password: str | None = None
    tls: str = ""  # "", "starttls" or "ssl"
    sender: str = "Partnerka <no-reply@localhost>"


@dataclass(frozen=True)
class Config:
    """What the environment decides; everything else is a merchant's setting in the database."""

    env: str = "development"
    port: int = 8000
    var_dir: Path = Path("var")
    database_url: str = ""
    database_owner_url: str = ""
    redis_url: str = ""
    secret_key: str = field(default_factory=lambda: secrets.token_hex(32))
    mail: Mail = field(default_factory=Mail)
    public_url: str = ""
    tracking_host: str = ""
    content_host: str = ""
    trusted_hosts: tuple[str, ...] = ()
    proxy_hops: int = 0
    sentry_dsn: str = ""
    egress_allow: tuple[
        str, ...
    ] = ()  # "host:port" inside our own network that merchants may reach
    dns_server: str = ""  # "host:port" that is asked for TXT records; empty: the machine's own
    cheap_hashes: bool = False  # tests only: argon2 without its cost

    @property
    def production(self) -> bool:
        """True where real money and real people are."""
        return self.env == "production"

    @staticmethod
    def from_env(environ: Mapping[str, str]) -> Config:
        """Read the environment; raises ConfigError with one sentence for what cannot work."""
        env = environ.get("APP_ENV", "development")
        if env not in {"development", "test", "production"}:
            msg = f"APP_ENV is {env!r}; it must be development, test or production."
            raise ConfigError(msg)
        port = _port(environ.get("PORT", "8000"))
        secret = environ.get("SECRET_KEY", "")
        config = Config(
            env=env,
            port=port,
            var_dir=Path(environ.get("VAR_DIR", "var")),
            database_url=_postgres(environ.get("DATABASE_URL", "")),
            database_owner_url=_postgres(environ.get("DATABASE_OWNER_URL", "")),
            redis_url=environ.get("REDIS_URL", ""),
            secret_key=secret or secrets.token_hex(32),
            mail=_mail(environ),
            public_url=environ.get("PUBLIC_URL", f"http://127.0.0.1:{port}").rstrip("/"),
            tracking_host=environ.get("TRACKING_HOST", ""),
            content_host=environ.get("CONTENT_HOST", ""),
            trusted_hosts=tuple(h for h in environ.get("TRUSTED_HOSTS", "").split(",") if h),
            proxy_hops=int(environ.get("PROXY_HOPS", "0")),
            sentry_dsn=environ.get("SENTRY_DSN", ""),
            egress_allow=tuple(
                h.strip().lower() for h in environ.get("EGRESS_ALLOW", "").split(",") if h.strip()
            ),
            dns_server=environ.get("DNS_SERVER", ""),
            cheap_hashes=env == "test",
        )
        if config.production:
            _check_production(config, environ)
        return config


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        msg = f"PORT is {text!r}; it must be a number from 1 to 65535."
        raise ConfigError(msg)
    return int(text)


def _postgres(url: str) -> str:
    """SQLAlchemy's spelling of a PostgreSQL address, driver named."""
    if not url:
        return ""
    scheme, sep, rest = url.partition("://")
    if not sep or scheme.partition("+")[0] not in {"postgres", "postgresql"}:
        msg = "DATABASE_URL must be an address that begins with postgresql://."
        raise ConfigError(msg)
    return f"postgresql+psycopg://{rest}"


def _mail(environ: Mapping[str, str]) -> Mail:
    url = urlsplit(environ.get("SMTP_URL", "smtp://127.0.0.1:25"))
    if url.scheme not in {"smtp", "smtps", "smtp+starttls"} or not url.hostname:
        msg = "SMTP_URL must look like smtp://user:password@host:port (or smtps://, smtp+starttls://)."
        raise ConfigError(msg)
    tls = {"smtp": "", "smtps": "ssl", "smtp+starttls": "starttls"}[url.scheme]
    return Mail(
        host=url.hostname,
        port=url.port or {"": 25, "ssl": 465, "starttls": 587}[tls],
        user=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        tls=tls,
        sender=environ.get("MAIL_FROM", "Partnerka <no-reply@localhost>"),
    )


def _check_production(config: Config, environ: Mapping[str, str]) -> None:
    missing = [
        name
        for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PUBLIC_URL", "TRUSTED_HOSTS")
        if not environ.get(name)
    ]
    if missing:
        msg = f"In production {', '.join(missing)} must be set."
        raise ConfigError(msg)
    if len(config.secret_key) < 32:
        msg = "SECRET_KEY must have at least 32 characters in production."
        raise ConfigError(msg)
