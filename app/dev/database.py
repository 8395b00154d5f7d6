"""Roles and the database, made by a superuser; the product itself then runs without one."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from app.dev.problem import Problem

OWNER = "partnerka_owner"
APP = "partnerka_app"
ENTERED = ("partnerka_drain", "partnerka_list")  # roles that the app enters by SET LOCAL ROLE
MAINTENANCE = {"postgres", "template1", "template0", ""}
NAME = "partnerka"
Connection = psycopg.Connection[tuple[object, ...]]
OLDEST = 150000
INHERIT_OPTION_SINCE = 160000


@dataclass(frozen=True)
class Addresses:
    """What the product needs to know of its database."""

    app: str
    owner: str


def prepare(superuser_url: str, secret: str, name: str | None = None) -> Addresses:
    """Make the roles and the database (those that are missing) and return their addresses.

    Passwords follow from the superuser's password, else from `secret`, so that two installations
    on one cluster agree on them. Raises Problem where the address cannot be used.
    """
    plain = _plain(superuser_url)
    parts = urlsplit(plain)
    named = unquote(parts.path.lstrip("/"))
    database = name or (NAME if named in MAINTENANCE else named)
    key = unquote(parts.password or "") or secret
    passwords = {role: _password(key, role) for role in (OWNER, APP)}
    with _connect(plain) as connection:
        _refuse_unfit(connection)
        _make_roles(connection, passwords)
        _make_database(connection, database)
    return Addresses(
        app=with_database(_with_user(plain, APP, passwords[APP]), database),
        owner=with_database(_with_user(plain, OWNER, passwords[OWNER]), database),
    )


def is_superuser(url: str) -> bool:
    """Tell whether the address belongs to a superuser; raises Problem when it does not answer."""
    with _connect(_plain(url)) as connection:
        return connection.info.parameter_status("is_superuser") == "on"


def with_database(url: str, database: str) -> str:
    """Return the same address with another database."""
    return urlunsplit(urlsplit(url)._replace(path="/" + quote(database)))


def _with_user(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{host}"))


def _plain(url: str) -> str:
    """Return libpq's spelling of a PostgreSQL address."""
    scheme, sep, rest = url.partition("://")
    if not sep or scheme.partition("+")[0] not in {"postgres", "postgresql"}:
        msg = "DATABASE_URL must be an address that begins with postgresql://."
        raise Problem(msg)
    try:
        urlsplit(url)
    except ValueError as error:
        msg = f"DATABASE_URL cannot be used: {error}"
        raise Problem(msg) from error
    return f"postgresql://{rest}"


def _connect(url: str) -> Connection:
    """Connect to the named database, else (it may not be made yet) to the maintenance one."""
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=5)
    except (psycopg.Error, UnicodeError, ValueError) as error:
        first = error
    try:
        return psycopg.connect(with_database(url, "postgres"), autocommit=True, connect_timeout=5)
    except (psycopg.Error, UnicodeError, ValueError):
        reason = " ".join(str(first).split()) or "no answer"
        msg = f"DATABASE_URL cannot be used: {reason}"
        raise Problem(msg) from first


def _refuse_unfit(connection: Connection) -> None:
    if connection.info.server_version < OLDEST:
        msg = f"PostgreSQL {connection.info.server_version // 10000} is too old: 15 is the oldest that works."
        raise Problem(msg)
    if connection.info.parameter_status("is_superuser") != "on":
        msg = (
            f"DATABASE_URL's role {connection.info.user} is no superuser, so bin/dev cannot make roles with it: "
            "give a superuser's address, or set DATABASE_OWNER_URL too."
        )
        raise Problem(msg)


def _make_roles(connection: Connection, passwords: dict[str, str]) -> None:
    with connection.transaction():
        # Two runs on one cluster meet here; roles are the cluster's.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('partnerka roles'))")
        rows = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'partnerka\\_%'")
        there = {row[0] for row in rows}
        for role in ENTERED:
            if role not in there:
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
        for role, password in passwords.items():
            verb = "ALTER" if role in there else "CREATE"
            statement = sql.SQL(
                verb
                + " ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS {} PASSWORD {}"
            )
            inherit = sql.SQL("NOINHERIT" if role == APP else "INHERIT")
            connection.execute(
                statement.format(sql.Identifier(role), inherit, sql.Literal(password))
            )
        newer = connection.info.server_version >= INHERIT_OPTION_SINCE
        options = sql.SQL(" WITH INHERIT FALSE, SET TRUE" if newer else "")
        for role in ENTERED:
            grant = sql.SQL("GRANT {} TO {}{}").format(
                sql.Identifier(role), sql.Identifier(APP), options
            )
            connection.execute(grant)


def _make_database(connection: Connection, database: str) -> None:
    name, owner = sql.Identifier(database), sql.Identifier(OWNER)
    found = connection.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [database]
    ).fetchone()
    if found is None:
        make = sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0")
        connection.execute(make.format(name, owner))
    elif found[0] != OWNER:
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, owner))


def _password(key: str, role: str) -> str:
    return hmac.new(key.encode(), role.encode(), hashlib.sha256).hexdigest()[:32]
