"""What is known of orders, so that rules may ask: as they stand, in the world of when they were made."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from app.orders.rules import BaseRule, bases, goods_total, line_value, refunded
from app.partners.rules import Status, climb
from app.profiles.queries.people import (
    LIVE,
    member_facts,
    referral_facts,
    time_facts,
    with_uplines,
)
from app.profiles.rules import Facts, Goods, Owner, Referrer
from app.profiles.rules.due import Seen
from app.ranks.rules import owners_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from app.commissions.rules.world import World
    from app.orders.rules import Line, Snapshot
    from app.orders.service import Standing
    from app.profiles.queries.people import Person


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
    before, group = _before(order, person), order.folded.buyer_group
    known = {
        **_order_facts(said, person, order),
        **member_facts(person, said.created_at, local.date(), group, before),
        **referral_facts(person, chain, said.created_at),
        **time_facts(local),
    }
    return Facts(
        at=local,
        member_id=order.member_id,
        said=known,
        goods=goods,
        chain=with_uplines(person, chain, said.created_at),
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
        if each.folded.state in LIVE and (each.folded.snapshot.created_at, each.id) < mine
    ]


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
        each.line: {name: each.said[f"line.{name}"] for name in ("supplier", "brand", "product")}
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
        "line.supplier": told.supplier or line.supplier or world.product_word(line, "supplier", at),
        "line.brand": told.brand or line.brand or world.product_word(line, "brand", at),
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
