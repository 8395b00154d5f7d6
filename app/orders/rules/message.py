"""One message of a shop: a whole snapshot of the order, its worth, its place among others."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, NamedTuple

from pydantic import PlainSerializer, TypeAdapter

from app.money import MoneyError, half_up

_QUANTITY = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


class State(StrEnum):
    """Our word for where an order stands, weakest first: the rank breaks ties between messages."""

    REGISTERED = "registered"
    AGREED = "agreed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"

    @property
    def rank(self) -> int:
        """1 for registered up to 5 for refunded; an unmapped word has 0."""
        return _RANKS[self]


_RANKS = {state: rank for rank, state in enumerate(State, start=1)}


def _write_instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()


def _write_quantity(quantity: Decimal) -> str:
    return format(quantity.normalize(), "f")


# Equal instants and equal quantities are written alike, so that equal messages have equal hashes.
Instant = Annotated[datetime, PlainSerializer(_write_instant, return_type=str)]
Quantity = Annotated[Decimal, PlainSerializer(_write_quantity, return_type=str)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who bought, in the shop's words; a guest has no id."""

    id: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of the order, minor units; worth its amount, else price x quantity - discount."""

    id: str
    quantity: Quantity
    product: str | None = None
    name: str | None = None
    category: str | None = None
    price: int | None = None
    discount: int = 0
    amount: int | None = None
    tax: int = 0
    promo: bool | None = None
    supplier: str | None = None
    brand: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLine:
    """What was given back for a line, in line value (minor units); without amount, by quantity."""

    line: str
    quantity: Quantity | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One refund: by lines, or by sum alone (minor units)."""

    id: str
    lines: tuple[RefundLine, ...] = ()
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerData:
    """Staff's word from the shop's order card."""

    promo_code: str | None = None
    refcode: str | None = None
    terms: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The order as a shop describes it in one message. All sums in minor units of `currency`."""

    status: str
    currency: str
    created_at: Instant
    number: str | None = None
    version: int | None = None
    updated_at: Instant | None = None
    site: str | None = None
    customer: Customer = Customer()
    lines: tuple[Line, ...] = ()
    shipping: int = 0
    fees: int = 0
    coupons: tuple[str, ...] = ()
    paid_at: Instant | None = None
    completed_at: Instant | None = None
    till: str | None = None
    click: str | None = None
    ref: str | None = None
    entry: str | None = None
    partner_code: str | None = None
    partner_data: PartnerData | None = None
    bonus_spend: int = 0
    partner_spend: int = 0  # of the customer's partner money
    bonus_hold: str | None = None  # the hold whose coupon took the bonuses off in the shop's cart
    refunds: tuple[Refund, ...] = ()
    unproven: bool = False  # anybody may have said it: it counts until the first proven word


_SNAPSHOT = TypeAdapter(Snapshot)


def snapshot_to_json(snapshot: Snapshot) -> dict[str, Any]:
    """Write the canonical form that is stored and hashed; messages of before a field was keep their hash."""
    written: dict[str, Any] = _SNAPSHOT.dump_python(snapshot, mode="json")
    if not snapshot.partner_spend:
        del written["partner_spend"]
    if not snapshot.unproven:
        del written["unproven"]
    if snapshot.bonus_hold is None:
        del written["bonus_hold"]
    for line in written["lines"]:
        if line["brand"] is None:
            del line["brand"]
    return written


def snapshot_from_json(stored: dict[str, Any]) -> Snapshot:
    """Read what snapshot_to_json wrote."""
    return _SNAPSHOT.validate_python(stored)


def body_hash(snapshot: Snapshot) -> str:
    """SHA-256 (hex) of the canonical form: the same content has the same hash."""
    text = json.dumps(
        snapshot_to_json(snapshot), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def parse_quantity(text: str) -> Decimal:
    """Read an API quantity ("2", "0.350"): up to 12 digits and 6 decimals. Raises MoneyError."""
    if _QUANTITY.fullmatch(text) is None:
        raise MoneyError("not_a_number")
    return Decimal(text)


def line_value(line: Line) -> int:
    """Return minor units: the line's amount, else price x quantity - discount, half up."""
    if line.amount is not None:
        return line.amount
    return half_up((line.price or 0) * Fraction(line.quantity)) - line.discount


def refund_line_value(part: RefundLine, line: Line) -> Fraction:
    """Return what is taken from the line, minor units, exactly: the amount, else by quantity."""
    if part.amount is not None:
        return Fraction(part.amount)
    if not line.quantity:
        return Fraction(0)
    return line_value(line) * Fraction(part.quantity or 0) / Fraction(line.quantity)


def goods_total(snapshot: Snapshot) -> int:
    """Sum of the line values, minor units."""
    return sum(line_value(line) for line in snapshot.lines)


def order_total(snapshot: Snapshot) -> int:
    """Lines, shipping and fees before refunds, minor units: what refunds never exceed."""
    return goods_total(snapshot) + snapshot.shipping + snapshot.fees


def refund_total(snapshot: Snapshot) -> int:
    """Sum of all refunds, minor units; those by quantity rounded half up per line of a refund."""
    by_id = {line.id: line for line in snapshot.lines}
    total = 0
    for refund in snapshot.refunds:
        if not refund.lines:
            total += refund.amount or 0
        for part in refund.lines:
            if part.line in by_id:
                total += half_up(refund_line_value(part, by_id[part.line]))
    return total


class MessageKey(NamedTuple):
    """The one order among messages of an order; the greatest is the latest word."""

    version: int
    at: Instant
    rank: int
    refunds: int
    refunded: int
    hash: str


_KEY = TypeAdapter(MessageKey)


def key_from_json(stored: Any) -> MessageKey:
    """Read a key as a fold is stored with it."""
    return _KEY.validate_python(stored)


@dataclass(frozen=True)
class Message:
    """A snapshot as it came in: when, and what its word meant by the shop's map at that time."""

    snapshot: Snapshot
    received_at: datetime
    state: State | None

    @cached_property
    def key(self) -> MessageKey:
        """Version, else 0; updated_at, else receipt; rank; number and sum of refunds; hash."""
        said = self.snapshot
        return MessageKey(
            version=said.version or 0,
            at=(said.updated_at or self.received_at).astimezone(UTC),
            rank=self.state.rank if self.state else 0,
            refunds=len(said.refunds),
            refunded=refund_total(said),
            hash=body_hash(said),
        )
