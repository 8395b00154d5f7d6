"""What a re-run would change: differences between what orders earn and what they would earn. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.facts.rules import Timeline
from app.orders.rules import State, goods_total
from app.programs.rules import left, over

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from app.commissions.rules import Deal, World
    from app.commissions.rules.world import Facts
    from app.orders.rules import Folded

BACK = 90  # days that a backtest looks over
NOTHING = frozenset({State.CANCELLED, State.REFUNDED})
Sums = dict[tuple[int, int], int]  # by level and partner, minor units


@dataclass(frozen=True, slots=True)
class Shown:
    """What an order earns, as it is or as it would be: sums by level and partner, minor units."""

    state: str
    partner_id: int | None
    sums: Sums = field(default_factory=dict)
    free_at: datetime | None = None  # when the money becomes available
    terms: str | None = None

    @property
    def total(self) -> int:
        """All levels together."""
        return sum(self.sums.values())

    def by(self, place: int) -> dict[int, int]:
        """Return sums by level (0) or by partner (1)."""
        found: dict[int, int] = defaultdict(int)
        for key, amount in self.sums.items():
            found[key[place]] += amount
        return found


NEVER = Shown("registered", None)


def shown_of(deal: Deal) -> Shown:
    """Return what a deal that due() made earns."""
    sums: Sums = defaultdict(int)
    for share in deal.shares:
        sums[share.level, share.partner_id] += share.amount
    found = {key: amount for key, amount in sums.items() if amount}
    return Shown(deal.state.value, deal.partner_id, found, deal.available_at, deal.terms_label)


def shown_from(deal: Any, shares: Iterable[tuple[Any, ...]]) -> Shown:
    """Return what a stored deal earns; shares are (line, level, partner, amount, ...)."""
    sums: Sums = defaultdict(int)
    for share in shares:
        sums[share[1], share[2]] += share[3]
    found = {key: amount for key, amount in sums.items() if amount}
    return Shown(deal.state, deal.partner_id, found, deal.available_at, deal.terms_label)


def difference(before: Shown, after: Shown) -> dict[str, Any] | None:
    """Return what differs, as plain JSON; None where nothing does. Partners' sums before and after."""
    people = _pairs(before.by(1), after.by(1))
    changed = {partner: pair for partner, pair in people.items() if pair[0] != pair[1]}
    same = (before.state, before.partner_id, before.free_at) == (
        after.state,
        after.partner_id,
        after.free_at,
    )
    if same and not changed:
        return None
    return {
        "state": [before.state, after.state],
        "partner": [before.partner_id, after.partner_id],
        "free_at": [at.isoformat() if at else None for at in (before.free_at, after.free_at)],
        "partners": {str(partner): pair for partner, pair in changed.items()},
    }


def cost(before: Shown, after: Shown, made_at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Return an order's part of the sums: all, by level and by month of the merchant's calendar."""
    levels = _pairs(before.by(0), after.by(0))
    month = made_at.astimezone(zone).strftime("%Y-%m")
    pair = [before.total, after.total]
    return {
        "cost": pair,
        "levels": {str(level): each for level, each in levels.items()},
        "months": {month: pair},
    }


def turnover(folded: Folded) -> int:
    """Return what the goods of an order are worth, minor units; nothing of cancelled ones."""
    return 0 if folded.state in NOTHING else goods_total(folded.snapshot)


def _pairs(before: Mapping[int, int], after: Mapping[int, int]) -> dict[int, list[int]]:
    return {key: [before.get(key, 0), after.get(key, 0)] for key in sorted({*before, *after})}


def overlaid(world: World, put: Facts, since: datetime) -> World:
    """Return the world as if facts had been put at an instant; what was before it stays.

    The values put are the first ones of their timelines.
    """
    changed = dict(world.facts)
    for key, value in put.items():
        known = changed.get(key)
        rows = [row for row in known.rows if row[0] < since] if known else []
        changed[key] = Timeline.of([*rows, (since, value.rows[0][1])])
    return replace(world, facts=changed)


PASSING = frozenset(
    {"offer", "status"}
)  # campaigns end by themselves; who stood where, stood there
ATTRIBUTION = frozenset({"click", "conflict", "lifetime", "existing", "foreign_code"})


def as_of_today(world: World, since: datetime, now: datetime) -> World:
    """Return the world as if today's rates, groups, cards, caps and exclusions had held since then.

    Campaigns stay where they were, and so do partners' standing and who wins an order.
    """
    changed = {}
    for key, known in world.facts.items():
        if key[1] not in PASSING | ATTRIBUTION:
            rows = [row for row in known.rows if row[0] < since]
            changed[key] = Timeline.of([*rows, (since, known.at(now))])
    for owner in [owner for owner, name in world.facts if name == "starts"]:
        starts, ends = (world.fact(owner, name, now) for name in ("starts", "ends"))
        if ends is not None and ends <= now:
            changed[owner, "ends"] = Timeline.of([(since, since)])  # over today: it held for nobody
        elif starts is not None and starts <= now:
            changed[owner, "starts"] = Timeline.of([(since, None)])
    return replace(world, facts={**world.facts, **changed})


def reported(
    orders: Mapping[int, int | None], scope: Collection[int], batch: Collection[int]
) -> set[int]:
    """Return the orders to tell of in a batch, so that each is told of once.

    `orders`: the customer of each order that was computed; `scope`: those that are changed
    themselves. One of these is told of with its own batch; others, which change along, with the
    first order of their customer that is in the scope.
    """
    first: dict[int | None, int] = {}
    for order_id in sorted(scope):
        first.setdefault(orders[order_id], order_id)
    taken = set(batch)
    return {
        order_id
        for order_id, member in orders.items()
        if (order_id if order_id in scope else first.get(member)) in taken
    }


def of_partner(
    said: Mapping[str, Any], own: tuple[Sequence[str | None], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return terms as one partner has them: his card and his group stand above their levels.

    `own`: the levels of card and group, and the group's levels by the buyer's group.
    """
    levels, by_buyer = own
    weak = {name: left(levels, rates) for name, rates in (said["levels_by_buyer"] or {}).items()}
    found = {
        name: over(by_buyer.get(name, ()), weak.get(name) or [None] * len(by_buyer[name]))
        for name in [*weak, *(each for each in by_buyer if each not in weak)]
    }
    return {
        **said,
        "levels": over(levels, said["levels"]),
        "levels_by_buyer": {name: rates for name, rates in found.items() if rates},
    }


def months_of(sums: Mapping[str, Any]) -> list[tuple[date, int, int]]:
    """Return the months of a run's sums: the first day, the cost before and after."""
    found = sorted((sums.get("months") or {}).items())
    return [(date.fromisoformat(f"{month}-01"), *pair) for month, pair in found]


def shares_of(sums: Mapping[str, Any]) -> tuple[Decimal, Decimal] | None:
    """Return what part of the turnover the cost is, before and after, percents to a tenth."""
    turned = sums.get("turnover")
    if not turned:
        return None
    before, after = (Decimal(minor * 100) / turned for minor in sums["cost"])
    return before.quantize(Decimal("0.1")), after.quantize(Decimal("0.1"))
