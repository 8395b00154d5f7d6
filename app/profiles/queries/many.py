"""What is known of many customers and their orders at once: a few statements, however many there are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app import clock
from app.attribution.models import Binding
from app.catalog.queries import external_category_names
from app.commissions.queries import world_of
from app.extensions import db
from app.members.models import Member
from app.orders import service as orders
from app.profiles.queries.orders import categories_of, seen_with
from app.profiles.queries.people import asked_by, people
from app.profiles.queries.published import published_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from app.commissions.rules.world import World
    from app.orders.service import Standing
    from app.profiles.queries.people import Asked, Person
    from app.profiles.rules import Rule
    from app.profiles.rules.due import Published, Seen
    from app.tenants.models import Tenant


@dataclass(frozen=True)
class Known:
    """A customer, the world of his shop, and the customer's orders, oldest first."""

    member: Member
    person: Person
    world: World

    def seen(
        self, rules: Sequence[Published], shares: Mapping[int, Mapping[str, int]]
    ) -> list[Seen]:
        """Return the orders as rules see them, all with the same rules."""
        return [
            seen_with(each, self.person, self.world, shares.get(each.id), tuple(rules))
            for each in self.person.orders
        ]


def seen_of(
    merchant: Tenant,
    own: Sequence[Standing],
    shares: Mapping[int, Mapping[str, int]] | None = None,
    *,
    ruled: bool = False,
    also: Iterable[Rule] = (),
) -> list[Seen]:
    """Return a customer's orders (all of them, of one shop) as rules see them, as seen_of_all() does."""
    return seen_of_all(merchant, [own], shares, ruled=ruled, also=also)[0] if own else []


def seen_of_all(
    merchant: Tenant,
    customers: Sequence[Sequence[Standing]],
    shares: Mapping[int, Mapping[str, int]] | None = None,
    *,
    ruled: bool = False,
    also: Iterable[Rule] = (),
) -> list[list[Seen]]:
    """Return customers' orders (all of each, of one shop) as rules see them, with the rules of their time.

    `shares`: minor units of each line that bonuses paid, by order; without them the part paid in bonuses
    lies on the lines in proportion to their value. `ruled`: nothing is read where no rule held;
    `also`: rules that are asked besides. A few statements, however many customers and orders there are.
    """
    every = [order for own in customers for order in own]
    found, _windows = published_at([each.folded.snapshot.created_at for each in every])
    if ruled and not any(found):
        return [[] for _own in customers]
    held = {order.id: rules for order, rules in zip(every, found, strict=True)}
    versions = {rule.version_id: rule.rule for rules in found for rule in rules}
    asked = asked_by([*versions.values(), *also])
    keyed = {own[0].member_id or -n: own for n, own in enumerate(customers, start=1) if own}
    shops = {key: own[0].shop_id for key, own in keyed.items()}
    oldest = min((each.folded.snapshot.created_at for each in every), default=clock.now())
    known = _read(merchant, keyed, shops, asked, oldest)
    made: dict[int, list[Seen]] = {}
    for key, own in keyed.items():
        person, world = known[key]
        made[key] = [
            seen_with(each, person, world, (shares or {}).get(each.id), held[each.id])
            for each in own
        ]
    keys = [own[0].member_id or -n if own else 0 for n, own in enumerate(customers, start=1)]
    return [made.get(key, []) for key in keys]


def known_of(
    merchant: Tenant, member_ids: Collection[int], asked: Asked, oldest: datetime
) -> list[Known]:
    """Return what is known of customers, by id, as far as rules ask for it."""
    members = _by_id(Member, Member.id, member_ids)
    shops = {key: each.shop_id for key, each in members.items()}
    own: dict[int, list[Standing]] = {each: [] for each in sorted(shops)}
    for order in orders.of_members(shops):
        if order.member_id is not None:
            own[order.member_id].append(order)
    known = _read(merchant, own, shops, asked, oldest)
    return [Known(members[key], *known[key]) for key in sorted(known)]


def _read(
    merchant: Tenant,
    own: Mapping[int, Sequence[Standing]],
    shops: Mapping[int, int],
    asked: Asked,
    oldest: datetime,
) -> dict[int, tuple[Person, World]]:
    """Return what is known of customers and the worlds of their shops; keys below zero are nobodies."""
    members = _by_id(Member, Member.id, own)
    bound = _by_id(Binding, Binding.member_id, own)
    worlds = _worlds(merchant, shops, bound, own, oldest)
    above = {
        int(m) for world in worlds.values() for i in world.identities.values() for m in i.members
    }
    found = people(own, members, bound, asked, above)
    names = _names(shops, worlds, own)
    return {
        key: (replace(person, categories=names[shops[key]]), worlds[shops[key]])
        for key, person in found.items()
    }


def _by_id(model: Any, column: Any, ids: Iterable[int]) -> dict[int, Any]:
    asked = sorted(each for each in ids if each > 0)
    rows = db.session.scalars(select(model).where(column.in_(asked))) if asked else ()
    return {getattr(row, column.key): row for row in rows}


def _worlds(
    merchant: Tenant,
    shops: Mapping[int, int],
    bound: Mapping[int, Binding],
    own: Mapping[int, Sequence[Standing]],
    oldest: datetime,
) -> dict[int, World]:
    found = {}
    for shop_id in sorted(set(shops.values())):
        here = [key for key, shop in shops.items() if shop == shop_id]
        made = [order for key in here for order in own[key]]
        partners = {bound[key].partner_id for key in here if key in bound}
        first = min([oldest, *(order.folded.snapshot.created_at for order in made)])
        folded = [order.folded for order in made]
        found[shop_id] = world_of(merchant, shop_id, folded, partners, first)
    return found


def _names(
    shops: Mapping[int, int],
    worlds: Mapping[int, World],
    own: Mapping[int, Sequence[Standing]],
) -> dict[int, Mapping[int, str]]:
    """Return the shop's own ids of the categories that its goods stood in, by shop."""
    found: dict[int, Mapping[int, str]] = {}
    for shop_id, world in worlds.items():
        made = [o for key, shop in shops.items() if shop == shop_id for o in own[key]]
        found[shop_id] = external_category_names(categories_of(world, made))
    return found
