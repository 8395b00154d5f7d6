"""Orders whose bonuses a coupon of the shop's cart took off: whose bonuses they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from app.checkout.models import CheckoutHold
from app.extensions import db

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.orders.service import Standing


def payers(orders: Sequence[Standing]) -> dict[int, int]:
    """Return whose bonuses pay those of the orders that a coupon made cheaper: who got the coupon.

    Whoever placed the order: the coupon was shown to its owner alone, and what it took off is given.
    A hold is for the first order that names it, and bound to it here; the caller has the orders' locks.
    """
    named = {o.id: o.folded.snapshot.bonus_hold for o in orders if o.folded.snapshot.bonus_hold}
    if not named:
        return {}
    for order in sorted((o for o in orders if o.id in named), key=lambda o: o.id):
        mine = CheckoutHold.reference == named[order.id], CheckoutHold.shop_id == order.shop_id
        free = update(CheckoutHold).where(*mine, CheckoutHold.order_key.is_(None))
        db.session.execute(free.values(order_key=order.external_id))
    query = select(CheckoutHold.reference, CheckoutHold.member_id)
    found = db.session.execute(query.where(CheckoutHold.reference.in_(set(named.values()))))
    owners = {row.reference: row.member_id for row in found}
    return {i: owners[name] for i, name in named.items() if name in owners}
