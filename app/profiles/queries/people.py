"""What is known of a customer at a moment: the same for an order, for an event, and for a look back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app import sql
from app.bonuses import queries as bonuses
from app.extensions import db
from app.members.models import Member
from app.members.queries import tags
from app.members.rules import worn
from app.orders.rules import State, goods_total
from app.profiles.rules import Facts
from app.profiles.rules.shape import leaves, pays_owners, trees
from app.ranks import queries as ranks
from app.ranks.rules import standing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from app.attribution.models import Binding
    from app.members.rules import Tagged
    from app.orders.service import Standing
    from app.profiles.rules import Referrer, Rule
    from app.ranks.rules import Held, Ranked

LIVE = frozenset({State.REGISTERED, State.AGREED, State.COMPLETED})
_HOW = {"coupon": "coupon", "partner_code": "coupon", "site": "site", "staff": "manual"}
_RANKS = frozenset({"upline.rank", "referral.referrer_rank"})
_FRIENDS = frozenset({"referral.active_referrals", "referral.referrals_sum"})
# What came back is taken off an order's total.
_BROUGHT = """
SELECT p.member_id AS whose, o.member_id, o.created_at, o.total FROM partner p
JOIN binding b ON b.tenant_id = p.tenant_id AND b.partner_id = p.id
JOIN orders o ON o.tenant_id = b.tenant_id AND o.member_id = b.member_id
WHERE p.member_id = ANY(%(members)s) AND o.state IN ('agreed', 'completed')
"""
_ORDERS = """
SELECT member_id, created_at FROM orders
WHERE member_id = ANY(%(members)s) AND state IN ('registered', 'agreed', 'completed')
"""


@dataclass(frozen=True)
class Asked:
    """What the rules that may hold ask for, so that nothing else is read."""

    facts: frozenset[str] = frozenset()
    windows: frozenset[int] = frozenset()  # days that they count over
    owners: bool = False  # whether rights holders are paid


def asked_by(rules: Iterable[Rule]) -> Asked:
    """Return what rules ask for."""
    found = list(rules)
    said = [leaf for rule in found for _path, _scope, tree in trees(rule) for leaf in leaves(tree)]
    return Asked(
        facts=frozenset(leaf.fact for leaf in said),
        windows=frozenset(leaf.days for leaf in said if leaf.days is not None),
        owners=any(pays_owners(rule) for rule in found),
    )


@dataclass(frozen=True)
class Around:
    """What is known of the people around customers, as far as rules ask for it; by the account's number."""

    ranks: Mapping[int, Sequence[Ranked]] = field(default_factory=dict)
    groups: Mapping[int, str | None] = field(default_factory=dict)
    orders: Mapping[int, Sequence[datetime]] = field(default_factory=dict)
    friends: Mapping[int, Sequence[tuple[int, datetime, int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Person:
    """What the facts of a customer are read from."""

    member: Member | None
    binding: Binding | None
    orders: Sequence[Standing]
    asked: Asked = field(default_factory=Asked)
    tags: Sequence[Tagged] = ()
    leap: str = "february"  # when a birthday of 29 February is kept in other years
    ranks: Sequence[Ranked] = ()
    codes: Mapping[int, str] = field(default_factory=dict)
    categories: Mapping[int, str] = field(default_factory=dict)
    held: Sequence[Held] = ()  # rights to goods
    own_too: bool = False  # whether a rights holder earns on what he buys himself
    around: Around = field(default_factory=Around)


def people(
    own: Mapping[int, Sequence[Standing]],
    members: Mapping[int, Member],
    bound: Mapping[int, Binding],
    asked: Asked,
    above: Collection[int] = (),
) -> dict[int, Person]:
    """Return customers as rules know them; a few statements, however many they are.

    `own`: their orders; `above`: everybody who stands above any of them.
    """
    worn_, marks, codes = tags(own), ranks.marks(own), ranks.codes()
    held = ranks.held() if asked.owners else []
    own_too = bonuses.program().owners_earn_on_own if held else False
    around = around_of(own, above, asked)
    return {
        member_id: Person(
            member=members.get(member_id),
            binding=bound.get(member_id),
            orders=orders,
            asked=asked,
            tags=worn_[member_id],
            leap=leap_of(members[member_id].birthday) if member_id in members else "february",
            ranks=marks[member_id],
            codes=codes,
            held=held,
            own_too=own_too,
            around=around,
        )
        for member_id, orders in own.items()
    }


def around_of(members: Collection[int], above: Collection[int], asked: Asked) -> Around:
    """Return what rules ask of the people around customers."""
    up = sorted({each for each in above if each > 0})
    bought: dict[int, list[datetime]] = defaultdict(list)
    if up and "upline.orders_count" in asked.facts:
        for row in sql.rows(_ORDERS, {"members": up}):
            bought[row.member_id].append(row.created_at)
    friends: dict[int, list[tuple[int, datetime, int]]] = defaultdict(list)
    if asked.facts & _FRIENDS:
        for row in sql.rows(_BROUGHT, {"members": sorted(members)}):
            friends[row.whose].append((row.member_id, row.created_at, row.total))
    groups = {}
    if up and "upline.group" in asked.facts:
        query = select(Member.id, Member.group).where(Member.id.in_(up))
        groups = {row.id: row.group for row in db.session.execute(query)}
    return Around(
        ranks=ranks.marks(up) if up and asked.facts & _RANKS else {},
        groups=groups,
        orders=bought,
        friends=friends,
    )


def member_facts(
    person: Person,
    at: datetime,
    today: date,
    group: str | None,
    before: Sequence[Standing],
    *,
    now: bool = False,
) -> dict[str, Any]:
    """Return what is known of a customer just before a moment; `before`: his orders that count by then.

    `now`: it is the present moment, so all that was ever said of tags and ranks is known.
    """
    found: dict[str, Any] = {"member.group": group}
    if person.member is None:
        return found
    by = None if now else at
    found["member.tag"] = frozenset(each.tag for each in worn(person.tags, by))
    found["member.rank"] = rank_in(person.ranks, person.codes, by)
    found["member.registered_days_ago"] = _registered(person.member, at)
    found["member.birthday_in_days"] = days_until(person.member.birthday, today, person.leap)
    found |= counted(before, "")
    for days in person.asked.windows:
        cut = at - timedelta(days=days)
        late = [each for each in before if each.folded.snapshot.created_at >= cut]
        found |= counted(late, f"@{days}")
    last = max((each.folded.snapshot.created_at for each in before), default=None)
    found["member.last_order_days_ago"] = None if last is None else max((at - last).days, 0)
    return found


def _registered(member: Member, at: datetime) -> int | None:
    """Return the days since registration; where the shop never said, since we know the customer."""
    if member.registered_at is not None:
        return max((at - member.registered_at).days, 0)
    return (at - member.created_at).days if at >= member.created_at else None


def rank_in(marks: Sequence[Ranked], codes: Mapping[int, str], at: datetime | None) -> str:
    """Return the rank that somebody had just before a moment (None: has), as rules call it; "": none."""
    had = standing(marks, at)
    return codes.get(had.rank_id or 0, "") if had else ""


def counted(orders: Sequence[Standing], window: str) -> dict[str, Any]:
    """Return how many orders there are, and for how much, as facts of a window ("" or "@90")."""
    return {
        f"member.orders_count{window}": len(orders),
        f"member.orders_sum{window}": sum(goods_total(o.folded.snapshot) for o in orders),
    }


def referral_facts(person: Person, chain: Sequence[Referrer], at: datetime) -> dict[str, Any]:
    """Return who brought a customer, and whom he brought himself, just before a moment."""
    bound = person.binding if person.binding is not None and person.binding.since <= at else None
    first = chain[0].member_id if chain else 0
    rank = rank_in(person.around.ranks.get(first, ()), person.codes, at) if bound else None
    found: dict[str, Any] = {
        "referral.has_referrer": bound is not None,
        "referral.binding_kind": None if bound is None else _HOW.get(bound.how, "link"),
        "referral.level_distance": len(chain),
        "referral.referrer_rank": rank,
    }
    number = person.member.id if person.member is not None else 0
    friends = [each for each in person.around.friends.get(number, ()) if each[1] < at]
    found |= _friends(friends, "")
    for days in person.asked.windows:
        cut = at - timedelta(days=days)
        found |= _friends([each for each in friends if each[1] >= cut], f"@{days}")
    return found


def _friends(found: Sequence[tuple[int, datetime, int]], window: str) -> dict[str, Any]:
    return {
        f"referral.active_referrals{window}": len({member for member, _at, _total in found}),
        f"referral.referrals_sum{window}": sum(total for _member, _at, total in found),
    }


def upline_facts(person: Person, member_id: int, at: datetime) -> dict[str, Any]:
    """Return what is known of somebody above a customer, just before a moment."""
    around = person.around
    times = [each for each in around.orders.get(member_id, ()) if each < at]
    found: dict[str, Any] = {
        "upline.rank": rank_in(around.ranks.get(member_id, ()), person.codes, at),
        "upline.group": around.groups.get(member_id),
        "upline.orders_count": len(times),
    }
    for days in person.asked.windows:
        cut = at - timedelta(days=days)
        found[f"upline.orders_count@{days}"] = sum(each >= cut for each in times)
    return found


def event_facts(
    person: Person,
    chain: tuple[Referrer, ...],
    local: datetime,
    said: Mapping[str, Any],
    *,
    now: bool = False,
) -> Facts:
    """Return all that is known when an event happens to a customer; `said`: what it tells itself."""
    member = person.member
    before = [
        each
        for each in person.orders
        if each.folded.state in LIVE and each.folded.snapshot.created_at <= local
    ]
    group = member.group if member is not None else None
    return Facts(
        at=local,
        member_id=member.id if member is not None else None,
        said={
            **time_facts(local),
            **member_facts(person, local, local.date(), group, before, now=now),
            **referral_facts(person, chain, local),
            **said,
        },
        chain=with_uplines(person, chain, local),
    )


def with_uplines(person: Person, chain: tuple[Referrer, ...], at: datetime) -> tuple[Referrer, ...]:
    """Return those above a customer with what is known of each."""
    return tuple(replace(r, said=upline_facts(person, r.member_id, at)) for r in chain)


def time_facts(local: datetime) -> dict[str, Any]:
    """Return what is known of a moment in the merchant's zone."""
    return {
        "time.date": local.date(),
        "time.weekday": local.isoweekday(),
        "time.hour": local.hour,
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
