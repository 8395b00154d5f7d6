"""What a credit slip of a PrestaShop gave back, with tax. Pure.

A slip's own sums of goods are those of its rows at their full price. What was really given back is another sum
where staff chose one, or kept back what the order's vouchers had taken off.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.intake.shops.prestashop.shapes import amount, number, parts, words

if TYPE_CHECKING:
    from collections.abc import Mapping

LESS_VOUCHERS = "1"  # the type of a slip that says of itself that the vouchers were kept back
CENT = Decimal("0.01")
Row = dict[str, Any]


def slip_of(said: Mapping[str, Any], off: Decimal, *, untaxed: bool) -> Row:
    """Read a slip; `off`: what vouchers took off its order, `untaxed`: its buyer's group sees prices without tax."""
    lines = [
        {"line": number(each.get("id_order_detail")), "amount": words(each["amount_tax_incl"])}
        for each in parts(said, "order_slip_details")
    ]
    shipping = amount(said.get("total_shipping_tax_incl"))
    return {
        "id": number(said["id"]),
        "amount": str(_goods(said, off, untaxed=untaxed)),
        "shipping": str(shipping or amount(said.get("shipping_cost_amount"))),
        "lines": lines,
    }


def _goods(said: Mapping[str, Any], off: Decimal, *, untaxed: bool) -> Decimal:
    with_tax, without = (
        amount(said.get(f"total_products_tax_{name}")) for name in ("incl", "excl")
    )
    given = amount(said.get("amount"))
    if not with_tax:  # an older version says it in the rows only, or not at all
        return _of_rows(said, "incl") or given
    if not given:
        return with_tax
    if _differ(given, with_tax) and _differ(given, without):
        return given * with_tax / without if untaxed and without > 0 else given
    if not _differ(given, with_tax) and _less_vouchers(said, without, off):
        return max(with_tax - off, Decimal(0))
    return with_tax


def _less_vouchers(said: Mapping[str, Any], without: Decimal, off: Decimal) -> bool:
    """Whether the vouchers were kept back, which the shop takes off the sum without tax alone.

    A slip with shipping says of itself that its sum was chosen, whatever was.
    """
    if words(said.get("order_slip_type")) == LESS_VOUCHERS:
        return True
    rows = parts(said, "order_slip_details")
    gap = _of_rows(said, "excl") - without
    return off > 0 and gap > 0 and abs(gap - off) <= CENT * (len(rows) + 1)


def _of_rows(said: Mapping[str, Any], tax: str) -> Decimal:
    rows = parts(said, "order_slip_details")
    return sum((amount(each.get(f"amount_tax_{tax}")) for each in rows), Decimal(0))


def _differ(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) >= CENT / 2
