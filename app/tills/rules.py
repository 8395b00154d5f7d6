"""Kinds of tills, what a cashier asks for, and how a receipt is named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.orders.rules import Customer, Line, Snapshot
from app.orders.rules.message import parse_quantity

if TYPE_CHECKING:
    from datetime import datetime

ONE = parse_quantity("1")
LONGEST_NAME, LONGEST_PLACE = 100, 200
_RECEIPT = re.compile(r"rc_[0-9a-z]{16}", re.ASCII)


class Kind(StrEnum):
    """What stands where sales are made."""

    REGISTER = "register"  # a cash register
    POINT = "point"  # a point of sale, without a register of its own
    WORKPLACE = "workplace"  # somebody's desk: orders by phone


class Way(StrEnum):
    """What the customer wants of the receipt."""

    EARN = "earn"
    SPEND = "spend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A receipt as a cashier says it. Sums in minor units; `spend` None: as much as may be.

    `receipt` names it: said twice it is one. `customer`: the shop's id; None: nobody's.
    """

    receipt: str
    amount: int
    way: Way = Way.EARN
    spend: int | None = None
    customer: str | None = None
    code: str | None = None


def is_receipt(text: str) -> bool:
    """Whether a text can name a receipt of ours."""
    return _RECEIPT.fullmatch(text) is not None


def number_of(receipt: str) -> str:
    """Return what people call a receipt: the last six signs, in capitals."""
    return receipt[-6:].upper()


def snapshot(sale: Sale, spend: int, till: str, currency: str, at: datetime) -> Snapshot:
    """Return a sale as an order that is paid and handed over, of one line."""
    return Snapshot(
        status="completed",
        currency=currency,
        created_at=at,
        number=number_of(sale.receipt),
        updated_at=at,
        customer=Customer(id=sale.customer),
        lines=(Line(id="1", quantity=ONE, amount=sale.amount),),
        paid_at=at,
        completed_at=at,
        till=till,
        partner_code=sale.code,
        bonus_spend=spend,
    )
