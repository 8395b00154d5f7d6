"""How a shop's delivery is proven and kept: one durable row, and nothing more while the shop waits."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app import clock, crypto
from app.errors import Conflict, FieldError, Forbidden, NotFound
from app.extensions import db, kick_after_commit
from app.intake.models import Inbox
from app.intake.shops import FETCHED, LISTED, rotating
from app.intake.shops.registry import CONNECTORS, OWN, heard
from app.tenancy import tenant_scope
from app.tenants import queries as tenants
from app.tenants.models import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from app.intake.shops import Listener


@runtime_checkable
class Strict(Protocol):
    """A kind whose senders are told at once what cannot stand, and whose messages have ids."""

    def admit(
        self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], currency: str
    ) -> str | None:
        """Return the id under which a message is known. Raises DomainError."""


class Channel(NamedTuple):
    """An open connection: whose it is, and what proves its deliveries."""

    tenant: int
    connection: int
    connector: Listener
    secrets: tuple[str, ...]  # the newest first
    offset: timedelta  # of the tenant's clock
    currency: str


class Admitted(NamedTuple):
    """A proven delivery: what it is about, and the id that its sender gave it."""

    topic: str
    mark: str | None = None


def find(kind: str, public_id: str) -> Channel | None:
    """Return the open connection with this outside id, of whichever tenant. Raises Unsealable."""
    entry = tenants.look_up("connection", public_id)
    if entry is None or (kind != OWN and kind not in CONNECTORS):
        return None
    merchant = tenants.tenant(entry.tenant_id)
    query = select(Connection.id, Connection.secret).where(
        Connection.public_id == public_id,
        Connection.kind == kind,
        Connection.disabled_at.is_(None),
    )
    with tenant_scope(entry.tenant_id):
        found = db.session.execute(query).one_or_none()
    if found is None or merchant is None:
        return None
    secrets = rotating.valid(crypto.open_sealed(found.secret), int(clock.wall().timestamp()))
    offset = merchant.clock_offset
    return Channel(merchant.id, found.id, heard(kind), secrets, offset, merchant.currency)


def admit(channel: Channel, headers: Mapping[str, str], body: bytes) -> Admitted | None:
    """Return what a proven delivery is about; None for a ping, which asks nothing of us but 200.

    Raises Forbidden for a signature that does not hold, DomainError for what a strict kind refuses.
    """
    connector = channel.connector
    if connector.is_ping(headers, body):
        return None
    if isinstance(connector, Strict):
        mark = connector.admit(headers, body, channel.secrets, channel.currency)
        return Admitted(connector.topic(headers), mark)
    if not any(connector.verify(headers, body, secret) for secret in channel.secrets):
        raise Forbidden("bad_signature", "The signature does not hold.")
    topic = connector.topic(headers)
    # What we asked for ourselves is named so by us alone.
    return Admitted("" if topic in {FETCHED, LISTED} else topic)


def print_of(mark: str | None, body: bytes) -> int:
    """Return a number that tells what an id was given to; 0 without an id. The INSERT reckons the same."""
    if mark is None:
        return 0
    return int(hashlib.sha256(mark.encode() + b"." + body).hexdigest()[:15], 16)


def receive(kind: str, public_id: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Keep a proven delivery in the request's transaction; False for a ping.

    Raises NotFound for a connection that is not there, Forbidden for a signature that does not hold,
    Conflict for an id that came before with another body; with the same body it is kept once.
    """
    channel = find(kind, public_id)
    if channel is None:
        raise NotFound
    admitted = admit(channel, headers, body)
    if admitted is None:
        return False
    with tenant_scope(channel.tenant, channel.offset):
        _keep(channel, admitted, body)
    kick_after_commit("drain_inbox")
    return True


def _keep(channel: Channel, admitted: Admitted, body: bytes) -> None:
    row = {
        "connection_id": channel.connection,
        "topic": admitted.topic,
        "body": body,
        "received_at": clock.now(),
        "due_at": clock.wall(),
        "mark": admitted.mark,
    }
    made = insert(Inbox).values(row).on_conflict_do_nothing().returning(Inbox.id)
    if db.session.scalar(made) is not None:
        return
    known = select(Inbox.body).where(
        Inbox.connection_id == channel.connection, Inbox.mark == admitted.mark
    )
    if db.session.scalar(known) != body:
        words = _("This id came before with another body.")
        raise Conflict("other_body", words, FieldError("webhook-id", words))
