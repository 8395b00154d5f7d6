"""The one door to a tenant's rows; row level security stands behind it.

`tenant_scope(id)` puts the tenant into every transaction that begins inside it, so that policies
`tenant_id = nullif(current_setting('app.tenant', true), '')::bigint` let exactly its rows through.
With none set no row is seen and none can be written.
"""

from __future__ import annotations

import secrets
import string
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING

from psycopg.pq import TransactionStatus
from sqlalchemy import BigInteger, ForeignKeyConstraint, Identity, event, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.extensions import db

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection
    from sqlalchemy.orm import SessionTransaction

CURRENT = text("nullif(current_setting('app.tenant', true), '')::bigint")
PLATFORM = 1  # the platform is a tenant itself
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
ROLES = frozenset({"partnerka_drain", "partnerka_list"})

_tenant: ContextVar[int | None] = ContextVar("tenant", default=None)


class Tenanted:
    """A table whose rows belong to one tenant; keys begin with the tenant."""

    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=CURRENT)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)


def ref(table: str, column: str) -> ForeignKeyConstraint:
    """Return a foreign key that carries the tenant: (tenant_id, column) -> table."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"])


def public_id(prefix: str) -> str:
    """Return a new outside id: prefix, underscore, 16 random Crockford characters (80 bits)."""
    return f"{prefix}_{secrets.token_bytes(16).translate(_LETTERS).decode()}"


def letters(number: int) -> bytes:
    """Return what follows the prefix in so many new outside ids, 16 letters each, one behind the other."""
    return secrets.token_bytes(16 * number).translate(_LETTERS)


_LETTERS = bytes(ord(CROCKFORD[byte & 31]) for byte in range(256))
_BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
# What follows the prefix, drawn by the database for sets of rows: the first six bytes of a random
# UUID are random throughout, and each two of base64's letters stand for one of ours.
RANDOM = f"""translate(encode(substr(uuid_send(gen_random_uuid()), 1, 6)
    || substr(uuid_send(gen_random_uuid()), 1, 6), 'base64'), '{_BASE64}', '{CROCKFORD * 2}')"""


def current_tenant() -> int:
    """Return the scope's tenant; raises LookupError outside any scope."""
    tenant = _tenant.get()
    if tenant is None:
        raise LookupError("no tenant in scope")
    return tenant


def tenant_or_none() -> int | None:
    """Return the scope's tenant, or None outside any scope."""
    return _tenant.get()


@contextmanager
def tenant_scope(tenant_id: int, offset: timedelta = timedelta(0)) -> Iterator[None]:
    """Work on one tenant's rows. `offset` moves the scope's clock (test twins). Scopes may nest."""
    _flush()  # what was made outside belongs to the outer tenant
    token = _tenant.set(tenant_id)
    _tell_open_transaction(tenant_id)
    try:
        with clock.offset_by(offset):
            yield
            _flush()
    finally:
        _tenant.reset(token)
        _tell_open_transaction(_tenant.get())


@contextmanager
def role(name: str) -> Iterator[None]:
    """Take a role that sees rows of many tenants (drain: find work; list: operator's reads) for the block."""
    if name not in ROLES:
        raise ValueError(name)
    db.session.execute(text(f"SET LOCAL ROLE {name}"))
    yield
    # Not in a finally: after an error the transaction is aborted, and its end resets the role.
    db.session.execute(text("RESET ROLE"))


def _tell_open_transaction(tenant_id: int | None) -> None:
    if not db.session.registry.has():
        return
    session = db.session()
    # A failed transaction takes no statement, and ends with the setting anyway.
    if session.in_transaction() and session.is_active and not _failed(session):
        session.execute(_SET, {"tenant": str(tenant_id or "")})


def _failed(session: Session) -> bool:
    raw = session.connection().connection.driver_connection
    return raw is not None and raw.info.transaction_status is TransactionStatus.INERROR


def _flush() -> None:
    if db.session.registry.has() and db.session().in_transaction():
        db.session.flush()


_SET = text("SELECT set_config('app.tenant', :tenant, true)")


@event.listens_for(Session, "after_begin")
def _tell_new_transaction(
    _session: Session, _transaction: SessionTransaction, connection: Connection
) -> None:
    tenant = _tenant.get()
    if tenant is not None:
        connection.execute(_SET, {"tenant": str(tenant)})
