"""What another sponsor would have meant for the sales of the last days: the same rules, another tree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app import clock, sql
from app.commissions.rules import Bucket
from app.intake import service as intake
from app.network.rules import LEVELS, Difference, Shift, differences, shifts
from app.orders import service as orders
from app.partners import queries as partners
from app.partners.rules import Edge, tree_of, upline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.commissions.rules import DueResult, World
    from app.orders.service import Standing
    from app.partners.queries import Card
    from app.partners.rules import Tree

DAYS = 90
CUSTOMERS = 300  # as many of the newest buyers are reckoned; a page must answer
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rehearsal:
    """Who stands where before and after, and what the branch's sales would have paid them."""

    shifts: list[Shift]
    sums: list[Difference]
    sales: int  # orders that were reckoned
    more: bool  # there were more buyers than were reckoned
    cards: dict[int, Card]


_SALES = """
WITH RECURSIVE below(id, n) AS (
    SELECT %(top)s::bigint, 1
    UNION ALL
    SELECT e.partner_id, b.n + 1 FROM below b JOIN sponsor_edge e ON e.sponsor_id = b.id
    WHERE b.n < %(levels)s AND e.valid_from <= %(now)s
      AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
), recent AS (
    SELECT d.order_id, d.created_at FROM below b JOIN deal d ON d.partner_id = b.id
    WHERE d.created_at >= %(since)s
    ORDER BY d.created_at DESC LIMIT %(orders)s
)
SELECT o.id, o.member_id FROM recent r JOIN orders o ON o.id = r.order_id
ORDER BY r.created_at DESC
"""


def rehearse(partner_id: int, sponsor_id: int | None, at: datetime) -> Rehearsal:
    """Say what the branch's last 90 days would have paid under another sponsor; writes nothing.

    Exact for the orders it reckons: the rules that book money run once with the tree as it was, and
    once with the partner under the other sponsor all the time. Only sales that can pay somebody
    above (at most nine levels below) are looked at. `at`: the instant from which the change would hold.
    """
    edges = partners.upline_edges([partner_id, *([sponsor_id] if sponsor_id else [])])
    tree = tree_of(edges)
    old = upline(tree, partner_id, at, LEVELS - 1)
    other = _moved(tree, partner_id, sponsor_id)
    new = upline(other, partner_id, at, LEVELS - 1)
    since = clock.now() - timedelta(days=DAYS)
    found = sql.rows(
        _SALES,
        {
            "top": partner_id,
            "levels": LEVELS - 1,
            "now": clock.now(),
            "since": since,
            "orders": CUSTOMERS * 10,
        },
    )
    sales = {row.id for row in found}
    members = list(dict.fromkeys(row.member_id for row in found if row.member_id is not None))
    alone = [row.id for row in found if row.member_id is None]

    def moved(world: World) -> World:
        return replace(world, edges=_moved(world.edges, partner_id, sponsor_id))

    was: Counter[int] = Counter()
    would: Counter[int] = Counter()
    seen = 0
    for own in _customers(members[:CUSTOMERS], alone[:CUSTOMERS]):
        [now] = intake.foresee([own], None, {*old, *new})
        [then] = intake.foresee([own], moved, {*old, *new})
        seen += len(sales & {order.id for order in own})
        _add(was, now, sales)
        _add(would, then, sales)
    above = {*old, *new}
    changed = differences(_of(was, above), _of(would, above))
    more = len(members) > CUSTOMERS or len(alone) > CUSTOMERS or len(found) >= CUSTOMERS * 10
    told = shifts(old, new)
    return Rehearsal(told, changed, seen, more, partners.cards(above))


def _moved(tree: Tree, partner_id: int, sponsor_id: int | None) -> Tree:
    return {**tree, partner_id: (Edge(partner_id, sponsor_id, _LONG_AGO),)}


def _customers(members: list[int], alone: list[int]) -> Iterable[list[Standing]]:
    """Give all orders of each customer together, for one may decide about another."""
    by_member: dict[int | None, list[Standing]] = {}
    for order in orders.of_members(members):
        by_member.setdefault(order.member_id, []).append(order)
    yield from by_member.values()
    for order_id in alone:
        yield [orders.get(order_id)]


def _add(sums: Counter[int], result: DueResult, sales: set[int]) -> None:
    for share in result.shares:
        if share.order_id in sales and share.bucket is not Bucket.TAKEN_BACK:
            sums[share.partner_id] += share.amount


def _of(sums: Counter[int], above: set[int]) -> dict[int, int]:
    return {partner: amount for partner, amount in sums.items() if partner in above}
