"""Carts for programs: what may be paid in bonuses, and bonuses reserved for an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g, request
from flask_babel import gettext as _

from app import clock
from app.checkout import service
from app.checkout.rules import rows_from_json
from app.checkout.schemas import CaptureIn, HoldIn, HoldOut, QuoteIn, QuoteOut
from app.earnings import service as earnings
from app.errors import DomainError, FieldError
from app.intake import service as intake
from app.members import queries as members
from app.money import to_decimal_string
from app.orders.api import read, rows_of
from app.site.access import body_may_be_absent, requires

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.checkout.rules import Bound, Cart
    from app.checkout.service import Reserved
    from app.orders.rules import Snapshot
    from app.orders.service import Standing
    from app.receipts.rules import Quoted

bp = APIBlueprint("checkout", __name__, url_prefix="", tag="Bonuses")


@bp.post("/quotes")
@bp.input(QuoteIn)
@bp.output(QuoteOut)
@requires("orders", also="read")
def quote(json_data: QuoteIn) -> dict[str, Any]:
    """Say what of a cart may be paid in bonuses and partner money, and how a wish lies on it. Writes nothing."""
    snapshot = snapshot_of(json_data.model_dump(exclude_none=True), request.get_json().get("lines"))
    found, currency = service.quote(g.shop_id, snapshot, earned, narrowed), g.tenant.currency
    sums = {
        "balance": found.balance,
        "max_spend": found.quoted.most,
        "spend": found.quoted.spend,
        "earn": found.earn,
        "payable": found.payable,
        "consideration": found.laid.receipt.consideration,
        "balance_partner": found.money_balance,
        "max_spend_partner": found.money_most,
        "spend_partner": found.money,
    }
    laid = found.laid
    paid = [share + money for share, money in zip(laid.shares, laid.moneys, strict=True)]
    names = [one.line for one in laid.goods]
    return {
        "member": json_data.member,
        **{name: to_decimal_string(amount, currency) for name, amount in sums.items()},
        "lines": _lines(zip(names, paid, strict=True), currency),
        "receipt": rows_of(laid.receipt.rows, currency),
        "reasons": service.reasons(found.bounds, currency),
    }


def earned(snapshot: Snapshot, member_id: int | None, _cart: Cart, quoted: Quoted) -> int:
    """Return what a cart of the request's shop would earn, as rules of bonuses say."""
    return earnings.foreseen_cart(g.tenant, g.shop_id, snapshot, member_id, quoted)


def narrowed(order: Standing) -> Sequence[Bound]:
    """Return what rules of paying let be paid of an order."""
    return earnings.bounds(g.tenant, order)


@bp.post("/holds")
@bp.input(HoldIn)
@bp.output(HoldOut, status_code=201)
@requires("orders")
def hold(json_data: HoldIn) -> dict[str, Any]:
    """Reserve bonuses, or partner money, for a while; a new hold for the same order replaces an open one."""
    if json_data.member is None:
        raise _invalid("member", _("This is required."))
    if json_data.spend is None and json_data.spend_partner is None:
        raise _invalid("spend", _("This is required."))
    snapshot = snapshot_of(json_data.model_dump(exclude_none=True), request.get_json().get("lines"))
    return _hold(service.hold(g.shop_id, snapshot, json_data.order, narrowed))


@bp.post("/holds/<string:public_id>/capture")
@bp.input(CaptureIn)
@bp.output(HoldOut)
@requires("orders")
@body_may_be_absent
def capture(public_id: str, json_data: CaptureIn) -> dict[str, Any]:
    """Spend what was reserved; 409 when it was let go. The body may name the order."""
    intake.in_turn()
    found = service.capture(g.shop_id, _name(public_id), json_data.order)
    if found.order_id is not None:
        intake.rework([found.order_id])
    return _hold(found)


@bp.post("/holds/<string:public_id>/void")
@bp.output(HoldOut)
@requires("orders")
def void(public_id: str) -> dict[str, Any]:
    """Let go what was reserved; 409 when it was spent."""
    return _hold(service.void(g.shop_id, _name(public_id)))


def _name(public_id: str) -> str:
    return public_id[:100].replace("\x00", "")


def snapshot_of(said: dict[str, Any], lines: Any) -> Snapshot:
    """Read a cart as an order of now, its lines as they were sent; complaints name the cart's own fields."""
    body = {
        "status": "new",
        "currency": g.tenant.currency,
        "created_at": clock.now().isoformat(),
        "customer": {"id": said.get("member")},
        "lines": lines or [],
        "bonus": {"spend": said.get("spend"), "spend_partner": said.get("spend_partner")},
    }
    try:
        return read(body | {name: said[name] for name in ("shipping", "fees") if name in said})
    except DomainError as error:
        errors = (FieldError(one.field.removeprefix("bonus."), one.message) for one in error.errors)
        raise DomainError(error.code, _("The cart cannot be taken as it is."), *errors) from error


def _lines(shares: Iterable[Iterable[Any]], currency: str) -> list[dict[str, str]]:
    return [
        {"line": name, "discount": to_decimal_string(share, currency)} for name, share in shares
    ]


def _hold(found: Reserved) -> dict[str, Any]:
    row, currency = found.row, g.tenant.currency
    member = members.by_id(row.member_id)
    return {
        "id": row.public_id,
        "state": found.state,
        "member": member.key.removeprefix("id:") if member else "",
        "order": row.order_key,
        "spend": to_decimal_string(row.amount, currency),
        "spend_partner": to_decimal_string(row.money, currency),
        "expires_at": found.until,
        "lines": _lines(row.lines or [], currency),
        "receipt": rows_of(rows_from_json(row.rows or []), currency),
    }


def _invalid(field: str, message: str) -> DomainError:
    return DomainError("invalid", message, FieldError(field, message))
