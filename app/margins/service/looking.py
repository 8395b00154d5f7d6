"""Past orders on the scales: what was given away of each, as it is booked, against its margin."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app import clock
from app.billing import queries as billing
from app.commissions import queries as commissions
from app.earnings import queries as earnings
from app.intake.service import tenant
from app.margins import queries
from app.margins.queries import LOOK
from app.margins.rules import Given, Known, Sold, weigh
from app.orders import service as orders
from app.orders.rules import BaseRule, bases
from app.runs import service as runs
from app.runs.rules import Line, Step
from app.runs.service import Kind
from app.settlement.rules import MERCHANT, fee
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from app.commissions.rules import World
    from app.margins.rules import Weighed
    from app.orders.rules import Folded
    from app.orders.service import Standing
    from app.runs.models import Run

BACK = 90  # days
CASHBACK = 0  # the level of a buyer who is a partner
RULE = BaseRule()


def look() -> Run:
    """Begin to look at the orders of the last 90 days. Raises Conflict while another look is under way."""
    now, zone = clock.now(), ZoneInfo(tenant().timezone)
    first = now.astimezone(zone).date() - timedelta(days=BACK)
    since = datetime.combine(first, time(), tzinfo=zone)
    values = {"since": since.isoformat(), "until": now.isoformat()}
    return runs.start(LOOK, values, "preview")


def _span(run: Run) -> tuple[datetime, datetime]:
    since, until = (datetime.fromisoformat(run.parameters[name]) for name in ("since", "until"))
    return since, until


def _count(run: Run) -> int:
    return queries.count(*_span(run))


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    return queries.following(*_span(run), cursor, most)


def _preview(_run: Run, ids: Sequence[int]) -> Step:
    """Weigh orders; the red ones are kept with what was given away of them."""
    merchant = tenant()
    found = orders.get_all(ids)
    worlds = _worlds(found)
    given = given_of(ids, fee_rate())
    zone = ZoneInfo(merchant.timezone)
    lines, weeks, sums = [], dict[str, list[int]](), dict[str, int]()
    counted = {"orders": len(found), "judged": 0, "red": 0, "room": 0}
    for order in found:
        made = order.folded.snapshot.created_at
        weighed = weigh(sold(order.folded, worlds[order.shop_id], made), given[order.id])
        if weighed is None:
            continue
        counted["judged"] += 1
        counted["red"] += weighed.red
        counted["room"] += weighed.room
        _add(sums, weighed)
        day = made.astimezone(zone).date()
        week = weeks.setdefault((day - timedelta(days=day.weekday())).isoformat(), [0, 0])
        week[0] += weighed.room
        week[1] += weighed.given.whole
        if weighed.red:
            facts = weighed.given.parts() | {"left": weighed.left}
            lines.append(Line("red", order.id, weighed.room, weighed.given.whole, facts))
    return Step(max(ids), len(ids), {**counted, "given": sums, "weeks": weeks}, lines)


def _add(sums: dict[str, int], weighed: Weighed) -> None:
    for name, amount in weighed.given.parts().items():
        sums[name] = sums.get(name, 0) + amount


def fee_rate() -> Decimal | None:
    """Return the platform's fee that the merchant bears, per cent; None: he bears none."""
    if setting("settlement") != "platform" or setting("fee_paid_by") != MERCHANT:
        return None
    return billing.fee_rate()


def given_of(order_ids: Sequence[int], rate: Decimal | None) -> dict[int, Given]:
    """Return what orders gave away as it is booked: partners of all levels, cashback, bonuses, the fee."""
    partners: dict[int, int] = defaultdict(int)
    buyers: dict[int, int] = defaultdict(int)
    for key, nets in commissions.booked(order_ids).items():
        side = buyers if key.level == CASHBACK else partners
        side[key.order_id] += nets.pending + nets.settled
    bonuses = {
        order_id: sum(one.amount for one in own.values())
        for order_id, own in earnings.earned(order_ids).items()
    }
    return {
        each: Given(
            commission=partners[each],
            cashback=buyers[each],
            bonuses=bonuses.get(each, 0),
            fee=fee(partners[each] + buyers[each], rate) if rate else 0,
        )
        for each in order_ids
    }


def _worlds(found: Sequence[Standing]) -> dict[int, World]:
    made: dict[int, list[Standing]] = defaultdict(list)
    for order in found:
        made[order.shop_id].append(order)
    return {
        shop: commissions.world_of(
            tenant(),
            shop,
            [o.folded for o in own],
            (),
            min(o.folded.snapshot.created_at for o in own),
        )
        for shop, own in made.items()
    }


def sold(folded: Folded, world: World, at: datetime) -> list[Sold]:
    """Return an order's lines as the scales take them, each with what was known of its margin then."""
    lines = {line.id: line for line in folded.snapshot.lines}
    found = []
    for each in bases(folded.snapshot, RULE):
        line = lines[each.line]
        value, quantity = Fraction(each.value), Fraction(each.quantity)
        gross = Fraction(line.price) * quantity if line.price is not None else value
        spot = world.spot_of(line, folded.facts_of(line), at)
        found.append(
            Sold(
                max(gross, value),
                value,
                quantity,
                each.kept,
                known_of(world, spot.product_id, spot.categories, at),
            )
        )
    return found


def known_of(
    world: World, product_id: int | None, categories: Sequence[int], at: datetime
) -> Known:
    """Return what was known of a margin: the product's cost, else its margin, its categories', the merchant's."""
    owners = [f"category:{each}" for each in categories] + ["merchant"]
    cost = None
    if product_id is not None:
        owners.insert(0, f"product:{product_id}")
        cost = _said(world, owners[0], "cost", at)
    said = (_said(world, owner, "margin", at) for owner in owners)
    return Known(cost, next((each for each in said if each is not None), None))


def _said(world: World, owner: str, name: str, at: datetime) -> Any:
    """Return what was said then; an instant before anything was said reads the first that was."""
    timeline = world.facts.get((owner, name))
    if timeline is None:
        return None
    known = [(since, value) for since, value in timeline.rows if value is not None]
    if not known or any(since <= at for since, _value in known):
        return timeline.at(at)
    return known[0][1]


KINDS: dict[str, Kind] = {LOOK: Kind(_count, _take, _preview)}
