"""PrestaShop's words: what `gathering` keeps of an order, read as a snapshot. Nothing is ever sent to us."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.carts.rules import Seen
from app.intake.shops import Nothing, OrderGone, OrderSaid, Said, Unreadable, Written
from app.intake.shops.figures import figure, read_json
from app.intake.shops.prestashop import note
from app.intake.shops.prestashop.discounts import Goods, Voucher, reconciled, spread
from app.intake.shops.prestashop.shapes import amount
from app.money import exponent, half_up, split
from app.orders.rules import (
    Customer,
    Line,
    Refund,
    RefundLine,
    Snapshot,
    clamp_refunds,
    line_value,
    problems,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

kind: str = "prestashop"
words: Mapping[str, str] = {}  # each shop has states of its own, by number: `states` suggests
BAD = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)
SLACK = 2  # minor units by which the shop's own totals of an order may differ from one another, and a row


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Return False: the shop never calls, so whoever does is not the shop."""
    del headers, body, secret
    return False


def topic(headers: Mapping[str, str]) -> str:
    """Return "": the shop never calls."""
    del headers
    return ""


def parse(topic: str, body: bytes, currency: str) -> Said:
    """Read an order that we asked for."""
    if not topic.startswith("order."):
        return Nothing()
    external_id = None
    try:
        said = read_json(body)
        external_id = str(said["order"]["id"])
        if said["order"].get("gone"):
            return OrderGone(external_id)
        snapshot = _snapshot(said, currency)
        seen = _seen(said, snapshot, currency) if snapshot.coupons else None
        typed = note.read(said["order"].get("note") or "")
    except BAD as error:
        msg = f"no order of this shop: {type(error).__name__}: {error}"
        raise Unreadable(msg, external_id) from error
    return OrderSaid(external_id, snapshot, written(typed), seen=seen)


def _seen(said: dict[str, Any], snapshot: Snapshot, currency: str) -> Seen:
    """Return what each voucher took off, and all of them from each row as we spread them."""
    sums = {each["code"]: _minor(each["value"], currency) for each in said["vouchers"]}
    before = {str(row["id"]): _before(row, currency) for row in said["order"]["rows"]}
    cuts = {line.id: max(before[line.id] - line_value(line), 0) for line in snapshot.lines}
    return Seen(sums, cuts)


def _before(row: dict[str, Any], currency: str) -> int:
    return _minor(amount(row["unit"]) * figure(row["quantity"]), currency)


def written(typed: Mapping[str, str]) -> Written:
    """Return what stands in a note where staff may type."""
    return Written(*(typed.get(name) or None for name in ("promo_code", "refcode", "terms")))


def _snapshot(said: dict[str, Any], currency: str) -> Snapshot:
    order = said["order"]
    if said["currency"] != currency:
        msg = f"the order is in {said['currency']}, the merchant's currency is {currency}"
        raise Unreadable(msg)
    lines, shipping, wrapping = _lines(said, currency)
    back = sum(_minor(each["shipping"], currency) for each in said["slips"])
    times = {name: _instant(text) for name, text in said["times"].items()}
    created = times["created"]
    if created is None:
        msg = "no date"
        raise ValueError(msg)
    snapshot = Snapshot(
        status=str(order["current_state"]),
        currency=currency,
        number=str(order["reference"]),
        created_at=created,
        updated_at=times["updated"],
        customer=Customer(**{name: text or None for name, text in said["customer"].items()}),
        lines=lines,
        shipping=max(shipping - back, 0),
        fees=wrapping,
        coupons=tuple(each["code"] for each in said["vouchers"] if each["code"]),
        paid_at=times["paid"],
        click=said.get("click") or None,
        refunds=_refunds(said["slips"], currency),
    )
    clamped, _changed = clamp_refunds(snapshot)
    found = problems(clamped)
    if found:
        msg = ", ".join(f"{problem.field}: {problem.code}" for problem in found)
        raise Unreadable(msg)
    return clamped


def _lines(said: dict[str, Any], currency: str) -> tuple[tuple[Line, ...], int, int]:
    """Return rows as they were sold, after vouchers and with tax, and what remains of shipping and wrapping."""
    order = said["order"]
    rows = [each for each in order["rows"] if figure(each["quantity"]) > 0]
    quantities = [figure(each["quantity"]) for each in rows]
    units = [figure(each["unit"]) for each in rows]
    exact = [_minor(unit * count, currency) for unit, count in zip(units, quantities, strict=True)]
    known = reconciled(exact, _minor(order["total_products_wt"], currency), int(sum(quantities)))
    goods = [
        Goods(sum_, int(each["product"] or 0), _minor(each["unit"], currency))
        for sum_, each in zip(known, rows, strict=True)
    ]
    shipping = _minor(order["total_shipping_tax_incl"], currency)
    wrapping = _minor(order["total_wrapping_tax_incl"], currency)
    off = _off(order, sum(known) + shipping + wrapping, len(rows), currency)
    left = spread(goods, shipping, wrapping, _vouchers(said, currency), off)
    lines = tuple(
        _line(row, unit * count, sum_)
        for row, unit, count, sum_ in zip(rows, units, quantities, left.rows, strict=True)
    )
    return lines, left.shipping, left.wrapping


def _off(order: dict[str, Any], whole: int, rows: int, currency: str) -> int:
    """Return what vouchers take off, so that the rest is what the shop asks to be paid, to the last cent."""
    said = _minor(order["total_discounts_tax_incl"], currency)
    asked = _minor(order["total_paid_tax_incl"], currency)
    return whole - asked if abs(whole - said - asked) <= rows + SLACK else said


def _vouchers(said: dict[str, Any], currency: str) -> list[Voucher]:
    found = []
    for each in said["vouchers"]:
        only = each["product"] if each["product"] not in {"", "0"} else each["gift"] or "0"
        product = int(only) if only.lstrip("-").isdecimal() else 0
        found.append(Voucher(_minor(each["value"], currency), each["free_shipping"], product))
    return found


def _line(row: dict[str, Any], before: Decimal, left: int) -> Line:
    without = amount(row["unit_without_tax"]) * figure(row["quantity"])
    tax = Decimal(0) if before <= 0 else left * max(before - without, Decimal(0)) / before
    return Line(
        id=str(row["id"]),
        product=row["product"] or None,
        name=row["name"] or None,
        quantity=figure(row["quantity"]),
        amount=left,
        tax=half_up(tax) if row["unit_without_tax"] else 0,
        promo=True if row["promo"] else None,
    )


def _refunds(slips: list[dict[str, Any]], currency: str) -> tuple[Refund, ...]:
    """Read part refunds: by row where they name rows, else by their sum.

    Where the shop kept the voucher's part back, the rows still say the whole: they are cut to what was paid.
    """
    found = []
    for each in sorted(slips, key=lambda slip: int(slip["id"])):
        whole = _minor(each["amount"], currency)
        if whole <= 0:
            continue
        parts = [(p["line"], _minor(p["amount"], currency)) for p in each["lines"]]
        parts = [(line, sum_) for line, sum_ in parts if line and sum_ > 0]
        if not parts:
            found.append(Refund(id=each["id"], amount=whole))
            continue
        sums = split(whole, [sum_ for _line, sum_ in parts])
        lines = [RefundLine(line=p[0], amount=s) for p, s in zip(parts, sums, strict=True)]
        found.append(Refund(id=each["id"], lines=tuple(lines)))
    return tuple(found)


def _minor(value: Any, currency: str) -> int:
    """Read a sum of six decimals: half up."""
    return half_up(amount(value).scaleb(exponent(currency)))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
