"""How errands are carried out: what a shop is asked for, written into it, or told to make.

Each talks to the shop outside any transaction; `within` runs one piece of work as one transaction in the
tenant's scope. At most one call of an errand writes.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from app import clock
from app.carts import service as carts
from app.errors import NotFound
from app.extensions import db
from app.intake import service as intake
from app.intake.shops import (
    CARD,
    COUPONS,
    FETCHED,
    GROUPS,
    ShopError,
    cards,
    connections,
    coupons,
    echo,
    inbox,
    shelving,
    thanks,
)
from app.orders import service as orders
from app.partners import queries as partners
from app.partners.models import Partner
from app.tenants.queries import in_shadow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from app.intake.shops import Category, Fetched, Product
    from app.intake.shops.connections import Shop
    from app.intake.shops.echo import Write
    from app.intake.shops.errands import Errand

Result = TypeVar("Result")


class Within(Protocol):
    """One transaction in the tenant's scope."""

    def __call__(self, act: Callable[[], Result]) -> Result:
        """Do it and commit."""


HELD = timedelta(hours=1)
Ended = tuple[str | None, "datetime | None"]  # a note for people; when it is due again
NOTHING: Ended = (None, None)


def fetch(errand: Errand, shop: Shop, within: Within) -> Ended:
    """Ask for an order as it stands, and put that into the line of deliveries."""
    found = shop.connector.fetch(shop.access, errand.subject)
    if found is None:
        within(lambda: gone(shop.connection_id, errand.subject))
        return NOTHING
    unknown = within(lambda: shelving.unknown(shop.shop_id, found.products))
    goods = shop.connector.products(shop.access, unknown) if unknown else ((), ())
    within(lambda: _keep(shop, found, *goods))
    return NOTHING


def gone(connection_id: int, external_id: str) -> None:
    """Put into the line that the shop has an order no more."""
    body = json.dumps({"order": {"id": external_id, "gone": True}}).encode()
    inbox.keep(connection_id, FETCHED, [body])


def _keep(
    shop: Shop, found: Fetched, products: Sequence[Product], categories: Sequence[Category]
) -> None:
    if products:
        shelving.shelve(shop.shop_id, products, categories)
        try:
            known = orders.find(shop.shop_id, found.external_id)
        except NotFound:
            known = None
        if known is not None:  # it was booked before its goods were known
            intake.rework([known.id])
    inbox.keep(shop.connection_id, found.topic, [found.body])


def write_card(errand: Errand, shop: Shop, within: Within) -> Ended:
    """Write the partner fields of an order into the shop, where they differ; what we write is noted first."""
    order_id = int(errand.subject)
    asked = within(lambda: _asked(order_id))
    if asked is None:
        return NOTHING
    external_id, wanted, own = asked
    card = shop.connector.read_card(shop.access, external_id)
    if card is None:
        return "gone", None
    changes = echo.difference(wanted, card.fields)
    if not changes:
        if any(write.sure is None for write in own):  # its answer was lost, and it had come
            within(lambda: cards.keep(order_id, echo.ended(own, card.fields, card.at)))
        return NOTHING
    begun = echo.begun(own, changes, card.at)
    within(lambda: cards.keep(order_id, begun))
    stored = shop.connector.write_card(shop.access, external_id, changes)
    within(lambda: cards.keep(order_id, echo.ended(begun, stored.fields, stored.at)))
    return NOTHING


def _asked(order_id: int) -> tuple[str, Mapping[str, str], list[Write]] | None:
    place = cards.place(order_id)
    if place is None:
        return None
    return place[1], cards.wanted(order_id), cards.own(order_id)


def write_group(errand: Errand, shop: Shop, within: Within) -> Ended:
    """Put a partner, as a customer of the shop, into the group that the partner program asks for."""
    who = within(lambda: _who(int(errand.subject)))
    if who is None:
        return NOTHING
    group, customer = who
    known = shop.connector.write_member_group(shop.access, customer, group)
    return (None if known else "unknown_customer"), None


def _who(partner_id: int) -> tuple[str, dict[str, str | None]] | None:
    partner = db.session.get(Partner, (intake.tenant().id, partner_id))
    if partner is None or partner.customer_group is None:
        return None
    number = partners.member_keys([partner.member_id]).get(partner.member_id or 0)
    return partner.customer_group, {"id": number, "email": partner.email}


def make_coupon(errand: Errand, shop: Shop, within: Within) -> Ended:
    """Have the shop take a code as a coupon, or take it no more, as it now stands here."""
    said = within(lambda: coupons.standing(errand.subject, shop.shop_id))
    if said is None:
        return NOTHING
    if said.drop:
        if shop.connector.drop_coupon(shop.access, said.code):
            within(lambda: carts.removed(shop.shop_id, errand.subject))
        return NOTHING
    if said.wanted is None:
        shop.connector.stop_coupon(shop.access, said.code)
        return None, said.again_at
    made = shop.connector.put_coupon(shop.access, said.wanted)
    return (None if made else "coupon_of_the_shop"), said.again_at


def thank(errand: Errand, shop: Shop, within: Within) -> Ended:
    """Take the word of a visitor for whose order one is, once the shop has proved that he made it."""
    order, key, click = (str(errand.said[name]) for name in ("order", "key", "click"))
    if not shop.connector.proved(shop.access, order, key):
        return "not_proved", None
    found = shop.connector.fetch(shop.access, order)
    if found is not None:
        body = json.dumps({**json.loads(found.body), "click": click}, ensure_ascii=False).encode()
        within(lambda: inbox.keep(shop.connection_id, found.topic, [body]))
    return NOTHING


def leave(errand: Errand, shop: Shop, within: Within) -> Ended:
    """Remove our hooks from a shop that was closed here, and forget its keys."""
    del errand
    try:
        shop.connector.take_down(shop.access)
    except ShopError as error:
        if error.later:
            raise
    within(lambda: connections.forget(shop.connection_id))
    return NOTHING


def carry(errand: Errand, shop: Shop, within: Within) -> Ended:
    """Carry out an errand; what writes into the shop waits for the end of a shadow month."""
    if errand.kind in WRITES and WRITES[errand.kind] not in shop.connector.offers:
        return NOTHING
    if errand.kind in WRITES and within(in_shadow):
        return None, clock.wall() + HELD
    return CARRY[errand.kind](errand, shop, within)


WRITES = {"card": CARD, "group": GROUPS, "coupon": COUPONS}
CARRY: Mapping[str, Callable[[Errand, Shop, Within], Ended]] = {
    "fetch": fetch,
    "card": write_card,
    "group": write_group,
    "coupon": make_coupon,
    thanks.KIND: thank,
    connections.LEAVE: leave,
}
