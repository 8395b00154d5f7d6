"""What customers do besides ordering: it is reported or comes by the calendar, and rules give for it."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select

from app import clock
from app.bonuses import service as wallet
from app.bonuses.rules import Grant
from app.bonuses.service import TakeBack
from app.earnings import queries
from app.earnings.models import MemberEvent
from app.earnings.service import acting
from app.earnings.service.applications import write_applications
from app.errors import Conflict
from app.extensions import db
from app.profiles import queries as profiles
from app.profiles.models import EffectApplication
from app.profiles.rules import Run, evaluate, settle
from app.profiles.rules.doing import tasks_of
from app.profiles.rules.due import expiry, window_of
from app.profiles.service import keep
from app.tenants.queries import setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from app.profiles.rules import Applied, Used
    from app.profiles.rules.due import Earning, Published
    from app.tenants.models import Tenant

# What a report is called, the trigger it sets off, and what makes two of them one.
TRIGGERS = {
    "registered": ("member.registered", "member"),
    "profile_updated": ("member.profile_updated", "member"),
    "subscribed": ("member.subscribed", "list"),
    "review.published": ("review.published", "review"),
}
REMOVALS = {"review.removed": "review.published"}


def report(
    merchant: Tenant,
    shop_id: int,
    member_id: int,
    name: str,
    kind: str,
    data: Mapping[str, Any],
    at: datetime | None,
) -> MemberEvent:
    """Take in a report once by `name`, the id its sender gave it, and give what rules give for it.

    The same report said again changes nothing; another one under the same name is a Conflict.
    """
    said = {"member": member_id, "type": kind, "data": data, "at": at.isoformat() if at else None}
    mark = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    wallet.bring_up([member_id])  # the lock: two at once are one after the other
    found = db.session.scalar(
        select(MemberEvent).where(MemberEvent.shop_id == shop_id, MemberEvent.external_id == name)
    )
    if found is not None:
        if found.body_hash != mark:
            raise Conflict("other_event", _("Another event was reported under this id."))
        return found
    made = MemberEvent(
        shop_id=shop_id,
        external_id=name,
        member_id=member_id,
        type=kind,
        data=dict(data),
        body_hash=mark,
        happened_at=at or clock.now(),
        received_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    if kind in REMOVALS:
        take_back(merchant, f"{REMOVALS[kind]}:{shop_id}:{data.get('review', name)}")
    else:
        trigger, key = key_of(shop_id, member_id, name, kind, data)
        happened(merchant, trigger, key, member_id, made.happened_at, data)
    return made


def key_of(
    shop_id: int, member_id: int, name: str, kind: str, data: Mapping[str, Any]
) -> tuple[str, str]:
    """Return the trigger that a report sets off, and the key that makes two of them one."""
    if kind not in TRIGGERS:
        return "external.event", f"external.event:{shop_id}:{name}"
    trigger, by = TRIGGERS[kind]
    once = {
        "member": str(member_id),
        "list": f"{member_id}:{data.get('list', '')}",
        "review": f"{shop_id}:{data.get('review', name)}",
    }
    return trigger, f"{trigger}:{once[by]}"


def happened(
    merchant: Tenant,
    trigger: str,
    key: str,
    member_id: int,
    at: datetime,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Give what the rules that hold give for an event, once by `key`. The customer's account is locked."""
    rules = profiles.live(trigger)
    if not rules or not setting("loyalty") or not queries.with_accounts([member_id]):
        return
    wallet.bring_up([member_id])
    zone = ZoneInfo(merchant.timezone)
    facts = queries.facts(member_id, trigger, at.astimezone(zone), data or {})
    known = {each.rule_id: each for each in rules}
    runs = [Run(r.rule_id, r.rule, evaluate(r.rule, facts)) for r in rules]
    used = _used(merchant, rules, key, at.astimezone(zone))
    program = queries.earning()
    applied = settle(runs, used, program.rounding)
    keep(key, rules, runs, applied, member_id=member_id)
    tasks = tasks_of(runs, {each.rule_id: each.version_id for each in rules})
    acting.perform(merchant, key, member_id, tasks, at)
    due = [one for one in applied if one.amount > 0 and one.to.who != "owner"]
    able = queries.with_accounts(one.to.id for one in due)
    given = [one for one in due if one.to.id in able]
    grants = [_grant(one, key, at, program, zone) for one in given]
    made = wallet.grant(grants)
    # An event that comes again, when its rule says another sum by now, has still given the first one.
    rows = [
        _row(one, known[one.rule].version_id, key, at)
        for one, grant in zip(given, grants, strict=True)
        if grant.reference in made
    ]
    if rows:
        write_applications(rows)


