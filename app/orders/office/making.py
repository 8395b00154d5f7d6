"""The back office: an order made by hand, and changed later as a newer message."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import g, request
from flask_babel import gettext as _

from app import clock
from app.catalog import queries as catalog
from app.commissions.queries import deal_view, order_of_deal
from app.errors import NotFound
from app.intake import service as intake
from app.money import Money
from app.orders.forms import MORE, ROWS, OrderForm
from app.orders.office.door import HAND, bp
from app.orders.office.lists import STATES
from app.orders.queries import is_told_once
from app.orders.rules import body_hash, folded_from_json, problems
from app.orders.service import MESSAGES, Incoming, find, read_state
from app.partners.queries import partner_of_code
from app.site.access import requires
from app.tenancy import CROCKFORD
from app.tenants import queries as tenants
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.orders.forms import Found
    from app.orders.models import Order
    from app.orders.rules import Snapshot
    from app.tenants.models import Shop

SUGGESTED = 300  # products
_KEY = re.compile(rf"[{CROCKFORD}]{{16}}")


@bp.get("/new")
@requires("manage")
def new() -> Response:
    """Offer an empty order; `?shop=` names one of several shops."""
    shop = _shop()
    key = "".join(secrets.choice(CROCKFORD) for _n in range(16))
    return _page(_offered(OrderForm(formdata=None, data={"key": key}), shop), shop)


@bp.post("/new")
@requires("manage")
def create() -> Response:
    """Take the order in as a message of the shop; sent twice, it is one."""
    shop, form = _shop(), OrderForm()
    _offered(form, shop)
    key = form.key.data or ""
    if not _KEY.fullmatch(key):
        raise NotFound
    known = _known(shop, HAND + key)
    if known is not None:
        return _show(known, _("The order is there."))
    snapshot = _read(form, shop) if form.validate_on_submit() else None
    if snapshot is None:
        return _page(form, shop, 422)
    snapshot = replace(snapshot, number=snapshot.number or f"M-{key[:6].upper()}")
    return _take(shop, HAND + key, snapshot, _("The order is there."))


@bp.get("/<string:deal>/edit")
@requires("manage")
def edit(deal: str) -> Response:
    """Show an order that staff may change: made by hand, or of a sender that tells of it only once."""
    order = order_of_deal(deal)
    if order is None:
        raise NotFound
    if not is_told_once(order.id):
        words = _("This order is the shop's: change it there.")
        return see_other("office.orders.show", deal=deal, message=words)
    shop = tenants.shop_by_id(order.shop_id) or _shop()
    said = folded_from_json(order.folded).snapshot
    return _page(
        _offered(OrderForm(formdata=None, data=_typed(said)), shop), shop, order=order, deal=deal
    )


@bp.post("/<string:deal>/edit")
@requires("manage")
def change(deal: str) -> Response:
    """Take in the order as it now stands: a newer message, with what it makes due."""
    order, form = _by_hand(deal), OrderForm()
    shop = tenants.shop_by_id(order.shop_id) or _shop()
    _offered(form, shop)
    before = folded_from_json(order.folded).snapshot
    if form.seen.data != body_hash(before):
        form.complain("", _("The order was changed meanwhile. Look at it again."))
        return _page(form, shop, 409, order, deal)
    snapshot = _read(form, shop, before) if form.validate_on_submit() else None
    if snapshot is None:
        return _page(form, shop, 422, order, deal)
    return _take(shop, order.external_id, snapshot, _("Saved."))


def _take(shop: Shop, external_id: str, snapshot: Snapshot, words: str) -> Response:
    known = tenants.words(shop.id)
    applied = intake.apply(
        Incoming(
            shop_id=shop.id,
            external_id=external_id,
            snapshot=snapshot,
            state=read_state(snapshot.status, known.words),
            map_version=known.version,
            source="staff",
            received_at=clock.now(),
        )
    )
    return _show(applied.order.id, words)


def _known(shop: Shop, external_id: str) -> int | None:
    """Return the order that was made by the same form before."""
    try:
        return find(shop.id, external_id).id
    except NotFound:
        return None


def _show(order_id: int, words: str) -> Response:
    view = deal_view(order_id)
    if view is None:
        raise LookupError("an order that was taken in has a verdict")
    return see_other("office.orders.show", deal=view.deal.public_id, message=words)


def _read(form: OrderForm, shop: Shop, before: Snapshot | None = None) -> Snapshot | None:
    def look_up(typed: str) -> Found:
        product = catalog.product_said(shop.id, typed)
        return (
            (product.external_id, product.name, product.price) if product else (None, typed, None)
        )

    code = (form.code.data or "").strip()
    if code and not partner_of_code([code]):
        form.complain("code", _("No partner has this code."))
    snapshot = form.snapshot(g.tenant.currency, look_up, before)
    for problem in problems(snapshot) if snapshot else ():
        form.complain("lines", str(MESSAGES[problem.code]))
        snapshot = None
    return snapshot


def _typed(said: Snapshot) -> dict[str, Any]:
    """Return what the form shows of an order."""
    currency, customer = said.currency, said.customer
    lines = [
        {"product": line.product or line.name, "quantity": f"{line.quantity.normalize():f}",
         "price": Money(line.price or 0, currency)}
        for line in said.lines
    ]  # fmt: skip
    discount = sum(line.discount for line in said.lines)
    return {
        "number": said.number,
        "at": said.created_at,
        "status": said.status,
        "customer_id": customer.id,
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "group": customer.group,
        "code": said.partner_data.promo_code if said.partner_data else None,
        "coupons": ", ".join(said.coupons),
        "lines": lines + [{}] * max(MORE, ROWS - len(lines)),
        "discount": Money(discount, currency) if discount else None,
        "shipping": Money(said.shipping, currency) if said.shipping else None,
        "seen": body_hash(said),
    }


def _by_hand(deal: str) -> Order:
    order = order_of_deal(deal)
    if order is None or not is_told_once(order.id):
        raise NotFound
    return order


def _shop() -> Shop:
    shops, asked = tenants.shops(), request.args.get("shop")
    found = [shop for shop in shops if asked in {None, shop.public_id}]
    if not found:
        raise NotFound
    return found[0]


def _offered(form: OrderForm, shop: Shop) -> OrderForm:
    meaning = dict(STATES)
    words = tenants.words(shop.id).words
    return form.offer((word, meaning[state]) for word, state in words.items())


def _page(
    form: OrderForm,
    shop: Shop,
    status: int = 200,
    order: Order | None = None,
    deal: str | None = None,
) -> Response:
    return page(
        "orders/office/making.html",
        status=status,
        form=form,
        shop=shop,
        shops=tenants.shops(),
        order=order,
        deal=deal,
        products=catalog.offered(shop.id, "", SUGGESTED),
    )
