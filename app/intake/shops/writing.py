"""Events that shops are to hear of become errands: partner fields, customer groups, coupons."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.extensions import db
from app.intake.shops import connections, errands
from app.orders.models import Order
from app.partners.rules import fold_code
from app.tenants.queries import was_in_shadow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.events.models import Event
    from app.tenants.models import Connection

_CODES = frozenset({"code.created", "code.changed"})
_COUPONS = frozenset({"coupon.given", "coupon.issued", "coupon.switched_off"})
TYPES = frozenset({"order.partner_data", "partner.customer_group"}) | _CODES | _COUPONS


def promise(events: Iterable[Event]) -> None:
    """Ask for what events mean to connected shops; asked for twice it is done once.

    In a shadow month the shop is the former service's: nothing is written into it.
    """
    held = was_in_shadow()
    found = [event for event in events if event.type in TYPES and not held(event.at)]
    shops = connections.keyed() if found else []
    if not shops:
        return
    _cards(found, shops)
    groups = {str(e.facts["partner_id"]) for e in found if e.type == "partner.customer_group"}
    codes = {fold_code(e.facts["code"]) for e in found if e.type in _CODES}
    made = {fold_code(e.facts["code"]) for e in found if e.type in _COUPONS and _is_ours(e)}
    for shop in shops:
        errands.ask(shop.id, "group", groups)
        errands.ask(shop.id, "coupon", made | (codes if shop.coupons else set()))


def _is_ours(event: Event) -> bool:
    return event.type == "coupon.switched_off" or bool(event.facts.get("to_be_made"))


def _cards(events: Sequence[Event], shops: Sequence[Connection]) -> None:
    orders = {e.facts["order_id"] for e in events if e.type == "order.partner_data"}
    if not orders:
        return
    where = db.session.execute(select(Order.id, Order.shop_id).where(Order.id.in_(orders)))
    by_shop: dict[int, set[str]] = defaultdict(set)
    for order_id, shop_id in where:
        by_shop[shop_id].add(str(order_id))
    for shop in shops:
        errands.ask(shop.id, "card", by_shop.get(shop.shop_id, ()))
