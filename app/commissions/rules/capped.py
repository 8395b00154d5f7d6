"""What caps leave of customers' deals.

Those of an order and of a customer count at once, those of a month when money becomes available.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from app.commissions.rules.caps import cut, grants, key_of, month_of
from app.commissions.rules.shapes import (
    Ask,
    Bucket,
    CapKind,
    Deal,
    DueResult,
    Grant,
    Limit,
    Share,
    Taken,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from app.attribution.rules import Attribution
    from app.commissions.rules.world import World

Placed = tuple["datetime", str, int]  # an order: when it was made, the shop's id, ours
Unit = tuple[int, int, int]  # what caps cut as one: order, level, partner


def capped(deals: Mapping[Placed, Deal], attribution: Attribution, world: World) -> DueResult:
    """Cut the deals of one customer, by when they were made, by the caps that count at once.

    An order's and a customer's cap are spent order by order, by the caps of the time when each was
    made. What the orders ask of the month's caps stands in the answer.
    """
    at_once = [ask for place, deal in deals.items() for ask in _at_once(place, deal, world)]
    first = tuple(_apply(deals.values(), grants(at_once, {})))
    made = {place[2]: place for place in deals}
    asked = tuple(ask for deal in first for ask in _monthly(made[deal.order_id], deal, world))
    return DueResult(first, attribution, uncut=first, asked=asked)


def share_out(
    results: Iterable[DueResult], taken: Taken
) -> tuple[list[DueResult], list[tuple[Ask, Grant]]]:
    """Lay the caps of the month over what customers are due, in the order of becoming available.

    `taken` is what the other orders of the month take. Returns the results, cut, and what everybody
    who asked gets: an other order that gets another sum than before is to be booked again.
    """
    results = list(results)
    own = {_unit(ask) for result in results for ask in result.asked}
    others = (ask for ask in taken.others if _unit(ask) not in own)
    served = grants((*(a for result in results for a in result.asked), *others), taken.given)
    return [replace(r, deals=tuple(_apply(r.uncut, served))) for r in results], served


def _unit(ask: Ask) -> Unit:
    return ask.order_id, ask.level, ask.partner_id


def _at_once(place: Placed, deal: Deal, world: World) -> Iterable[Ask]:
    """Return what asks for a part of the order's own cap and of the customer's."""
    made_at, external_id, _order_id = place
    caps = world.caps(deal.rated_at or made_at)
    limits = [
        Limit(kind, key, most)
        for kind, key, most in (
            (CapKind.ORDER, f"order:{deal.order_id}", caps.order),
            (CapKind.CUSTOMER, "customer", caps.customer),
        )
        if most is not None
    ]
    for (level, partner_id), wanted in _units(deal).items() if limits else ():
        where = (made_at, made_at, external_id, level, partner_id, deal.order_id)
        yield Ask(where, deal.order_id, level, partner_id, wanted, tuple(limits), whole=caps.whole)


def _monthly(place: Placed, deal: Deal, world: World) -> Iterable[Ask]:
    """Return what asks for a part of the caps of the month in which the deal became available."""
    made_at, external_id, _order_id = place
    if deal.bucket is not Bucket.AVAILABLE or deal.available_at is None or not deal.partner_id:
        return
    rated_at = deal.rated_at or made_at
    caps, terms = world.caps(rated_at), world.terms_of(deal.partner_id, rated_at)
    month = month_of(deal.available_at, world.zone)
    for (level, partner_id), wanted in _units(deal).items():
        limits = tuple(
            Limit(kind, key_of(kind, owner, month), most)
            for kind, owner, most in (
                (CapKind.PARTNER, partner_id, caps.partner),
                (CapKind.TERMS, terms.id, terms.cap),
                (CapKind.MONTH, None, caps.month),
            )
            if most is not None
        )
        if limits:
            where = (deal.available_at, made_at, external_id, level, partner_id, deal.order_id)
            yield Ask(where, deal.order_id, level, partner_id, wanted, limits, whole=caps.whole)


def _units(deal: Deal) -> Mapping[tuple[int, int], int]:
    """Sums by level and partner; what earns nothing asks for nothing."""
    sums: dict[tuple[int, int], int] = defaultdict(int)
    for share in deal.shares:
        sums[share.level, share.partner_id] += share.amount
    return {unit: total for unit, total in sums.items() if total}


def _apply(deals: Iterable[Deal], served: Iterable[tuple[Ask, Grant]]) -> list[Deal]:
    cuts = {_unit(ask): grant for ask, grant in served if grant.cut_by is not None}
    return [_cut(deal, cuts) for deal in deals] if cuts else list(deals)


def _cut(deal: Deal, cuts: Mapping[Unit, Grant]) -> Deal:
    by_unit: dict[Unit, list[Share]] = defaultdict(list)
    for share in deal.shares:
        by_unit[share.order_id, share.level, share.partner_id].append(share)
    if not cuts.keys() & by_unit.keys():
        return deal
    shares = tuple(
        each
        for unit, own in by_unit.items()
        for each in (cut(own, cuts[unit]) if unit in cuts else own)
    )
    nothing = not any(share.amount for share in shares)
    return replace(deal, shares=shares, reason="cap_reached" if nothing else deal.reason)
