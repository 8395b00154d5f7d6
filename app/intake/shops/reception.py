"""How a shop's delivery is proven and kept: one durable row, and nothing more while the shop waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from app import clock, crypto
from app.errors import Forbidden, NotFound
from app.extensions import db, kick_after_commit
from app.intake.models import Inbox
from app.intake.shops.registry import CONNECTORS
from app.tenancy import tenant_scope
from app.tenants import queries as tenants
from app.tenants.models import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from app.intake.shops import Listener


class Channel(NamedTuple):
    """An open connection: whose it is, and what proves its deliveries."""

    tenant: int
    connection: int
    connector: Listener
    secret: str
    offset: timedelta  # of the tenant's clock


def find(kind: str, public_id: str) -> Channel | None:
    """Return the open connection with this outside id, of whichever tenant. Raises Unsealable."""
    connector, entry = CONNECTORS.get(kind), tenants.look_up("connection", public_id)
    if connector is None or entry is None:
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
    secret = crypto.open_sealed(found.secret)
    return Channel(merchant.id, found.id, connector, secret, merchant.clock_offset)


def topic_of(channel: Channel, headers: Mapping[str, str], body: bytes) -> str | None:
    """Return what a proven delivery is about; None for a ping, which asks nothing of us but 200.

    Raises Forbidden for a signature that does not hold.
    """
    connector = channel.connector
    if connector.is_ping(headers, body):
        return None
    if not connector.verify(headers, body, channel.secret):
        raise Forbidden("bad_signature", "The signature does not hold.")
    return connector.topic(headers)


def receive(kind: str, public_id: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Keep a proven delivery in the request's transaction; False for a ping.

    Raises NotFound for a connection that is not there, Forbidden for a signature that does not hold.
    """
    channel = find(kind, public_id)
    if channel is None:
        raise NotFound
    topic = topic_of(channel, headers, body)
    if topic is None:
        return False
    with tenant_scope(channel.tenant, channel.offset):
        db.session.add(
            Inbox(
                connection_id=channel.connection,
                topic=topic,
                body=body,
                received_at=clock.now(),
                due_at=clock.wall(),
            )
        )
    kick_after_commit("drain_inbox")
    return True
