"""What is known of orders, so that rules may ask: as they stand, in the world of when they were made."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.attribution.models import Binding
from app.bonuses import queries as bonuses
from app.catalog.queries import external_category_names
from app.commissions.queries import world_of
from app.extensions import db
from app.members.models import Member
from app.members.queries import tags
from app.members.rules import worn
from app.orders.rules import BaseRule, State, bases, goods_total, line_value, refunded
from app.partners.rules import Status, climb
from app.profiles.queries.published import published_at
from app.profiles.rules import Facts, Goods, Owner, Referrer
from app.profiles.rules.due import Seen
from app.profiles.rules.shape import pays_owners
from app.ranks import queries as ranks
from app.ranks.rules import owners_of, standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from app.commissions.rules.world import World
    from app.members.rules import Tagged
    from app.orders.rules import Line, Snapshot
    from app.orders.service import Standing
    from app.ranks.rules import Held, Ranked
    from app.tenants.models import Tenant

_LIVE = frozenset({State.REGISTERED, State.AGREED, State.COMPLETED})
_HOW = {"coupon": "coupon", "partner_code": "coupon", "site": "site", "staff": "manual"}


@dataclass(frozen=True)
class Person:
    """What the facts of a customer are read from."""

    member: Member | None
    binding: Binding | None
    orders: Sequence[Standing]
    asked: frozenset[int] = frozenset()  # windows that rules count over
    tags: Sequence[Tagged] = ()
    leap: str = "february"  # when a birthday of 29 February is kept in other years
    ranks: Sequence[Ranked] = ()
    codes: Mapping[int, str] = field(default_factory=dict)
    categories: Mapping[int, str] = field(default_factory=dict)
    held: Sequence[Held] = ()  # rights to goods
    own_too: bool = False  # whether a rights holder earns on what he buys himself


def seen_of(
    merchant: Tenant,
    orders: Sequence[Standing],
    shares: Mapping[int, Mapping[str, int]] | None = None,
    *,
    ruled: bool = False,
) -> list[Seen]:
    """Return a customer's orders (all of them, of one shop) as rules see them, with the rules of their time.

    `shares`: minor units of each line that bonuses paid, by order; without them the part paid in bonuses
    lies on the lines in proportion to their value. `ruled`: nothing is read where no rule held.
    """
    if not orders:
        return []
    versions, windows = published_at([each.folded.snapshot.created_at for each in orders])
    if ruled and not any(versions):
        return []
    paid = any(pays_owners(each.rule) for held in versions for each in held)
    member_id = orders[0].member_id
    binding = None if member_id is None else _binding(member_id)
    oldest = min(each.folded.snapshot.created_at for each in orders)
    partners = () if binding is None else (binding.partner_id,)
    folded = [each.folded for each in orders]
    world = world_of(merchant, orders[0].shop_id, folded, partners, oldest)
    member = None if member_id is None else _member(member_id)
    person = Person(
        member=member,
        binding=binding,
        orders=orders,
        asked=windows,
        leap=leap_of(member.birthday if member else None),
        tags=tags([member_id])[member_id] if member_id is not None else (),
        ranks=ranks.marks([member_id])[member_id] if member_id is not None else (),
        codes=ranks.codes(),
        categories=external_category_names(categories_of(world, orders)),
        held=ranks.held() if paid else (),
        own_too=bonuses.program().owners_earn_on_own if paid else False,
    )
    return [
        seen_with(each, person, world, (shares or {}).get(each.id), versions[n])
        for n, each in enumerate(orders)
    ]


def seen_with(
    order: Standing,
    person: Person,
    world: World,
    shares: Mapping[str, int] | None,
    rules: Any,
) -> Seen:
    """Return one order of a person as rules see it."""
    said, folded = order.folded.snapshot, order.folded
    back = refunded(said)
    return Seen(
        order_id=order.id,
        state=folded.state,
        created_at=said.created_at,
        paid_at=said.paid_at,
        completed_at=folded.completed_since,
        facts=facts_of(order, person, world, shares),
        values={line.id: line_value(line) for line in said.lines},
        refunded=back.lines,
        paid_by_bonus=said.bonus_spend,
        rules=rules,
    )


def facts_of(
    order: Standing, person: Person, world: World, shares: Mapping[str, int] | None = None
) -> Facts:
    """Return all that is known of an order at the time it was made, in the merchant's zone."""
    said = order.folded.snapshot
    local = said.created_at.astimezone(world.zone)
    chain = chain_of(person, world, said.created_at)
    goods = _goods(order, world, person, shares)
    known = {
        **_order_facts(said, person, order),
        **_member_facts(order, person, local.date()),
        **_referral_facts(person, chain, said.created_at),
        "time.date": local.date(),
        "time.weekday": local.isoweekday(),
        "time.hour": local.hour,
    }
    return Facts(
        at=local,
        member_id=order.member_id,
        said=known,
        goods=goods,
        chain=chain,
        owners=_owners(order, person, goods),
    )


