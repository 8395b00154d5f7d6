"""A customer's bonuses become a code of the shop's cart, and bonuses again. By the widget's token alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, g, make_response
from flask_babel import force_locale
from flask_babel import gettext as _

from app.carts import service
from app.checkout.api import narrowed
from app.crypto import Unsealable
from app.errors import Conflict, DomainError
from app.extensions import csrf, limiter
from app.intake.shops import carts, connections
from app.jobs.work import in_transaction
from app.orders.rules import line_value
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.errors import problem
from app.widget.public import (
    asked,
    cart_of,
    language_of,
    open_to_shops,
    shown,
    stand_alone,
    who_asks,
)

if TYPE_CHECKING:
    from app.intake.shops import CouponWanted
    from app.intake.shops.connections import Shop
    from app.orders.rules import Snapshot

bp = Blueprint("carts", __name__, url_prefix="/w")
bp.before_request(stand_alone)
bp.after_request(open_to_shops)

PER_CUSTOMER = 5  # a second


@bp.route("/<merchant>/discount", methods=["POST", "OPTIONS"])
@limiter.limit("120/minute")
@requires("anyone")
def make() -> Response:
    """Hold the bonuses, and have the shop make a code of just that sum for this customer and cart.

    The shop is asked between two transactions; what it does not do is let go at once.
    """
    who = who_asks(PER_CUSTOMER)
    if isinstance(who, Response):
        return who
    body, lines = asked()
    g.shop_id, shop_id = who.shop_id, who.shop_id
    with force_locale(language_of(body.lang)):
        if not tenants.setting("loyalty"):
            raise DomainError("no_loyalty", _("Bonuses are not switched on."))
        cart = cart_of(who.customer, body, lines)
        goods, tenant_id = sum(line_value(line) for line in cart.lines), g.tenant.id
        begun, shop, wanted = in_transaction(partial(_begin, shop_id, cart), tenant_id)
        if shop is not None:
            found = carts.ask_for(shop, wanted)
            if in_transaction(partial(_finish, begun, found), tenant_id) is None:
                words = _("The shop cannot take a code just now. Your bonuses are free again.")
                return problem(503, words, code="shop_away", headers={"Retry-After": "30"})
        answer = in_transaction(partial(_told, begun, goods), tenant_id)
    return make_response(current_app.json.response({"coupon": answer}), 201)


@bp.route("/<merchant>/discount/<string:name>/drop", methods=["POST", "OPTIONS"])
@limiter.limit("120/minute")
@requires("anyone")
def drop(name: str) -> Response:
    """Let a code go: its bonuses are free at once, and the shop takes it no more."""
    who = who_asks(PER_CUSTOMER)
    if isinstance(who, Response):
        return who
    row = service.find(who.shop_id, who.customer, name[:100].replace("\x00", ""))
    if not carts.let_go(row) and row.state == "used":
        raise Conflict("discount_used", _("An order was placed with this code."))
    return make_response(current_app.json.response({"coupon": None}))


csrf.exempt(make)  # a signed token speaks for the customer; no browser sends it by itself
csrf.exempt(drop)


def _begin(shop_id: int, cart: Snapshot) -> tuple[int, Shop | None, Any]:
    place = carts.place(shop_id)
    shop = _opened(place.id) if place is not None else None
    row = service.begin(shop_id, place.id if place is not None else None, cart, narrowed)
    wanted: CouponWanted | None = None
    if shop is not None:
        wanted = carts.wanted(row, g.tenant.currency)
    return row.id, shop, wanted


def _opened(connection_id: int) -> Shop | None:
    try:
        shop = connections.open_shop(connection_id)
    except Unsealable:
        shop = None
    if shop is None:
        raise DomainError("no_discount", _("The shop does not offer this."))
    return shop


def _finish(coupon_id: int, found: str | None) -> int | None:
    row = carts.finish(coupon_id, found)
    return row.id if row is not None else None


def _told(coupon_id: int, goods: int) -> dict[str, Any] | None:
    row = service.get(coupon_id)
    return shown(row, goods) if row.state in {"making", "made"} else None
