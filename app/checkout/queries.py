"""What orders pay in bonuses, as it is stored; and what the catalogue says of a cart's lines."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select

from app import sql
from app.bonuses import queries as bonuses
from app.bonuses.models import Hold
from app.catalog import queries as catalog
from app.checkout.models import CheckoutHold
from app.checkout.rules import (
    Kind,
    Share,
    Spent,
    Version,
    cart,
    rows_from_json,
)
from app.extensions import db
from app.facts import service as facts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from app.bonuses.rules import Program
    from app.checkout.rules import Bound, Cart
    from app.orders.rules import Folded, Line, Snapshot
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
       consideration
FROM order_bonus WHERE order_id = ANY(%(orders)s) ORDER BY order_id, version DESC
"""
_ACTS = """
SELECT order_id, n, act, amount, reference, of, version FROM order_spending
WHERE order_id = ANY(%(orders)s) ORDER BY order_id, n
"""
_OWN_HOLDS = """
SELECT s.order_id, h.reference, h.member_id, h.amount, h.state, h.spending, false AS shops
FROM order_spending s
JOIN bonus_hold h ON h.tenant_id = s.tenant_id AND h.reference = s.reference
WHERE s.order_id = ANY(%(orders)s) AND s.act = 'hold' ORDER BY s.order_id, s.n
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
_CAPTURED = """
SELECT o.id, sum(h.amount)::bigint AS amount
FROM orders o
JOIN checkout_hold c ON c.tenant_id = o.tenant_id AND c.shop_id = o.shop_id
     AND c.order_key = o.external_id AND c.member_id = o.member_id
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


@dataclass(slots=True)
class Books:
    """What is stored of one order: its newest version, what it spent, what is held for it."""

    version: Version | None = None
    acts: int = 0
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
    def captured(self) -> int:
        """What the shop reserved and then spent by its own calls, minor units."""
        return sum(one.amount for one in self.holds if one.shops and one.state == "captured")


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
    asked = {"orders": sorted(found)}
    with sql.together():
        versions, acts = sql.send(_VERSIONS, asked), sql.send(_ACTS, asked)
        own, shops = sql.send(_OWN_HOLDS, asked), sql.send(_SHOPS_HOLDS, asked)
    for row in versions.fetchall():
        found[row.order_id].version = _version(row)
    for row in acts.fetchall():
        _note(found[row.order_id], row)
    for row in (*own.fetchall(), *shops.fetchall()):
        found[row.order_id].holds.append(_held(row))
    return found


def _note(book: Books, row: Any) -> None:
    book.acts = row.n
    if row.act == "spend":
        book.spent.append(Spent(row.reference, row.amount))
    elif row.act == "back":
        book.spent = [
            Spent(one.reference, one.amount, one.back + row.amount)
            if one.reference == row.of
            else one
            for one in book.spent
        ]


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
    )


@dataclass(frozen=True, slots=True)
class Paid:
    """How an order is paid in bonuses: spent and not given back, held, and the sold rows."""

    spent: int
    held: int
    rows: tuple[Row, ...]
    consideration: int
    shares: Mapping[str, int]


def paid(order: Standing) -> Paid:
    """Return how an order is paid; the rows of one without bonuses have its own prices."""
    book = books([order.id])[order.id]
    held = sum(one.amount for one in book.open)
    if book.version is not None:
        shares = {one.line: one.share for one in book.version.shares}
        return Paid(book.net, held, book.version.rows, book.version.consideration, shares)
    said = order.folded.snapshot
    plain = cart_of(order.shop_id, said, bonuses.program(said.created_at), order.folded).laid(0)
    return Paid(book.net, held, plain.receipt.rows, 0, {})


def hold(shop_id: int, public_id: str) -> CheckoutHold | None:
    """Return a hold that a shop made by the API."""
    return db.session.scalar(
        select(CheckoutHold).where(
            CheckoutHold.shop_id == shop_id, CheckoutHold.public_id == public_id
        )
    )