def _used(
    merchant: Tenant, rules: tuple[Published, ...], key: str, local: datetime
) -> dict[tuple[int, str, int | None], Used]:
    """Return what limits have given in the windows that hold at a moment."""
    taken = queries.taken(merchant, rules, {key})
    found = {}
    for each in rules:
        limits = each.rule.limits
        for scope in ("per_member", "per_referrer", "everybody"):
            cap = getattr(limits, scope)
            if cap is None:
                continue
            now = window_of(cap, local)
            for (rule, of, recipient, window), used in taken.items():
                if (rule, of, window) == (each.rule_id, scope, now):
                    found[rule, of, recipient] = used
    return found


def _reference(key: str, rule: int, effect: int, recipient: str, level: int) -> str:
    return f"profile:{key}:{rule}:{effect}:{recipient}:{level}"


def _grant(one: Applied, key: str, at: datetime, program: Earning, zone: ZoneInfo) -> Grant:
    delay = (one.delay or {"days": program.delay_days}).get("days", 0)
    usable = at + timedelta(days=delay) if delay else None
    return Grant(
        member_id=one.to.id or 0,
        amount=one.amount,
        reference=_reference(key, one.rule, one.effect, f"{one.to.who}:{one.to.id}", one.to.level),
        kind="profile",
        activates_at=usable,
        expires_at=expiry(one, usable or clock.now(), program, zone),
        reason=one.args.get("comment"),
    )


def _row(one: Applied, version_id: int, key: str, at: datetime) -> dict[str, object]:
    return {
        "event_key": key,
        "rule_id": one.rule,
        "version_id": version_id,
        "effect": one.effect,
        "do": one.do,
        "recipient": f"{one.to.who}:{one.to.id}",
        "level": one.to.level,
        "amount": one.amount,
        "at": at,
    }


def take_back(merchant: Tenant, key: str) -> None:
    """Take back what an event gave: it is no more (a review was removed)."""
    rows = db.session.scalars(
        select(EffectApplication).where(
            EffectApplication.event_key == key, EffectApplication.amount > 0
        )
    ).all()
    items = []
    for row in rows:
        lot = _reference(key, row.rule_id, row.effect, row.recipient, row.level)
        items.append(TakeBack(reference=f"{lot}:back", lot_reference=lot, amount=row.amount))
        row.amount = 0
    wallet.take_back(items)
    acting.undo(merchant, key)


def birthdays(merchant: Tenant) -> int:
    """Give the day's birthday presents, each once a year; return how many customers were looked at."""
    if not setting("loyalty") or not profiles.live("schedule.birthday"):
        return 0
    now = clock.now()
    local = now.astimezone(ZoneInfo(merchant.timezone))
    found = queries.born_today(local.date())
    for member_id in found:
        key = f"schedule.birthday:{member_id}:{local.year}"
        happened(merchant, "schedule.birthday", key, member_id, now)
    return len(found)


def achievements(merchant: Tenant, member_ids: Iterable[int]) -> None:
    """Give for what customers, and those who brought them, have reached by their paid orders.

    Each count is one event: the tenth order is reached once, whatever comes after.
    """
    if not setting("loyalty"):
        return
    own, friends = profiles.live("metric.crossed"), profiles.live("referral.metric_crossed")
    for member_id in sorted(set(member_ids)) if own or friends else ():
        count, total = queries.bought(member_id)
        if own and count:
            _reached(merchant, "metric.crossed", member_id, "orders", count)
            _reached(merchant, "metric.crossed", member_id, "sum", total)
        brought = queries.brought_by(member_id) if friends else None
        if brought is not None and brought[1]:
            _reached(
                merchant, "referral.metric_crossed", brought[0], "active_referrals", brought[1]
            )


def _reached(merchant: Tenant, trigger: str, member_id: int, name: str, value: int) -> None:
    key = f"{trigger}:{member_id}:{name}:{value}"
    data = {"name": name, "value": value, "level": value}
    happened(merchant, trigger, key, member_id, clock.now(), data)
