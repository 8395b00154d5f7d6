"""PUT, GET and DELETE of an order as it now stands, by the shop's own id."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g, request
from flask_babel import gettext

from app import clock
from app.carts import service as carts
from app.carts.service import Ask
from app.checkout import queries as bonuses
from app.checkout import service as checkout
from app.commissions import explain
from app.commissions.queries import DealView, ShareRow, deal_view
from app.earnings import service as earnings
from app.errors import DomainError, Forbidden, NotFound
from app.facts import service as facts
from app.intake import service as intake
from app.money import to_decimal_string
from app.orders import rules, service
from app.orders.schemas import OrderIn, OrderOut
from app.site.access import requires
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.orders.service import Standing
    from app.receipts.rules import Row

bp = APIBlueprint("orders", __name__, url_prefix="/orders", tag="Orders")


@bp.put("/<path:external_id>")
@bp.input(OrderIn, location="json", validation=False)
@bp.output(OrderOut)
@requires("orders")
def put(external_id: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Say how an order now stands: a whole snapshot; the newest by version and time wins."""
    snapshot = read(request.get_json())
    _own(external_id)
    words = tenants.words(g.shop_id)
    [(snapshot, noted)] = carts.understand([Ask(g.shop_id, check_id(external_id), snapshot)])
    incoming = service.Incoming(
        shop_id=g.shop_id,
        external_id=external_id,
        snapshot=snapshot,
        state=service.read_state(snapshot.status, words.words),
        map_version=words.version,
        source="api",
        received_at=clock.now(),
    )
    checkout.check(incoming, partial(earnings.bounds, g.tenant))
    applied = intake.apply(incoming)
    if applied.changed:
        checkout.insist(incoming, applied.order)
    carts.note([noted])
    return answer(applied.order)


@bp.get("/<path:external_id>")
@bp.output(OrderOut)
@requires("orders")
def show(external_id: str) -> dict[str, Any]:
    """Return an order with its partner deal."""
    _own(external_id)
    return answer(service.find(g.shop_id, external_id))


@bp.delete("/<path:external_id>")
@bp.output(OrderOut)
@requires("orders")
def delete(external_id: str) -> dict[str, Any]:
    """Say that the shop deleted the order: it is cancelled, until a later message revives it."""
    _own(external_id)
    return answer(intake.delete(g.shop_id, external_id))


def _own(external_id: str) -> None:
    """Keep the key of a till to orders of that till. Raises Forbidden."""
    if g.get("till") is None:
        return
    try:
        found = service.find(g.shop_id, external_id)
    except NotFound:
        return  # whoever calls says it, or makes it
    if found.folded.snapshot.till != g.till:
        raise Forbidden("till_key", gettext("This order was not made at this till."))


def check_id(external_id: str) -> str:
    """Refuse ids that no shop has: too long, or with characters that no text can hold.

    Slashes belong to the id, but for one at the end, which belongs to a mistyped address.
    """
    if external_id.endswith("/"):
        raise NotFound
    # What was no UTF-8 in the address reads as U+FFFD: two such ids would be one order.
    if len(external_id) > 128 or "\x00" in external_id or "\ufffd" in external_id:
        raise DomainError("invalid", gettext("The id must have 1 to 128 characters."))
    return external_id


def read(body: Any) -> rules.Snapshot:
    """Turn a request body into a sound snapshot in minor units; raises DomainError naming the fields."""
    return service.read_body(body, g.tenant.currency, till=g.get("till"))


def answer(order: Standing) -> dict[str, Any]:
    """Return an order's external id and state with its deal, or the reason why there is none."""
    with facts.remembered():
        return _answer(order)


def _answer(order: Standing) -> dict[str, Any]:
    view = deal_view(order.id)
    said = order.folded.snapshot
    return {
        "id": order.external_id,
        "number": said.number or order.external_id,
        "status": said.status,
        "state": order.folded.state.value,
        "deal": deal_of(view) if view and view.partner else None,
        "reason": view.deal.reason if view else None,
        "reason_text": explain.nothing(view.deal.reason) if view and view.deal.reason else None,
        "bonus": bonus_of(order, earnings.foreseen(g.tenant, order))
        if tenants.setting("loyalty")
        else None,
    }


def bonus_of(order: Standing, earn: int = 0) -> dict[str, Any]:
    """Return what an order spent in bonuses and earns, and the rows of its receipt as it was sold."""
    paid, currency = bonuses.paid(order), order.folded.snapshot.currency
    return {
        "spent": to_decimal_string(paid.spent, currency),
        "spent_partner": to_decimal_string(paid.money, currency),
        "held": to_decimal_string(paid.held, currency),
        "earn": to_decimal_string(earn, currency),
        "consideration": to_decimal_string(paid.consideration, currency),
        "receipt": rows_of(paid.rows, currency),
    }


def rows_of(rows: Iterable[Row], currency: str) -> list[dict[str, str]]:
    """Return rows of a receipt as answers carry them; `amount` only where it is not price x quantity.

    That happens with weighed goods: a cash register then takes the sum of the row as it is.
    """
    return [
        {
            "line": row.line,
            "quantity": f"{row.quantity.normalize():f}",
            "price": to_decimal_string(row.price, currency),
        }
        | (
            {"amount": to_decimal_string(row.amount, currency)}
            if row.amount != row.price * row.quantity
            else {}
        )
        for row in rows
    ]


def _why(view: DealView, row: ShareRow) -> str:
    """Return why a share is what it is, and that it waits where the fraud desk holds it."""
    said = explain.share(row, explain.api_money(view.deal.currency))
    waits = view.held and row.bucket == "pending"
    return f"{said} {explain.ENDINGS['held']}" if waits else said


def _review(view: DealView) -> str | None:
    """Return how the deal stands with the fraud desk: held, refused, or None."""
    said = {note["reason"] for note in view.deal.notes}
    return next((word for word in ("held", "refused") if word in said), None)


def deal_of(view: DealView) -> dict[str, Any]:
    """Return a deal as answers carry it: the six partner fields and the shares with why."""
    deal, partner = view.deal, view.partner
    if partner is None:
        raise LookupError("a deal without a partner is not shown")
    return {
        "id": deal.public_id,
        "state": deal.state,
        "partner": {"refcode": partner.refcode, "name": partner.name},
        "promo_code": deal.promo_code,
        "refcode": partner.refcode,
        "terms": deal.terms_label,
        "commission": to_decimal_string(deal.commission, deal.currency),
        "available_at": deal.available_at.isoformat() if deal.available_at else None,
        "review": _review(view),
        "shares": [
            {
                "level": row.level,
                "refcode": row.refcode,
                "amount": to_decimal_string(row.amount, deal.currency),
                "bucket": row.bucket,
                "why": _why(view, row),
                "by_hand": explain.reason_by_hand(row),
            }
            for row in view.shares
        ],
    }