def hold_of(reference: str) -> Hold:
    """Return the reserved bonuses behind a hold, as they now stand."""
    asked = select(Hold).where(Hold.reference == reference)
    return db.session.scalars(asked.execution_options(populate_existing=True)).one()


def open_holds(shop_id: int, order_key: str, member_id: int) -> Sequence[CheckoutHold]:
    """Return what a shop reserved of a customer's bonuses for one of its orders, and still is, oldest first."""
    return db.session.scalars(
        select(CheckoutHold)
        .join(
            Hold,
            and_(
                Hold.tenant_id == CheckoutHold.tenant_id, Hold.reference == CheckoutHold.reference
            ),
        )
        .where(
            CheckoutHold.shop_id == shop_id,
            CheckoutHold.order_key == order_key,
            CheckoutHold.member_id == member_id,
            Hold.state == "held",
        )
        .order_by(CheckoutHold.id)
    ).all()


def cart_of(
    shop_id: int,
    snapshot: Snapshot,
    program: Program,
    folded: Folded | None = None,
    bounds: Sequence[Bound] = (),
) -> Cart:
    """Return an order or a cart as bonuses see it, with the catalogue's word as of its `created_at`.

    A line's own category and promo flag come before the catalogue's; `folded`: the oldest message's.
    """
    plain = not program.category_percents and program.promo_spendable
    if plain and not any(bound.categories for bound in bounds):
        return cart(snapshot, {}, program, bounds)
    return cart(snapshot, _kinds(shop_id, snapshot, folded), program, bounds)


def _kinds(shop_id: int, snapshot: Snapshot, folded: Folded | None) -> dict[str, Kind]:
    at = snapshot.created_at
    said = {line.id: _said(line, folded) for line in snapshot.lines}
    ids = catalog.products_by_key(
        shop_id, [line.product for line in snapshot.lines if line.product]
    )
    known = facts.current([f"product:{i}" for i in ids.values()], ["category", "promo"], at=at)
    named = {category for category, _promo in said.values() if category is not None}
    ours = catalog.categories_by_key(shop_id, named)
    first: dict[str, int | None] = {}
    promo: dict[str, bool] = {}
    for line in snapshot.lines:
        of_product = known.get(f"product:{ids.get(line.product or '')}", {})
        category, is_promo = said[line.id]
        first[line.id] = of_product.get("category") if category is None else ours.get(category)
        promo[line.id] = bool(of_product.get("promo") if is_promo is None else is_promo)
    above = _families({i for i in first.values() if i is not None}, at)
    names = catalog.external_category_names({i for path in above.values() for i in path})
    found = {}
    for line in snapshot.lines:
        path = [names[i] for i in above.get(first[line.id] or 0, ()) if i in names]
        word = said[line.id][0]
        found[line.id] = Kind(tuple(path) if path or word is None else (word,), promo[line.id])
    return found


def _said(line: Line, folded: Folded | None) -> tuple[str | None, bool | None]:
    if folded is None:
        return line.category, line.promo
    found = folded.facts_of(line)
    return found.category, found.promo


def _families(ids: Iterable[int], at: datetime) -> dict[int, tuple[int, ...]]:
    """Return each category with those above it, nearest first, as they were at an instant."""
    parents: dict[int, int | None] = {}
    todo = set(ids)
    while todo:
        known = facts.current([f"category:{i}" for i in todo], ["parent"], at=at)
        parents |= {i: known.get(f"category:{i}", {}).get("parent") for i in todo}
        todo = {p for p in parents.values() if p is not None} - parents.keys()
    paths: dict[int, tuple[int, ...]] = defaultdict(tuple)
    for i in parents:
        path: list[int] = []
        at_hand: int | None = i
        while at_hand is not None and at_hand not in path:
            path.append(at_hand)
            at_hand = parents[at_hand]
        paths[i] = tuple(path)
    return paths
