"""What is known of a customer at a moment, so that rules may ask."""

from __future__ import annotations

from calendar import isleap
from collections import defaultdict
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from app import clock, sql
from app.attribution.models import Binding
from app.bonuses import queries as bonuses
from app.extensions import db
from app.members.models import Member
from app.orders import service as orders
from app.orders.rules import State, goods_total, refunded
from app.partners import queries as partners
from app.partners.models import Partner
from app.partners.rules import climb, tree_of
from app.profiles import queries as profiles
from app.profiles.models import EffectApplication
from app.profiles.rules import Facts, Referrer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from app.orders.service import Standing
    from app.profiles.rules.due import Published

_REFERRERS = """
WITH RECURSIVE up AS (
  SELECT DISTINCT b.partner_id, 1 AS level FROM binding b WHERE b.member_id = ANY(%(members)s)
  UNION
  SELECT e.sponsor_id, u.level + 1 FROM up u
  JOIN sponsor_edge e ON e.partner_id = u.partner_id AND e.sponsor_id IS NOT NULL
    AND e.valid_from <= %(now)s AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
  WHERE u.level < %(depth)s
)
SELECT DISTINCT m.id FROM up u JOIN partner p ON p.id = u.partner_id
JOIN member m ON m.tenant_id = p.tenant_id AND m.id = p.member_id
WHERE m.key LIKE 'id:%%' ORDER BY m.id
"""
# What came back is taken off an order's total.
_FRIENDS = """
WITH RECURSIVE down AS (
  SELECT p.member_id, p.id AS partner_id, 1 AS level FROM partner p
  WHERE p.member_id = ANY(%(members)s)
  UNION ALL
  SELECT d.member_id, e.partner_id, d.level + 1 FROM down d
  JOIN sponsor_edge e ON e.sponsor_id = d.partner_id
    AND e.valid_from <= %(now)s AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
  WHERE d.level < %(depth)s
)
SELECT d.member_id, d.level, count(DISTINCT b.member_id) AS friends, sum(o.total) AS total
FROM down d JOIN binding b ON b.partner_id = d.partner_id
JOIN orders o ON o.tenant_id = b.tenant_id AND o.member_id = b.member_id
WHERE o.state IN ('agreed', 'completed')
GROUP BY d.member_id, d.level
"""
_PAID = frozenset({State.AGREED, State.COMPLETED})
# What outside services say about an event, by its trigger: {fact: name in the data}.
_SAID = {
    "member.profile_updated": {"profile.filled": "filled", "profile.filled_percent": "percent"},
    "metric.crossed": {
        "metric.name": "name",
        "metric.value": "value",
        "metric.level": "level",
        "metric.sum": "sum",
    },
    "referral.metric_crossed": {
        "metric.name": "name",
        "metric.value": "value",
        "metric.level": "level",
        "metric.sum": "sum",
    },
    "member.subscribed": {
        "subscription.list": "list",
        "subscription.double_opt_in": "double_opt_in",
    },
    "withdrawal.requested": {
        "withdrawal.amount": "amount",
        "withdrawal.verified": "verified",
    },
    "review.published": {
        "review.has_purchase": "has_purchase",
        "review.length": "length",
        "review.has_photo": "has_photo",
    },
}


def facts(
    member_id: int,
    trigger: str,
    local: datetime,
    data: Mapping[str, Any],
    rules: Iterable[Published] | None = None,
) -> Facts:
    """Return all that is known when an event happens to a customer, as far as rules ask (all that hold now).

    `local`: in the merchant's zone; `data`: what was told of the event.
    """
    member = db.session.scalars(select(Member).where(Member.id == member_id)).one()
    bound = db.session.scalar(select(Binding).where(Binding.member_id == member_id))
    chain = _chain(bound, local)
    held = profiles.live(trigger) if rules is None else rules
    asked = profiles.asked_by(each.rule for each in held)
    found = profiles.people(
        {member_id: orders.of_members([member_id])},
        {member_id: member},
        {} if bound is None else {member_id: bound},
        asked,
        [each.member_id for each in chain],
    )
    said = {
        "member.balance": bonuses.balance(member_id).available,
        **said_by(trigger, data),
    }
    return profiles.event_facts(found[member_id], chain, local, said, now=True)


