"""Deletions that came before the order itself, from shops that only call us: kept until the order comes.

A shop that can be asked is asked; the others send a message again that got no answer, and by then they may
have sent the next. Such a deletion is kept for a month, as an errand that is done.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.extensions import db
from app.intake import service as intake
from app.intake.models import ShopErrand
from app.intake.shops import OrderSaid
from app.orders import service as orders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.intake.shops import Said

KIND = "fetch"  # as where a shop can be asked whether an order is there
AT = "buried"


def remember(connection_id: int, external_id: str, at: datetime) -> None:
    """Keep that a shop deleted an order, of which nothing is known yet, at an instant."""
    now = clock.wall()
    values = {"said": {AT: at.isoformat()}, "state": "done", "done_at": now, "due_at": now}
    keys = {"connection_id": connection_id, "kind": KIND, "subject": external_id}
    statement = insert(ShopErrand).values(**keys, **values, created_at=now)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", *keys], set_=values, where=ShopErrand.state == "done"
        )
    )


def settle(read: Sequence[tuple[Any, Said]]) -> None:
    """Delete again what was told of just now and had been deleted before, unless it changed since then."""
    told = {
        (row.connection_id, said.external_id): row.shop_id
        for row, said in read
        if isinstance(said, OrderSaid) and not row.keyed
    }
    if not told:
        return
    names = tuple_(ShopErrand.connection_id, ShopErrand.subject)
    query = select(ShopErrand.connection_id, ShopErrand.subject, ShopErrand.said)
    query = query.where(ShopErrand.kind == KIND, names.in_(sorted(told)))
    for connection_id, external_id, kept in db.session.execute(query).all():
        if AT in kept:
            at = datetime.fromisoformat(kept[AT])
            _bury(told[connection_id, external_id], external_id, at)


def _bury(shop_id: int, external_id: str, at: datetime) -> None:
    held = orders.find(shop_id, external_id).folded
    changed_at = held.snapshot.updated_at
    if not held.deleted and (changed_at is None or changed_at <= at):
        intake.delete(shop_id, external_id)
