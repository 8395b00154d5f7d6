"""Shops' deliveries, once they are kept: money is made of them. How they come is in `reception`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from app import clock
from app.errors import NotFound
from app.events.service import record
from app.extensions import db, kick_after_commit
from app.intake import service as intake
from app.intake.models import Inbox
from app.intake.shops import OrderGone, OrderSaid, Unreadable, woocommerce
from app.orders import service as orders
from app.orders.service import Incoming
from app.tenancy import role
from app.tenants import queries as tenants
from app.tenants import service as tenants_service
from app.tenants.models import Connection

if TYPE_CHECKING:
    from sqlalchemy import Select

    from app.intake.shops import Connector

CONNECTORS: dict[str, Connector] = {woocommerce.kind: woocommerce}
ATTEMPTS = 12


def connect(shop_id: int, kind: str, secret: str | None = None) -> tuple[Connection, str]:
    """Open a shop's hook and teach the shop's status map the words of its kind; returns the secret too.

    Words that the merchant has mapped already stay as they are. Raises NotFound for another kind.
    """
    connector, shop = CONNECTORS.get(kind), tenants.shop_by_id(shop_id)
    if connector is None or shop is None:
        raise NotFound
    words = {**connector.words, **tenants.words(shop_id).words}
    tenants_service.change_shop(shop, words=words)
    return tenants_service.connect(shop_id, kind, secret)


_WAITING = text(
    "SELECT tenant_id, id FROM inbox WHERE state = 'waiting' AND due_at <= :now"
    " ORDER BY due_at, id LIMIT :most"
)


def waiting(most: int = 200) -> list[tuple[int, int]]:
    """Return (tenant, delivery) of what waits, oldest first; the job calls `work` for each."""
    with role("partnerka_drain"):
        rows = db.session.execute(_WAITING, {"now": clock.wall(), "most": most}).all()
    return [(row.tenant_id, row.id) for row in rows]


def work(inbox_id: int) -> bool:
    """Make of one delivery what it makes due, once; False when another worker has it or had it."""
    row = db.session.scalar(
        select(Inbox)
        .where(Inbox.id == inbox_id, Inbox.state == "waiting")
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return False
    connection = db.session.scalars(
        select(Connection).where(Connection.id == row.connection_id)
    ).one()
    try:
        said = CONNECTORS[connection.kind].parse(row.topic, row.body, intake.tenant().currency)
    except Unreadable as error:
        _park(row, str(error))
        return True
    if isinstance(said, OrderSaid):
        words = tenants.words(connection.shop_id)
        intake.apply(
            Incoming(
                shop_id=connection.shop_id,
                external_id=said.external_id,
                snapshot=said.snapshot,
                state=orders.read_state(said.snapshot.status, words.words),
                map_version=words.version,
                source=connection.kind,
                received_at=row.received_at,
            )
        )
    elif isinstance(said, OrderGone):
        _gone(connection.shop_id, said)
    row.state, row.done_at = "done", clock.wall()
    return True


def listed() -> Select[Any]:
    """Deliveries that could not be read or booked, for the merchant."""
    return select(Inbox).where((Inbox.state == "parked") | (Inbox.problem.is_not(None)))


def again(inbox_id: int) -> None:
    """Put a parked delivery back into the line; raises NotFound."""
    row = db.session.scalar(select(Inbox).where(Inbox.id == inbox_id, Inbox.state == "parked"))
    if row is None:
        raise NotFound
    row.state, row.attempts, row.due_at = "waiting", 0, clock.wall()
    kick_after_commit("drain_inbox")


def postpone(inbox_id: int, problem: str) -> None:
    """Try a delivery later after a failure, and park it after many."""
    row = db.session.scalars(select(Inbox).where(Inbox.id == inbox_id)).one()
    row.attempts += 1
    row.due_at = clock.wall() + timedelta(seconds=min(2**row.attempts, 3600))
    row.problem = problem[:500]
    if row.attempts >= ATTEMPTS:
        _park(row, problem)


def _gone(shop_id: int, said: OrderGone) -> None:
    try:
        intake.delete(shop_id, said.external_id)
    except NotFound:
        return  # deleted before we heard of it: nothing to take back


def _park(row: Inbox, problem: str) -> None:
    row.state, row.problem = "parked", problem[:500]
    record("order.parked", f"inbox:{row.id}", problem=problem[:500])