def said_by(trigger: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that the report of an event tells."""
    if trigger == "external.event":
        return {
            f"external.payload.{name}": value
            for name, value in data.items()
            if isinstance(value, str | int | bool)
        }
    found = {}
    for fact, name in _SAID.get(trigger, {}).items():
        value = data.get(name)
        found[fact] = frozenset(map(str, value)) if isinstance(value, list) else value
    return found


def _chain(bound: Binding | None, local: datetime) -> tuple[Referrer, ...]:
    """Return who stands above a customer; who has no account of bonuses counts as inactive."""
    if bound is None:
        return ()
    edges = partners.upline_edges([bound.partner_id])
    above = [bound.partner_id, *climb(tree_of(edges), bound.partner_id, local)]
    query = select(Partner.id, Partner.member_id, Partner.status).where(Partner.id.in_(above))
    known = {row.id: row for row in db.session.execute(query)}
    return tuple(
        Referrer(
            member_id=known[p].member_id or -p,
            active=known[p].member_id is not None and known[p].status == "active",
        )
        for p in above
        if p in known
    )


def born_today(today: date) -> list[int]:
    """Return customers with accounts whose birthday it is; 29 February is kept as the program says else."""
    days = [f"{today:%m-%d}"]
    kept = (3, 1) if bonuses.program().leap_birthday == "march" else (2, 28)
    if (today.month, today.day) == kept and not isleap(today.year):
        days.append("02-29")
    query = select(Member.id).where(
        func.to_char(Member.birthday, "MM-DD").in_(days), Member.key.like("id:%")
    )
    return list(db.session.scalars(query.order_by(Member.id)))


def presented(member_ids: Sequence[int], year: int) -> list[int]:
    """Return those of the customers to whom something was given for the birthday of a year."""
    keys = {f"schedule.birthday:{member}:{year}": member for member in member_ids}
    query = select(EffectApplication.event_key).where(
        EffectApplication.event_key.in_(keys), EffectApplication.amount > 0
    )
    return sorted({keys[key] for key in db.session.scalars(query)})


def bought(own: Iterable[Standing]) -> tuple[int, int]:
    """Return how many of a customer's orders are paid, and what of their goods is kept, minor units."""
    paid = [o.folded.snapshot for o in own if o.folded.state in _PAID]
    back = sum((sum(refunded(each).lines.values(), Fraction(0)) for each in paid), Fraction(0))
    return len(paid), sum(goods_total(each) for each in paid) - ceil(back)


def streak(own: Iterable[Standing], zone: str) -> int:
    """Return how many months in a row a customer has paid orders of: the longest run."""
    local = ZoneInfo(zone)
    made = {
        at.year * 12 + at.month
        for order in own
        if order.folded.state in _PAID
        for at in (order.folded.snapshot.created_at.astimezone(local),)
    }
    longest = run = 0
    for month in sorted(made):
        run = run + 1 if month - 1 in made else 1
        longest = max(longest, run)
    return longest


def metrics_of(own: Sequence[Standing], zone: str) -> dict[str, int]:
    """Return what a customer has reached by metric."""
    count, total = bought(own)
    return {"orders": count, "sum": total, "streak": streak(own, zone)}


def referrers_of(member_ids: Iterable[int], depth: int = 1) -> list[int]:
    """Return those who brought customers, so many levels up, and are customers with accounts themselves."""
    values = {"members": sorted(member_ids), "depth": depth, "now": clock.now()}
    return [row.id for row in sql.rows(_REFERRERS, values)]


def friends_of(member_ids: Iterable[int], depth: int = 1) -> dict[int, dict[str, int]]:
    """Return how many of those whom customers brought have bought, and for how much, by metric."""
    values = {"members": sorted(member_ids), "depth": depth, "now": clock.now()}
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for row in sql.rows(_FRIENDS, values) if member_ids else ():
        end = f"_{row.level}" if row.level > 1 else ""
        found[row.member_id][f"active_referrals{end}"] = row.friends
        found[row.member_id][f"referrals_sum{end}"] = int(row.total)
    return found


def referrer(member_id: int) -> int | None:
    """Return the customer with an account who brought a customer; None: there is no such one."""
    query = (
        select(Partner.member_id)
        .join(
            Binding, (Binding.tenant_id == Partner.tenant_id) & (Binding.partner_id == Partner.id)
        )
        .where(Binding.member_id == member_id)
    )
    return db.session.scalar(query)
