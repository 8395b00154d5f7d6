"""PostgreSQL and Redis for bin/dev: those it is told of, else those of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from app.dev import database
from app.dev.postgres import Postgres
from app.dev.problem import Problem
from app.dev.redis_server import RedisServer

if TYPE_CHECKING:
    from app.dev.children import Child
    from app.dev.settings import Settings


class Engines:
    """The two engines of one run; only those that it started are ended."""

    def __init__(self, settings: Settings) -> None:
        """Find what is needed; raises Problem for what is missing, before anything is started."""
        self.settings = settings
        self.postgres = None if settings.database_url else Postgres(settings.var_dir)
        self.redis = None if settings.redis_url else RedisServer(settings.var_dir)

    @property
    def children(self) -> list[Child]:
        """The servers that were started here."""
        return [server.child for server in (self.postgres, self.redis) if server is not None]

    def start(self) -> None:
        """Start both together and wait until they answer."""
        if self.postgres:
            self.postgres.start()
        if self.redis:
            self.redis.start()
        if self.postgres:
            self.postgres.wait()
        if self.redis:
            self.redis.wait()
        else:
            _require_redis(self.settings.redis_url)

    def addresses(self) -> database.Addresses:
        """Return the database's addresses, made ready where we are a superuser."""
        settings = self.settings
        if self.postgres:
            return database.prepare(self.postgres.url, settings.secret)
        if database.is_superuser(settings.database_url) or not settings.owner_url:
            return database.prepare(settings.database_url, settings.secret)
        return database.Addresses(app=settings.database_url, owner=settings.owner_url)

    @property
    def redis_url(self) -> str:
        """Address of Redis."""
        return self.redis.url if self.redis else self.settings.redis_url


def identity(url: str) -> str:
    """Return what tells this database from any other, also at the same address."""
    with psycopg.connect(url.replace("+psycopg", "", 1)) as connection:
        row = connection.execute(
            "SELECT (SELECT system_identifier FROM pg_control_system()), oid, datname"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    return "/".join(str(part) for part in row or ())


def _require_redis(url: str) -> None:
    try:
        with Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
            client.ping()
    except (RedisError, ValueError) as error:
        msg = f"REDIS_URL cannot be used: {error}"
        raise Problem(msg) from error
