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
    Receipt,
    Row,
    allowance,
    given_back,
    laid,
    receipt,
    spread,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.bonuses.rules import Program
    from app.orders.rules import Folded, Snapshot

COUPONED = "hc"  # the prefix of holds that are a coupon in the shop's cart
SPENDS_NOTHING = frozenset({State.CANCELLED, State.REFUNDED})
SPENDING = frozenset({"both", "spend"})  # modes of the program that let partner money pay orders
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
    shipping: int = 0  # of `other`: what partner money may pay beside the goods

    @property
    def total(self) -> int:
        """Minor units to be paid without bonuses."""
        return sum(one.value for one in self.goods) + self.other

    def most(self, available: int) -> int:
        """Return what a customer with `available` bonuses may pay in them, minor units."""
        return allowance(self.goods, self.limits, available, other=self.other).most

    def most_money(self, amount: int) -> int:
        """Return what partner money may pay where bonuses pay `amount`: all but fees, minor units."""
        return sum(one.value for one in self.goods) + self.shipping - amount

    def opened(self) -> Cart:
        """Return the cart with no limits but its goods: for what was taken off it already."""
        return replace(self, limits=Limits(min_unit_price=0))

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
    shipping = snapshot.shipping
    if program.shipping_spendable and shipping:
        goods.append(Goods(line=SHIPPING_LINE, quantity=_ONE, value=shipping))
        shipping = 0
    allowed, other = narrowed(limits(program), bounds), shipping + snapshot.fees
    return Cart(tuple(goods), allowed, Mode(program.receipt), other, shipping)


@dataclass(frozen=True, slots=True)
class Laid:
    """What bonuses (`shares`) and partner money (`moneys`) pay of each of the goods, and the receipt.

    `goods`: the cart's, and its shipping where partner money pays some of that.
    """

    goods: tuple[Goods, ...]
    shares: tuple[int, ...]
    moneys: tuple[int, ...]
    receipt: Receipt


def lay(cart: Cart, amount: int, money: int = 0) -> Laid:
    """Lay bonuses over a cart, then partner money over what remains of its goods, the rest on shipping.

    Both are allowed; raises ValueError above what the cart takes. Minor units.
    """
    found = cart.laid(amount)
    if not money:
        return Laid(cart.goods, found.shares, (0,) * len(cart.goods), found.receipt)
    goods, shares = cart.goods, found.shares
    rest = [replace(one, value=one.value - s) for one, s in zip(goods, shares, strict=True)]
    caps = [one.value for one in rest]
    on_goods = min(money, sum(caps))
    moneys = spread(rest, caps, on_goods, firm=True).shares
    if money > on_goods:
        if money - on_goods > cart.shipping:
            raise ValueError("more than there is to pay")
        goods = (*goods, Goods(line=SHIPPING_LINE, quantity=_ONE, value=cart.shipping))
        shares, moneys = (*shares, 0), (*moneys, money - on_goods)
    both = [s + m for s, m in zip(shares, moneys, strict=True)]
    return Laid(goods, shares, moneys, receipt(goods, both, cart.mode))


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
    """What of a line is paid in bonuses, and with partner money; its value, minor units."""

    line: str
    value: int
    share: int
    money: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """How one state of an order's lines is paid in bonuses. `amount`: minor units, the sum of shares.

    `money`: what the partner `partner_id`, who the customer is, pays with partner money.
    """

    number: int
    member_id: int
    amount: int
    signature: str
    shares: tuple[Share, ...]
    rows: tuple[Row, ...]
    consideration: int
    money: int = 0
    partner_id: int | None = None
    cut: int = 0  # what the order wished to spend beyond that
    money_cut: int = 0

    @property
    def lacks(self) -> bool:
        """Whether the order wished to spend more than may be."""
        return bool(self.cut or self.money_cut)


def version(
    number: int,
    member_id: int,
    signature: str,
    cart: Cart,
    amount: int,
    money: int = 0,
    partner_id: int | None = None,
) -> Version:
    """Return a new version of an order's bonuses: `amount` laid over its lines, then `money`."""
    found = lay(cart, amount, money)
    return Version(
        number=number,
        member_id=member_id,
        amount=amount,
        signature=signature,
        shares=tuple(
            Share(one.line, one.value, *paid)
            for one, *paid in zip(found.goods, found.shares, found.moneys, strict=True)
        ),
        rows=found.receipt.rows,
        consideration=found.receipt.consideration,
        money=money,
        partner_id=partner_id if money else None,
    )


def signature(snapshot: Snapshot, wish: int, money: int = 0) -> str:
    """Return what changes when lines, shipping or the wishes do, and with nothing else."""
    lines = [
        [line.id, line.product, line.category, line.promo, str(line.quantity.normalize()),
         line_value(line)]
        for line in snapshot.lines
    ]  # fmt: skip
    sums = [snapshot.shipping, snapshot.fees, wish, *([money] if money else [])]
    said = json.dumps([lines, *sums], separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


def due(version: Version, folded: Folded) -> int:
    """Return bonuses that the order ought to have spent as it now stands, minor units.

    Of each line what is not given back: ⌊share x refunded / value⌋ of all its refunds together.
    """
    return _left({one: one.share for one in version.shares}, folded)


def due_money(version: Version, folded: Folded) -> int:
    """Return partner money that the order ought to have spent as it now stands; as `due`."""
    return _left({one: one.money for one in version.shares}, folded)


def _left(paid: Mapping[Share, int], folded: Folded) -> int:
    if folded.state in SPENDS_NOTHING:
        return 0
    back = refunded(replace(folded.snapshot, bonus_spend=0, partner_spend=0))
    parts: dict[str, Fraction] = dict(back.lines)
    parts[SHIPPING_LINE] = Fraction(back.shipping)
    return sum(
        some - given_back(some, one.value, parts.get(one.line, Fraction(0)))
        for one, some in paid.items()
    )


@dataclass(frozen=True, slots=True)
class Spent:
    """One spending of an order and how much of it went back, minor units; `owner`: who spent it."""

    reference: str
    amount: int
    back: int = 0
    owner: int = 0

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
