"""Shops' deliveries, once they are kept: money is made of them. How they come is in `reception`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from app import clock, sql
from app.errors import NotFound
from app.events.service import record
from app.extensions import db, kick_after_commit
from app.intake import service as intake
from app.intake.models import Inbox
from app.intake.service import tenant
from app.intake.shops import OrderGone, OrderSaid, Unreadable, woocommerce
from app.orders import service as orders
from app.orders.rules import is_id, unkeepable
from app.orders.service import Incoming
from app.tenancy import role
from app.tenants import queries as tenants
from app.tenants import service as tenants_service

if TYPE_CHECKING:
    from sqlalchemy import Select

    from app.intake.shops import Connector, Said
    from app.tenants.models import Connection
    from app.tenants.queries import Words

CONNECTORS: dict[str, Connector] = {woocommerce.kind: woocommerce}
ATTEMPTS = 12
BATCH = 100  # deliveries that are booked in one transaction


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


_TENANTS = text(
    "SELECT tenant_id FROM inbox WHERE state = 'waiting' AND due_at <= :now"
    " GROUP BY tenant_id ORDER BY min(due_at) LIMIT :most"
)
_DUE = """
SELECT id FROM inbox WHERE state = 'waiting' AND due_at <= %(now)s ORDER BY due_at, id
LIMIT %(most)s
"""
_TAKE = """
SELECT i.id, i.topic, i.body, i.received_at, c.kind, c.shop_id FROM inbox i
JOIN connection c ON c.tenant_id = i.tenant_id AND c.id = i.connection_id
WHERE i.state = 'waiting' AND i.due_at <= %(now)s
ORDER BY i.due_at, i.id LIMIT %(most)s FOR UPDATE OF i SKIP LOCKED
"""
_TAKE_ONE = """
SELECT i.id, i.topic, i.body, i.received_at, c.kind, c.shop_id FROM inbox i
JOIN connection c ON c.tenant_id = i.tenant_id AND c.id = i.connection_id
WHERE i.state = 'waiting' AND i.id = %(id)s FOR UPDATE OF i SKIP LOCKED
"""
_DONE = "UPDATE inbox SET state = 'done', done_at = %(now)s WHERE id = ANY(%(ids)s)"


def waiting(most: int = 500) -> list[int]:
    """Return the tenants whose deliveries wait, those who wait longest first; the job calls `work`."""
    with role("partnerka_drain"):
        rows = db.session.execute(_TENANTS, {"now": clock.wall(), "most": most}).all()
    return [row.tenant_id for row in rows]


def due(most: int = BATCH) -> list[int]:
    """Return the scope's deliveries that wait, oldest first, for who works them one at a time."""
    values = {"now": clock.wall(), "most": most}
    return [row.id for row in sql.rows(_DUE, values)]


def work(most: int = BATCH, *, only: int | None = None) -> int:
    """Make of the scope's oldest deliveries (or of one) what they make due; return how many there were.

    Deliveries that another worker has are passed over; 0 when there is nothing for us.
    """
    values = {"now": clock.wall(), "most": most, "id": only}
    currency = tenant().currency
    rows = sql.rows(_TAKE if only is None else _TAKE_ONE, values)
    words: dict[int, Words] = {}
    read: list[Incoming] = []
    done = []
    for row in rows:
        said = _read(row, currency)
        if said is None:
            continue
        done.append(row.id)
        if isinstance(said, OrderSaid):
            if row.shop_id not in words:
                words[row.shop_id] = tenants.words(row.shop_id)
            read.append(_incoming(row, said, words[row.shop_id]))
        elif isinstance(said, OrderGone):
            # What was said before a deletion is taken in before it.
            intake.apply_all(read)
            read = []
            _gone(row.shop_id, said)
    intake.apply_all(read)
    if done:
        sql.send(_DONE, {"ids": done, "now": clock.wall()})
    return len(rows)


def _read(row: Any, currency: str) -> Said | None:
    """Read a delivery; one that cannot be read is parked, and None."""
    try:
        said = CONNECTORS[row.kind].parse(row.topic, bytes(row.body), currency)
        _refuse_unkeepable(said)
    except Unreadable as error:
        _park(db.session.scalars(select(Inbox).where(Inbox.id == row.id)).one(), str(error))
        return None
    return said


def _refuse_unkeepable(said: Said) -> None:
    """Raise Unreadable for what would be stored and could never be read again."""
    bad = None
    if isinstance(said, OrderSaid):
        bad = unkeepable(said.snapshot, said.external_id)
    elif isinstance(said, OrderGone) and not is_id(said.external_id):
        bad = "id"
    if bad is not None:
        msg = f"cannot be kept: {bad}"
        raise Unreadable(msg)


def _incoming(row: Any, said: OrderSaid, words: Words) -> Incoming:
    return Incoming(
        shop_id=row.shop_id,
        external_id=said.external_id,
        snapshot=said.snapshot,
        state=orders.read_state(said.snapshot.status, words.words),
        map_version=words.version,
        source=row.kind,
        received_at=row.received_at,
    )


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
    said = problem[:500].replace("\x00", "").encode("utf-8", "replace").decode()
    row.state, row.problem = "parked", said
    record("order.parked", f"inbox:{row.id}", problem=said)
