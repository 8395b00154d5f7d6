"""What is known of a customer at a moment, so that rules may ask."""

from __future__ import annotations

from calendar import isleap
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.attribution.models import Binding
from app.bonuses import queries as bonuses
from app.extensions import db
from app.members import queries as members
from app.members.models import Member
from app.members.rules import worn
from app.orders import service as orders
from app.orders.models import Order
from app.orders.rules import State, goods_total
from app.partners import queries as partners
from app.partners.models import Partner
from app.partners.rules import climb, tree_of
from app.profiles import queries as profiles
from app.profiles.rules import Facts, Referrer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from app.orders.service import Standing

_LIVE = frozenset({State.REGISTERED, State.AGREED, State.COMPLETED})
_PAID = frozenset({State.AGREED, State.COMPLETED})
_HOW = {"coupon": "coupon", "partner_code": "coupon", "site": "site", "staff": "manual"}
# What outside services say about an event, by its trigger: {fact: name in the data}.
_SAID = {
    "member.profile_updated": {"profile.filled": "filled", "profile.filled_percent": "percent"},
    "metric.crossed": {
        "metric.name": "name",
        "metric.value": "value",
        "metric.level": "level",
    },
    "referral.metric_crossed": {
        "metric.name": "name",
        "metric.value": "value",
        "metric.level": "level",
    },
    "member.subscribed": {
        "subscription.list": "list",
        "subscription.double_opt_in": "double_opt_in",
    },
    "review.published": {
        "review.has_purchase": "has_purchase",
        "review.length": "length",
        "review.has_photo": "has_photo",
    },
}


def facts(member_id: int, trigger: str, local: datetime, data: Mapping[str, Any]) -> Facts:
    """Return all that is known when an event happens to a customer; `local`: in the merchant's zone."""
    member = db.session.scalars(select(Member).where(Member.id == member_id)).one()
    bound = db.session.scalar(select(Binding).where(Binding.member_id == member_id))
    chain = _chain(bound, local)
    known: dict[str, Any] = {
        "time.date": local.date(),
        "time.weekday": local.isoweekday(),
        "time.hour": local.hour,
        "member.balance": bonuses.balance(member_id).available,
        "referral.has_referrer": bound is not None,
        "referral.level_distance": len(chain),
        **_of_member(member, local),
        **said_by(trigger, data),
    }
    if bound is not None:
        known["referral.binding_kind"] = _HOW.get(bound.how, "link")
    return Facts(at=local, member_id=member_id, said=known, chain=chain)


def _of_member(member: Member, local: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {"member.group": member.group}
    marks = members.tags([member.id])[member.id]
    found["member.tag"] = frozenset(each.tag for each in worn(marks))
    since = member.registered_at or member.created_at
    found["member.registered_days_ago"] = max((local - since).days, 0)
    found["member.birthday_in_days"] = profiles.days_until(member.birthday, local.date())
    mine = [o for o in orders.of_members([member.id]) if o.folded.state in _LIVE]
    found |= _counted(mine, "")
    for days in profiles.published_at([local])[1]:
        cut = local - timedelta(days=days)
        late = [o for o in mine if o.folded.snapshot.created_at >= cut]
        found |= _counted(late, f"@{days}")
    if mine:
        last = max(o.folded.snapshot.created_at for o in mine)
        found["member.last_order_days_ago"] = max((local - last).days, 0)
    return found


def _counted(mine: Sequence[Standing], window: str) -> dict[str, Any]:
    return {
        f"member.orders_count{window}": len(mine),
        f"member.orders_sum{window}": sum(goods_total(o.folded.snapshot) for o in mine),
    }


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
    """Return customers with accounts whose birthday it is; 29 February is kept on 28 February else."""
    days = [f"{today:%m-%d}"]
    if (today.month, today.day) == (2, 28) and not isleap(today.year):
        days.append("02-29")
    query = select(Member.id).where(
        func.to_char(Member.birthday, "MM-DD").in_(days), Member.key.like("id:%")
    )
    return list(db.session.scalars(query.order_by(Member.id)))


def bought(member_id: int) -> tuple[int, int]:
    """Return how many paid orders a customer has, and their goods, minor units."""
    paid = [o for o in orders.of_members([member_id]) if o.folded.state in _PAID]
    return len(paid), sum(goods_total(o.folded.snapshot) for o in paid)


def brought_by(member_id: int) -> tuple[int, int] | None:
    """Return whose friend a customer is, and how many of that one's friends have bought.

    The referrer as a customer with an account; None where nobody, or nobody with one, brought him.
    """
    row = db.session.execute(
        select(Partner.id, Partner.member_id)
        .join(
            Binding, (Binding.tenant_id == Partner.tenant_id) & (Binding.partner_id == Partner.id)
        )
        .where(Binding.member_id == member_id, Partner.member_id.is_not(None))
    ).one_or_none()
    if row is None:
        return None
    paid = select(Order.id).where(
        Order.member_id == Binding.member_id, Order.state.in_([s.value for s in _PAID])
    )
    friends = select(func.count()).where(Binding.partner_id == row.id, paid.exists())
    return row.member_id, db.session.scalar(friends) or 0