def _order_facts(said: Snapshot, person: Person, order: Standing) -> dict[str, Any]:
    before = _before(order, person)
    full = sum(
        line_value(line) + line.discount
        if line.price is None
        else max(line_value(line), int(line.price * Fraction(line.quantity)))
        for line in said.lines
    )
    return {
        "order.total": goods_total(said),
        "order.total_without_discount": full,
        "order.paid_by_bonus": said.bonus_spend,
        "order.items_count": sum((Fraction(line.quantity) for line in said.lines), Fraction(0)),
        "order.status": said.status,
        "order.has_coupon": bool(said.coupons),
        "order.coupon_code": frozenset(said.coupons),
        "order.is_first": None if order.member_id is None else not before,
        "order.number_in_sequence": None if order.member_id is None else len(before) + 1,
        "order.site": said.site,
    }


def _before(order: Standing, person: Person) -> list[Standing]:
    """Return the customer's orders that count and were made earlier."""
    mine = (order.folded.snapshot.created_at, order.id)
    return [
        each
        for each in person.orders
        if each.folded.state in _LIVE and (each.folded.snapshot.created_at, each.id) < mine
    ]


def _member_facts(order: Standing, person: Person, today: date) -> dict[str, Any]:
    found: dict[str, Any] = {"member.group": order.folded.buyer_group}
    if person.member is None:
        return found
    at = order.folded.snapshot.created_at
    found["member.tag"] = frozenset(each.tag for each in worn(person.tags, at))
    found["member.rank"] = rank_at(person, at)
    since = person.member.registered_at
    if since is not None:
        found["member.registered_days_ago"] = max((at - since).days, 0)
    born = person.member.birthday
    found["member.birthday_in_days"] = days_until(born, today, person.leap)
    before = _before(order, person)
    found |= counted(before, "")
    for days in person.asked:
        cut = at - timedelta(days=days)
        late = [each for each in before if each.folded.snapshot.created_at >= cut]
        found |= counted(late, f"@{days}")
    if before:
        last = max(each.folded.snapshot.created_at for each in before)
        found["member.last_order_days_ago"] = (at - last).days
    return found


def rank_at(person: Person, at: datetime) -> str:
    """Return the rank that a customer had just before a moment, as rules call it; "": none."""
    had = standing(person.ranks, at)
    return person.codes.get(had.rank_id or 0, "") if had else ""


def counted(orders: Sequence[Standing], window: str) -> dict[str, Any]:
    """Return how many orders there are, and for how much, as facts of a window ("" or "@90")."""
    return {
        f"member.orders_count{window}": len(orders),
        f"member.orders_sum{window}": sum(goods_total(o.folded.snapshot) for o in orders),
    }


def days_until(birthday: date | None, today: date, leap: str = "february") -> int | None:
    """Return how many days it is to the birthday; `leap`: when 29 February is kept in other years."""
    if birthday is None:
        return None
    return min(
        (each - today).days
        for year in (today.year, today.year + 1)
        if (each := birthday_in(birthday, year, leap)) >= today
    )


