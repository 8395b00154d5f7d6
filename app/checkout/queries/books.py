"""What orders pay in bonuses and partner money, as it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from app import sql
from app.bonuses import queries as bonuses
from app.checkout.queries.carts import cart_of
from app.checkout.rules import COUPONED, Share, Spent, Version, rows_from_json

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from app.orders.service import Standing
    from app.receipts.rules import Row


# Orders that bonuses had to do with: asked of every order that comes, so in one statement.
_TOUCHED = """
SELECT o.id FROM orders o
WHERE o.id = ANY(%(orders)s)
  AND (EXISTS (SELECT FROM order_bonus b WHERE b.tenant_id = o.tenant_id AND b.order_id = o.id)
       OR EXISTS (SELECT FROM order_spending s
                  WHERE s.tenant_id = o.tenant_id AND s.order_id = o.id)
       OR EXISTS (SELECT FROM checkout_hold c
                  WHERE c.tenant_id = o.tenant_id AND c.shop_id = o.shop_id
                    AND c.order_key = o.external_id))
"""
_VERSIONS = """
SELECT DISTINCT ON (order_id) order_id, version, member_id, amount, signature, shares, rows,
       consideration, money, partner_id, asked, money_asked
FROM order_bonus WHERE order_id = ANY(%(orders)s) ORDER BY order_id, version DESC
"""
_ACTS = """
SELECT order_id, n, act, amount, reference, of, version, purse, coalesce(partner_id, member_id) AS owner
FROM order_spending
WHERE order_id = ANY(%(orders)s) ORDER BY order_id, n
"""
_OWN_HOLDS = """
SELECT s.order_id, h.reference, h.member_id, h.amount, h.state, h.spending, false AS shops
FROM order_spending s
JOIN bonus_hold h ON h.tenant_id = s.tenant_id AND h.reference = s.reference
WHERE s.order_id = ANY(%(orders)s) AND s.act = 'hold' ORDER BY s.order_id, s.n
"""
_MONEY_HOLDS = """
SELECT o.id AS order_id, h.reference, h.partner_id AS member_id, h.amount, h.state,
       NULL AS spending, true AS shops
FROM orders o
JOIN checkout_hold c ON c.tenant_id = o.tenant_id AND c.shop_id = o.shop_id
     AND c.order_key = o.external_id AND c.member_id = o.member_id
JOIN money_hold h ON h.tenant_id = c.tenant_id AND h.reference = 'shop:' || c.reference
WHERE o.id = ANY(%(orders)s) ORDER BY o.id, c.id
"""
_SHOPS_HOLDS = """
SELECT o.id AS order_id, h.reference, h.member_id, h.amount, h.state, h.spending, true AS shops
FROM orders o
JOIN checkout_hold c ON c.tenant_id = o.tenant_id AND c.shop_id = o.shop_id
     AND c.order_key = o.external_id
JOIN bonus_hold h ON h.tenant_id = c.tenant_id AND h.reference = c.reference
WHERE o.id = ANY(%(orders)s) ORDER BY o.id, c.id
"""
# What shops took of the order's own customer by their calls alone: their messages need not say it.
# Of a coupon in the cart they do say it.
_CAPTURED = """
SELECT o.id, sum(h.amount)::bigint AS amount
FROM orders o
JOIN checkout_hold c ON c.tenant_id = o.tenant_id AND c.shop_id = o.shop_id
     AND c.order_key = o.external_id AND c.member_id = o.member_id
     AND c.public_id NOT LIKE 'hc\\_%%'
JOIN bonus_hold h ON h.tenant_id = c.tenant_id AND h.reference = c.reference AND h.state = 'captured'
WHERE o.id = ANY(%(orders)s) GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Bonuses reserved for an order, by us or by the shop's own call (`shops`)."""

    reference: str
    member_id: int
    amount: int
    state: str
    spending: str | None
    shops: bool

    @property
    def called(self) -> bool:
        """Whether the shop's calls alone decide of it, and no coupon in its cart."""
        return self.shops and not self.reference.startswith(f"hold:{COUPONED}_")


@dataclass(slots=True)
class Purse:
    """What an order spent of something, and what is held of it for the order."""

    spent: list[Spent] = field(default_factory=list)
    holds: list[Held] = field(default_factory=list)

    @property
    def net(self) -> int:
        """What is spent and not given back, minor units."""
        return sum(one.left for one in self.spent)

    @property
    def open(self) -> list[Held]:
        """What is held and neither spent nor let go."""
        return [one for one in self.holds if one.state == "held"]

    @property
    def couponed(self) -> bool:
        """Whether a coupon in the shop's cart held some of it."""
        return any(one.shops and not one.called for one in self.holds)

    @property
    def captured(self) -> int:
        """What the shop reserved and then spent by its own calls, minor units."""
        return sum(one.amount for one in self.holds if one.called and one.state == "captured")

    def note(self, act: str, amount: int, reference: str, owner: int, of: str | None) -> None:
        """Count an act."""
        if act == "spend":
            self.spent.append(Spent(reference, amount, owner=owner))
        elif act == "back":
            self.spent = [
                replace(one, back=one.back + amount) if one.reference == of else one
                for one in self.spent
            ]


