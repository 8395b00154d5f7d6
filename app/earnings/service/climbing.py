"""Customers on the ladder of ranks: up at once by what they bought, down on the day that was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.bonuses import service as wallet
from app.earnings import queries
from app.earnings.service.reaching import rank_changed
from app.events.models import Event
from app.events.service import acting_as
from app.extensions import db
from app.facts import service as facts
from app.members import service as members
from app.orders import service as orders
from app.profiles import queries as profiles
from app.ranks import queries as ranks
from app.ranks import service as ladder
from app.ranks.rules import STRUCTURE, Verdict, judge
from app.ranks.rules.climbing import Move
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from app.orders.service import Standing
    from app.ranks.models import RankCursor
    from app.ranks.queries import Look
    from app.ranks.rules import Ladder
    from app.tenants.models import Tenant

TOGETHER = 500  # customers in one transaction
EVENTS = 500
# After these somebody who brought customers may have reached the next rank.
TELLING = ("deal.created", "deal.changed", "partner.recruited", "partner.approved")


def bought(
    merchant: Tenant,
    owned: Mapping[int, Sequence[Standing]],
    accounts: Collection[int],
    *,
    on: bool,
) -> None:
    """Count locked customers' days, and let them rise by them at once; `owned`: all orders of each."""
    if not on:
        return  # all is counted anew once it is on again
    ladder.count(owned, merchant.timezone)
    found = ranks.ladder()
    if found.plan.on and found.rungs:
        _look(merchant, found, sorted(set(owned) & set(accounts)))


def emptied(member_ids: Collection[int]) -> None:
    """Let locked customers who have no orders any more have done nothing."""
    if member_ids and setting("loyalty"):
        ladder.count(dict.fromkeys(member_ids, ()), "UTC")


def step(merchant: Tenant) -> bool:
    """Do one piece of what is due on the ladder; False when nothing is left to look at now.

    After a change of what is asked everybody is looked at once, in batches; else those whose rank is
    about to end, and those who stand above a customer who bought. Cut anywhere it goes on.
    """
    if not setting("loyalty"):
        ladder.count_anew()
        return False
    held = ladder.cursor()
    if held is None:
        return False
    with acting_as("system"), facts.remembered():
        found = ranks.ladder()
        climbing = found.plan.on and bool(found.rungs)
        if not held.counted:
            return _from_the_first(merchant, held, found if climbing else None)
        if not climbing:
            return False
        return _due(merchant, found) or _above(merchant, held, found)


def _from_the_first(merchant: Tenant, held: RankCursor, found: Ladder | None) -> bool:
    ids = ranks.next_members(held.place, TOGETHER)
    members.lock(ids)
    ladder.count(_orders_of(ids), merchant.timezone)
    if found is not None:
        _look(merchant, found, sorted(queries.with_accounts(ids)))
    if len(ids) < TOGETHER:
        held.counted, held.place = True, 0
    else:
        held.place = ids[-1]
    db.session.flush()
    return True


def check(merchant: Tenant, after: int) -> tuple[int | None, list[int]]:
    """Count the next customers' days from their orders, and put right what was kept otherwise.

    Returns where to go on (None: all were seen), and whose days were wrong: nobody's, if all is well.
    """
    ids = ranks.next_members(after, TOGETHER) if setting("loyalty") and ranks.is_counted() else []
    if not ids:
        return None, []
    members.lock(ids)
    owned = _orders_of(ids)
    found = ladder.wrong(owned, ranks.buckets(ids), merchant.timezone)
    if found:
        ladder.count({each: owned[each] for each in found}, merchant.timezone)
    return ids[-1], list(found)


def _orders_of(ids: Sequence[int]) -> dict[int, list[Standing]]:
    owned: dict[int, list[Standing]] = {each: [] for each in ids}
    for order in orders.of_members(ids):
        if order.member_id is not None:
            owned[order.member_id].append(order)
    return owned


def _due(merchant: Tenant, found: Ladder) -> bool:
    ids = ranks.due(ranks.today(), TOGETHER)
    if ids:
        members.lock(ids)
        _look(merchant, found, ids)
    return len(ids) == TOGETHER


def _above(merchant: Tenant, held: RankCursor, found: Ladder) -> bool:
    depth = max((each.depth for each in found.rungs if set(each.asks) & STRUCTURE), default=0)
    query = select(Event.position, Event.type, Event.facts).where(Event.position > held.position)
    rows = db.session.execute(query.order_by(Event.position).limit(EVENTS)).all()
    if not rows:
        return False
    held.position = rows[-1].position
    told = {row.facts.get("partner_id") for row in rows if row.type in TELLING}
    heads = ranks.heads_of({each for each in told if isinstance(each, int)}, depth) if depth else []
    if heads:
        members.lock(heads)
        _look(merchant, found, heads)
    db.session.flush()
    return len(rows) == EVENTS


def _look(merchant: Tenant, found: Ladder, member_ids: Sequence[int]) -> None:
    """Let locked customers rise, be warned, and fall. A pinned rank is left as it is."""
    today, judged = ranks.today(), []
    for each in ranks.looks(found, member_ids):
        said = Verdict(Move.STAY, each.rank_id)
        if not each.pinned:
            said = judge(found, each.rank_id, each.hold, each.seen, today)
        judged.append((each, said))
    ladder.settle(judged)
    moved = [each for each, said in judged if said.move in {Move.RISE, Move.FALL}]
    if moved and _rules_follow(moved):
        wallet.bring_up([each.member_id for each in moved])
        known = {rank.id: rank for rank in ranks.ranks()}
        for each in moved:
            rank_changed(merchant, each.member_id, known.get(each.rank_id or 0))


def _rules_follow(moved: Sequence[Look]) -> bool:
    """Tell whether rules wait for a change of rank, or have given for a rank that somebody had."""
    former = [f"rank.changed:{each.member_id}:{each.rank_id}" for each in moved if each.rank_id]
    return bool(profiles.live("rank.changed") or queries.applied(former))
