"""What orders are due in bonuses, what is booked, and the difference."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app.bonuses import service as wallet
from app.bonuses.rules import Grant
from app.bonuses.service import TakeBack
from app.earnings import queries
from app.earnings.queries import Earned
from app.earnings.service import acting
from app.earnings.service.applications import write_applications
from app.earnings.service.climbing import bought
from app.earnings.service.reaching import achievements
from app.extensions import db
from app.profiles import queries as profiles
from app.profiles.models import EffectApplication
from app.profiles.rules.doing import wanted_of
from app.profiles.rules.due import due_within
from app.profiles.rules.shape import pays_owners
from app.ranks import queries as ranks
from app.tenants.queries import live_from, setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from app.orders.service import Standing
    from app.profiles.rules.due import Due, Earning, Seen
    from app.tenants.models import Tenant


def reconcile(merchant: Tenant, customers: Iterable[Sequence[Standing]]) -> None:
    """Bring what customers' orders have earned to what is due; a replay posts nothing.

    `customers`: all orders of each, as they now stand, their spending already reconciled; the caller
    holds the customers' locks. What an order earned and is not due any more is taken back: from its
    own lots first. While loyalty is off nothing more is given. A guest earns nothing: he has no account;
    who holds rights to what he bought does.
    """
    owned = [own for own in customers if own and own[0].member_id is not None]
    on = bool(setting("loyalty"))
    standing = [order for own in owned for order in own]
    known = [order.id for order in standing if not order.fresh]
    booked = queries.earned(known)
    if not standing or not (on or booked or acting.any_done(known) or _reached(owned)):
        return
    accounts = queries.with_accounts(own[0].member_id for own in owned)
    program = queries.earning()
    shares = queries.shares_of(standing)
    able_ = [own for own in owned if own[0].member_id in accounts]
    guests = _of_owners([own for own in owned if own[0].member_id not in accounts])
    mine = [order for own in (*able_, *guests) for order in own]
    keys = {f"order:{order.id}" for order in mine}
    taken = queries.taken(merchant, queries.rules_of(mine), keys)
    made = {order.id: order.folded.snapshot.created_at for order in mine}
    given: list[tuple[Due, datetime]] = []
    zone, used = ZoneInfo(merchant.timezone), dict(taken)
    live = live_from()
    for seen in _acted(merchant, able_, program, shares, on=on):
        own = [each for each in seen if live is None or each.created_at >= live]
        found = due_within(own, program, zone, used)
        given += [(due, made[due.order_id]) for due in found]
    for seen in profiles.seen_of_all(merchant, guests, shares, ruled=True) if guests else ():
        found = due_within(seen, program, zone, used)
        given += [(due, made[due.order_id]) for due in found if due.to.who == "owner"]
    able = queries.with_accounts(due.to.id for due, _at in given)
    _book([(due, at) for due, at in given if due.to.id in able], booked, on=on)
    by_member = {own[0].member_id or 0: own for own in owned}
    achievements(merchant, by_member, accounts, on=on)
    bought(merchant, by_member, accounts, on=on)


def _of_owners(guests: Sequence[Sequence[Standing]]) -> Sequence[Sequence[Standing]]:
    """Return the orders of guests, who earn nothing, where rules pay who holds rights to the goods."""
    rules = queries.rules_of([order for own in guests for order in own]) if guests else []
    return guests if any(pays_owners(each.rule) for each in rules) and ranks.held() else ()


def _reached(owned: Sequence[Sequence[Standing]]) -> bool:
    """Tell whether the customers have achievements, or those who brought them: they may be lost."""
    members = [own[0].member_id or 0 for own in owned]
    return bool(ranks.achievements({*members, *queries.referrers_of(members)}))


def _acted(
    merchant: Tenant,
    customers: Sequence[Sequence[Standing]],
    program: Earning,
    shares: Mapping[int, Mapping[str, int]],
    *,
    on: bool,
) -> list[list[Seen]]:
    """Do what customers' orders are to have done, and return them as rules then see them.

    What an order does is known to later ones alone, so that each pass settles one more of them at least.
    """
    whose = {order.id: own[0].member_id or 0 for own in customers for order in own}
    fresh = all(order.fresh for own in customers for order in own)
    found: list[list[Seen]] = []
    for _pass in range(max((len(own) for own in customers), default=0) + 1):
        found = profiles.seen_of_all(merchant, customers, shares, ruled=True)
        wanted = wanted_of([each for seen in found for each in seen], program)
        if fresh and not wanted:
            break
        if not acting.bring_to(merchant, whose, wanted, on=on):
            break
    return found


def _book(
    given: Sequence[tuple[Due, datetime]],
    booked: Mapping[int, Mapping[str, Earned]],
    *,
    on: bool,
) -> None:
    grants: list[Grant] = []
    backs: list[TakeBack] = []
    wanted: dict[int, dict[str, Due]] = defaultdict(dict)
    for due, _at in given:
        wanted[due.order_id][due.reference] = due
    for order_id, found in booked.items():
        for reference, earned in found.items():
            owed = wanted[order_id].get(reference)
            rest = owed.amount if owed is not None else 0
            backs += _less(earned, order_id, earned.amount - rest)
    for due, _at in given:
        earned = booked.get(due.order_id, {}).get(due.reference, Earned())
        if on and due.amount > earned.amount:
            grants.append(_grant(due, due.amount - earned.amount, len(earned.lots) + 1))
    wallet.take_back(backs)
    wallet.grant(grants)
    _keep(given, booked, wanted, on=on)


def _less(earned: Earned, order_id: int, amount: int) -> list[TakeBack]:
    """Take back from the newest lots first."""
    found = []
    for reference, kept, back in reversed(earned.lots):
        some = min(kept, amount)
        if some > 0:
            amount -= some
            found.append(
                TakeBack(
                    reference=f"{reference}:back:{back + some}",
                    lot_reference=reference,
                    amount=some,
                    order_id=order_id,
                )
            )
    return found


def _grant(due: Due, amount: int, number: int) -> Grant:
    return Grant(
        member_id=due.to.id or 0,
        amount=amount,
        reference=f"{due.reference}:{number}",
        kind="profile",
        activates_at=due.activates_at,
        expires_at=due.expires_at,
        order_id=due.order_id,
        reason=due.comment,
    )


def _keep(
    given: Sequence[tuple[Due, datetime]],
    booked: Mapping[int, Mapping[str, Earned]],
    wanted: Mapping[int, Mapping[str, Due]],
    *,
    on: bool,
) -> None:
    """Write what each effect has given, for the limits and for explanations."""
    rows = []
    for due, at in given:
        has = booked.get(due.order_id, {}).get(due.reference, Earned()).amount
        rows.append(_row(due, at, due.amount if on else min(due.amount, has)))
    for order_id, found in booked.items():
        for reference in found:
            if reference not in wanted[order_id]:
                _profile, _order, number, rule, effect, who, member, level = reference.split(":")
                db.session.execute(
                    db.update(EffectApplication)
                    .where(
                        EffectApplication.event_key == f"order:{number}",
                        EffectApplication.rule_id == int(rule),
                        EffectApplication.effect == int(effect),
                        EffectApplication.recipient == f"{who}:{member}",
                        EffectApplication.level == int(level),
                    )
                    .values(amount=0)
                )
    if rows:
        write_applications(rows)


def _row(due: Due, at: datetime, amount: int) -> dict[str, object]:
    return {
        "event_key": f"order:{due.order_id}",
        "rule_id": due.rule_id,
        "version_id": due.version_id,
        "effect": due.effect,
        "do": "earn",
        "recipient": f"{due.to.who}:{due.to.id}",
        "level": due.to.level,
        "amount": amount,
        "at": at,
    }
