"""The worst that terms, campaigns, rules and coupons can come to on one sale, by the simulator's own reckoning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from app import clock, sql
from app.attribution.rules import Buyer, Claim, Kind
from app.commissions import queries as commissions
from app.commissions.rules import NOTHING_TAKEN, OrderInput, World, due
from app.coupons import queries as coupons
from app.coupons.rules import worth
from app.earnings import service as earnings
from app.facts.rules import Timeline
from app.intake.service import tenant
from app.margins import queries
from app.margins.rules import Given, Weighed, newly_red, weigh, worst_commission
from app.margins.service.looking import fee_rate, sold
from app.money import half_up, parse_decimal
from app.orders.rules import BaseRule as Rule
from app.orders.rules import Line, Message, Snapshot, State, absorb, bases
from app.partners.rules import Edge, Identity, Status, tree_of
from app.programs import queries as programs
from app.programs.rules import parse_levels
from app.receipts.rules import Quoted, Receipt
from app.settlement.rules import fee

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.margins.queries import Goods
    from app.orders.rules import Folded
    from app.tenants.models import Tenant

LEVELS = 9
BEGAN = datetime(1970, 1, 1, tzinfo=UTC)
NOWHERE = 0
Kinds = dict[str, tuple[int | None, int | None, list[Any]]]


@dataclass(frozen=True, slots=True)
class Stack:
    """A product at its price, and the most that could be given away of one piece at once."""

    goods: Goods
    weighed: Weighed
    levels: int  # how many partners share in it

    @property
    def left(self) -> int:
        """What the merchant would keep, minor units."""
        return self.weighed.left


def stacks(at: datetime | None = None) -> list[Stack]:
    """Return the worst stack of each of the thinnest products, the worst first; nothing is written."""
    if not queries.is_known():
        return []
    with sql.read_only():
        merchant, moment = tenant(), at or clock.now()
        known = queries.goods(moment)
        kinds = _kinds(moment)
        made: list[Stack] = []
        for shop in sorted({each.shop_id for each in known}):
            own = [each for each in known if each.shop_id == shop]
            made += _of_shop(merchant, shop, own, kinds, moment)
    return sorted(made, key=lambda stack: (stack.left, stack.goods.id))


def reddened(change: Callable[[], object], at: datetime | None = None) -> list[Stack]:
    """Return the stacks that a change would make red, or redder; the change itself is tried and undone."""
    if not queries.is_known():
        return []
    before = stacks(at)
    with sql.tried():
        change()
        after = stacks(at)
    red = newly_red(
        ((each.goods.id, each.left) for each in before),
        ((each.goods.id, each.left) for each in after),
    )
    return [each for each in after if each.goods.id in red]


def _kinds(at: datetime) -> Kinds:
    """Return every kind of partner that there is, or that could be: on each set of terms, in each group."""
    found: Kinds = {f"terms:{each.id}": (each.id, None, []) for each in programs.all_terms()}
    found |= {f"group:{each.id}": (None, each.id, []) for each in programs.all_groups()}
    for n, (terms, group, levels) in enumerate(queries.kinds(at)):
        found[f"kind:{n}"] = (terms, group, levels or [])
    return found


def _of_shop(
    merchant: Tenant, shop: int, own: Sequence[Goods], kinds: Kinds, at: datetime
) -> list[Stack]:
    world = commissions.world(merchant, shop, [each.external_id for each in own], (), (), at)
    crowd = {
        name: _crowd(world, number, kind) for number, (name, kind) in enumerate(kinds.items(), 1)
    }
    made = []
    for each in own:
        folded = _sale(each, merchant.currency, at)
        stack = _stack(merchant, each, folded, world, crowd, at)
        if stack is not None:
            made.append(stack)
    return made


def _stack(
    merchant: Tenant,
    each: Goods,
    folded: Folded,
    world: World,
    crowd: Mapping[str, tuple[World, int]],
    at: datetime,
) -> Stack | None:
    cashback = world.fact("merchant", "cashback", at, default=False)
    paid = {name: _levels(folded, *one, at) for name, one in crowd.items()}
    own = (
        {name: _levels(folded, *one, at, own=True) for name, one in crowd.items()}
        if cashback
        else {}
    )
    [line] = bases(folded.snapshot, Rule())
    most, back = worst_commission(paid, own, line.value)
    rate = fee_rate()
    given = Given(
        commission=most - back,
        cashback=back,
        bonuses=_bonuses(merchant, each, folded),
        fee=fee(most, rate) if rate else 0,
    )
    weighed = weigh(sold(folded, world, at), given)
    deep = max((len(levels) for levels in paid.values()), default=0)
    return Stack(each, weighed, deep) if weighed is not None else None


def _sale(each: Goods, currency: str, at: datetime) -> Folded:
    """Return an order of one piece at its price, with the first order's coupon where there is one."""
    discount = _coupon(each.price, currency)
    line = Line(id="1", product=each.external_id, name=each.name, quantity=Decimal(1),
                price=each.price, discount=discount)  # fmt: skip
    said = Snapshot(
        status=State.COMPLETED.value, currency=currency, created_at=at, updated_at=at, lines=(line,)
    )
    return absorb(None, Message(said, at, State.COMPLETED))


def _coupon(price: int, currency: str) -> int:
    offer = coupons.offer()
    if not offer.on:
        return 0
    said = worth(offer.value)
    if said.percent is not None:
        return half_up(Fraction(price) * Fraction(said.percent) / 100)
    if said.amount is not None and said.currency == currency:
        return min(parse_decimal(said.amount, currency), price)
    return 0


def _crowd(
    world: World, number: int, kind: tuple[int | None, int | None, list[Any]]
) -> tuple[World, int]:
    """Put nine partners of a kind above each other into the world; return it and who is the lowest."""
    terms, group, levels = kind
    ids = [-(number * 10 + n) for n in range(LEVELS + 1)]
    said = {
        "status": Status.ACTIVE,
        "terms": terms,
        "group": group,
        "levels": parse_levels(levels, world.currency),
    }
    facts = {
        (f"partner:{partner}", name): Timeline.of([(BEGAN, value)])
        for partner in ids
        for name, value in said.items()
    }
    edges = tree_of(Edge(low, high, BEGAN) for low, high in pairwise(ids))
    known = {ids[0]: Identity(members=frozenset({ids[0]}))}
    made = replace(
        world, facts={**world.facts, **facts}, edges={**world.edges, **edges}, identities=known
    )
    return made, ids[0]


def _levels(
    folded: Folded, world: World, partner: int, at: datetime, *, own: bool = False
) -> dict[int, int]:
    """Return what each level would get of a sale that the partner brings, or makes himself."""
    order = OrderInput(
        order_id=NOWHERE,
        folded=folded,
        buyer=Buyer(member_id=partner if own else None),
        claims=(Claim(Kind.STAFF, "worst", partner),),
    )
    found = due([order], world, NOTHING_TAKEN, at, bindable=False)
    levels: dict[int, int] = {}
    for share in found.shares:
        levels[share.level] = levels.get(share.level, 0) + share.amount
    return levels


def _bonuses(merchant: Tenant, each: Goods, folded: Folded) -> int:
    """Return the most that the sale earns a customer, by the rules that hold."""
    nothing = Quoted(0, 0, (0,), Receipt((), 0))
    return max(
        (
            earnings.foreseen_cart(merchant, each.shop_id, folded.snapshot, member, nothing)
            for member in queries.buyers(each.shop_id)
        ),
        default=0,
    )
