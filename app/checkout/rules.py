"""What an order pays in bonuses as it now stands. Pure.

An order's lines and the wish to spend make one version of its bonuses: the shares of its lines and the
rows of its receipt, never changed later. What of them is due shrinks with refunds, to nothing when
the order is cancelled.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any

from app.orders.rules import SHIPPING_LINE, State, line_value, refunded
from app.receipts.rules import (
    Goods,
    Limits,
    Mode,
    Quoted,
    Row,
    allowance,
    given_back,
    laid,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.bonuses.rules import Program
    from app.orders.rules import Folded, Snapshot

SPENDS_NOTHING = frozenset({State.CANCELLED, State.REFUNDED})
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Kind:
    """What decides whether a line may be paid in bonuses: its categories, nearest first, and promo."""

    categories: tuple[str, ...] = ()
    promo: bool = False


@dataclass(frozen=True, slots=True)
class Cart:
    """An order or a cart as bonuses see it; `other`: minor units paid in money whatever happens."""

    goods: tuple[Goods, ...]
    limits: Limits
    mode: Mode
    other: int

    @property
    def total(self) -> int:
        """Minor units to be paid without bonuses."""
        return sum(one.value for one in self.goods) + self.other

    def most(self, available: int) -> int:
        """Return what a customer with `available` bonuses may pay in them, minor units."""
        return allowance(self.goods, self.limits, available, other=self.other).most

    def laid(self, amount: int) -> Quoted:
        """Lay an allowed amount over the lines."""
        return laid(self.goods, self.limits, amount, self.mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What one rule of paying with bonuses lets be paid of a cart, beside what the program lets.

    `rule`: its name. None, empty and 1: it says nothing of that. Sums in minor units, percents of 100.
    """

    rule: str
    percent: Fraction | None = None
    categories: Mapping[str, Fraction] = field(default_factory=dict)
    step: int = 1
    minimum_cash: int = 0


def cart(
    snapshot: Snapshot,
    kinds: Mapping[str, Kind],
    program: Program,
    bounds: Sequence[Bound] = (),
) -> Cart:
    """Return what program and rules let be paid of a snapshot; `kinds` by line, nothing known: none."""
    goods = [
        Goods(
            line=line.id,
            quantity=line.quantity,
            value=line_value(line),
            categories=kinds.get(line.id, Kind()).categories,
            promo=kinds.get(line.id, Kind()).promo,
        )
        for line in snapshot.lines
    ]
    other = snapshot.shipping + snapshot.fees
    if program.shipping_spendable and snapshot.shipping:
        goods.append(Goods(line=SHIPPING_LINE, quantity=_ONE, value=snapshot.shipping))
        other = snapshot.fees
    allowed = narrowed(limits(program), bounds)
    return Cart(tuple(goods), allowed, Mode(program.receipt), other)


def limits(program: Program) -> Limits:
    """Return the program's limits of spending."""
    return Limits(
        percent=Fraction(program.spend_percent),
        minimum_cash=program.minimum_cash,
        step=program.step,
        min_unit_price=program.min_unit_price,
        category_percents={c: Fraction(p) for c, p in program.category_percents.items()},
        promo=program.promo_spendable,
    )


def narrowed(limits: Limits, bounds: Sequence[Bound]) -> Limits:
    """Return limits within which every bound holds too: nothing widens them, and their order is nothing."""
    said = [bound.percent for bound in bounds if bound.percent is not None]
    return replace(
        limits,
        percent=min([limits.percent, *said]),
        minimum_cash=max([limits.minimum_cash, *(bound.minimum_cash for bound in bounds)]),
        step=lcm(limits.step, *(bound.step for bound in bounds)),
        narrower=tuple(bound.categories for bound in bounds if bound.categories),
    )


@dataclass(frozen=True, slots=True)
class Share:
    """What of a line is paid in bonuses; its value, minor units."""

    line: str
    value: int
    share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """How one state of an order's lines is paid in bonuses. `amount`: minor units, the sum of shares."""

    number: int
    member_id: int
    amount: int
    signature: str
    shares: tuple[Share, ...]
    rows: tuple[Row, ...]
    consideration: int


def version(number: int, member_id: int, signature: str, cart: Cart, amount: int) -> Version:
    """Return a new version of an order's bonuses: `amount` laid over its lines."""
    found = cart.laid(amount)
    return Version(
        number=number,
        member_id=member_id,
        amount=amount,
        signature=signature,
        shares=tuple(
            Share(one.line, one.value, share)
            for one, share in zip(cart.goods, found.shares, strict=True)
        ),
        rows=found.receipt.rows,
        consideration=found.receipt.consideration,
    )


def signature(snapshot: Snapshot, wish: int) -> str:
    """Return what changes when lines, shipping or the wish do, and with nothing else."""
    lines = [
        [line.id, line.product, line.category, line.promo, str(line.quantity.normalize()),
         line_value(line)]
        for line in snapshot.lines
    ]  # fmt: skip
    said = json.dumps([lines, snapshot.shipping, snapshot.fees, wish], separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


def due(version: Version, folded: Folded) -> int:
    """Return bonuses that the order ought to have spent as it now stands, minor units.

    Of each line what is not given back: ⌊share x refunded / value⌋ of all its refunds together.
    """
    if folded.state in SPENDS_NOTHING:
        return 0
    said = folded.snapshot
    back = refunded(replace(said, bonus_spend=0))
    parts: dict[str, Fraction] = dict(back.lines)
    parts[SHIPPING_LINE] = Fraction(back.shipping)
    return sum(
        one.share - given_back(one.share, one.value, parts.get(one.line, Fraction(0)))
        for one in version.shares
    )


@dataclass(frozen=True, slots=True)
class Spent:
    """One spending of an order and how much of it went back, minor units."""

    reference: str
    amount: int
    back: int = 0

    @property
    def left(self) -> int:
        """What is still spent."""
        return self.amount - self.back


def backs(spent: Sequence[Spent], amount: int) -> list[tuple[Spent, int]]:
    """Return from which spendings to give back `amount`: the newest first.

    Raises ValueError above what is spent.
    """
    found = []
    for one in reversed(spent):
        some = min(amount, one.left)
        if some:
            found.append((one, some))
            amount -= some
    if amount:
        raise ValueError("more than was spent")
    return found


def rows_to_json(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Write rows of a receipt for storage."""
    return [
        {"line": r.line, "quantity": str(r.quantity), "price": r.price, "amount": r.amount}
        for r in rows
    ]


def rows_from_json(stored: Iterable[Mapping[str, Any]]) -> tuple[Row, ...]:
    """Read what rows_to_json wrote."""
    return tuple(Row(r["line"], Decimal(r["quantity"]), r["price"], r["amount"]) for r in stored)