def leap_of(birthday: date | None) -> str:
    """Return when a birthday of 29 February is kept in other years; asked of those alone."""
    if birthday is None or (birthday.month, birthday.day) != (2, 29):
        return "february"
    return bonuses.program().leap_birthday


def birthday_in(birthday: date, year: int, leap: str = "february") -> date:
    """Return the day of a year on which the birthday is kept."""
    try:
        return birthday.replace(year=year)
    except ValueError:
        return date(year, 3, 1) if leap == "march" else birthday.replace(year=year, day=28)


def _referral_facts(person: Person, chain: tuple[Referrer, ...], at: datetime) -> dict[str, Any]:
    bound = person.binding is not None and person.binding.since <= at
    found: dict[str, Any] = {"referral.has_referrer": bound, "referral.level_distance": len(chain)}
    if bound and person.binding is not None:
        found["referral.binding_kind"] = _HOW.get(person.binding.how, "link")
    return found


def chain_of(person: Person, world: World, at: datetime) -> tuple[Referrer, ...]:
    """Return who stood above the customer then; who has no account of bonuses counts as inactive."""
    bound = person.binding
    if bound is None or bound.since > at:
        return ()
    found = []
    for partner_id in (bound.partner_id, *climb(world.edges, bound.partner_id, at)):
        members = world.identity(partner_id).members
        active = bool(members) and world.status(partner_id, at) is Status.ACTIVE
        member_id = min((int(each) for each in members), default=-partner_id)
        found.append(Referrer(member_id=member_id, active=active))
    return tuple(found)


def _goods(
    order: Standing, world: World, person: Person, shares: Mapping[str, int] | None
) -> tuple[Goods, ...]:
    said = order.folded.snapshot
    whole = replace(said, refunds=())
    basis = {each.line: each.base for each in bases(whole, BaseRule())}
    if shares is not None:
        basis = {
            line.id: Fraction(line_value(line) - shares.get(line.id, 0)) for line in said.lines
        }
    return tuple(
        Goods(
            line=line.id,
            basis=max(basis[line.id], Fraction(0)),
            said=_line_facts(order, line, world, person),
        )
        for line in said.lines
    )


def _owners(order: Standing, person: Person, goods: Sequence[Goods]) -> tuple[Owner, ...]:
    """Return who held rights to the goods when the order was made."""
    words = {
        each.line: {"supplier": each.said["line.supplier"], "product": each.said["line.product"]}
        for each in goods
    }
    found = owners_of(person.held, words, order.folded.snapshot.created_at)
    return tuple(
        Owner(owner_id=member, line=line, share=part)
        for member, line, part in found
        if person.own_too or member != order.member_id
    )


def _line_facts(order: Standing, line: Line, world: World, person: Person) -> dict[str, Any]:
    at = order.folded.snapshot.created_at
    told = order.folded.facts_of(line)
    spot = world.spot_of(line, told, at)
    names = {person.categories[i] for i in spot.categories if i in person.categories}
    if told.category is not None:
        names.add(told.category)
    return {
        "line.product": line.product,
        "line.category": frozenset(names) or None,
        "line.supplier": told.supplier or line.supplier,
        "line.has_promo_price": world.is_promotional(line, told, at),
        "line.qty": Fraction(line.quantity),
        "line.amount": line_value(line),
    }


def categories_of(world: World, orders: Sequence[Standing]) -> set[int]:
    """Return the categories (our ids) in which the orders' goods stood, with those above them."""
    found: dict[int, set[int]] = defaultdict(set)
    for order in orders:
        at = order.folded.snapshot.created_at
        for line in order.folded.snapshot.lines:
            found[0] |= set(world.spot_of(line, order.folded.facts_of(line), at).categories)
    return found[0]


def _member(member_id: int) -> Member | None:
    return db.session.scalar(select(Member).where(Member.id == member_id))


def _binding(member_id: int) -> Binding | None:
    return db.session.scalar(select(Binding).where(Binding.member_id == member_id))