@dataclass(slots=True)
class Books(Purse):
    """What is stored of one order: its newest version, what it spent of bonuses, and of partner money."""

    version: Version | None = None
    acts: int = 0
    money: Purse = field(default_factory=Purse)

    @property
    def lacks(self) -> bool:
        """Whether the order wished to spend more than may be, and still does."""
        return self.version is not None and self.version.lacks

    @property
    def held(self) -> int:
        """What is reserved of bonuses, minor units."""
        return sum(one.amount for one in self.open)


def touched(order_ids: Collection[int]) -> set[int]:
    """Return those of the orders that bonuses had to do with."""
    asked = {"orders": sorted(set(order_ids))}
    return {row.id for row in sql.rows(_TOUCHED, asked)} if asked["orders"] else set()


def as_paid(customers: Sequence[Sequence[Standing]]) -> list[Sequence[Standing]]:
    """Return customers' orders whose snapshots say what is paid in bonuses, also where only holds do.

    What the message says comes first; where it is silent, it is what the shop captured for the order.
    """
    silent = [o.id for own in customers for o in own if not o.folded.snapshot.bonus_spend]
    rows = sql.rows(_CAPTURED, {"orders": sorted(silent)}) if silent else ()
    taken = {row.id: row.amount for row in rows}
    if not taken:
        return list(customers)
    return [[_paying(o, taken[o.id]) if o.id in taken else o for o in own] for own in customers]


def _paying(order: Standing, amount: int) -> Standing:
    said = replace(order.folded.snapshot, bonus_spend=amount)
    return replace(order, folded=replace(order.folded, snapshot=said))


def books(order_ids: Collection[int]) -> dict[int, Books]:
    """Return what is stored of orders."""
    found: dict[int, Books] = {order_id: Books() for order_id in order_ids}
    if not found:
        return found
    asked = {"orders": sorted(found)}
    with sql.together():
        versions, acts = sql.send(_VERSIONS, asked), sql.send(_ACTS, asked)
        own, shops = sql.send(_OWN_HOLDS, asked), sql.send(_SHOPS_HOLDS, asked)
        money = sql.send(_MONEY_HOLDS, asked)
    for row in versions.fetchall():
        found[row.order_id].version = _version(row)
    for row in acts.fetchall():
        _note(found[row.order_id], row)
    for row in (*own.fetchall(), *shops.fetchall()):
        found[row.order_id].holds.append(_held(row))
    for row in money.fetchall():
        found[row.order_id].money.holds.append(_held(row))
    return found


def shares(order_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Return what bonuses pay of each line, by order: of those alone that are paid so."""
    asked = {"orders": sorted(set(order_ids))}
    rows = sql.rows(_VERSIONS, asked) if asked["orders"] else ()
    return {row.order_id: {one.line: one.share for one in _version(row).shares} for row in rows}


def _note(book: Books, row: Any) -> None:
    book.acts = row.n
    purse = book if row.purse == "bonus" else book.money
    purse.note(row.act, row.amount, row.reference, row.owner, row.of)


def _held(row: Any) -> Held:
    return Held(row.reference, row.member_id, row.amount, row.state, row.spending, row.shops)


def _version(row: Any) -> Version:
    return Version(
        number=row.version,
        member_id=row.member_id,
        amount=row.amount,
        signature=row.signature,
        shares=tuple(Share(*one) for one in row.shares),
        rows=rows_from_json(row.rows),
        consideration=row.consideration,
        money=row.money,
        partner_id=row.partner_id,
        cut=(row.asked or row.amount) - row.amount,
        money_cut=(row.money_asked or row.money) - row.money,
    )


@dataclass(frozen=True, slots=True)
class Paid:
    """How an order is paid: bonuses spent and not given back, or held; partner money; and the sold rows."""

    spent: int
    held: int
    rows: tuple[Row, ...]
    consideration: int
    shares: Mapping[str, int]
    money: int = 0


def paid(order: Standing) -> Paid:
    """Return how an order is paid; the rows of one without bonuses have its own prices."""
    book = books(touched([order.id])).get(order.id) or Books()
    held = sum(one.amount for one in book.open)
    if book.version is not None:
        shares = {one.line: one.share for one in book.version.shares}
        found = book.version
        return Paid(book.net, held, found.rows, found.consideration, shares, book.money.net)
    said = order.folded.snapshot
    plain = cart_of(order.shop_id, said, bonuses.program(said.created_at), order.folded).laid(0)
    return Paid(book.net, held, plain.receipt.rows, 0, {})
