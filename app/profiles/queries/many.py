"""What is known of many customers and their orders at once: a few statements, however many there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.attribution.models import Binding
from app.bonuses import queries as bonuses
from app.catalog.queries import external_category_names
from app.commissions.queries import world_of
from app.extensions import db
from app.members.models import Member
from app.members.queries import tags
from app.orders import service as orders
from app.profiles.queries.orders import Person, categories_of, seen_with
from app.ranks import queries as ranks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from app.commissions.rules.world import World
    from app.orders.service import Standing
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


def known_of(
    merchant: Tenant, member_ids: Collection[int], windows: frozenset[int], oldest: datetime
) -> list[Known]:
    """Return what is known of customers, by id. `windows`: days that rules count over."""
    query = select(Member).where(Member.id.in_(set(member_ids))).order_by(Member.id)
    members = list(db.session.scalars(query))
    bound = {
        each.member_id: each
        for each in db.session.scalars(select(Binding).where(Binding.member_id.in_(member_ids)))
    }
    own: dict[int, list[Standing]] = defaultdict(list)
    for order in orders.of_members(member_ids):
        if order.member_id is not None:
            own[order.member_id].append(order)
    worlds = _worlds(merchant, members, bound, own, oldest)
    names, worn = _names(members, worlds, own), tags([each.id for each in members])
    marks, codes = ranks.marks([each.id for each in members]), ranks.codes()
    held, own_too = ranks.held(), bonuses.program().owners_earn_on_own
    return [
        Known(
            member,
            Person(
                member=member,
                binding=bound.get(member.id),
                orders=own[member.id],
                asked=windows,
                categories=names[member.shop_id],
                tags=worn[member.id],
                ranks=marks[member.id],
                codes=codes,
                held=held,
                own_too=own_too,
            ),
            worlds[member.shop_id],
        )
        for member in members
    ]


def _worlds(
    merchant: Tenant,
    members: Sequence[Member],
    bound: Mapping[int, Binding],
    own: Mapping[int, Sequence[Standing]],
    oldest: datetime,
) -> dict[int, World]:
    found = {}
    for shop_id in sorted({each.shop_id for each in members}):
        here = [each for each in members if each.shop_id == shop_id]
        made = [order for each in here for order in own[each.id]]
        partners = {bound[each.id].partner_id for each in here if each.id in bound}
        first = min([oldest, *(order.folded.snapshot.created_at for order in made)])
        folded = [order.folded for order in made]
        found[shop_id] = world_of(merchant, shop_id, folded, partners, first)
    return found


def _names(
    members: Sequence[Member],
    worlds: Mapping[int, World],
    own: Mapping[int, Sequence[Standing]],
) -> dict[int, Mapping[int, str]]:
    """Return the shop's own ids of the categories that its goods stood in, by shop."""
    found: dict[int, Mapping[int, str]] = {}
    for shop_id, world in worlds.items():
        made = [o for each in members if each.shop_id == shop_id for o in own[each.id]]
        found[shop_id] = external_category_names(categories_of(world, made))
    return found
