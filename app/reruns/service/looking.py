"""Compute what a re-run would change: orders and facts as they would be, beside what is. Writes nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app.commissions import service as commissions
from app.intake.service import foresee, tenant
from app.orders import service as orders
from app.reruns import queries
from app.reruns.rules import (
    NEVER,
    Shown,
    cost,
    difference,
    reported,
    shown_from,
    shown_of,
    turnover,
)
from app.runs.rules import Line, Step, add

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from app.commissions.rules import World
    from app.orders.service import Standing
    from app.reruns.queries import Scope


def look(
    scope: Scope,
    ids: Sequence[int],
    change: Callable[[Sequence[Standing]], Sequence[Standing]],
    alter: Callable[[World], World] | None = None,
    against: Callable[[World], World] | None = None,
) -> Step:
    """Return what differs for a batch of a scope's orders, and for orders that change along.

    `change` gives orders of the scope as they would be; `alter` puts other facts into the world, and
    `against` those to compare with (without it: what is booked). All orders of a customer are
    computed together, and each is told of once over all batches.
    """
    customers = _customers(ids)
    known = {order.id: order for own in customers for order in own}
    inside = scope.within(known)
    as_would_be = {o.id: o for o in change([known[i] for i in sorted(inside)])}
    altered = [[as_would_be.get(order.id, order) for order in own] for own in customers]
    after = _due(altered, alter)
    anew = against is not None or queries.has_month_caps()
    before = _due(customers, against) if anew else _standing(known)
    told = reported({o.id: o.member_id for o in known.values()}, inside, ids)
    return _step(ids, [(known[i], before.get(i, NEVER), after[i]) for i in sorted(told)])


def _customers(ids: Sequence[int]) -> list[list[Standing]]:
    """Return all orders of the customers of some orders; those of nobody stand alone."""
    seen = orders.get_all(ids)
    by_member: dict[int | None, list[Standing]] = defaultdict(list)
    for order in orders.of_members({o.member_id for o in seen if o.member_id is not None}):
        by_member[order.member_id].append(order)
    return [*by_member.values(), *([order] for order in seen if order.member_id is None)]


def _due(
    customers: Sequence[Sequence[Standing]], alter: Callable[[World], World] | None = None
) -> dict[int, Shown]:
    results = foresee(customers, alter) if customers else []
    return {deal.order_id: shown_of(deal) for result in results for deal in result.deals}


def _standing(order_ids: Iterable[int]) -> dict[int, Shown]:
    found = commissions.shown(sorted(order_ids))
    return {i: shown_from(deal, found.shares.get(i, ())) for i, deal in found.deals.items()}


def _step(ids: Sequence[int], told: Sequence[tuple[Standing, Shown, Shown]]) -> Step:
    zone = ZoneInfo(tenant().timezone)
    sums: dict[str, object] = {}
    lines: list[Line] = []
    for order, before, after in told:
        said = order.folded.snapshot
        sums = add(sums, cost(before, after, said.created_at, zone))
        sums = add(sums, {"orders": 1, "turnover": turnover(order.folded)})
        lines += _people(before, after)
        differs = difference(before, after)
        if differs is not None:
            states = {">".join(differs["state"]): 1} if before.state != after.state else {}
            sums = add(sums, {"changed": 1, "states": states})
            lines.append(Line("order", order.id, before.total, after.total, differs))
    return Step(max(ids), len(ids), sums, lines)


def _people(before: Shown, after: Shown) -> Iterable[Line]:
    had: Mapping[int, int] = before.by(1)
    gets: Mapping[int, int] = after.by(1)
    for partner in {*had, *gets}:
        yield Line("partner", partner, had.get(partner, 0), gets.get(partner, 0))
